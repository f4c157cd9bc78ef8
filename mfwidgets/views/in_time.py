"""Reads values for a display within a share of the time that it has left, so that the rest of it is shown in any case."""

import math
from collections.abc import Callable
from typing import TypeVar

from mfwidgets.concurrency import call_with_timeout
from mfwidgets.deadline import current_deadline
from mfwidgets.errors import MetaflowException
from mfwidgets.redaction import redact
from mfwidgets.render.sanitize import single_line

Read = TypeVar("Read")

_SHARE = 0.6
"""Values may take this share of the time that a display has left."""

_MAX_MESSAGE = 300
"""Characters of an error in a note."""

NOT_IN_TIME = "Not all values were read in time. Show this again: what was read is remembered."


def in_time(read: Callable[[], Read], notes: list[str]) -> Read | None:
    """Return what ``read`` returns, or None with a note if it takes too long or cannot be read.

    Without a time limit, such as for a page, it may take as long as it needs.

    Parameters
    ----------
    read
        Reads values. It stops soon after its time is over.
    notes
        The notes of the display. A note is added at most once.
    """
    deadline = current_deadline()
    seconds = deadline.remaining_s() * _SHARE if deadline else math.inf
    try:
        return call_with_timeout(seconds, read) if math.isfinite(seconds) else read()
    except TimeoutError:
        note = NOT_IN_TIME
    except MetaflowException as error:
        note = f"Values were not read: {redact(single_line(str(error), _MAX_MESSAGE))}"
    if note not in notes:
        notes.append(note)
    return None
