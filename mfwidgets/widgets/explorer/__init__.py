"""The explorer as one widget: a table of runs, charts, a comparison and the panes of a run."""
