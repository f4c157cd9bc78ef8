"""Builds the displays of objects: reads facts in bulk, within limits, and hands them to :mod:`mfwidgets.render`."""
