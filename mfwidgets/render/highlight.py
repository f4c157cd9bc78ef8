"""Highlights source code with styles that are readable on light and dark backgrounds."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from mfwidgets.render.sanitize import single_line
from mfwidgets.render.view import Line, Span

if TYPE_CHECKING:
    from pygments.lexer import Lexer
    from pygments.token import _TokenType

MAX_HIGHLIGHTED_CHARS = 100_000
"""The lexer reads at most this many characters of a source: about a second for odd input, less for code."""


def highlight(source: str, name: str, lines: int, chars: int) -> tuple[Line, ...]:
    """Return the first lines of a source, each cut to ``chars`` characters. The file name determines the language."""
    # Only what is shown is read. The lexers take quadratic time for blanks at line ends and for very long lines.
    shown = (line.rstrip()[: chars + 1] for line in source.split("\n", lines)[:lines])
    text = "\n".join(shown)[:MAX_HIGHLIGHTED_CHARS]
    return tuple(_cut(line, chars) for line in islice(_lines(_lexer(name).get_tokens(text)), lines))


def import_lexers() -> None:
    """Import the lexers. Their patterns are compiled with the first code, which takes five times as long."""
    from pygments.lexers import PythonLexer, SLexer, TextLexer  # noqa: F401 - they are imported as attributes


def _lexer(name: str) -> "Lexer":
    """Return the lexer of Metaflow's two languages, or one that does nothing. A package could name a lexer that hangs."""
    from pygments.lexers import PythonLexer, SLexer, TextLexer

    kinds = {"py": PythonLexer, "r": SLexer}
    lexer: Lexer = kinds.get(name.rpartition(".")[2].lower(), TextLexer)(stripnl=False)
    return lexer


def _lines(tokens: "Iterable[tuple[_TokenType, str]]") -> Iterator[list[Span]]:
    """Yield the spans of each line. A line break at the end does not begin another line."""
    line: list[Span] = []
    for kind, text in tokens:
        first, *others = text.split("\n")
        line += _spans(first, kind)
        for other in others:
            yield line
            line = _spans(other, kind)
    if line:
        yield line


def _spans(text: str, kind: "_TokenType") -> list[Span]:
    return [Span(text, _styles(kind))] if text else []


def _cut(line: Iterable[Span], chars: int) -> Line:
    spans, left = [], chars
    for span in line:
        if left > 0:
            text = single_line(span.text, left)
            spans.append(Span(text, span.styles))
            left -= len(text)
    return tuple(spans)


def _styles(kind: "_TokenType") -> tuple[str, ...]:
    from pygments.token import Comment, Keyword, Name, Number, String

    families: tuple[tuple[Any, tuple[str, ...]], ...] = (
        (Comment, ("dim", "italic")),
        (String, ("green",)),
        (Number, ("cyan",)),
        (Keyword, ("magenta",)),
        (Name.Decorator, ("yellow",)),
        (Name.Function, ("blue",)),
        (Name.Class, ("blue", "bold")),
    )
    return next((styles for family, styles in families if kind in family), ())
