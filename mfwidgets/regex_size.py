"""Bounds what a regular expression costs before any text is searched.

The package ``regex`` copies a repeated part as often as it must match at least: ``(?:(?:a{999}){999}){999}`` fills all
memory, and so does ``+`` in forty nested groups. So the copies are counted first.
"""

import math
import re

from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.safe_repr import repr_of

MAX_PARTS = 100_000
"""The most parts of a pattern, with copies. Compiling this many takes 0.1 s and 50 MB."""

MAX_PATTERN_CHARS = 10_000

_TOKEN = re.compile(
    r"""
    (?P<atom> \\[NpP]\{[^}]*\} | \\. | \[\^?\]?(?:\\.|[^\]\\])*+\]? )
    | (?P<skipped> \(\?\#[^)]*\)? | \s )
    | (?P<opened> \(\?? )
    | (?P<closed> \) )
    | (?P<repeat> [*?+] | \{ (?P<least>\d*) (?P<range>,\d*)? \} (?<!\{\}) ) (?P<how>[?+]?)
    | (?P<other> . )
    """,
    re.DOTALL | re.VERBOSE,
)

_VERBOSE = re.compile(r"\(\?[A-Za-z0-9]*x")

_MAX_DIGITS = 9


def checked_pattern(pattern: object) -> str:
    """Return a pattern of Python's ``re`` in the syntax of the package ``regex``.

    Braces that are not a repetition become ordinary characters, as in ``re``. In ``regex`` they allow for misspellings.

    Raises
    ------
    MetaflowInvalidArgument
        It is not a str, or is too large.
    """
    if not isinstance(pattern, str) or len(pattern) > MAX_PATTERN_CHARS:
        raise MetaflowInvalidArgument(
            f"Expected a regular expression of at most {MAX_PATTERN_CHARS:,} characters, got {repr_of(pattern, 80)}."
        )
    tokens = list(_TOKEN.finditer(pattern))
    # In verbose patterns, a comment can be between a part and its repetition. So all repetitions count as nested.
    size = _largest_size(tokens) if _VERBOSE.search(pattern) else _size(tokens)
    if size > MAX_PARTS:
        raise MetaflowInvalidArgument(
            f"Expected a regular expression with fewer nested repetitions, got {repr_of(pattern, 80)}. Try * or smaller numbers."
        )
    return "".join("\\{" if token["other"] == "{" else token[0] for token in tokens)


def _size(tokens: list[re.Match[str]]) -> int:
    """Return the number of parts of a pattern, with the copies of repeated parts."""
    totals, last = [0], 0
    for token in tokens:
        if token["opened"]:
            totals.append(0)
        elif token["closed"] and len(totals) > 1:
            last = totals.pop() + 1
            totals[-1] += last
        elif token["repeat"]:
            totals[-1] += last * (_copies(token) - 1)
            last *= _copies(token)
        elif not token["skipped"]:
            last = 1
            totals[-1] += 1
    return sum(totals)


def _largest_size(tokens: list[re.Match[str]]) -> int:
    return len(tokens) * math.prod(_copies(token) for token in tokens if token["repeat"])


def _copies(repeat: re.Match[str]) -> int:
    """Return how often a part is copied: as often as it must match, and once more if it may match more often."""
    if not repeat["repeat"].startswith("{"):
        return 2 if repeat["repeat"] == "+" else 1
    least = int((repeat["least"] or "0")[:_MAX_DIGITS])
    return max(least + (repeat["range"] is not None and least > 0), 1)
