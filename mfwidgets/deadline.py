"""Until when work matters to somebody: whoever reads checks it, so that work that was given up stops soon.

A deadline belongs to the block that applies it, and to all threads that :mod:`mfwidgets.concurrency` starts from there.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar

from mfwidgets.errors import DeadlineExceeded

_GRACE_S = 0.1
"""Seconds that a read may take longer than its deadline, since a timeout of 0 is none."""

_current: ContextVar["Deadline | None"] = ContextVar("mfwidgets_deadline", default=None)


class Deadline:
    """A limit of time that can also be cancelled. It ends no later than the deadline in which it is made.

    Parameters
    ----------
    seconds
        From now on; without a limit as a default, which can be cancelled all the same.
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
        """Whether it was cancelled, itself or the one in which it was made."""
        return self._cancelled.is_set() or (self._outer is not None and self._outer.cancelled)

    @property
    def expired(self) -> bool:
        """Whether it is over: cancelled, or its time has passed."""
        return self.cancelled or self.remaining_s() <= 0

    def remaining_s(self) -> float:
        """Return the seconds that are left; 0 or less when its time has passed, infinity without a limit."""
        return self._end - self._clock()

    def check(self) -> None:
        """Raise if it is over.

        Raises
        ------
        DeadlineExceeded
            It is.
        """
        if self.expired:
            raise DeadlineExceeded("This was given up: it took too long, or its result is not needed any more.")

    def cancel(self) -> None:
        """End it now. What was registered with :meth:`on_cancel` is called once."""
        with self._lock:
            self._cancelled.set()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def wait(self, seconds: float) -> None:
        """Sleep; a cancelled deadline wakes the sleeper.

        Raises
        ------
        DeadlineExceeded
            It was over before, or is over now.
        """
        self._cancelled.wait(max(min(seconds, self.remaining_s()), 0))
        self.check()

    @contextmanager
    def on_cancel(self, callback: Callable[[], object]) -> Iterator[None]:
        """Call something if this is cancelled while the block runs, or was before it."""
        with self._lock:
            over = self._cancelled.is_set()
            if not over:
                self._callbacks.append(callback)
        if over:
            callback()
        try:
            yield
        finally:
            with self._lock:
                if callback in self._callbacks:
                    self._callbacks.remove(callback)

    @contextmanager
    def apply(self) -> Iterator["Deadline"]:
        """Let the block have this deadline, and all threads that are started in it.

        If the block ends with an exception (an interrupt, a timeout), the deadline is cancelled: nobody waits for
        what its threads still do.
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
    """Return the deadline of the work that goes on in this thread; None if it has none."""
    return _current.get()


def check_deadline() -> None:
    """Raise if the work that goes on in this thread was given up. Costs less than a microsecond.

    Raises
    ------
    DeadlineExceeded
        It was.
    """
    deadline = _current.get()
    if deadline is not None:
        deadline.check()


def seconds_within_deadline(seconds: float) -> float:
    """Return how long one read may wait: so many seconds, but not much longer than this thread's work matters."""
    deadline = _current.get()
    return seconds if deadline is None else min(seconds, max(deadline.remaining_s(), 0.0) + _GRACE_S)


def sleep(seconds: float) -> None:
    """Sleep, but not longer than the work that goes on in this thread matters.

    Raises
    ------
    DeadlineExceeded
        It was given up.
    """
    deadline = _current.get()
    if deadline is None:
        time.sleep(seconds)
    else:
        deadline.wait(seconds)
