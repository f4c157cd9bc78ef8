"""``where`` equals brute force with ``==``, for thousands of generated values in a real datastore."""

import datetime as dt
import gzip
import hashlib
import math
import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from mfwidgets.providers.records import ArtifactRecord
from mfwidgets.queries.context import new_context
from mfwidgets.queries.values.filter_notes import FilterNotes
from mfwidgets.queries.values.value_filter import ValueFilter, _Choice

NUMBERS = (
    some.sampled_from(
        [0, 1, -1, 2, True, False, 0.0, -0.0, 1.0, 2.0, 0.1, math.nan, math.inf, 2**53, 2.0**53, 2**53 + 1, 10**400]
    )
    | some.integers()
    | some.floats()
)
SCALARS = (
    some.none() | NUMBERS | some.text(max_size=20) | some.binary(max_size=20) | some.sampled_from(["a", "b", "", "1"])
)
NUMPY = some.builds(
    lambda kind, number: np.dtype(kind).type(number),
    some.sampled_from(["f8", "f4", "i8", "i4", "u1", "?", "c16"]),
    some.integers(0, 3),
)
ARRAYS = some.builds(
    np.array,
    some.lists(some.integers(0, 2), max_size=3),
    some.sampled_from(["f8", "i8"]),
)
DATES = some.dates() | some.datetimes() | some.timedeltas() | some.just(dt.datetime(2026, 1, 2, tzinfo=dt.UTC))
PLAIN = SCALARS | NUMPY | DATES
NESTED = some.recursive(
    PLAIN,
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(some.text(max_size=2), inner, max_size=2)
        | some.tuples(inner, inner)
        | some.frozensets(some.integers(0, 3), max_size=2)
    ),
    max_leaves=5,
)
VALUES = NESTED | ARRAYS


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A local datastore, and a function that stores a value as Metaflow does and returns its record."""
    folder = tmp_path_factory.mktemp("generated")
    root = folder / ".metaflow"
    root.mkdir()
    context = new_context(str(folder), None)

    def put(number, value, protocol):
        content = pickle.dumps(value, protocol)
        sha = hashlib.sha1(content).hexdigest()
        file = root / "F" / "data" / sha[:2] / sha
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.write_bytes(gzip.compress(content, 1))
        return ArtifactRecord(
            "F", "1", "end", str(number), 0, "x", sha, f"pickle-v{protocol}", "local", f":root:{root}", 0
        )

    return context, put


def equal(value, condition):
    """Brute force: Python's ``==``, and for arrays the same shape and elements."""
    try:
        answer = value == condition
        return (
            np.shape(value) == np.shape(condition) and bool(answer.all())
            if isinstance(answer, np.ndarray)
            else bool(answer)
        )
    except Exception:  # noqa: BLE001
        return False


def chosen(store, values, condition, protocol):
    context, put = store
    records = [put(number, value, protocol) for number, value in enumerate(values)]
    choices = [_Choice("x", "", record) for record in records]
    accepted = ValueFilter({"x": condition})._accepted_values(context, choices, FilterNotes({"x": condition}, None))
    return [accepted[choice.key] for choice in choices]


@settings(max_examples=700, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=some.lists(VALUES, min_size=1, max_size=8),
    condition=VALUES,
    protocol=some.sampled_from([2, 4]),
    own=some.booleans(),
)
def test_where_equals_brute_force(store, values, condition, protocol, own):
    if own:
        condition = values[0]
    brute = [equal(pickle.loads(pickle.dumps(value, protocol)), condition) for value in values]
    assert chosen(store, values, condition, protocol) == brute


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=some.lists(SCALARS | NUMPY, min_size=1, max_size=8),
    condition=SCALARS | NUMPY,
    protocol=some.sampled_from([2, 4]),
)
def test_scalars_of_all_kinds(store, values, condition, protocol):
    brute = [equal(pickle.loads(pickle.dumps(value, protocol)), condition) for value in values]
    assert chosen(store, values, condition, protocol) == brute


class Anything:
    """Equals everything."""

    def __eq__(self, other):
        return True

    __hash__ = None


class Odd(int):
    """An int with a different equality."""

    def __eq__(self, other):
        return other == 7

    __hash__ = int.__hash__


def test_values_with_odd_equality(store):
    nan = math.nan
    values = [nan, [nan], 7, 8, "x", None, np.float64("nan"), (nan, 1)]
    assert chosen(store, values, nan, 4) == [False] * len(values)
    assert chosen(store, values, [nan], 4) == [False] * len(values)  # a stored nan is another object
    assert chosen(store, values, Anything(), 4) == [True] * len(values)
    assert chosen(store, values, Odd(8), 4) == [equal(value, Odd(8)) for value in values]
    assert chosen(store, values, (nan, 1), 4) == [False] * len(values)
