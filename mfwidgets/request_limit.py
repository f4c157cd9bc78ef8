"""Limits the number of simultaneous requests to one provider, across threads."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakValueDictionary

from mfwidgets.deadline import current_deadline

MAX_REQUESTS = 16
"""Simultaneous requests: enough to hide latency, few enough to spare a service."""

_POLL_S = 0.1
"""Seconds between two checks of the deadline while a thread waits for a slot."""


class RequestLimit:
    """A fixed number of slots for requests, shared by threads.

    A slot is held for one request only, never while waiting for other work. So nested calls cannot deadlock.
    """

    def __init__(self, slots: int = MAX_REQUESTS) -> None:
        self._free = threading.Semaphore(slots)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for a slot, and hold it while the block runs.

        If the work is given up, the slot is free at once, even if its request hangs. The next request needs it.

        Raises
        ------
        DeadlineExceeded
            The work was given up.
        """
        deadline = current_deadline()
        if deadline is None:
            with self._free:
                yield
            return
        deadline.check()
        while not self._free.acquire(timeout=_POLL_S):
            deadline.check()
        released = threading.Lock()

        def release() -> None:
            if released.acquire(blocking=False):  # only the first call counts
                self._free.release()

        try:
            with deadline.on_cancel(release):
                deadline.check()
                yield
        finally:
            release()


_limits: WeakValueDictionary[str, RequestLimit] = WeakValueDictionary()
_limits_lock = threading.Lock()


def request_limit(address: str) -> RequestLimit:
    """Return the limit of an address. Providers and datastores with the same address share it."""
    with _limits_lock:
        limit = _limits.get(address)
        if limit is None:
            limit = _limits[address] = RequestLimit()
        return limit
