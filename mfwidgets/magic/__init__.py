"""``%mflow``: one magic that shows any object by its pathspec, and commands for the rest. It returns objects, prints nothing."""
