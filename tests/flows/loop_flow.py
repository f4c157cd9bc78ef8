"""A loop of three turns, then a switch of which one way is taken; with names of its own for start and end."""

import os

from metaflow import FlowSpec, step


class LoopFlow(FlowSpec):
    """Loops and switches."""

    @step(start=True)
    def begin(self):
        self.turn = 0
        self.next(self.count)

    @step
    def count(self):
        self.turn += 1
        self.way = "again" if self.turn < 3 else "on"
        self.next({"again": self.count, "on": self.choose}, condition="way")

    @step
    def choose(self):
        self.side = "short"
        self.next({"long": self.detour, "short": self.meet}, condition="side")

    @step
    def detour(self):
        self.next(self.meet)

    @step
    def meet(self):
        self.next(self.finish)

    @step(end=True)
    def finish(self):
        if os.environ.get("BREAK"):
            raise RuntimeError("broken at the finish")


if __name__ == "__main__":
    LoopFlow()
