"""A foreach of 50 tasks (or WIDTH) with ten artifacts each (or VALUES), to measure artifact lists and joins."""

import os

from metaflow import FlowSpec, step


class WideFlow(FlowSpec):
    @step
    def start(self):
        self.items = list(range(int(os.environ.get("WIDTH", "50"))))
        self.next(self.work, foreach="items")

    @step
    def work(self):
        for number in range(int(os.environ.get("VALUES", "10"))):
            setattr(self, f"value_{number}", [number * self.input])
        self.next(self.join)

    @step
    def join(self, inputs):
        self.total = sum(each.value_1[0] for each in inputs)
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    WideFlow()
