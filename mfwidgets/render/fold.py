"""Folds text into lines of at most a number of columns, between words if possible."""

from collections.abc import Iterator, Sequence

from mfwidgets.render.text_width import clip, width
from mfwidgets.render.view import Line, Span, text_of_line

_BREAKS = "/,;:_.-=)"
"""A long word, such as a pathspec, is broken after one of these."""

_MIN_COLUMNS = 16
"""Text is not indented so far that fewer columns are left."""


def fold(text: str, columns: int) -> list[str]:
    """Return text as lines of at most this many columns. Only blanks between two lines are lost.

    Examples
    --------
    >>> from mfwidgets.render.fold import fold
    >>> fold("ValueError: loss diverged in epoch 1", 20)
    ['ValueError: loss', 'diverged in epoch 1']
    >>> fold("HelloFlow/1795378926761243/start", 20)
    ['HelloFlow/', '1795378926761243/', 'start']
    """
    lines = []
    while width(text) > columns:
        head = _head(text, columns)
        at = _place_to_break(head, text[len(head) :])
        lines.append(text[:at].rstrip(" "))
        text = text[at:].lstrip(" ")
    return [*lines, text] if text or not lines else lines


def _head(text: str, columns: int) -> str:
    """Return the first characters that fit. At least one, because a wide letter does not fit into one column."""
    head = clip(text, columns)
    while not text.startswith(head):  # a blank replaces the half of a wide letter
        head = head[:-1]
    return head or text[:1]


def _place_to_break(head: str, rest: str) -> int:
    """Return where to break: after the last word that is complete, else after a sign, else anywhere."""
    if rest.startswith(" "):
        return len(head)
    blank = head.rfind(" ", 1)
    if blank > len(head) // 3:
        return blank
    sign = max(head.rfind(sign) for sign in _BREAKS) + 1
    if sign > len(head) // 3:
        return sign
    return blank if blank > 0 else len(head)


def fold_line(line: Line, columns: int | None, indent: int) -> list[Line]:
    """Return a line as lines of at most this many columns. The first span is the margin; others continue after ``indent``.

    Parameters
    ----------
    line
        The spans. None of the styles of a span is lost.
    columns
        The number of columns. None folds nothing.
    indent
        The blanks before each line except the first.
    """
    text = text_of_line(line)
    if columns is None or width(text) <= columns:
        return [line]
    indent = min(indent, max(columns - _MIN_COLUMNS, 0))
    margin = text[: len(text) - len(text.lstrip(" "))]
    first, *rest = fold(text[len(margin) :], max(columns - len(margin), 1))
    if rest:
        at = text.index(first, len(margin)) + len(first)
        rest = fold(text[at:].lstrip(" "), columns - indent)
    return list(_styled([f"{margin}{first}", *rest], line, indent))


def _styled(texts: Sequence[str], line: Line, indent: int) -> Iterator[Line]:
    """Give the pieces of a line the styles of its spans."""
    whole, at = text_of_line(line), 0
    for number, text in enumerate(texts):
        start = whole.index(text, at) if text else at
        at = start + len(text)
        yield (*([Span(" " * indent)] if number else []), *_slice(line, start, at))


def _slice(line: Line, start: int, end: int) -> Iterator[Span]:
    at = 0
    for span in line:
        piece = span.text[max(start - at, 0) : max(end - at, 0)]
        at += len(span.text)
        if piece:
            yield Span(piece, span.styles)
