"""A foreach of four and a join."""

from metaflow import FlowSpec, step


class ForeachFlow(FlowSpec):
    """Foreach."""

    @step
    def start(self):
        self.items = ["a", "b=c", "ü/d", "x" * 50]
        self.next(self.work, foreach="items")

    @step
    def work(self):
        self.item = self.input
        self.next(self.join)

    @step
    def join(self, inputs):
        self.items_seen = [task.item for task in inputs]
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    ForeachFlow()
