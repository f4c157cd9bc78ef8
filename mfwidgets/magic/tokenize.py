"""Splits a line into words at blanks outside of quotes.

Outside of quotes, ``{name}`` and ``$name`` insert values of Python variables. Inside quotes all characters are ordinary:
names are quoted, and must not become code.

One scanner reads complete lines, which are run, and unfinished lines, which are completed. A backslash is an ordinary
character, because paths on Windows contain it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from IPython.core.error import UsageError

from mfwidgets.hidden_characters import visible

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
        Its parts without quotes: strings that were quoted, and matches of characters, ``{expression}`` and ``$name``.
    open_quote
        The position of a quote that is not closed. None if all quotes are closed.
    """

    start: int
    pieces: list[str | re.Match[str]] = field(default_factory=list)
    open_quote: int | None = None

    @property
    def text(self) -> str:
        """The word without quotes. Variables are not expanded."""
        return "".join(piece if isinstance(piece, str) else piece[0] for piece in self.pieces)

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
    position = 0
    while token := _TOKEN.match(line, position):
        position = token.end()
        if token["blank"]:
            word = None
            continue
        if word is None:
            word = Word(token.start())
            words.append(word)
        if token["quote"]:
            end = line.find(token[0], position)
            word.open_quote = None if end >= 0 else token.start()
            end = end if end >= 0 else len(line)
            word.pieces.append(line[position:end])
            position = end + 1
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
            raise UsageError(f"Expected a closing quote, got none in: {visible(line)}")
        option = texts[-1] if texts else ""
        verbatim = option in _NEVER_EXPANDED or word.text.partition("=")[0] in _NEVER_EXPANDED
        texts.append(word.text if verbatim else word.expanded(variables))
    return texts


def _expanded(piece: str | re.Match[str], variables: Mapping[str, Any]) -> str:
    if isinstance(piece, str):
        return piece
    expression = piece["expression"] or piece["name"]
    if not expression or (piece["name"] and piece["name"] not in variables):
        return piece[0]  # an ordinary character, or a dollar sign before a word that is not a variable
    try:
        value = eval(expression, {}, dict(variables))  # noqa: S307 - the user's own line, as IPython expands it elsewhere
    except Exception as error:  # noqa: BLE001 - after any error, the line has no meaning
        raise UsageError(visible(f"{{{expression}}} has no value: {error}.")) from None
    return str(getattr(value, "pathspec", value))
