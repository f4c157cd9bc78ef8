"""Facts about many numbers, compared with numpy, and odd numbers that must not fail."""

import math
import warnings

import numpy as np
import pytest

from mfwidgets.pickles.previews.numbers import MAX_POINTS, matrix_of, numbers_of

LOSSES = [2.0 * math.exp(-step / 40) for step in range(1_000)]


def test_a_list():
    found = numbers_of([3, 1, None, 2])
    assert (found.count, found.missing, found.low, found.high, found.mean, found.whole) == (4, 1, 1, 3, 2.0, True)
    assert (found.points, found.bins) == ((3.0, 1.0, None, 2.0), (1, 1, 1))


def test_a_long_curve_keeps_its_extremes():
    values = [*LOSSES, 99.0, *LOSSES, -5.0, *LOSSES]
    found = numbers_of(values)
    assert len(found.points) <= MAX_POINTS
    assert (max(found.points), min(found.points)) == (99.0, -5.0)
    assert found.points.index(99.0) < found.points.index(-5.0)
    assert [values[place] for place in found.places] == list(found.points)
    assert list(found.places) == sorted(set(found.places))


def test_several_dimensions_have_no_curve():
    found = numbers_of(np.arange(12.0).reshape(3, 4))
    assert (found.points, found.count, sum(found.bins)) == ((), 12, 12)


@pytest.mark.parametrize(
    "value",
    [
        np.array([-1.7e308, 1.7e308]),
        np.array([np.nan, np.nan]),
        np.array([np.inf, -np.inf, 1.0]),
        np.array([2**64 - 1, 0], "u8"),
        np.array([-(2**63), 2**63 - 1], "i8"),
        np.array([1.0, 1.0]),
        np.array([5e-324, 1e-323]),
        np.array([1, 2], ">i2"),
        np.array([1.5], "f2"),
        np.zeros((2, 0, 3)),
        [1e308, -1e308],
        [float("nan"), 1],
        [2**63, 1],
    ],
    ids=str,
)
def test_odd_numbers(value):
    with warnings.catch_warnings(action="error"):
        found = numbers_of(value)
    finite = [item for item in np.asarray(value, dtype=object).ravel().tolist() if math.isfinite(item)]
    if not len(np.ravel(value)):
        assert found is None
    elif finite:
        assert (found.low, found.high) == (min(finite), max(finite))
    else:
        assert (found.low, found.mean, found.bins) == (None, None, ())


@pytest.mark.parametrize(
    "value", [[], [True, False], ["a"], [1, "a"], [None], {"a": 1}, 5, np.array(["a"]), [10**400], [[1]]]
)
def test_other_values_have_no_facts(value):
    assert numbers_of(value) is None


def test_matrices():
    assert matrix_of(np.eye(2, dtype=int), 20) == [[1, 0], [0, 1]]
    assert matrix_of([[5, 1], [0, 7]], 20) == [[5, 1], [0, 7]]
    for other in (
        [[1, 2], [3]],
        [[1, "a"], [2, 3]],
        [[1]],
        [],
        np.zeros(4),
        np.zeros((30, 2)),
        np.array([["a"]]),
        [1, 2],
    ):
        assert matrix_of(other, 20) is None
