"""Packing into lanes and counting over time agree with brute force, also for extreme input."""

import math
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mfwidgets.render.step_map.packing import Interval, density, pack, peak

times = st.integers(-50, 50)
intervals = st.lists(st.builds(Interval, times, times), max_size=30)


def overlap(one, other):
    return one.start < max(other.end, other.start) and other.start < max(one.end, one.start)


@given(intervals)
def test_no_lane_has_two_intervals_at_one_time(drawn):
    lanes = pack(drawn)
    assert len(lanes) == len(drawn)
    for (one, lane), (other, its_lane) in combinations(zip(drawn, lanes, strict=True), 2):
        assert lane != its_lane or not overlap(one, other)


@given(
    st.lists(st.tuples(times, st.integers(1, 40)).map(lambda pair: Interval(pair[0], pair[0] + pair[1])), max_size=30)
)
def test_there_are_as_many_lanes_as_tasks_at_one_time(drawn):
    most = max((sum(one.start <= at < one.end for one in drawn) for at in range(-51, 92)), default=0)
    assert max(pack(drawn), default=-1) + 1 == most == peak(drawn)


@settings(deadline=None)
@given(intervals, st.integers(1, 40))
def test_density_keeps_the_total_time(drawn, bins):
    means = density(drawn, -50, 50, bins)
    assert len(means) == bins
    assert all(mean >= -1e-9 for mean in means)
    total = sum(max(one.end - one.start, 0) for one in drawn)
    assert math.isclose(sum(means) * 100 / bins, total, abs_tol=1e-6)


def test_intervals_beyond_the_limits_count_within_them():
    assert density([Interval(-1e15, 1e15)], 0, 10, 5) == pytest.approx([1, 1, 1, 1, 1])
    assert density([Interval(20, 30), Interval(3, 1)], 0, 10, 2) == [0, 0]
    assert density([Interval(0, 1)], 5, 5, 3) == [0, 0, 0]


def test_moments_are_counted():
    assert peak([]) == 0
    assert peak([Interval(3, 3)]) == 1
    assert pack([Interval(0, 0), Interval(0, 0)]) == [0, 0]
    assert pack([Interval(0, 0), Interval(0, 0)], gap=0.1) == [0, 1]


def test_a_hundred_thousand_tasks():
    many = [Interval(number % 977, number % 977 + number % 13 + 1) for number in range(100_000)]
    assert max(pack(many)) + 1 == peak(many)
    assert len(density(many, 0, 1000, 160)) == 160
