"""The command line: ``mfwidgets`` and ``python -m mfwidgets``."""
