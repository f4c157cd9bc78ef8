"""What became of attempts, tasks and runs."""
