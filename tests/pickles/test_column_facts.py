"""The facts about the columns of a table, compared with pandas, and those of recorded frames of other packages."""

import pickle
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from record_pickles import recorded

from mfwidgets.pickles.previews.column_facts import column_facts
from mfwidgets.pickles.safe_loads import describe_pickle
from mfwidgets.queries.values.preview import preview_of, preview_of_pickle

RANDOM = np.random.default_rng(7)
ROWS = 300
FRAME = pd.DataFrame(
    {
        "number": RANDOM.normal(size=ROWS),
        "gaps": np.where(RANDOM.random(ROWS) < 0.2, np.nan, RANDOM.normal(size=ROWS)),
        "count": RANDOM.poisson(40, ROWS),
        "small": RANDOM.integers(0, 200, ROWS).astype("u1"),
        "flag": RANDOM.random(ROWS) < 0.3,
        "day": pd.date_range("2025-01-01", periods=ROWS),
        "zoned": pd.date_range("2025-01-01", periods=ROWS, tz="Europe/Paris"),
        "utc": pd.date_range("2025-01-01", periods=ROWS, tz="UTC"),
        "took": pd.to_timedelta(RANDOM.integers(0, 9_999, ROWS), unit="s"),
        "city": RANDOM.choice(["Graz", "Wels", "Linz"], ROWS, p=[0.6, 0.3, 0.1]),
        "unique": [f"u{number}" for number in range(ROWS)],
        "kind": pd.Categorical(RANDOM.choice(["a", "b"], ROWS)),
        "whole": pd.array([None if number % 5 == 0 else number for number in range(ROWS)], dtype="Int64"),
        "bytes": pd.array([None if number % 5 == 0 else number % 200 for number in range(ROWS)], dtype="UInt8"),
        "truth": pd.array([None if number % 3 == 0 else True for number in range(ROWS)], dtype="boolean"),
        "words": pd.array([None if number % 3 == 0 else "w" for number in range(ROWS)], dtype="string"),
        "mixed": pd.Series([1, "a", None] * (ROWS // 3), dtype=object),
    }
)


def facts_of(frame):
    return column_facts(preview_of(describe_pickle(pickle.dumps(frame, 4))).head, 60)


@pytest.mark.parametrize("facts", facts_of(FRAME), ids=lambda facts: facts.name)
def test_as_pandas(facts):
    column = FRAME[facts.name]
    assert facts.dtype == str(column.dtype)
    assert (facts.examined, facts.missing) == (ROWS, int(column.isna().sum()))
    if facts.numbers and pd.api.types.is_numeric_dtype(column.dtype):
        assert (facts.low, facts.high) == (column.min(), column.max())
        assert type(facts.low) is (float if column.dtype.kind == "f" else int)
        assert facts.numbers.mean == pytest.approx(column.mean())
        assert sum(facts.numbers.bins) == column.count()
    elif facts.numbers:
        written = column.dt.tz_convert("UTC") if getattr(column.dtype, "tz", None) else column
        assert (facts.low, facts.high) == (str(written.min()), str(written.max()))
        assert sum(facts.numbers.bins) == ROWS
    else:
        counts = Counter(column.dropna())
        assert facts.distinct == len(counts)
        assert [count for _, count in facts.frequent] == (
            [] if len(counts) == ROWS else sorted(counts.values())[:-4:-1]
        )
        assert all(counts[value] == count for value, count in facts.frequent)


def test_the_distribution_is_that_of_numpy():
    numbers = facts_of(FRAME[["number"]])[0].numbers
    expected, _ = np.histogram(FRAME["number"], bins=24)
    assert list(numbers.bins) == expected.tolist()


def test_few_integers_have_one_bin_each():
    frame = pd.DataFrame({"n": [3, 3, 4, 6]})
    assert facts_of(frame)[0].numbers.bins == (2, 1, 0, 1)


def test_a_series_has_the_facts_of_its_column():
    (facts,) = facts_of(FRAME["gaps"])
    assert (facts.name, facts.missing) == ("gaps", int(FRAME["gaps"].isna().sum()))


def test_few_rows_of_a_long_column_of_text_are_examined():
    (facts,) = facts_of(pd.DataFrame({"s": ["a", "b"] * 20_000}))
    assert (facts.examined, facts.frequent) == (10_000, (("a", 5_000), ("b", 5_000)))


def test_true_is_not_one():
    (facts,) = facts_of(pd.DataFrame({"o": pd.Series([True, 1, 1.0, "x", "x"], dtype=object)}))
    assert (facts.distinct, facts.frequent[0]) == (4, ("x", 2))


def test_infinite_values_are_counted():
    (facts,) = facts_of(pd.DataFrame({"n": [1.0, np.inf, np.nan, 3.0]}))
    assert (facts.low, facts.high, facts.missing, facts.numbers.infinite) == (1.0, 3.0, 1, 1)


RECORDED = {name: content for (where, name), content in recorded().items() if where == "pandas-3-arrow"}


@pytest.mark.parametrize(
    ("name", "dtypes", "missing"),
    [
        ("strings", ["str", "int64"], [1, 0]),
        ("categories", ["category"], [1]),
        ("nullable", ["Int64", "string"], [1, 1]),
        ("arrow_typed", ["int64[pyarrow]"], [1]),
        ("table", ["int64", "string", "bool"], [1, 0, 1]),
        ("polars_frame", ["Int64", "String", "Boolean", "Date", "Datetime(us)", "Duration(us)", "", "Int64"], [1, 0, 1, 1, 1, 1, 0, 0]),
        ("polars_chunks", ["Int64"], [0]),
    ],
)  # fmt: skip
def test_recorded_frames(name, dtypes, missing):
    facts = column_facts(preview_of_pickle(RECORDED[name]).head, 60)
    assert [column.dtype for column in facts] == dtypes
    assert [column.missing for column in facts] == missing


def test_a_recorded_table_of_arrow_has_ranges():
    facts = column_facts(preview_of_pickle(RECORDED["table"]).head, 60)
    assert (facts[0].low, facts[0].high, facts[0].numbers.mean) == (1, 2, 1.5)
    facts = column_facts(preview_of_pickle(RECORDED["polars_chunks"]).head, 60)
    assert (facts[0].low, facts[0].high, facts[0].examined) == (1, 3, 3)
