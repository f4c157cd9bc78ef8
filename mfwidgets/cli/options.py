"""The options of the program. They can be anywhere among the arguments of a command."""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import NoReturn

from IPython.core.error import UsageError

from mfwidgets.display_options import options
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.magic.command import positive

OPTIONS = (
    ("--json", "", "print data instead of text; see `mfwidgets help json`"),
    ("--metadata", "SELECTOR", "read from a folder that contains .metaflow, from local@FOLDER or service@URL"),
    ("--namespace", "NAME|none", "show only runs of a namespace such as user:ann; none shows all runs"),
    ("--profile", "NAME", "use this profile of Metaflow"),
    ("--sample", "", "read the sample runs that come with mfwidgets"),
    ("--rows", "N", f"print at most N rows of a table, {options.display_max_rows} by default"),
    ("--exit-code", "", "exit with 3 if the run, step or task has not succeeded, and with 4 if it does not exist"),
    ("--version", "", "print the version"),
)
"""The name, the metavar and the meaning of each option."""

_COMMAND_OF_OPTION = {"profile": "profile", "metadata": "metadata", "namespace": "ns"}
"""The command that carries out each option, in this order: a profile sets metadata and namespace, too."""


@fast_dataclass(frozen=True, slots=True)
class CommandLine:
    """The parsed arguments of the program.

    Attributes
    ----------
    words
        The command and its arguments.
    switches
        Commands that switch the context, with their values. They run first.
    as_json
        Whether to print JSON.
    sample
        Whether to read the sample runs.
    rows
        The maximum number of rows of a table. None means the default.
    exit_code
        Whether the exit code says how the run ended.
    """

    words: list[str]
    switches: list[list[str]]
    as_json: bool
    sample: bool
    rows: int | None
    exit_code: bool = False


class _Parser(ArgumentParser):
    """Raises UsageError where argparse would exit."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}. Try mfwidgets --help.")


def parse_arguments(words: Sequence[str]) -> CommandLine:
    """Separate the options of the program from the command.

    Raises
    ------
    UsageError
        The value of an option is missing or invalid, or options exclude each other.
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
        raise UsageError("Expected a number above 0 for --rows, got 0.")
    if given.sample and (given.metadata or given.profile):
        raise UsageError("Expected either --sample or --metadata and --profile, got both.")
    switches = [
        [command, value] for name, command in _COMMAND_OF_OPTION.items() if (value := getattr(given, name)) is not None
    ]
    return CommandLine(own, switches, given.json, given.sample, given.rows, given.exit_code)
