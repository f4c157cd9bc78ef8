"""Facts that this machine remembers about runs that can no longer change."""
