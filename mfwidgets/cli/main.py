"""The program: its words, its streams, and the exit code. Nothing heavy is imported before it is needed."""

import errno
import os
import sys
from collections.abc import Sequence

import mfwidgets
from mfwidgets.cli import ExitCode


def main(words: Sequence[str] | None = None) -> int:
    """Do what the words after the program's name say, and return the exit code.

    Parameters
    ----------
    words
        Instead of those that the program was called with.
    """
    words = sys.argv[1:] if words is None else list(words)
    _make_sure_that_everything_can_be_printed()
    try:
        if words[:1] in (["--version"], ["-V"]):
            print(f"mfwidgets {mfwidgets.__version__}")  # noqa: T201 - a program prints
            return _flushed(ExitCode.DONE)
        from mfwidgets.cli.run import run

        return _flushed(run(words))
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except OSError as error:
        # Windows has no broken pipes: writing to one is an invalid argument there.
        if isinstance(error, BrokenPipeError) or error.errno == errno.EINVAL:
            return _nobody_reads()
        raise


def _make_sure_that_everything_can_be_printed() -> None:
    """Let an encoding that lacks a sign, such as those of old Windows consoles, replace it."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)  # what stands in for them in tests may have none
        if reconfigure:
            reconfigure(errors="replace")


def _flushed(code: int) -> int:
    """Write now what is left to be written, while a reader that is gone can still be dealt with."""
    sys.stdout.flush()
    return code


def _nobody_reads() -> int:
    # Python would try to write the rest at its end, and complain.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    return ExitCode.DONE
