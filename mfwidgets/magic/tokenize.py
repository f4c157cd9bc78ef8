"""The words of a line: split at blanks, quotes hold together, ``{name}`` and ``$name`` are values of Python variables."""

import re
import shlex
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from IPython.core.error import UsageError

_VALUE = re.compile(r"\{(?P<expression>[^{}]+)\}|\$(?P<name>[A-Za-z_]\w*)")

_AS_IT_IS = ("--grep",)
"""Options whose values may have braces of their own."""


def tokenize(line: str, variables: Mapping[str, Any] = MappingProxyType({})) -> list[str]:
    """Return the words of a line, with the values of variables in them.

    Parameters
    ----------
    line
        A semicolon at its end, which silences other lines, is no part of it.
    variables
        What names stand for; an object of ours stands for its pathspec.

    Raises
    ------
    UsageError
        A quote is left open, or a name is not defined.
    """
    pieces: list[re.Match[str]] = []

    def marked(match: re.Match[str]) -> str:
        pieces.append(match)
        return chr(_MARKS + len(pieces) - 1)

    found: list[str] = []
    for word in split(_VALUE.sub(marked, line.rstrip().removesuffix(";"))):
        before = found[-1] if found else ""
        plain = before in _AS_IT_IS or word.startswith(tuple(f"{name}=" for name in _AS_IT_IS))
        for number, piece in enumerate(pieces):
            mark = chr(_MARKS + number)
            if mark in word:
                word = word.replace(mark, piece[0] if plain else _value(piece, variables))  # noqa: PLW2901 - piece by piece
        found.append(word)
    return found


_MARKS = 0xE000
"""Where Unicode's private signs begin: they stand for values while a line is split, so that a blank in one splits nothing."""


def _value(match: re.Match[str], variables: Mapping[str, Any]) -> str:
    if match["name"] and match["name"] not in variables:
        return match[0]  # a dollar sign like any other
    expression = match["name"] or match["expression"]
    try:
        value = eval(expression, {}, dict(variables))  # noqa: S307 - the user's own line, as IPython expands it elsewhere
    except Exception as error:  # noqa: BLE001 - whatever it raises, the line has no meaning
        raise UsageError(f"{{{expression}}} has no value: {error}.") from None
    return str(getattr(value, "pathspec", value))


def split(line: str) -> list[str]:
    """Split at blanks; quotes hold words together, and a backslash is a character like any other, as in Windows paths.

    Raises
    ------
    UsageError
        A quote is left open.
    """
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split, lexer.escape, lexer.commenters = True, "", ""
    try:
        return list(lexer)
    except ValueError as error:
        raise UsageError(f"{error} in: {line}") from None


def quote(word: str) -> str:
    """Return a word as it has to be typed: one with blanks or quotes in it stands in quotes, an empty one too."""
    if word and not any(sign.isspace() or sign in "'\"" for sign in word):
        return word
    return f'"{word}"' if "'" in word else f"'{word}'"
