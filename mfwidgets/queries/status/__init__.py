"""The status of tasks and runs: the rules, and the facts that they need."""
