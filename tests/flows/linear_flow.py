"""Two steps, parameters, artifacts of common types, private and public."""

import sys

from metaflow import FlowSpec, Parameter, step


class LinearFlow(FlowSpec):
    """Linear."""

    alpha = Parameter("alpha", default=0.5)
    label = Parameter("label", default="plain")

    @step
    def start(self):
        self.x = 1
        self.text = "grün & <b>bold</b>"
        self.nothing = None
        self.numbers = list(range(10))
        print("out: first")
        print("err: first", file=sys.stderr)
        print("out: ünïcode \x1b[31mred\x1b[0m <i>markup</i>")
        self.next(self.end)

    @step
    def end(self):
        self.x = 2


if __name__ == "__main__":
    LinearFlow()
