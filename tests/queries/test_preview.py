"""Previews without unpickling, compared with the values that pandas and numpy wrote in many layouts."""

import pickle
import zlib

import numpy as np
import pandas as pd
import pytest

from mfwidgets.pickles.safe_loads import describe_pickle
from mfwidgets.queries.values.preview import Preview, preview_of

FRAME = pd.DataFrame(
    {
        "number": [1, 2, 3],
        "share": [0.5, np.nan, 1.5],
        "text": ["x", "ü", None],
        "flag": [True, False, True],
        "time": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-03"]),
        "kind": pd.Categorical(["u", "v", None]),
    }
)


def held(value, protocol=4):
    return preview_of(describe_pickle(pickle.dumps(value, protocol)))


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("index", ["range", "texts", "dates", "numbers"])
def test_frames(index, protocol):
    frame = FRAME.copy()
    labels = {"texts": ["a", "b", "c"], "dates": pd.date_range("2026-01-01", periods=3), "numbers": [5, 7, 9]}
    if index != "range":
        frame.index = pd.Index(labels[index])
    head = held(frame, protocol).head
    assert head.shape == (3, 6)
    assert head.columns == tuple(frame.columns)
    assert [str(label)[:10] for label in head.index] == [str(label)[:10] for label in frame.index]
    for row, expected in zip(head.rows, frame.itertuples(index=False), strict=True):
        for one, other in zip(row, expected, strict=True):
            assert (pd.isna(one) and pd.isna(other)) or one == other or str(one)[:10] == str(other)[:10]


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(np.arange(40).reshape(10, 4), columns=list("abcd")),
        pd.DataFrame(np.asfortranarray(np.arange(40).reshape(10, 4)), columns=list("abcd")),
        pd.DataFrame({"a": range(10), "b": [str(number) for number in range(10)], "c": range(10)}),
        pd.DataFrame({"a": ["x", "y"], "b": ["u", "v"]}, dtype=object),
        pd.DataFrame({"a": ["x", "y"], "b": ["u", "v"]}, dtype=object).T,
        pd.DataFrame(np.arange(60).reshape(2, 30)),
        pd.DataFrame({"a": []}),
        pd.DataFrame({"a": [1, 2]}, index=pd.Index(["r", "s"], dtype=object)),
    ],
    ids=str,
)
def test_more_frames(frame):
    head = held(frame).head
    assert head.shape == frame.shape
    assert list(head.columns) == list(frame.columns)[:12]
    expected = frame.iloc[:10, :12]
    assert [list(row) for row in head.rows] == [list(row) for row in expected.itertuples(index=False)]


KINDS = {
    "whole": (pd.array([1, None, 3], dtype="Int64"), [1, None, 3]),
    "truth": (pd.array([True, None, False], dtype="boolean"), [True, None, False]),
    "text": (pd.array(["a", None, "c"], dtype="string"), ["a", None, "c"]),
    "lasting": (pd.to_timedelta([1, 36, 0], unit="h"), ["0 days 01:00:00", "1 days 12:00:00", "0 days 00:00:00"]),
    "zoned": (
        pd.to_datetime(["2026-01-01 01:00", "2026-07-01 01:00", None]).tz_localize("Europe/Berlin"),
        ["2026-01-01 00:00:00+00:00", "2026-06-30 23:00:00+00:00", "NaT"],
    ),
    "month": (pd.period_range("2026-01", periods=3, freq="M"), ["…"] * 3),
    "sparse": (pd.arrays.SparseArray([0, 0, 1]), ["…"] * 3),
}


@pytest.mark.parametrize("kind", KINDS)
def test_columns_of_all_kinds(kind):
    made, expected = KINDS[kind]
    head = held(pd.DataFrame({"before": [1, 2, 3], kind: made, "after": ["x", "y", "z"]})).head
    assert [list(row) for row in head.rows] == [list(row) for row in zip([1, 2, 3], expected, "xyz", strict=True)]
    assert [value for (value,) in held(pd.Series(made, name=kind)).head.rows] == expected


def test_several_levels_of_an_index():
    frame = pd.DataFrame({"a": [1, 2, 3]}, index=pd.MultiIndex.from_tuples([("x", 1), ("x", 2), ("y", 1)]))
    assert held(frame).head.index == (("x", 1), ("x", 2), ("y", 1))


def test_series():
    head = held(pd.Series([1.5, 2.5], name="share", index=["a", "b"])).head
    assert head.shape == (2, 1)
    assert head.columns == ("share",)
    assert head.rows == ((1.5,), (2.5,))


@pytest.mark.parametrize(
    "value",
    [
        pd.DataFrame({"a": [1]}, index=pd.period_range("2026-01", periods=1, freq="M")),
        pd.Period("2026-01"),
    ],
)
def test_unknown_layouts_are_not_guessed(value):
    found = held(value)
    assert found.head is None
    assert any(name.startswith("pandas") for name in found.imports)


PNG = b"\x89PNG\r\n\x1a\n" + zlib.compress(b"x")


@pytest.mark.parametrize(
    ("value", "summary", "has_value"),
    [
        (5, "", True),
        (None, "", True),
        (np.float64(0.5), "", True),
        ("one\ntwo", "str of 7 characters, 2 lines", True),
        ([1, 2], "list of 2", True),
        ({"a": 1}, "dict of 1", True),
        (b"abc", "3 bytes", True),
        (np.zeros((3, 4)), "array of float64, shape (3, 4)", True),
        (ValueError("x"), "object of ValueError", False),
        (FRAME, "3 rows, 6 columns", False),
    ],
    ids=lambda value: str(value)[:20],
)
def test_summaries(value, summary, has_value):
    found = held(value)
    assert (found.summary, found.has_value) == (summary, has_value)


def test_pictures():
    assert held(PNG).pictures[0].uri.startswith("data:image/png;base64,")
    assert held(b"no picture").pictures == ()
    assert held(PNG + b"x" * 50_000).pictures == ()


class Inner:
    pass


class Outer:
    def __init__(self):
        self.inner = [Inner(), {"f": print}]


def test_imports_of_a_pickle():
    found = held(Outer())
    assert found.imports[0].endswith(".Outer")
    assert any(name.endswith(".Inner") for name in found.imports)
    assert "builtins.print" in found.imports
    assert isinstance(found, Preview)


def test_displays(client, runs):
    end = client.get(runs["values"])["end"].task
    text = end["weights"]._repr_mimebundle_()["text/plain"]
    assert "Value (array of float64, shape (4,))\n  [0.  0.1 0.2 0.3]" in text
    text = end["model"]._repr_mimebundle_()["text/plain"]
    assert "__main__.Model" in text[text.index("Unpickling would import") :]
    assert "str of 300,000 characters" in end["large"]._repr_mimebundle_()["text/plain"]
    assert len(end["large"]._repr_html_()) < 64_000
    many = client.get(runs["many"])["only"].task["large"]
    text = many._repr_mimebundle_()["text/plain"]
    assert "holds          30,000,000 bytes" in text
    assert ".data loads all of it. Shown: the first 1,000,000 of 30,000,000 bytes." in text
    page = client.get(runs["linear"])["start"].task["text"]._repr_html_()
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
