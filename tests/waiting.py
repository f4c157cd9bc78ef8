"""Helpers for tests that wait: for a condition, for an interrupt, and counting simultaneous threads."""

import os
import signal
import threading
import time
from contextlib import contextmanager

PATIENCE_S = 120.0
"""A test stops waiting after this time. It is long, so that a busy machine fails no test."""

PROMPT_S = 20.0
"""A shorter wait counts as immediate. A hanging request would take a minute."""


def waits_for(condition):
    """Return whether a condition becomes true in time."""
    until = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


@contextmanager
def interrupt_when(condition):
    """Send SIGINT to this process when a condition is true. The block must end immediately after that."""
    sent = []

    def interrupt():
        assert waits_for(condition)
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    yield
    ended = time.monotonic()
    thread.join()
    assert ended - sent[0] < PROMPT_S


class Gauge:
    """Counts the threads that are in a block at the same time, and their largest number."""

    def __init__(self):
        self.now = self.most = 0
        self._lock = threading.Lock()

    def __enter__(self):
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *_):
        with self._lock:
            self.now -= 1
