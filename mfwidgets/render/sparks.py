"""Small histograms and curves inside of a line: as SVG paths, and as blocks of text."""

import math
from collections.abc import Sequence
from itertools import pairwise

WIDTH, HEIGHT = 88, 18
"""Pixels. The paths have the same units."""

_LINE = 1.3
"""The width of the line of a curve. Its top and bottom need space for it."""

_BLOCKS = "▁▂▃▄▅▆▇█"

_MAX_BLOCKS = 24

Levels = Sequence[float | None]


def bins_path(levels: Levels) -> str:
    """Return the path of a histogram: one column per level. A level above 0 has at least one pixel."""
    width = WIDTH / max(len(levels), 1)
    gap = 1 if width > 3 else 0  # noqa: PLR2004 - narrow columns touch
    pieces = []
    for place, level in enumerate(levels):
        if level:
            height = max(level * HEIGHT, 1)
            pieces.append(f"M{place * width:.1f} {HEIGHT}v{-height:.1f}h{width - gap:.1f}v{height:.1f}z")
    return "".join(pieces)


def curve_path(levels: Levels) -> str:
    """Return the path of a curve. A missing level is a gap."""
    step = WIDTH / max(len(levels) - 1, 1)
    pieces, pen = [], "M"
    for place, level in enumerate(levels):
        if level is None:
            pen = "M"
            continue
        pieces.append(f"{pen}{place * step:.1f} {_LINE + (1 - level) * (HEIGHT - 2 * _LINE):.1f}")
        pen = "L"
    return "".join(pieces)


def load_blocks(levels: Levels, columns: int) -> str:
    """Return levels as this many blocks, the highest as high as possible. Each block is the highest of its levels."""
    ends = [place * len(levels) / max(columns, 1) for place in range(columns + 1)]
    highest = [
        max((level or 0.0 for level in levels[int(start) : max(math.ceil(end), int(start) + 1)]), default=0.0)
        for start, end in pairwise(ends)
    ]
    top = max(highest, default=0.0) or 1.0
    return "".join(_block(level / top, low_is_empty=True) for level in highest)


def blocks(levels: Levels, *, low_is_empty: bool = False, most: int = _MAX_BLOCKS) -> str:
    """Return levels as blocks of eight heights: ``▁▃▇``. More levels than ``most`` are drawn as their means.

    Parameters
    ----------
    levels
        Heights from 0 to 1. None is a blank.
    low_is_empty
        Whether 0 means that there is nothing, as in a histogram. It is a blank then.
    most
        The largest number of blocks.
    """
    return "".join(_block(level, low_is_empty=low_is_empty) for level in _resampled(levels, most))


def _block(level: float | None, *, low_is_empty: bool) -> str:
    if level is None or (low_is_empty and level <= 0):
        return " "
    return _BLOCKS[min(int(level * len(_BLOCKS)), len(_BLOCKS) - 1)]


def _resampled(levels: Levels, most: int) -> Levels:
    if len(levels) <= most:
        return levels
    ends = [place * len(levels) // most for place in range(most + 1)]
    return [_mean(levels[start:end]) for start, end in pairwise(ends)]


def _mean(levels: Levels) -> float | None:
    present = [level for level in levels if level is not None]
    return sum(present) / len(present) if present else None
