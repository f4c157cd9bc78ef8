"""Options of the program, which may stand anywhere among the words of a command."""

from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from IPython.core.error import UsageError

from mfwidgets.display_options import options
from mfwidgets.magic.command import positive

OPTIONS = (
    ("--json", "", "print data instead of text; see `mfwidgets help json`"),
    ("--metadata", "SELECTOR", "look there: a folder that holds .metaflow, local@FOLDER, service@URL"),
    ("--namespace", "NAME|none", "see its runs alone, such as user:ann; none sees all runs"),
    ("--profile", "NAME", "with this profile of Metaflow's"),
    ("--sample", "", "look at the sample runs that come with mfwidgets"),
    ("--rows", "N", f"of a table that is text; {options.display_max_rows} unless said"),
    ("--version", "", "alone: the version"),
)
"""Each with the name of its value and its meaning."""

_WHERE = {"profile": "profile", "metadata": "metadata", "namespace": "ns"}
"""Which command does what an option says; the later ones go on from what the former say."""


@dataclass(frozen=True, slots=True)
class CommandLine:
    """What the program was asked.

    Attributes
    ----------
    words
        The command and what is its own.
    switches
        Commands that are done first, each with its value.
    rows
        Of tables; None for what is usual.
    """

    words: list[str]
    switches: list[list[str]]
    as_json: bool
    sample: bool
    rows: int | None


class _Parser(ArgumentParser):
    """Raises where argparse would end the process."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}. mfwidgets --help tells all options.")


def parse_arguments(words: Sequence[str]) -> CommandLine:
    """Take the options of the program from among the words.

    Raises
    ------
    UsageError
        The value of an option is missing, or is none that it may have.
    """
    parser = _Parser("mfwidgets", add_help=False, allow_abbrev=False)
    for name, value, _ in OPTIONS[:-1]:
        if name == "--rows":
            parser.add_argument(name, type=positive)
        elif value:
            parser.add_argument(name)
        else:
            parser.add_argument(name, action="store_true")
    given, own = parser.parse_known_args(list(words))
    if given.rows == 0:
        raise UsageError("--rows is a number above 0")
    if given.sample and (given.metadata or given.profile):
        raise UsageError("--sample looks at the sample runs, which neither --metadata nor --profile lead to")
    switches = [[command, value] for name, command in _WHERE.items() if (value := getattr(given, name)) is not None]
    return CommandLine(own, switches, given.json, given.sample, given.rows)
