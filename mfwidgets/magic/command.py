"""The definition of a command of ``%mflow``: one list of arguments for parsing, for help and for completion."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Literal

from IPython.core.error import UsageError
from IPython.core.magic_arguments import MagicArgumentParser

HELP_WORDS = frozenset(("-h", "--help", "-?", "?"))
"""Words that ask for help after any command."""

Kind = Literal[
    "flow", "run", "step", "task", "artifact", "pathspec", "tag", "status", "user", "namespace", "metadata", "profile",
    "command", "number", "user tag", "where", "column", "text",
]  # fmt: skip
"""The kind of an argument determines its completions. The first six are pathspecs, completed down to that level."""


@dataclass(frozen=True)
class Argument:
    """An argument of a command.

    Attributes
    ----------
    name
        ``pathspec``, or an option such as ``--tag``.
    meaning
        One line for the help.
    kind
        The kind of its completions.
    metavar
        The name of its value in the usage. Empty for an option without a value.
    group
        The group of an option. Options of one group exclude each other.
    settings
        Further keyword arguments for ``add_argument``.
    in_cells_only
        Whether it works only in notebooks, not on the command line.
    """

    name: str
    meaning: str
    kind: Kind = "text"
    metavar: str = ""
    group: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    in_cells_only: bool = False

    @property
    def is_option(self) -> bool:
        """Whether it is an option, not a positional argument."""
        return self.name.startswith("-")

    @property
    def takes_value(self) -> bool:
        """Whether it has a value: all positional arguments do, and options with a metavar."""
        return bool(self.metavar) or not self.is_option

    @property
    def usage(self) -> str:
        """The argument in the usage line, without brackets."""
        value = self.metavar or (self.name.upper() if self.takes_value else "")
        return f"{self.name} {value}".rstrip() if self.is_option else value

    def add_to(self, parser: "argparse._ActionsContainer") -> None:
        """Add it to a parser."""
        if self.is_option and not self.takes_value:
            parser.add_argument(self.name, action="store_true", **self.settings)
        elif self.is_option:
            parser.add_argument(self.name, metavar=self.metavar, **self.settings)
        else:
            parser.add_argument(self.name, **self.settings)


@dataclass(frozen=True)
class Command:
    """A command.

    Attributes
    ----------
    name
        Its first word.
    meaning
        One line for the help, in the imperative.
    run
        Runs it with the parsed arguments, and returns the object that the cell shows.
    arguments
        Its arguments in the order of the usage.
    examples
        Complete lines for the help.
    in_cells_only
        Whether it works only in notebooks, not on the command line.
    """

    name: str
    meaning: str
    run: Callable[[argparse.Namespace], Any]
    arguments: tuple[Argument, ...] = ()
    examples: tuple[str, ...] = ()
    in_cells_only: bool = False

    @property
    def usage(self) -> str:
        """The usage line, such as ``%mflow logs PATHSPEC [--tail N]``."""
        words = [f"%mflow {self.name}"]
        for _, group in groupby(self.arguments, key=lambda argument: argument.group or argument.name):
            members = list(group)
            text = "|".join(argument.usage for argument in members)
            optional = members[0].is_option or members[0].settings.get("nargs") == "?"
            repeated = "..." if members[0].settings.get("action") == "append" else ""
            words.append(f"[{text}]{repeated}" if optional else text)
        return " ".join(words)

    def on_command_line(self) -> "Command":
        """Return the command without the arguments and examples that work only in notebooks."""
        arguments = tuple(argument for argument in self.arguments if not argument.in_cells_only)
        # The other examples are assignments, or switch the context of a session.
        examples = tuple(line for line in self.examples if line.startswith("%mflow ")) if arguments else ()
        return replace(self, arguments=arguments, examples=examples)

    def parse(self, words: list[str]) -> argparse.Namespace:
        """Parse the words after the command.

        Raises
        ------
        UsageError
            The words are invalid. The message has the usage.
        """
        parser = MagicArgumentParser(f"%mflow {self.name}", add_help=False)  # type: ignore[no-untyped-call]
        groups = {
            argument.group: parser.add_mutually_exclusive_group() for argument in self.arguments if argument.group
        }
        for argument in self.arguments:
            argument.add_to(groups.get(argument.group, parser))
        try:
            return parser.parse_args(self._joined(words))
        except UsageError as error:
            raise UsageError(f"{error}. Usage: {self.usage}") from None

    def _joined(self, words: list[str]) -> list[str]:
        """Join options with conditions that begin with ``-``, such as ``-tag:nightly``: argparse would refuse them."""
        options = {argument.name: argument for argument in self.arguments if argument.is_option}
        joined: list[str] = []
        for word in words:
            option = options.get(joined[-1]) if joined else None
            if option and option.kind == "where" and word.startswith("-") and word.partition("=")[0] not in options:
                joined[-1] += f"={word}"
            else:
                joined.append(word)
        return joined


def positive(text: str) -> int:
    """Parse a count: an integer that is not negative.

    Raises
    ------
    ValueError
        The text is not such a number.
    """
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


positive.__name__ = "number"  # argparse puts the name into its message

PATHSPEC = Argument(
    "pathspec",
    "a flow, run, step, task or artifact; latest, latest-ok or latest~2 can replace the run id",
    "pathspec",
)
"""The argument for the pathspec of any object."""


def pathspec_of(kind: Kind, meaning: str) -> Argument:
    """Return the argument for the pathspec of a kind of object."""
    return Argument("pathspec", meaning, kind)
