"""Prints lines with their tones as a terminal shows them; rich knows the terminals, and ``NO_COLOR`` and ``FORCE_COLOR``."""

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TextIO

from mfwidgets.render.view import Span, text_of_line

if TYPE_CHECKING:
    from rich.text import Text


def shows_colours(stream: TextIO) -> bool:
    """Tell whether what is written to a stream may be coloured: on a terminal, unless ``NO_COLOR`` is set."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def print_lines(lines: Iterable[Sequence[Span]], stream: TextIO) -> None:
    """Print lines to a stream, coloured where it shows colours; they are never wrapped."""
    if not shows_colours(stream):
        stream.write("".join(f"{text_of_line(line)}\n" for line in lines))
        return
    from rich.console import Console

    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    for line in lines:
        console.print(_painted(line), soft_wrap=True)


def _painted(line: Sequence[Span]) -> "Text":
    from rich.text import Text

    found = Text(end="")
    for span in line:
        found.append(span.text, " ".join("reverse" if tone == "marked" else tone for tone in span.tones) or None)
    found.end = "\n"
    return found
