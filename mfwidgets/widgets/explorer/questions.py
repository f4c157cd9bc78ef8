"""Questions of the explorer's script as plain data. A script can send anything, so the type of each part is checked."""

from typing import Any

Answer = dict[str, Any]
"""A question of the script, or an answer to it."""


def text_in(content: Answer, name: str) -> str:
    """Return a string of a question. Empty if it is missing or something else.

    Examples
    --------
    >>> from mfwidgets.widgets.explorer.questions import text_in, texts_in, whole_in
    >>> text_in({"tab": "Logs"}, "tab"), text_in({"tab": 3}, "tab")
    ('Logs', '')
    >>> texts_in({"add": ["a", 1]}, "add"), whole_in({"start": -1}, "start")
    (['a'], 0)
    """
    value = content.get(name)
    return value if isinstance(value, str) else ""


def texts_in(content: Answer, name: str) -> list[str]:
    """Return the strings in a list of a question."""
    value = content.get(name)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def whole_in(content: Answer, name: str) -> int:
    """Return a whole number of a question that is not negative. 0 if it is missing or something else."""
    value = content.get(name)
    return max(value, 0) if isinstance(value, int) else 0


def is_true_in(content: Answer, name: str) -> bool:
    """Return whether a question says True."""
    return content.get(name) is True
