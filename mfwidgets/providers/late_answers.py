"""Answers that arrive after a display gave up. The next display takes them.

A service works on an answer even if nobody waits any more. So a listing that was requested is read to its end, and the second
look does not begin again. Nothing is requested after giving up.
"""

import math
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, wait
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Generic, TypeVar

from mfwidgets.concurrency import in_background
from mfwidgets.deadline import Deadline, current_deadline

Answer = TypeVar("Answer")

MAX_KEPT = 8
"""If more answers are late, the oldest is given up."""

MAX_AGE_S = 60.0
"""An answer that arrived longer ago is requested again."""

_POLL_S = 0.1


@dataclass(eq=False)
class _Sent(Generic[Answer]):
    """A request that was sent.

    Attributes
    ----------
    future
        Its answer.
    own_deadline
        Ends the request.
    deadline
        The deadline of those who wait for it.
    """

    future: "Future[Answer]"
    own_deadline: Deadline
    deadline: Deadline | None
    done_at: float = math.inf

    def is_old(self) -> bool:
        return time.monotonic() - self.done_at > MAX_AGE_S


class LateAnswers(Generic[Answer]):
    """The late answers of one service. Threads can share it."""

    def __init__(self) -> None:
        self._sent: dict[Hashable, _Sent[Answer]] = {}
        self._lock = Lock()

    def take(self, key: Hashable) -> Answer | None:
        """Return the answer of an earlier request, once. Wait for it if it was sent and is not there yet.

        None if there is none, or it failed.

        Raises
        ------
        DeadlineExceeded
            The work was given up, again.
        """
        with self._lock:
            for old in [key for key, sent in self._sent.items() if sent.is_old()]:
                del self._sent[old]
            sent = self._sent.get(key)
            if sent is None or (sent.deadline is not None and not sent.deadline.expired):
                return None  # nobody gave up
            sent.deadline = current_deadline()
            if sent.deadline is None:
                del self._sent[key]
        self._wait(key, sent)
        return None if sent.future.exception() else sent.future.result()

    def ask(self, key: Hashable, request: Callable[[], Answer]) -> Answer:
        """Return the answer to a request. If the work has a time limit, the request can last longer than the work.

        Raises
        ------
        DeadlineExceeded
            The work was given up.
        """
        deadline = current_deadline()
        if deadline is None or not deadline.is_limited:
            return request()
        sent = Context().run(_start, request, deadline)
        with self._lock:
            if key not in self._sent:
                self._sent[key] = sent
            oldest = [key for key, sent in self._sent.items() if sent.deadline is not None and sent.deadline.expired]
            dropped = [self._sent.pop(key) for key in oldest[: max(len(oldest) - MAX_KEPT, 0)]]
        for late in dropped:
            late.own_deadline.cancel()
        self._wait(key, sent)
        return sent.future.result()

    def _wait(self, key: Hashable, sent: _Sent[Answer]) -> None:
        """Wait for a request. It stays if the work is given up."""
        deadline = current_deadline()
        while not sent.future.done():
            wait([sent.future], _POLL_S)
            if deadline is not None:
                deadline.check()
        with self._lock:
            if deadline is not None:
                deadline.check()
            if self._sent.get(key) is sent:
                del self._sent[key]


def _start(request: Callable[[], Answer], deadline: Deadline) -> _Sent[Answer]:
    """Send a request in a thread, without the deadline of the caller."""
    own = Deadline()
    sent = _Sent(in_background(partial(_within, own, request), "listing"), own, deadline)

    def note(_: "Future[Answer]") -> None:
        sent.done_at = time.monotonic()

    sent.future.add_done_callback(note)
    return sent


def _within(deadline: Deadline, request: Callable[[], Answer]) -> Answer:
    with deadline.apply():
        return request()
