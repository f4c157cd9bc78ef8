"""The entry point of the program. It imports heavy modules only when it needs them."""

import errno
import os
import sys
from collections.abc import Sequence

import mfwidgets
from mfwidgets.cli import ExitCode


def main(words: Sequence[str] | None = None) -> int:
    """Run a command, print its result, and return the exit code.

    Parameters
    ----------
    words
        The arguments of the program. None means ``sys.argv[1:]``.
    """
    words = sys.argv[1:] if words is None else list(words)
    _replace_unencodable_characters()
    try:
        if words[:1] in (["--version"], ["-V"]):
            print(f"mfwidgets {mfwidgets.__version__}")  # noqa: T201 - a program prints
            return _flushed(ExitCode.DONE)
        from mfwidgets.cli.run import run

        return _flushed(run(words))
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except OSError as error:
        # On Windows, writing to a closed pipe fails with EINVAL.
        if isinstance(error, BrokenPipeError) or error.errno == errno.EINVAL:
            return _discard_output()
        raise


def _replace_unencodable_characters() -> None:
    """Print a replacement for characters that an encoding lacks, such as that of an old Windows console."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)  # missing on the streams of pytest
        if reconfigure:
            reconfigure(errors="replace")


def _flushed(code: int) -> int:
    """Write the buffered output here, where main() handles a closed pipe."""
    sys.stdout.flush()
    return code


def _discard_output() -> int:
    # Otherwise Python writes the rest at exit, fails, and prints an error.
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
    return ExitCode.DONE
