"""Values of many kinds, in a foreach and at the end."""

import numpy as np
from metaflow import FlowSpec, Parameter, step


class Model:
    """No plain value."""

    def __init__(self):
        self.weight = 0.5


class ValueFlow(FlowSpec):
    """Values."""

    rate = Parameter("rate", default=0.1)
    depth = Parameter("depth", default=3)
    kind = Parameter("kind", default="tree")

    @step
    def start(self):
        self.folds = [1, 2, 3]
        self.seed = 7
        self.next(self.train, foreach="folds")

    @step
    def train(self):
        self.fold = self.input
        self.loss = self.rate / self.input
        self.next(self.join)

    @step
    def join(self, inputs):
        self.losses = [one.loss for one in inputs]
        self.merge_artifacts(inputs, include=["seed"])
        self.score = np.float64(self.depth * self.rate)
        self.next(self.end)

    @step
    def end(self):
        self.passed = self.score > 0.25
        self.weights = np.arange(4) * self.rate
        self.model = Model()
        self.large = "x" * 300_000
        self.mixed = self.depth if self.depth > 3 else "few"


if __name__ == "__main__":
    ValueFlow()
