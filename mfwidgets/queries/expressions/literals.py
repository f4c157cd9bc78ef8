"""Values in the filter language: numbers, true, false, none, and text. Nothing is evaluated."""

import math
import re

Plain = str | int | float | bool | None
"""A value that can be written in an expression."""

_WORDS: dict[str, Plain] = {
    "true": True,
    "false": False,
    "none": None,
    "null": None,
    "nan": math.nan,
    "inf": math.inf,
    "+inf": math.inf,
    "-inf": -math.inf,
}

_INTEGER = re.compile(r"[+-]?[0-9]+\Z")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")

MAX_DIGITS = 2_000
"""Longer numbers are text. Python refuses to read integers of more than 4,300 digits."""

OPERATOR_CHARS = "=!<>~\u2260\u2264\u2265"
"""Characters of operators. They end a name, and a value needs quotes to contain them."""

BLANK_OR_QUOTE = re.compile(r"[\s\"']")

_UNSAFE_IN_TEXT = re.compile(rf"[\s\"'{OPERATOR_CHARS}]")
_UNSAFE_IN_VALUE = re.compile(rf"[\s\"',{OPERATOR_CHARS}]")


def literal_of(text: str) -> Plain:
    """Return the value of text without quotes: a number, true, false, none, or the text itself.

    Examples
    --------
    >>> from mfwidgets.queries.expressions.literals import literal_of
    >>> [literal_of(text) for text in ("1e-3", "7", "true", "adam")]
    [0.001, 7, True, 'adam']
    """
    word = text.lower()
    if word in _WORDS:
        return _WORDS[word]
    if len(text) > MAX_DIGITS:
        return text
    if _INTEGER.match(text):
        return int(text)
    return float(text) if _FLOAT.match(text) else text


def quoted(text: str) -> str:
    """Return text in quotes, which are doubled inside. Uses the kind of quotes that the text has less often."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    return f"{quote}{text.replace(quote, quote * 2)}{quote}"


def unquoted(text: str) -> str:
    """Return the text of :func:`quoted`."""
    return text[1:-1].replace(text[0] * 2, text[0])


def value_text(value: str, *, only_text: bool = False) -> str:
    """Return a str as it is written after an operator: without quotes, if it is then read as the same str.

    Parameters
    ----------
    value
        The str.
    only_text
        Whether the operator takes only one text, so that digits and commas need no quotes.
    """
    if only_text:
        return value if value and not _UNSAFE_IN_TEXT.search(value) else quoted(value)
    is_plain = value and not _UNSAFE_IN_VALUE.search(value) and isinstance(literal_of(value), str)
    return value if is_plain else quoted(value)
