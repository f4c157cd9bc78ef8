"""Waiting in tests: for what becomes true, and for how many threads are somewhere at once."""

import threading
import time

PATIENCE_S = 30.0
"""Seconds until a test that waits for something fails; no test is fast only because a machine is."""


def waits_for(condition):
    """Tell whether something becomes true in reasonable time."""
    until = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


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
