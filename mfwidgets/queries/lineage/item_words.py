"""Foreach items in words: ``lr 0.1, depth 3`` for a dict. A string stays as it is."""

from typing import Any

from mfwidgets.queries.values.item_columns import parts_of_item
from mfwidgets.queries.values.reading import NotRead
from mfwidgets.render.numbers import number_text
from mfwidgets.safe_repr import repr_of

MAX_VALUE_CHARS = 60
"""Characters of a value in a label."""

_MAX_PARTS = 6
"""The words have at most this many keys of a dict."""


def item_words(item: Any, max_chars: int = MAX_VALUE_CHARS) -> str:
    """Return an item in words. Each value has at most ``max_chars`` characters.

    Examples
    --------
    >>> from mfwidgets.queries.lineage.item_words import item_words
    >>> item_words({"lr": 0.1, "depth": 3}), item_words("Hamburg"), item_words((1, 2))
    ('lr 0.1, depth 3', 'Hamburg', '1, 2')
    """
    words = []
    for suffix, value in parts_of_item(item):
        key, shown = suffix[1:], value_words(value, max_chars)
        words.append(f"{key} {shown}" if key and not key.isdecimal() else shown)
        if len(words) == _MAX_PARTS:
            break
    return ", ".join(words)


def value_words(value: Any, max_chars: int = MAX_VALUE_CHARS) -> str:
    """Return a part of an item in a few words, numbers with four digits."""
    if isinstance(value, NotRead):
        return repr(value.described)[:max_chars] if value.described else "?"
    if isinstance(value, str):
        return value[:max_chars]
    return number_text(value) or repr_of(value, max_chars)
