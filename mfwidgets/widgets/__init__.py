"""Widgets: the explorer, the log viewer and the watching of runs, made of ipywidgets and two small anywidgets."""
