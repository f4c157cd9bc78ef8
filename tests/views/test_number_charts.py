"""Which charts numbers have, and what hostile ones do to them."""

import math
import random

import numpy as np
import pytest

from mfwidgets.pickles.described import ArrayBeginning
from mfwidgets.pickles.previews.numbers import numbers_of
from mfwidgets.render.html import html_of
from mfwidgets.render.text import text_of
from mfwidgets.render.view import View
from mfwidgets.views.cells import Limits
from mfwidgets.views.number_charts import number_parts

RANDOM = random.Random(1)
NOISE = [RANDOM.gauss(0, 1) for _ in range(500)]


def headings(value):
    parts = number_parts(value, numbers_of(value), Limits())
    view = View("X", "", parts=tuple(parts))
    assert len(html_of(view)) < 60_000
    assert len(text_of(view)) < 20_000
    return [part.heading for part in parts]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([1.0 / (step + 1) for step in range(100)], ["Curve"]),
        ([math.sin(step / 9) for step in range(300)], ["Curve"]),
        ([step + random.Random(step).random() * 3 for step in range(300)], ["Curve"]),
        (list(range(100_000)), ["Curve"]),
        (NOISE, ["Distribution", "Curve"]),
        (np.array(NOISE).reshape(5, 100), ["Distribution"]),
        (np.array(NOISE * 1_000), ["Distribution of 20,000 of the 500,000 values", "Curve"]),
        (ArrayBeginning((10**9,), np.dtype(float), np.array(NOISE)), ["Distribution", "Curve"]),
        ([0, 1] * 50, ["Distribution", "Curve"]),
        ([1, 2, 3], []),
        ([5] * 100, []),
        ([1.0, 2.0, None, math.nan, math.inf, 5.0, 7.0], ["Curve"]),
        (np.array([-1.7e308, 1.7e308] * 30), ["Distribution", "Curve"]),
        (np.array([5e-324, 0] * 30), ["Distribution", "Curve"]),
        (np.array([2**64 - 1, 0] * 30, "u8"), ["Distribution", "Curve"]),
    ],
    ids=range(15),
)  # fmt: skip
def test_charts(value, expected):
    assert headings(value) == expected
