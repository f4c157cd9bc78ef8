"""What the program ends with."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes."""

    DONE = 0
    """Nothing to complain of; also where a reader (``| head``) went away with what it wanted."""

    FAILED = 1
    """An error, told in one line on standard error; of ``doctor``, that something is wrong."""

    NOT_UNDERSTOOD = 2
    """The words are no question; one line on standard error says what would be."""

    INTERRUPTED = 130
    """By Ctrl-C, as shells count it."""
