"""Ends requests whose time is over. One thread watches all requests: a thread for each would take as long as the request."""

import math
import os
import threading
import time
from contextvars import Context
from typing import Protocol

from mfwidgets.concurrency import start_thread


class Watched(Protocol):
    """A request that can be ended from another thread.

    Attributes
    ----------
    end_at
        When its time is over, in seconds of ``time.monotonic``.
    """

    end_at: float

    def end(self) -> None:
        """End it now. This must not take long."""


class RequestWatch:
    """Watches requests from :meth:`add` to :meth:`remove`. Without threads (Pyodide) nothing is watched."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin without requests and without a thread."""
        self._requests: set[Watched] = set()
        self._changed = threading.Condition()
        self._wakes_at = math.inf
        self._runs = False

    def add(self, request: Watched) -> None:
        """Begin to watch a request."""
        with self._changed:
            self._requests.add(request)
            if not self._runs:  # in an empty context: the first request's deadline is not that of later ones
                self._runs = Context().run(start_thread, self._run, "watch-requests")
        self.notice(request)

    def notice(self, request: Watched) -> None:
        """Take note of a new ``end_at``."""
        with self._changed:
            if request.end_at < self._wakes_at:
                self._changed.notify()

    def remove(self, request: Watched) -> None:
        """Leave a request alone from now on."""
        with self._changed:
            self._requests.discard(request)

    def _run(self) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                for request in [request for request in self._requests if request.end_at <= now]:
                    self._requests.discard(request)
                    request.end()
                self._wakes_at = min((request.end_at for request in self._requests), default=math.inf)
                self._changed.wait(None if self._wakes_at == math.inf else max(self._wakes_at - now, 0))


request_watch = RequestWatch()
"""The watch of this process."""


if hasattr(os, "register_at_fork"):  # threads and locks do not survive a fork
    os.register_at_fork(after_in_child=request_watch.reset)
