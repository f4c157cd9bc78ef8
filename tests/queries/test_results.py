"""Results are found in values by type and size, without names of parameters, and sorted whatever they are."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfwidgets.column_names import find_column, headings, short_name
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.queries.values.column_choice import choose_columns
from mfwidgets.queries.values.goals import goal_of
from mfwidgets.queries.values.ordering import order, sort_key
from mfwidgets.queries.values.reading import NotRead
from mfwidgets.queries.values.results import number_of, results_in
from mfwidgets.queries.values.value_memory import is_secret_name

BOOLS = tuple(np.array([True]))


@pytest.mark.parametrize("value", [1, 0.5, True, np.float32(2.5), np.int64(7), *BOOLS, Decimal("1.5"), "adam"])
def test_numbers_and_short_text_are_results(value):
    assert list(results_in(value)) == [("", value)]


@pytest.mark.parametrize(
    "value", [None, [1, 2], (1,), {1, 2}, b"bytes", "x" * 81, "two\nlines", np.zeros(3), NotRead("large")]
)
def test_other_values_are_not_results(value):
    assert list(results_in(value)) == []


def test_numbers_in_small_dicts_are_results():
    nested = {
        "auc": 0.9,
        "test": {"f1": 0.5, "deeper": {"no": 1}},
        "name": "trees",
        3: 1,
        "two words": 2,
        "a.b": 3,
        "": 4,
    }
    assert list(results_in(nested)) == [(".auc", 0.9), (".test.f1", 0.5)]
    assert list(results_in({str(number): number for number in range(101)})) == []


def test_numbers_of_any_type_are_floats():
    assert number_of(Fraction(1, 4)) == 0.25
    assert number_of(10**400) == float("inf")
    assert number_of(-(10**400)) == float("-inf")
    assert number_of(float("nan")) is None
    assert number_of("3") is None
    assert number_of(BOOLS[0]) == 1.0


_OLD = datetime(1900, 1, 1)  # noqa: DTZ001 - hypothesis needs it without a zone
ANY = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.decimals(allow_nan=False), st.binary(), st.lists(st.integers()),
    st.datetimes(timezones=st.just(UTC), min_value=_OLD), st.timedeltas(), st.just(NotRead("large")),
)  # fmt: skip


@given(st.lists(ANY), st.booleans())
def test_any_values_are_sorted_with_missing_ones_last(values, ascending):
    positions = order([values], [ascending])
    assert sorted(positions) == list(range(len(values)))
    keys = [sort_key(values[position]) for position in positions]
    present = [key for key in keys if key is not None]
    assert keys == present + [None] * (len(keys) - len(present))
    assert present == sorted(present, reverse=not ascending)
    assert order([values], [ascending], complete=True) == positions[: len(present)]


def test_numbers_come_before_times_and_text():
    values = ["b", 2, timedelta(seconds=1), None, "a", datetime(2026, 1, 1, tzinfo=UTC)]
    assert order([values], [True]) == [2, 1, 5, 4, 0, 3]


def test_names_are_found_by_their_short_forms():
    names = ["param.alpha", "artifact.alpha", "artifact.metrics.auc", "artifact.rmse"]
    assert headings(names) == ["param.alpha", "artifact.alpha", "metrics.auc", "rmse"]
    assert find_column("rmse", names, "runs") == "artifact.rmse"
    assert find_column("auc", names, "runs") == find_column("metrics.auc", names, "runs") == "artifact.metrics.auc"
    assert find_column("duration", names, "runs") == "duration"
    assert short_name("param.") == "param."
    with pytest.raises(MetaflowInvalidArgument, match=r"'alpha' means several columns: param\.alpha, artifact\.alpha"):
        find_column("alpha", names, "runs")
    with pytest.raises(MetaflowInvalidArgument, match="They have neither parameters nor results"):
        find_column("zebra", [], "runs")
    with pytest.raises(MetaflowInvalidArgument, match=r"Try one of param\.alpha"):
        find_column("zebra", names, "runs")
    with pytest.raises(MetaflowInvalidArgument, match="Expected the name of a column"):
        find_column(None, names, "runs")


@pytest.mark.parametrize(
    ("name", "goal"),
    [
        ("rmse", "min"),
        ("artifact.valLoss", "min"),
        ("metrics.AUC", "max"),
        ("test_r2", "max"),
        ("accuracy_error", "min"),
        ("n_rows", ""),
        ("", ""),
    ],
)
def test_names_say_what_is_good(name, goal):
    assert goal_of(name) == goal


def test_keys_are_exact():
    seeds = [7046029254386353130 + number for number in range(4)]
    assert len({sort_key(seed) for seed in seeds}) == 4
    assert sort_key(1) == sort_key(1.0) == sort_key(True) == sort_key(Decimal(1)) == sort_key(np.int64(1))  # noqa: FBT003
    long = [list(range(101)), [*range(100), "other"]]
    assert sort_key(long[0]) != sort_key(long[1])
    assert order([[10**5000, float("inf"), Decimal("1e999999"), -(10**400)]], [True]) == [3, 0, 1, 2]


def test_dates_and_times_are_in_order():
    assert order([[date(2026, 10, 1), date(2026, 2, 1), None]], [True]) == [1, 0, 2]
    first, last = datetime.min, datetime.max  # noqa: DTZ901 - without a zone, as users have them
    odd = [last, first, np.datetime64("2026-01-01"), datetime(2025, 1, 1, tzinfo=UTC)]
    assert order([odd], [True]) == [1, 3, 2, 0]
    assert sort_key(np.datetime64("NaT", "ns")) is None


@pytest.mark.parametrize("name", ["std_test_score", "auc_std", "score_threshold", "n_errors", "hit_count"])
def test_what_is_about_a_metric_is_not_the_metric(name):
    assert goal_of(name) == ""


def test_times_and_capitals_say_what_is_good():
    assert goal_of("score_time") == "min"
    assert goal_of("F1") == goal_of("R2") == goal_of("metrics.F1") == "max"


def test_names_of_secrets_are_not_chosen():
    assert is_secret_name("creds.password")
    assert is_secret_name("api_token")
    assert not any(map(is_secret_name, ("n_tokens", "author_score", "key_metric", "session_length", "tokens")))
    columns = {
        "param.password": [1, 2],
        "param.where": ["https://a:b@c/1", "https://a:b@c/2"],
        "param.n_tokens": [5, 6],
    }
    assert choose_columns(columns, [], 5, 5).names == ("param.n_tokens",)
    assert choose_columns(columns, ["param.password"], 5, 5).names == ("param.password", "param.n_tokens")
