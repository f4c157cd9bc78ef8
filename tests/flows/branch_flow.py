"""A static split, and inside one branch a foreach in a foreach."""

from metaflow import FlowSpec, step


class BranchFlow(FlowSpec):
    """Branches and nested foreaches."""

    @step
    def start(self):
        self.next(self.left, self.right)

    @step
    def left(self):
        self.outer = ["a", "b"]
        self.next(self.fan, foreach="outer")

    @step
    def fan(self):
        self.inner = [1, 2, 3] if self.input == "a" else [4]
        self.next(self.work, foreach="inner")

    @step
    def work(self):
        self.doubled = self.input * 2
        self.next(self.split)

    @step
    def split(self):
        self.next(self.one, self.two)

    @step
    def one(self):
        self.next(self.pair)

    @step
    def two(self):
        self.next(self.pair)

    @step
    def pair(self, inputs):
        self.next(self.inner_join)

    @step
    def inner_join(self, inputs):
        self.next(self.outer_join)

    @step
    def outer_join(self, inputs):
        self.next(self.join)

    @step
    def right(self):
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    BranchFlow()
