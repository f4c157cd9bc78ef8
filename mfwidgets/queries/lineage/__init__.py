"""Graphs, foreaches and which task led to which."""
