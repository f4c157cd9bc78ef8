"""Work off the kernel's main thread: the newest request wins, and who waits is told that something is going on."""

import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

MOMENT = 0.3
"""Seconds after which it is shown that something is going on."""


class LatestTask:
    """Does one thing at a time for a pane; what was asked before and is not done yet no longer matters.

    Parameters
    ----------
    on_wait
        Called when the newest request takes longer than a moment.
    """

    def __init__(self, on_wait: Callable[[], object] = lambda: None) -> None:
        self._on_wait = on_wait
        self._lock = threading.RLock()
        self._newest = 0
        self._closed = False
        self._idle = threading.Event()
        self._idle.set()

    def ask(
        self, work: Callable[[], Result], done: Callable[[Result], object], failed: Callable[[Exception], object]
    ) -> None:
        """Do something in a thread of its own; its result counts only if nothing newer was asked meanwhile."""
        with self._lock:
            if self._closed:
                return
            self._newest += 1
            number = self._newest
            self._idle.clear()
        timer = threading.Timer(MOMENT, self._tell, (number,))
        timer.daemon = True
        timer.start()
        threading.Thread(
            target=self._work, args=(number, timer, work, done, failed), name="mfwidgets-pane", daemon=True
        ).start()

    def _tell(self, number: int) -> None:
        with self._lock:
            if number == self._newest and not self._closed and not self._idle.is_set():
                self._on_wait()

    def _work(
        self,
        number: int,
        timer: threading.Timer,
        work: Callable[[], Result],
        done: Callable[[Result], object],
        failed: Callable[[Exception], object],
    ) -> None:
        error: Exception | None = None
        try:
            result = work()
        except Exception as caught:  # noqa: BLE001 - shown in the pane that asked
            error = caught
        timer.cancel()
        with self._lock:
            if number != self._newest or self._closed:
                return
            try:
                if error is None:
                    done(result)
                else:
                    failed(error)
            finally:
                if number == self._newest:  # what was done may have asked for more
                    self._idle.set()

    def drop(self) -> None:
        """Forget what was asked."""
        with self._lock:
            self._newest += 1
            self._idle.set()

    def wait(self, seconds: float) -> bool:
        """Wait until the newest request is answered; tell whether it was in time."""
        return self._idle.wait(seconds)

    def close(self) -> None:
        """Ask nothing any more, and forget what was asked."""
        with self._lock:
            self._closed = True
        self.drop()
