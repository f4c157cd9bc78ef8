"""The facts about a short list are those of the same numbers as an array."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfwidgets.pickles.previews.numbers import MAX_POINTS, numbers_of

NUMBER = st.one_of(st.none(), st.integers(-(10**6), 10**6), st.floats(allow_nan=True, allow_infinity=True, width=32))


@given(st.lists(NUMBER, min_size=1, max_size=60))
def test_a_short_list_equals_its_array(values):
    shown = numbers_of(values)
    if all(value is None for value in values):
        assert shown is None
        return
    same = numbers_of(np.array([math.nan if value is None else value for value in values], dtype=float))
    assert (shown.count, shown.missing, shown.infinite) == (same.count, same.missing, same.infinite)
    assert (shown.low, shown.high) == (same.low, same.high)
    assert shown.points == same.points
    assert shown.places == same.places
    if same.mean is not None:
        assert shown.mean == pytest.approx(same.mean, rel=1e-9, abs=1e-6)
    if not shown.whole:
        assert shown.bins == same.bins


def test_whole_numbers_have_a_bin_each():
    assert numbers_of([3, 1, 1, 2]).bins == (2, 1, 1)
    assert numbers_of(tuple(range(MAX_POINTS + 1))).count == MAX_POINTS + 1
    assert numbers_of([10**400, 1]) is None
