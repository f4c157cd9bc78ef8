"""One of three foreach tasks raises; the others succeed. Resuming repairs it."""

import os

from metaflow import FlowSpec, step


class FailingFlow(FlowSpec):
    """Fails."""

    @step
    def start(self):
        self.items = [1, 0, 2]
        self.next(self.divide, foreach="items")

    @step
    def divide(self):
        divisor = self.input or int(os.environ.get("REPAIRED", "0"))
        self.quotient = 1 / divisor
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    FailingFlow()
