"""Breaks in the way that the environment names, to see how it is explained."""

import os
import signal
import subprocess
import sys
import time

from metaflow import FlowSpec, Parameter, project, retry, step, timeout

WAY = os.environ.get("WAY", "")


def price_of(order):
    return order["price"] * 1.19


def check(shop):
    """Raise in a function of the module, in a statement of several lines."""
    if shop["orders"] < 0:
        raise ValueError(
            f"{shop['name']}: {-shop['orders']} orders have a negative price,"
            " refusing to score"
        )  # fmt: skip
    return shop["orders"]


def read_prices():
    try:
        return price_of({"amount": 3})
    except KeyError as error:
        raise RuntimeError("the prices are incomplete") from error


def deep(number):
    return deep(number + 1)


@project(name="broken")
class BrokenFlow(FlowSpec):
    """Breaks."""

    alpha = Parameter("alpha", default=0.5)
    api_key = Parameter("api_key", default="sk-1234567890abcdef")

    @step
    def start(self):
        self.shops = [
            {"name": f"shop-{number:02}", "city": "Villingen-Schwenningen", "orders": -number if number % 2 else number}
            for number in range(6 if WAY == "items" else 1)
        ]
        self.next(self.score, foreach="shops")

    @retry(times=1 if WAY == "retried" else 0, minutes_between_retries=0)
    @timeout(seconds=1 if WAY == "timeout" else 600)
    @step
    def score(self):
        self.shop = self.input
        self.rows = list(range(20))
        print(f"scoring {self.shop['name']}")
        print("a warning of the user", file=sys.stderr)
        if WAY == "chained":
            read_prices()
        elif WAY == "while":
            try:
                price_of({})
            except KeyError:
                print(1 / 0)
        elif WAY == "pandas":
            import pandas as pd

            pd.DataFrame({"orders": [1, 2]})["price"]
        elif WAY == "group":
            errors = []
            for order in ({"price": "x"}, {"amount": 1}):
                try:
                    price_of(order)
                except Exception as error:
                    errors.append(error)
            raise ExceptionGroup("two orders are broken", errors)
        elif WAY == "pool":
            from concurrent.futures import ProcessPoolExecutor

            with ProcessPoolExecutor(1) as pool:
                list(pool.map(price_of, [{}]))
        elif WAY == "missing":
            import surely_missing  # noqa: F401
        elif WAY == "file":
            open("data/orders.csv")
        elif WAY == "memory":
            raise MemoryError
        elif WAY == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        elif WAY == "timeout":
            time.sleep(10)
        elif WAY == "recursion":
            deep(0)
        elif WAY == "long":
            raise ValueError("first line\nsecond line\n" + "x" * 3000)
        elif WAY == "subprocess":
            subprocess.run([sys.executable, "-c", "import sys; sys.exit('no')"], check=True)
        elif WAY == "syntax":
            compile("def f(:\n", "settings.txt", "exec")
        elif WAY:
            check({"name": "shop", "orders": -3} if WAY == "retried" else self.shop)
        self.score_of_shop = 1.0
        self.next(self.join)

    @step
    def join(self, inputs):
        self.total = sum(task.score_of_shop for task in inputs)
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    BrokenFlow()
