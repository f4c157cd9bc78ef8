"""Forecasts the demand of twelve shops, one task each, and compares the errors."""

import os

import numpy as np
import pandas as pd
from metaflow import FlowSpec, Parameter, step

SHOPS = ["Amsterdam", "Bern", "Córdoba", "Dublin", "Espoo", "Florence", "Genève", "Hamburg", "İzmir", "Jena", "Kraków", "Łódź"]
WEEKS = 52


class ForecastFlow(FlowSpec):
    """Exponential smoothing for each shop."""

    alpha = Parameter("alpha", default=0.3, help="Weight of the newest week.")
    season = Parameter("season", default=True, help="Remove the yearly season first.")

    @step
    def start(self):
        self.shops = SHOPS
        print(f"{len(self.shops)} shops, {WEEKS} weeks, alpha {self.alpha}")
        self.next(self.fit, foreach="shops")

    @step
    def fit(self):
        self.shop = self.input
        rng = np.random.default_rng(self.index)
        weeks = np.arange(WEEKS)
        self.demand = 100 + 20 * np.sin(2 * np.pi * weeks / WEEKS) + rng.normal(0, 5, WEEKS)
        if self.shop == "Hamburg" and os.environ.get("BROKEN_SENSOR"):
            print("week 17: demand is -1", flush=True)
            raise ValueError("Hamburg reports a negative demand in week 17: the sensor is broken")
        season = 20 * np.sin(2 * np.pi * weeks / WEEKS) if self.season else 0
        level, errors = self.demand[0], []
        for value in self.demand - season:
            errors.append(abs(value - level))
            level = self.alpha * value + (1 - self.alpha) * level
        self.error = float(np.mean(errors))
        self.next(self.compare)

    @step
    def compare(self, inputs):
        errors = {task.shop: task.error for task in inputs}
        # Object columns, so that every version of pandas can read what this one writes.
        self.errors = pd.DataFrame(
            {"mean_error": list(errors.values())},
            index=pd.Index(list(errors), dtype=object),
        )
        self.errors.columns = pd.Index(["mean_error"], dtype=object)
        self.mean_error = float(self.errors["mean_error"].mean())
        self.worst = max(errors, key=errors.get)
        self.next(self.end)

    @step
    def end(self):
        print(f"mean error {self.mean_error:.3f}, worst {self.worst}")


if __name__ == "__main__":
    ForecastFlow()
