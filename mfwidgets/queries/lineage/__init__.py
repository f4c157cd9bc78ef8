"""The graph of steps, foreach items, and the graph of tasks."""
