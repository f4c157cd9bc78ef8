"""Waiting in tests: for what becomes true, for an interrupt, and for how many threads are somewhere at once."""

import os
import signal
import threading
import time
from contextlib import contextmanager

PATIENCE_S = 120.0
"""Seconds after which what a test waits for counts as not coming: a busy machine must not fail a test."""

PROMPT_S = 20.0
"""Seconds that count as at once: far fewer than the minute that a request that hangs would take."""


def waits_for(condition):
    """Return whether something becomes true in reasonable time."""
    until = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


@contextmanager
def interrupt_when(condition):
    """Send this process SIGINT as soon as a condition is true; the block must end at once after it."""
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
    """Counts how many threads are in a block at once, and the most there were."""

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
