"""A single step with 200 artifacts of common types, one of them large, one of a class of this file."""

import collections
import datetime
import decimal
import pathlib
import random
import uuid

from metaflow import FlowSpec, step


class Model:
    """Only this file knows it."""

    def __init__(self):
        self.weights = [1, 2]


class ManyFlow(FlowSpec):
    """One step alone, which is start and end."""

    @step(start=True, end=True)
    def only(self):
        import numpy as np
        import pandas as pd

        for number in range(180):
            setattr(self, f"value_{number:03}", number)
        self.large = random.Random(7).randbytes(30_000_000)
        self.array = np.arange(12.0).reshape(3, 4)
        self.frame = pd.DataFrame({"a": [1, 2]})
        self.mapping = {"ü": [1, (2, {3})]}
        self.moment = datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc)
        self.exact = decimal.Decimal("1.10")
        self.shown = "<script>alert('value')</script>"
        self.place = pathlib.PurePosixPath("a/ü")
        self.nested = ((1, b"\x00\xff"), frozenset({"x"}), bytearray(b"b"), 1 + 2j, range(3), datetime.timedelta(1))
        self.scalar = np.float64(0.25)
        self.masks = {"bits": np.array([True, False]), "words": np.array(["ä", "b"])}
        self.series = pd.Series([1.5, None], name="s")
        self.identity = uuid.UUID(int=7)
        self.counted = collections.Counter("abca")
        self.nothing = None
        self.infinite = float("inf")
        self.big = 10**40
        self.model = Model()


if __name__ == "__main__":
    ManyFlow()
