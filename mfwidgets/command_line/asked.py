"""From words to what is printed: the verbs of ``%mflow``, parsed by their own table."""

import sys
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from io import StringIO

from IPython.core.error import UsageError

from mfwidgets.client.metaflow import Metaflow
from mfwidgets.command_line import data_of_parts, data_of_verbs  # noqa: F401 - they register what they tell
from mfwidgets.command_line.data import printed_json
from mfwidgets.command_line.exit_codes import ExitCode
from mfwidgets.command_line.options import Asked, understood
from mfwidgets.command_line.texts import print_text
from mfwidgets.command_line.wording import here
from mfwidgets.display_options import options
from mfwidgets.errors import MetaflowException
from mfwidgets.magic.doctor import Doctor
from mfwidgets.magic.follow import Followed
from mfwidgets.magic.line import VERBS, run_words
from mfwidgets.magic.switching import SWITCHING
from mfwidgets.render.clean import one_line

_SAID = 2_000
"""Characters of an error; it stands on one line."""


def run(words: Sequence[str]) -> int:
    """Do what words say, print what comes of it, and return the exit code."""
    try:
        asked = understood(words)
        with options(rows=asked.rows) if asked.rows else nullcontext():
            return _answer(asked)
    except UsageError as error:
        return _told(str(error), ExitCode.NOT_UNDERSTOOD)
    except MetaflowException as error:
        return _told(str(error), ExitCode.FAILED)


def _answer(asked: Asked) -> int:
    _check(asked)
    if asked.sample:
        from mfwidgets.sample_runs import sample

        with redirect_stdout(StringIO()):  # that it says where to look now is for notebooks
            sample()
    for switch in asked.switches:
        run_words(switch)
    if asked.words == ["help", "json"]:
        from mfwidgets.command_line import data

        print((data.__doc__ or "").strip())  # noqa: T201 - a program prints
        return ExitCode.DONE
    found = run_words(asked.words) if asked.words else Metaflow()
    if isinstance(found, Followed):
        return ExitCode.DONE  # its lines were printed as they came
    if asked.as_json:
        print(printed_json(found))  # noqa: T201 - as above
    else:
        print_text(found, sys.stdout)
    if isinstance(found, Doctor) and not found.well:
        return _told(f"Something is wrong: {', '.join(found.wrong)}.", ExitCode.FAILED)
    return ExitCode.DONE


def _check(asked: Asked) -> None:
    """Turn down what makes sense in a notebook alone.

    Raises
    ------
    UsageError
        Saying what to type instead.
    """
    name, *rest = asked.words or [""]
    verb = VERBS.get(name)
    if verb is None:
        return
    asks_for_help = bool({"-h", "--help"}.intersection(rest))
    if verb in SWITCHING and not asks_for_help and (rest or verb.in_cells_only):
        option = "namespace" if name == "ns" else name
        raise UsageError(f"Nothing stays switched when a command has ended: --{option} NAME holds for one command.")
    if verb.in_cells_only and not asks_for_help:
        raise UsageError(f"{name} opens a widget, which needs a notebook.")
    for one in verb.arguments:
        if one.in_cells_only and one.name in rest:
            raise UsageError(f"{one.name} is for notebooks: --json prints data, without --limit all of it.")
        if one.name == "--follow" and asked.as_json and one.name in rest:
            raise UsageError("--follow prints lines as they come, and --json all at its end: choose one.")


def _told(message: str, code: int) -> int:
    print(f"mfwidgets: {one_line(here(message), _SAID)}", file=sys.stderr)  # noqa: T201 - a program prints
    return code
