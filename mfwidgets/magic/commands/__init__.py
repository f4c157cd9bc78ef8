"""The commands of ``%mflow``."""
