"""The lines of each step in the source of a flow, found without running or compiling it."""

import re
from collections.abc import Iterator, Sequence

_DEF = re.compile(r"([ \t]+)(?:async )?def (\w+)\(")
_DECORATOR = re.compile(r"[ \t]+@")
_STEP = re.compile(r"[ \t]+@step\b")


def step_lines(source: str) -> dict[str, tuple[int, int]]:
    r"""Return the first and the last line of each step, from 1. Decorators belong to their step.

    Examples
    --------
    >>> from mfwidgets.views.step_lines import step_lines
    >>> step_lines("class F:\n    @step\n    def start(self):\n        self.next(self.end)\n\n    x = 1\n")
    {'start': (2, 4)}
    """
    lines = source.split("\n")
    return dict(_steps(lines))


def _steps(lines: Sequence[str]) -> Iterator[tuple[str, tuple[int, int]]]:
    first, is_step = 0, False
    for number, line in enumerate(lines, start=1):
        if _DECORATOR.match(line):
            first = first or number
            is_step = is_step or bool(_STEP.match(line))
        elif match := _DEF.match(line):
            if is_step:
                yield match[2], (first, _end(lines, number, len(match[1])))
            first, is_step = 0, False
        elif first and not line.strip().startswith((")", "#")) and not line.startswith((" " * 8, "\t\t")):
            first, is_step = 0, False  # a decorator can continue in indented lines


def _end(lines: Sequence[str], start: int, indent: int) -> int:
    """Return the last line of a function that begins in a line: the last one that is indented more."""
    last = start
    for number, line in enumerate(lines[start:], start=start + 1):
        if not line.strip():
            continue
        if len(line) - len(line.lstrip()) <= indent and not line.lstrip().startswith((")", "#")):
            break
        last = number
    return last
