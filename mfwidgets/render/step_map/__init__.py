"""The map of a run: its steps with the rails of their graph, and their tasks on one axis of time."""
