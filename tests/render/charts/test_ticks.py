"""Ticks are few, in order, within the axis, and have different labels, whatever the limits are."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mfwidgets import options
from mfwidgets.render.charts.axes import Axis, prefers_log
from mfwidgets.render.charts.scale import scale_of
from mfwidgets.render.charts.ticks import duration_ticks, linear_ticks, log_ticks, time_ticks
from mfwidgets.times import YEAR_3000

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def checked(ticks, low, high, most=14):
    values = [tick.value for tick in ticks]
    assert 1 <= len(values) <= most
    assert values == sorted(set(values))
    slack = max(abs(low), abs(high)) * 1e-9
    assert all(low - slack <= value <= high + slack for value in values)
    assert all(tick.label for tick in ticks)


@settings(deadline=None, max_examples=60)
@given(FINITE, FINITE)
def test_linear(first, second):
    low, high = sorted((first, second))
    checked(linear_ticks(low, high), low, high)


@settings(deadline=None, max_examples=60)
@given(st.floats(1e-300, 1e300), st.floats(1e-300, 1e300))
def test_log(first, second):
    low, high = sorted((first, second))
    checked(log_ticks(low, high), low, high)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, YEAR_3000), st.integers(0, YEAR_3000), st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu"])
)
def test_times(first, second, zone):
    low, high = sorted((first, second))
    with options(time_zone=zone):
        checked(time_ticks(low, high), low, high)


@settings(deadline=None, max_examples=60)
@given(st.floats(0, 1e12), st.floats(0, 1e12))
def test_durations(first, second):
    low, high = sorted((first, second))
    for tick in duration_ticks(low, high):
        assert tick.label


@settings(deadline=None, max_examples=60)
@given(st.lists(FINITE, min_size=1), st.booleans())
def test_every_place_is_inside_the_axis(values, log):
    axis = Axis("x", log=log)
    places = [place for place in axis.places(values) if place is not None]
    scale = scale_of(axis, places, 0, 100)
    assert all(math.isfinite(scale.at(place)) and -1 <= scale.at(place) <= 101 for place in places)


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, 1, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (0, 17, ["0", "5", "10", "15"]),
        (-40_000, 40_000, ["-40,000", "-20,000", "0", "20,000", "40,000"]),
    ],
)
def test_linear_labels(low, high, labels):
    assert [tick.label for tick in linear_ticks(low, high)] == labels


def test_log_labels():
    assert [tick.label for tick in log_ticks(1e-4, 0.5)] == ["0.0001", "0.001", "0.01", "0.1"]


def test_labels_of_times_name_the_day_once():
    with options(time_zone="UTC"):
        labels = [tick.label for tick in time_ticks(1_767_261_600_000, 1_767_261_600_000 + 36 * 3_600_000)]
    assert labels == ["Jan 1 12:00", "18:00", "Jan 2", "06:00", "12:00", "18:00"]


def test_skewed_values_prefer_a_logarithmic_axis():
    assert prefers_log([10.0**-number for number in range(6)])
    assert not prefers_log(range(1, 1000))
    assert not prefers_log([0.0, 0.001, 1.0, 1000.0])
    assert not prefers_log([1.0, 2.0, 3.0])
