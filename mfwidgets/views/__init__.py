"""What each object shows: facts gathered from the client, in bulk and within limits, for :mod:`mfwidgets.render`."""
