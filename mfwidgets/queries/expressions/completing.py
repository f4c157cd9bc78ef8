"""Completes the last term of an unfinished expression. It is pure: the caller knows the names, tags and users."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from mfwidgets.queries.expressions.literals import OPERATOR_CHARS
from mfwidgets.queries.expressions.terms import KEYS, LISTS, key_value_text, name_text
from mfwidgets.queries.run_filter import RUN_STATUSES

Source = Callable[[Literal["name", "tag", "user"]], Sequence[str]]
"""Returns the names of parameters and results, the tags, or the users of the runs."""

_AGES = ("1h", "1d", "7d", "30d")

_KEY = re.compile(rf"(?P<key>{'|'.join(KEYS)}):(?P<value>.*)\Z", re.IGNORECASE | re.DOTALL)
_OPERATOR = re.compile(f"[{OPERATOR_CHARS}:]")

_TAGS = {"project": "project:", "branch": "project_branch:"}
"""The beginning of the tags that ``@project`` adds."""


def complete_expression(text: str, source: Source) -> list[str]:
    """Return whole expressions, each with another end of the last term.

    Parameters
    ----------
    text
        The expression up to the cursor.
    source
        A function that returns names, tags and users. It is called only if they can come next.

    Examples
    --------
    >>> from mfwidgets.queries.expressions.completing import complete_expression
    >>> complete_expression("rmse<0.3 status:ru", lambda kind: [])
    ['rmse<0.3 status:running']
    """
    start = _last_term(text)
    sign = text[start : start + 1] if text[start : start + 1] in ("-", "!") else ""
    before, term = text[:start] + sign, text[start + len(sign) :]
    match = _KEY.match(term)
    if match:
        key, value = match["key"].lower(), match["value"]
        comma = value.rfind(",") + 1 if key in LISTS else 0
        head = before + term[: match.start("value") + comma]
        ends: Iterable[str] = (head + key_value_text(key, item) for item in _values(key, source))
    elif _OPERATOR.search(term):
        return []
    else:
        names = () if sign else source("name")
        ends = [before + end for end in (*(f"{key}:" for key in KEYS), *map(name_text, names))]
    return [end for end in ends if end.startswith(text)]


def _last_term(text: str) -> int:
    """Return where the last term begins: after the last blank outside of quotes."""
    start, quote = 0, ""
    for position, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char.isspace():
            start = position + 1
    return start


def _values(key: str, source: Source) -> Iterable[str]:
    """Return the values that can come after a key."""
    if key == "status":
        return RUN_STATUSES
    if key in ("since", "until"):
        return _AGES
    if key == "tag":
        return source("tag")
    if key == "user":
        return source("user")
    beginning = _TAGS.get(key)
    return [tag.removeprefix(beginning) for tag in source("tag") if tag.startswith(beginning)] if beginning else ()
