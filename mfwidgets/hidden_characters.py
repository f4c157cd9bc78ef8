"""Makes characters visible that a terminal obeys or that a reader cannot see.

Names and messages come from the authors of runs. Printed as they are, they could move the cursor of a terminal, look like
other names, or begin a line of a message. This is the only list of such characters: text is made visible here, and
``code_lines`` refuses names that contain one. ``lines.js`` has the same list.
"""

import re

_CONTROLS = "\x00-\x1f\x7f-\x9f\u2028\u2029"
"""Controls of C0 and C1, such as ESC and the one-byte CSI, and separators of lines."""

_REORDERING = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Text after them is read in another direction."""

_INVISIBLE = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U000e0000-\U000e007f"
)
"""With them, two names that differ look the same."""

_UNENCODABLE = "\ud800-\udfff"
"""Halves of characters, which no file and no message can contain."""

_HIDDEN = re.compile(f"[{_CONTROLS}{_REORDERING}{_INVISIBLE}{_UNENCODABLE}]")

_HIDDEN_IN_LINES = re.compile(_HIDDEN.pattern.replace("\x00-\x1f", "\x00-\x08\x0b-\x1f"))


def has_hidden(text: str) -> bool:
    """Return whether text contains a hidden character. Line breaks and tabs are hidden characters."""
    return bool(_HIDDEN.search(text))


def visible(text: str, *, lines: bool = False) -> str:
    r"""Return text with hidden characters as escapes, such as ``\x1b``.

    Parameters
    ----------
    text
        A name or a message.
    lines
        Whether the text has several lines: then line breaks and tabs stay.

    Examples
    --------
    >>> from mfwidgets.hidden_characters import visible
    >>> print(visible("1\x1b[2J"))
    1\x1b[2J
    """
    if text.isascii() and text.isprintable():  # nearly all names, and much faster
        return text
    return (_HIDDEN_IN_LINES if lines else _HIDDEN).sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
