"""The command line: ``mfwidgets`` and ``python -m mfwidgets``."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes."""

    DONE = 0
    """Success. Also if the reader (``| head``) closed the pipe early."""

    FAILED = 1
    """An error, written as one line to standard error. ``doctor``: a check failed."""

    NOT_UNDERSTOOD = 2
    """The arguments are not understood. One line on standard error says what is."""

    INTERRUPTED = 130
    """Interrupted by Ctrl-C, as shells number it."""
