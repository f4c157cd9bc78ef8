"""Answers to questions about runs and tasks: why, comparison, lineage, grid, logs."""
