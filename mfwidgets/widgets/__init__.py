"""Explorers: widgets built from ipywidgets, one that shows our HTML and reports clicks, and one for logs."""
