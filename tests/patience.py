"""How long tests wait: for a condition, and as long as a busy machine may need."""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager

PATIENCE_S = 120
"""Seconds after which what a test waits for counts as not coming."""

PROMPT_S = 20
"""Seconds that count as at once: far fewer than the minute that a request that hangs would take."""


def wait_until(condition: Callable[[], object]) -> None:
    """Poll a condition until it is true."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)


@contextmanager
def interrupt_when(condition: Callable[[], object]):
    """Send this process SIGINT as soon as a condition is true; the block must end at once after it."""
    sent = []

    def interrupt():
        wait_until(condition)
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    yield
    ended = time.monotonic()
    thread.join()
    assert ended - sent[0] < PROMPT_S
