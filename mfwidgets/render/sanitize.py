"""Makes foreign text fit to be shown: bounded, on one line where needed, with nothing invisible in it.

Terminal colours of logs become styles that are readable in light and dark. Escaping for HTML is not done here: the
templates do that, for every text.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from mfwidgets.render.view import Line, Span, plain_line

if TYPE_CHECKING:
    from rich.ansi import AnsiDecoder
    from rich.style import Style

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PICTURES = {chr(code): chr(0x2400 + code) for code in range(0x20)}
# Marks that reorder or hide what follows them: a name must look like what it is.
_DIRECTIONS = re.compile("[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def escape_control_chars(text: str) -> str:
    """Return text with terminal escapes removed, and control and direction characters made visible."""
    text = _ESCAPES.sub("", text.encode("utf-8", "replace").decode("utf-8"))
    text = _CONTROLS.sub(lambda match: _PICTURES.get(match[0], "\N{REPLACEMENT CHARACTER}"), text)
    return _DIRECTIONS.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def single_line(text: str, limit: int) -> str:
    """Return text on one line of at most ``limit`` characters; what is cut ends in an ellipsis."""
    # Cut first: a name may have a million characters.
    text = escape_control_chars(text[: 2 * limit].replace("\r\n", "\n")).replace("\n", "⏎").replace("\t", " ")
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def log_line(text: str, limit: int) -> str:
    """Return a line of a log as a terminal leaves it: after the last carriage return, without escapes."""
    return single_line(text.rstrip("\r").rpartition("\r")[2].replace("\t", "    "), limit)


_COLOURS = ("", "red", "green", "yellow", "blue", "magenta", "cyan", "")
"""Of a terminal's eight; its black and white are the page's own text."""

_GREY = 8
_MAX_ESCAPES_FACTOR = 10
"""A line with its escapes may be this many times as long as without them."""


def parse_ansi(lines: Iterable[str], limit: int) -> tuple[Line, ...]:
    """Return lines of a log as a terminal shows them, each of at most ``limit`` characters.

    What one line switches on goes on in the next, as in a terminal. Other escapes than colours are dropped.
    """
    texts = list(lines)
    if not any("\x1b[" in text for text in texts):
        return tuple(plain_line(log_line(text, limit)) for text in texts)
    from rich.ansi import AnsiDecoder

    decoder = AnsiDecoder()
    return tuple(_decoded_line(decoder, text, limit) for text in texts)


def _decoded_line(decoder: "AnsiDecoder", line: str, limit: int) -> Line:
    """Return a line as spans, of which those beyond the limit are cut."""
    cut = line.rstrip("\r").rpartition("\r")[2][: _MAX_ESCAPES_FACTOR * limit]
    decoded = decoder.decode_line(cut)
    pieces, start = [], 0
    for span in decoded.spans:
        pieces += [(decoded.plain[start : span.start], ()), (decoded.plain[span.start : span.end], _styles(span.style))]
        start = span.end
    pieces.append((decoded.plain[start:], ()))
    return _cut_to(limit, pieces)


def _cut_to(limit: int, pieces: Iterable[tuple[str, tuple[str, ...]]]) -> Line:
    """Return as spans what fits, made fit to be shown."""
    spans, left = [], limit
    for text, styles in pieces:
        if text and left > 0:
            shown = log_line(text, left)
            spans.append(Span(shown, styles))
            left -= len(shown)
    return tuple(spans)


@cache
def _styles(style: "Style | str") -> tuple[str, ...]:
    """Return our styles of rich's style; 256 colours and true ones as the nearest of the eight."""
    if isinstance(style, str):
        return ()
    from rich.color import ColorSystem

    styles = []
    if style.color and style.color.type.name != "DEFAULT":
        number = style.color.downgrade(ColorSystem.STANDARD).number or 0
        styles.append("dim" if number == _GREY else _COLOURS[number % len(_COLOURS)])
    background = style.bgcolor and style.bgcolor.type.name != "DEFAULT"
    styles += ["bold" if style.bold else "", "dim" if style.dim else "", "italic" if style.italic else ""]
    styles += ["underline" if style.underline else "", "marked" if background or style.reverse else ""]
    return tuple(filter(None, dict.fromkeys(styles)))
