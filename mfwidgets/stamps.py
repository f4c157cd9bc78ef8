"""Stamps of files and folders: while a stamp is the same, so is the content.

A folder's stamp changes when a file in it is added, removed or replaced. Metaflow writes a file once, or replaces it.
"""

import os
import time
from collections.abc import Callable

Stamp = tuple[int, int, int]
"""Inode, size in bytes, and time of the last change in nanoseconds."""

_SECOND_NS = 1_000_000_000
_TICK_NS = 50_000_000
"""File systems take the time from a clock that ticks every few milliseconds. Two changes can have one time."""

_COARSE_NS = 2 * _SECOND_NS
"""The longest tick of a file system that keeps whole seconds."""

ABSENT: Stamp = (0, 0, 0)
"""The stamp of a file or folder that is missing or cannot be read."""

UNSETTLED: Stamp = (0, 0, 2**63)
"""A stamp that :func:`is_settled` never accepts."""

Clock = Callable[[], int]
"""Returns nanoseconds since the epoch."""


def stamp_of(path: str) -> Stamp:
    """Return the stamp of a file or folder, or :data:`ABSENT`."""
    try:
        status = os.stat(path)  # noqa: PTH116 - thousands of times for a table
    except (OSError, ValueError):
        return ABSENT
    return status.st_ino, status.st_size, status.st_mtime_ns


def is_settled(stamp: Stamp, clock: Clock = time.time_ns) -> bool:
    """Return whether a later change would have another stamp.

    A change that follows within one tick of the clock has the same time. So a stamp says nothing until its time is past. A
    time in the future, after a clock was set back, is not past.
    """
    changed_ns = stamp[2]
    return changed_ns + (_TICK_NS if changed_ns % _SECOND_NS else _COARSE_NS) < clock()
