"""The command line: ``mfwidgets`` and ``python -m mfwidgets``."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes."""

    DONE = 0
    """Success, or the reader of the pipe (such as ``| head``) has closed it."""

    FAILED = 1
    """An error, with one line on standard error. For ``doctor``: there are problems."""

    NOT_UNDERSTOOD = 2
    """Invalid arguments, also invalid conditions, with one line on standard error that says what is valid."""

    RUN_FAILED = 3
    """``wait`` and ``--exit-code``: the run, step or task did not succeed."""

    NOT_FOUND = 4
    """``wait`` and ``--exit-code``: the object does not exist."""

    TIMED_OUT = 124
    """``wait``: the run has not ended in time. The number is that of ``timeout`` in GNU coreutils."""

    INTERRUPTED = 130
    """Interrupted by Ctrl-C: 128 plus the number of SIGINT, as in shells."""
