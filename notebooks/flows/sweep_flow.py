"""Trains the network of tuning_flow.py with thirty settings, one task each."""

import os
import time

import numpy as np
from metaflow import FlowSpec, catch, step
from tuning_flow import TEST_DAYS, Network, bicycles, train

SETTINGS = [
    {"lr": lr, "depth": depth, "optimizer": optimizer}
    for optimizer in ("sgd", "adam")
    for lr in (0.003, 0.01, 0.03, 0.1, 0.2)
    for depth in (2, 3, 4)
]


def lenient(function):
    """Let the run go on after a task failed, if the environment says so: one sample run fails, the other does not."""
    return catch(var="problem", print_exception=False)(function) if os.environ.get("LENIENT") else function


class SweepFlow(FlowSpec):
    """A grid of learning rates, depths and optimizers."""

    @step
    def start(self):
        self.settings = SETTINGS
        self.next(self.fit, foreach="settings")

    @lenient
    @step
    def fit(self):
        self.setting = self.input
        _, features, rented = bicycles()
        network = Network(features.shape[1], self.setting["depth"], seed=1)
        began = time.perf_counter()
        history = train(
            network, self.setting["optimizer"], self.setting["lr"], 1, features[:-TEST_DAYS], rented[:-TEST_DAYS]
        )
        self.seconds_per_epoch = (time.perf_counter() - began) / len(history)
        self.rmse = float(np.sqrt(np.mean((network.predict(features[-TEST_DAYS:]) - rented[-TEST_DAYS:]) ** 2)))
        self.next(self.choose)

    @step
    def choose(self, inputs):
        good = [task for task in inputs if hasattr(task, "rmse")]
        best = min(good, key=lambda task: task.rmse)
        self.rmse, self.best_setting, self.failed = best.rmse, best.setting, len(SETTINGS) - len(good)
        self.next(self.end)

    @step
    def end(self):
        print(f"best of {len(SETTINGS)}: {self.best_setting}, rmse {self.rmse:.3f}")


if __name__ == "__main__":
    SweepFlow()
