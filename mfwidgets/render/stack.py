"""The part of a display that shows where an exception was raised: places in code, and folded frames of libraries."""

from typing import TYPE_CHECKING, ClassVar

from mfwidgets.fast_dataclass import fast_dataclass

if TYPE_CHECKING:
    from mfwidgets.render.view import Line

ARROW = "→"
"""Marks the line of code that matters."""


@fast_dataclass(frozen=True, slots=True)
class CodeFrame:
    """A place in code.

    Attributes
    ----------
    words
        How it was reached, such as ``called from``. Empty for the place itself.
    place
        The file, the line and the function.
    lines
        The lines of code.
    numbers
        The number of each line. Empty for a single line without its surroundings.
    marked
        The position of the line that matters. A sign in the margin marks it.
    """

    words: str
    place: str
    lines: tuple["Line", ...]
    numbers: tuple[int, ...] = ()
    marked: int = 0
    folded: ClassVar[bool] = False

    @property
    def rows(self) -> "tuple[tuple[str, Line], ...]":
        """Each line with its margin: its number, and an arrow at the line that matters."""
        if not self.numbers:
            return tuple(("", line) for line in self.lines)
        width = max(len(str(number)) for number in self.numbers)
        return tuple(
            (f"{ARROW if place == self.marked else ' '} {number:>{width}}", line)
            for place, (number, line) in enumerate(zip(self.numbers, self.lines, strict=True))
        )


@fast_dataclass(frozen=True, slots=True)
class FoldedLines:
    """Lines that few people need, below their summary. Text displays have only the summary."""

    summary: str
    lines: tuple["Line", ...]
    folded: ClassVar[bool] = True


@fast_dataclass(frozen=True, slots=True)
class Stack:
    """Where an exception was raised: places in code, the most important first, and folded frames of libraries."""

    heading: str
    frames: tuple[CodeFrame | FoldedLines, ...]
    note: str = ""
    part: ClassVar[str] = "stack"
