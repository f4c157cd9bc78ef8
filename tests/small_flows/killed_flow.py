"""A foreach in a foreach. One inner task is killed before Metaflow records its item, after the other three ended."""

import os
import signal
import sys
import time
from pathlib import Path

from metaflow import FlowSpec, step


def die_once():
    try:
        Path("killed").touch(exist_ok=False)
    except FileExistsError:
        return
    end = time.monotonic() + 60
    while len(list(Path(".metaflow/KilledFlow").glob("*/inner/*/0.DONE.lock"))) < 3 and time.monotonic() < end:
        time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGKILL)


class KilledFlow(FlowSpec):
    @step
    def start(self):
        self.letters = "ab"
        self.next(self.outer, foreach="letters")

    @step
    def outer(self):
        self.numbers = [0, 1]
        self.next(self.inner, foreach="numbers")

    @step
    def inner(self):
        self.next(self.joined)

    @step
    def joined(self, inputs):
        self.next(self.all_joined)

    @step
    def all_joined(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    if "inner" in sys.argv and sys.argv[sys.argv.index("--split-index") + 1] == "0":
        die_once()
    KilledFlow()
