"""The words of a line: split at blanks, quotes hold together, ``{name}`` and ``$name`` are values of Python variables.

One scanner reads whole lines, which are run, and unfinished ones, which are completed. A backslash is a character like any
other, as in the paths of Windows.
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
"""Options whose values may have braces of their own."""


@dataclass(slots=True)
class Word:
    """A word of a line.

    Attributes
    ----------
    start
        Where it begins in the line, with its quotes.
    pieces
        Its parts without quotes: characters, ``{expression}`` and ``$name``.
    open_quote
        Where a quote begins that nothing closes; None if all are closed.
    """

    start: int
    pieces: list[re.Match[str]] = field(default_factory=list)
    open_quote: int | None = None

    @property
    def text(self) -> str:
        """The word without quotes; what stands for a value is left as it is."""
        return "".join(piece[0] for piece in self.pieces)

    def expanded(self, variables: Mapping[str, Any]) -> str:
        """Return the word with the values of variables in it.

        Raises
        ------
        UsageError
            A name is not defined.
        """
        return "".join(_expanded(piece, variables) for piece in self.pieces)


def scan(line: str) -> list[Word]:
    """Return the words of a line; of the last one a quote may be open."""
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
    """Return the words of a line, with the values of variables in them.

    Parameters
    ----------
    line
        A semicolon at its end, which silences other lines, is not a part of it.
    variables
        What names stand for; an object of ours stands for its pathspec.

    Raises
    ------
    UsageError
        A quote is left open, or a name is not defined.
    """
    texts: list[str] = []
    for word in scan(line.rstrip().removesuffix(";")):
        if word.open_quote is not None:
            raise UsageError(f"No closing quotation in: {line}")
        option = texts[-1] if texts else ""
        as_it_is = option in _NEVER_EXPANDED or word.text.partition("=")[0] in _NEVER_EXPANDED
        texts.append(word.text if as_it_is else word.expanded(variables))
    return texts


def _expanded(piece: re.Match[str], variables: Mapping[str, Any]) -> str:
    expression = piece["expression"] or piece["name"]
    if not expression or (piece["name"] and piece["name"] not in variables):
        return piece[0]  # a dollar sign like any other
    try:
        value = eval(expression, {}, dict(variables))  # noqa: S307 - the user's own line, as IPython expands it elsewhere
    except Exception as error:  # noqa: BLE001 - whatever it raises, the line has no meaning
        raise UsageError(f"{{{expression}}} has no value: {error}.") from None
    return str(getattr(value, "pathspec", value))


def quote(word: str) -> str:
    """Return a word as it has to be typed: in quotes if it has blanks or quotes in it, ends in a semicolon, or is empty."""
    if word and not word.endswith(";") and not re.search(r"[\s'\"]", word):
        return word
    parts = re.findall(r"'+|[^']+", word) if "'" in word and '"' in word else [word]
    return "".join(f'"{part}"' if "'" in part else f"'{part}'" for part in parts)
