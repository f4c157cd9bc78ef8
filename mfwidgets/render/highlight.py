"""Source code with its syntax in tones that are readable in light and dark."""

from typing import TYPE_CHECKING, Any

from mfwidgets.render.sanitize import single_line
from mfwidgets.render.view import Line, Span

if TYPE_CHECKING:
    from pygments.token import _TokenType

MAX_HIGHLIGHTED_CHARS = 200_000
"""Characters; longer sources are shown as they are."""


def highlight(source: str, name: str, lines: int, chars: int) -> tuple[Line, ...]:
    """Return the first lines of a source, each of at most ``chars`` characters; its language is told by its file's name."""
    from pygments.lexers import TextLexer, get_lexer_for_filename
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_for_filename(name)
    except ClassNotFound:
        lexer = TextLexer()
    # A string that spans many lines has its tone in each, so more than what is shown is read.
    cut = source.replace("\r\n", "\n")[:MAX_HIGHLIGHTED_CHARS]
    pieces: list[list[Span]] = [[]]
    for kind, text in lexer.get_tokens(cut):
        for number, part in enumerate(text.split("\n")):
            if number:
                pieces.append([])
            if part:
                pieces[-1].append(Span(part, _styles(kind)))
        if len(pieces) > lines:
            break
    if pieces and not pieces[-1]:
        pieces.pop()
    return tuple(_cut(line, chars) for line in pieces[:lines])


def _cut(line: list[Span], chars: int) -> Line:
    found, left = [], chars
    for span in line:
        if left > 0:
            text = single_line(span.text, left)
            found.append(Span(text, span.tones))
            left -= len(text)
    return tuple(found)


def _styles(kind: "_TokenType") -> tuple[str, ...]:
    from pygments.token import Comment, Keyword, Name, Number, String

    known: tuple[tuple[Any, tuple[str, ...]], ...] = (
        (Comment, ("dim", "italic")),
        (String, ("green",)),
        (Number, ("cyan",)),
        (Keyword, ("magenta",)),
        (Name.Decorator, ("yellow",)),
        (Name.Function, ("blue",)),
        (Name.Class, ("blue", "bold")),
    )
    return next((tones for family, tones in known if kind in family), ())
