"""Widgets: the explorer, which is one anywidget, and the log viewer and the watching of runs, made of ipywidgets."""
