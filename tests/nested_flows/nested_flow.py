"""A foreach of three towns around a foreach of four models. Its items are longer than what metadata keeps of them.

With BREAK=1, the first of the inner tasks fails.
"""

import os

from metaflow import FlowSpec, step

TOWNS = ("s3://a-bucket/with/a/long/prefix/of/towns/2026/11/Córdoba", "Hamburg", "Łódź")


class NestedForeachFlow(FlowSpec):
    @step
    def start(self):
        self.towns = list(TOWNS)
        self.next(self.town, foreach="towns")

    @step
    def town(self):
        self.place = self.input
        self.models = [{"learning_rate": 0.001 * 10**number, "layers": [64, 64, 32], "seed": 7} for number in range(4)]
        self.next(self.train_and_evaluate, foreach="models")

    @step
    def train_and_evaluate(self):
        if os.environ.get("BREAK") == "1" and self.place == TOWNS[0] and self.input["learning_rate"] == 0.001:
            raise ValueError("loss diverged")
        self.loss = self.input["learning_rate"]
        self.next(self.best_model)

    @step
    def best_model(self, inputs):
        self.loss = min(one.loss for one in inputs)
        self.next(self.all_towns)

    @step
    def all_towns(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    NestedForeachFlow()
