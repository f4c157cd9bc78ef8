"""Deadlines. Code that reads checks its deadline first, so that work that was given up stops soon.

A deadline applies to a block, and to all threads that :mod:`mfwidgets.concurrency` starts in the block.
"""

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import TypeVar

from mfwidgets.errors import DeadlineExceeded

_GRACE_S = 0.1
"""A read may take this much longer than its deadline, since a timeout of 0 means no timeout."""

_ITEMS_PER_CHECK = 200

Item = TypeVar("Item")

_current: ContextVar["Deadline | None"] = ContextVar("mfwidgets_deadline", default=None)


class Deadline:
    """A time limit that can be cancelled. It ends no later than the deadline in which it is made.

    Parameters
    ----------
    seconds
        From now. By default there is no limit, but the deadline can be cancelled.
    clock
        Returns seconds that never run backwards. None means the clock of the outer deadline, or ``time.monotonic``.
    """

    def __init__(self, seconds: float = math.inf, *, clock: Callable[[], float] | None = None) -> None:
        outer = _current.get()
        self._outer: Deadline | None = outer
        self._clock: Callable[[], float] = clock or (outer._clock if outer else time.monotonic)
        self._end: float = min(self._clock() + seconds, outer._end if outer else math.inf)
        self._cancelled = threading.Event()
        self._callbacks: list[Callable[[], object]] = []
        self._lock = threading.Lock()

    @property
    def cancelled(self) -> bool:
        """Whether this deadline, or the one in which it was made, was cancelled."""
        return self._cancelled.is_set() or (self._outer is not None and self._outer.cancelled)

    @property
    def expired(self) -> bool:
        """Whether it was cancelled or its time has passed."""
        return self.cancelled or self.remaining_s() <= 0

    @property
    def is_limited(self) -> bool:
        """Whether it ends by itself."""
        return self._end < math.inf

    def remaining_s(self) -> float:
        """Return the seconds that are left: 0 or less if the time has passed, infinity without a limit."""
        return self._end - self._clock()

    def check(self) -> None:
        """Raise if the deadline has expired.

        Raises
        ------
        DeadlineExceeded
            It has.
        """
        if self.expired:
            raise DeadlineExceeded("This was given up: it took too long, or its result is not needed any more.")

    def cancel(self) -> None:
        """End it now. Each callback of :meth:`on_cancel` is called once."""
        with self._lock:
            self._cancelled.set()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def wait(self, seconds: float) -> None:
        """Sleep until the time has passed or the deadline is cancelled.

        Raises
        ------
        DeadlineExceeded
            The deadline has expired.
        """
        self._cancelled.wait(max(min(seconds, self.remaining_s()), 0))
        self.check()

    @contextmanager
    def on_cancel(self, callback: Callable[[], object]) -> Iterator[None]:
        """Call ``callback`` if this is cancelled while the block runs, or was before."""
        with self._lock:
            cancelled = self._cancelled.is_set()
            if not cancelled:
                self._callbacks.append(callback)
        if cancelled:
            callback()
        try:
            yield
        finally:
            with self._lock:
                if callback in self._callbacks:
                    self._callbacks.remove(callback)

    @contextmanager
    def apply(self) -> Iterator["Deadline"]:
        """Use this deadline in the block, and in all threads that are started in it.

        If the block ends with an exception (an interrupt, a timeout), the deadline is cancelled, because nobody waits
        for its threads any more.
        """
        token = _current.set(self)
        try:
            with self._outer.on_cancel(self.cancel) if self._outer else nullcontext():
                yield self
        except BaseException:
            self.cancel()
            raise
        finally:
            _current.reset(token)


def current_deadline() -> Deadline | None:
    """Return the deadline of this thread's work, or None."""
    return _current.get()


def check_deadline() -> None:
    """Raise if this thread's work was given up. Costs less than a microsecond.

    Raises
    ------
    DeadlineExceeded
        It was.
    """
    deadline = _current.get()
    if deadline is not None:
        deadline.check()


def stoppable(items: Iterable[Item]) -> Iterable[Item]:
    """Return the same items, for a loop that ends if this thread's work is given up.

    The deadline is checked before the first item and every 200 items, so a loop of small steps costs hardly more.

    Raises
    ------
    DeadlineExceeded
        The work was given up. Raised in the loop.
    """
    deadline = _current.get()
    return items if deadline is None else _checked(deadline, items)


def _checked(deadline: Deadline, items: Iterable[Item]) -> Iterator[Item]:
    for number, item in enumerate(items):
        if not number % _ITEMS_PER_CHECK:
            deadline.check()
        yield item


def seconds_within_deadline(seconds: float) -> float:
    """Return how many seconds one read may wait: the given seconds, but little longer than the deadline."""
    deadline = _current.get()
    return seconds if deadline is None else min(seconds, max(deadline.remaining_s(), 0.0) + _GRACE_S)


def sleep(seconds: float) -> None:
    """Sleep, but not longer than until this thread's deadline.

    Raises
    ------
    DeadlineExceeded
        The work was given up.
    """
    deadline = _current.get()
    if deadline is None:
        time.sleep(seconds)
    else:
        deadline.wait(seconds)
