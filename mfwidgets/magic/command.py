"""What a command of ``%mflow`` is: its arguments, told once for parsing, for help and for completion."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Literal

from IPython.core.error import UsageError
from IPython.core.magic_arguments import MagicArgumentParser

Kind = Literal[
    "flow", "run", "step", "task", "artifact", "pathspec", "tag", "status", "user", "namespace", "metadata", "profile",
    "command", "number", "user tag", "text",
]  # fmt: skip
"""What an argument is, which says how it is completed; the first six are pathspecs, complete down to there."""


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
        How it is completed.
    metavar
        How its value is called in the usage; empty for an option without one.
    group
        Options of one group exclude each other.
    settings
        More for ``add_argument``.
    in_cells_only
        Whether it makes sense in a notebook alone, not on a command line.
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
        """Whether it is an option, not a word at its place."""
        return self.name.startswith("-")

    @property
    def takes_value(self) -> bool:
        """Whether a value stands after it, or it is one itself."""
        return bool(self.metavar) or not self.is_option

    @property
    def usage(self) -> str:
        """How it stands in the usage, without its brackets."""
        value = self.metavar or (self.name.upper() if self.takes_value else "")
        return f"{self.name} {value}".rstrip() if self.is_option else value

    def add_to(self, parser: "argparse._ActionsContainer") -> None:
        """Let a parser take it."""
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
    name, meaning
        What it is called and does.
    arguments
        In the order of the usage.
    act
        Does it, and returns what the cell shows.
    examples
        Whole lines, for the help.
    in_cells_only
        Whether it makes sense in a notebook alone, not on a command line.
    """

    name: str
    meaning: str
    run: Callable[[argparse.Namespace], Any]
    arguments: tuple[Argument, ...] = ()
    examples: tuple[str, ...] = ()
    in_cells_only: bool = False

    @property
    def usage(self) -> str:
        """The whole line, as in ``%mflow logs PATHSPEC [--tail N]``."""
        words = [f"%mflow {self.name}"]
        for _, group in groupby(self.arguments, key=lambda argument: argument.group or argument.name):
            members = list(group)
            text = "|".join(argument.usage for argument in members)
            optional = members[0].is_option or members[0].settings.get("nargs") == "?"
            repeated = "..." if members[0].settings.get("action") == "append" else ""
            words.append(f"[{text}]{repeated}" if optional else text)
        return " ".join(words)

    def on_command_line(self) -> "Command":
        """Return the same without what makes sense in a notebook alone."""
        arguments = tuple(argument for argument in self.arguments if not argument.in_cells_only)
        # Others begin with an assignment, or switch what a command cannot.
        examples = tuple(line for line in self.examples if line.startswith("%mflow ")) if arguments else ()
        return replace(self, arguments=arguments, examples=examples)

    def parse(self, words: list[str]) -> argparse.Namespace:
        """Understand the words after the command.

        Raises
        ------
        UsageError
            They are not understood; the message says what would be.
        """
        parser = MagicArgumentParser(f"%mflow {self.name}", add_help=False)  # type: ignore[no-untyped-call]
        groups = {
            argument.group: parser.add_mutually_exclusive_group() for argument in self.arguments if argument.group
        }
        for argument in self.arguments:
            argument.add_to(groups.get(argument.group, parser))
        try:
            return parser.parse_args(words)
        except UsageError as error:
            raise UsageError(f"{error}. Usage: {self.usage}") from None


def positive(text: str) -> int:
    """Understand a number of things, 0 or more."""
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


positive.__name__ = "number"  # argparse names it in its message

PATHSPEC = Argument(
    "pathspec", "of a flow, run, step, task or artifact; latest, latest-ok, latest~2 for a run id", "pathspec"
)
"""Any object."""


def pathspec_of(kind: Kind, meaning: str) -> Argument:
    """Return the argument for the pathspec of a kind of object."""
    return Argument("pathspec", meaning, kind)
