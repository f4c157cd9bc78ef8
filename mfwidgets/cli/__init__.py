"""The command line: ``mfwidgets`` and ``python -m mfwidgets``."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes."""

    DONE = 0
    """Success, or the reader of the pipe (such as ``| head``) has closed it."""

    FAILED = 1
    """An error, with one line on standard error. For ``doctor``: there are problems."""

    NOT_UNDERSTOOD = 2
    """Invalid arguments, with one line on standard error that says what is valid."""

    INTERRUPTED = 130
    """Interrupted by Ctrl-C: 128 plus the number of SIGINT, as in shells."""
