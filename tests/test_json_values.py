"""Any value as JSON types: numbers, times, containers and other objects."""

import json
import math
from collections import Counter, deque
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

from mfwidgets import tables
from mfwidgets.queries.status.rules import Status
from mfwidgets.queries.values.reading import NotRead

EAST = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("value", "json_value"),
    [
        (None, None),
        (NotRead("too large"), None),
        (True, True),
        (10**40, 10**40),
        (Status("failed", "why"), "failed"),
        (0.5, 0.5),
        (np.float64(0.5), 0.5),
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05.000+00:00"),
        (datetime(2026, 1, 2, 3, 4, 5, 6_000, tzinfo=UTC), "2026-01-02T03:04:05.006+00:00"),
        (datetime(2026, 1, 2, 3, 4, 5, 1_001, tzinfo=UTC), "2026-01-02T03:04:05.001001+00:00"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=EAST), "2026-01-02T03:04:05+02:00"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).replace(tzinfo=None), "2026-01-02T03:04:05"),
        (date(2026, 1, 2), "2026-01-02"),
        (timedelta(milliseconds=1_500), 1.5),
        ({"a": {1: (None, 2)}}, {"a": {"1": [None, 2]}}),
        ([math.nan, [timedelta(seconds=1)]], ["NaN", [1.0]]),
        ({"b", "a", "c"}, ["a", "b", "c"]),
        ({1, "a"}, ["a", 1]),
        (frozenset({10, 9}), [10, 9]),
        (np.int64(3), 3),
        (PurePosixPath("/data/in put.csv"), "/data/in put.csv"),
        (Decimal("19.90"), "19.90"),
        (Fraction(1, 3), "1/3"),
        (UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (deque([1, (2,)], maxlen=3), [1, [2]]),
        (Counter("aab"), {"a": 2, "b": 1}),
        (np.array([[1.5, math.nan]]), [[1.5, "NaN"]]),
        (1j, "1j"),
        (b"a", "b'a'"),
        (pd.Series([1]), repr(pd.Series([1]))),
    ],
)
def test_json_values(value, json_value):
    converted = tables.to_json_value(value)
    assert converted == json_value
    assert type(converted) is type(json_value)
    assert json.loads(json.dumps(converted)) == converted


def test_a_long_repr_is_cut_in_json_values():
    assert tables.to_json_value(b"x" * 20_000) == ("b'" + "x" * 20_000)[:10_000]


def array_with(value):
    array = np.empty(1, dtype=object)
    array[0] = value
    return array


@pytest.mark.parametrize(
    ("wrap", "levels"),
    [
        (lambda value: [value], 20),
        (lambda value: (value,), 20),
        (lambda value: {"a": value}, 20),
        (lambda value: frozenset({value}), 20),
        (array_with, 10),  # an array counts twice: for itself and for its list
    ],
    ids=["list", "tuple", "dict", "frozenset", "array"],
)
def test_containers_in_json_values_have_a_largest_depth(wrap, levels):
    value = 1
    for _ in range(levels + 2):
        value = wrap(value)
    converted = tables.to_json_value(value)
    for _ in range(levels):
        assert isinstance(converted, list | dict)
        (converted,) = converted.values() if isinstance(converted, dict) else converted
    assert converted == repr(wrap(wrap(1)))


def test_a_value_that_contains_itself_has_an_end_in_json_values():
    value = []
    value.append(value)
    assert tables.to_json_value(value) == ["..."]
    value += [value] * 7  # with 20 levels, 8**20 lists
    assert tables.to_json_value({"a": value}) == {"a": ["..."] * 8}


def test_a_deep_value_has_an_end_in_json_values():
    value = []
    for _ in range(40):
        value = [value]
    assert json.dumps(tables.to_json_value(value)).count("[") == 41  # 20 lists, and a repr


class Named:
    """An object whose method has the name of a method of numpy."""

    def tolist(self):
        return [1]

    def __repr__(self):
        return "named"


def test_only_values_of_numpy_are_converted_by_their_own_method():
    assert tables.to_json_value(Named()) == "named"
