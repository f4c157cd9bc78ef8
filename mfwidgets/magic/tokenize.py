"""Splits a line into words at blanks outside of quotes. ``{name}`` and ``$name`` insert values of Python variables.

One scanner reads complete lines, which are run, and unfinished lines, which are completed. A backslash is an ordinary
character, because paths on Windows contain it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from IPython.core.error import UsageError

BLANKS = " \t\r\n"

_TOKEN = re.compile(
    rf"(?P<blank>[{BLANKS}]+)|(?P<quote>['\"])|\{{(?P<expression>[^{{}}]+)\}}|\$(?P<name>[A-Za-z_]\w*)|.", re.DOTALL
)

_NEVER_EXPANDED = ("--grep",)
"""Options whose values may contain braces: regular expressions."""


@dataclass(slots=True)
class Word:
    """A word of a line.

    Attributes
    ----------
    start
        Its position in the line, including an opening quote.
    pieces
        Its parts without quotes: characters, ``{expression}`` and ``$name``.
    open_quote
        The position of a quote that is not closed. None if all quotes are closed.
    """

    start: int
    pieces: list[re.Match[str]] = field(default_factory=list)
    open_quote: int | None = None

    @property
    def text(self) -> str:
        """The word without quotes. Variables are not expanded."""
        return "".join(piece[0] for piece in self.pieces)

    def expanded(self, variables: Mapping[str, Any]) -> str:
        """Return the word with the values of its variables.

        Raises
        ------
        UsageError
            A variable does not exist, or an expression raises an error.
        """
        return "".join(_expanded(piece, variables) for piece in self.pieces)


def scan(line: str) -> list[Word]:
    """Return the words of a line. The last word may have an open quote."""
    words: list[Word] = []
    word: Word | None = None
    quote = ""
    for token in _TOKEN.finditer(line):
        if token["blank"] and not quote:
            word = None
            continue
        if word is None:
            word = Word(token.start())
            words.append(word)
        if token["quote"] and quote in ("", token[0]):
            quote = "" if quote else token[0]
            word.open_quote = token.start() if quote else None
        else:
            word.pieces.append(token)
    return words


def tokenize(line: str, variables: Mapping[str, Any] = MappingProxyType({})) -> list[str]:
    """Return the words of a line with the values of their variables.

    Parameters
    ----------
    line
        The line. A semicolon at its end, which hides the output in IPython, is ignored.
    variables
        Values by name. An object with a pathspec is replaced by its pathspec.

    Raises
    ------
    UsageError
        A quote is not closed, a variable does not exist, or an expression raises an error.
    """
    texts: list[str] = []
    for word in scan(line.rstrip().removesuffix(";")):
        if word.open_quote is not None:
            raise UsageError(f"Expected a closing quote, got none in: {line}")
        option = texts[-1] if texts else ""
        verbatim = option in _NEVER_EXPANDED or word.text.partition("=")[0] in _NEVER_EXPANDED
        texts.append(word.text if verbatim else word.expanded(variables))
    return texts


def _expanded(piece: re.Match[str], variables: Mapping[str, Any]) -> str:
    expression = piece["expression"] or piece["name"]
    if not expression or (piece["name"] and piece["name"] not in variables):
        return piece[0]  # an ordinary character, or a dollar sign before a word that is not a variable
    try:
        value = eval(expression, {}, dict(variables))  # noqa: S307 - the user's own line, as IPython expands it elsewhere
    except Exception as error:  # noqa: BLE001 - after any error, the line has no meaning
        raise UsageError(f"{{{expression}}} has no value: {error}.") from None
    return str(getattr(value, "pathspec", value))


def quote(word: str) -> str:
    """Return a word as the user must type it: in quotes if it has blanks or quotes, ends in a semicolon, or is empty."""
    if word and not word.endswith(";") and not re.search(r"[\s'\"]", word):
        return word
    parts = re.findall(r"'+|[^']+", word) if "'" in word and '"' in word else [word]
    return "".join(f'"{part}"' if "'" in part else f"'{part}'" for part in parts)
