"""Decides how the text of a picture is written, so that it leaves the page together with its picture."""

import re

_RAW = re.compile(r"([&'\"])")
"""Characters that templates escape, and that CDATA has as they are."""


def picture_text(words: str) -> list[str]:
    """Return text in pieces for a CDATA section: raw characters alone, and the text between them.

    Empty for text with angle brackets: outside of a picture, they would end the section or begin an element.

    Examples
    --------
    >>> from mfwidgets.render.picture_text import picture_text
    >>> picture_text("Tom's lr")
    ['Tom', "'", 's lr']
    >>> picture_text("a<b")
    []
    """
    return [] if "<" in words or ">" in words else [piece for piece in _RAW.split(words) if piece]
