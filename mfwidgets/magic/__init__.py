"""The magic ``%mflow``: it returns an object by its pathspec, and has commands for everything else."""
