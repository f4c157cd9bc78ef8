"""Answers to questions about runs and tasks: why, comparison, lineage, grids, logs."""
