"""Large pickles, read from a stream: all kinds of values, cut at any place, and hostile lengths."""

import io
import pickle
import struct
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from record_pickles import recorded

from mfwidgets.errors import UnloadableArtifact
from mfwidgets.pickles.described import ArrayBeginning, LongContent
from mfwidgets.pickles.large_pickles import describe_stream
from mfwidgets.pickles.previews.column_facts import column_facts
from mfwidgets.pickles.previews.outlines import outline_of
from mfwidgets.queries.values.preview import preview_of_large
from mfwidgets.views.cells import Limits
from mfwidgets.views.previews import preview_parts

RANDOM = np.random.default_rng(11)
ROWS = 60_000
LONG = RANDOM.normal(size=300_000)
TALL = RANDOM.normal(size=(40_000, 6))
WIDE = RANDOM.normal(size=(6, 60_000))


def described(value, protocol=4):
    large = describe_stream(io.BytesIO(pickle.dumps(value, protocol)))
    assert large.complete
    return large.value


@pytest.mark.parametrize(
    "array", [LONG, TALL, WIDE, np.asfortranarray(TALL), np.asfortranarray(WIDE), LONG.astype("f2"), LONG > 0]
)
def test_arrays(array):
    found = described(array)
    if array.nbytes <= 100_000:
        assert (found == array).all()
        return
    assert isinstance(found, ArrayBeginning)
    assert (found.shape, found.dtype) == (array.shape, array.dtype)
    assert 50_000 <= found.sample.nbytes <= 1_000_000
    assert (found.sample == array[tuple(slice(length) for length in found.sample.shape)]).all()


def test_short_values_are_complete():
    value = {"a": [1, 2.5, None, True], "b": ("x", b"y"), "c": {1}, "d": np.arange(10), "e": -(2**70), "f": "ü" * 200}
    found = described(value)
    assert {**found, "d": found["d"].tolist()} == {**value, "d": list(range(10))}


def test_long_text_and_bytes():
    text, content = described("ü" * 200_000), described(b"x" * 3_000_000)
    assert (text.length, text.is_text, text.text[:3]) == (400_000, True, "üüü")
    assert (content.length, content.is_text, len(content.beginning)) == (3_000_000, False, 1_000_000)
    assert isinstance(content, LongContent)


FRAMES = {
    "columns": pd.DataFrame({f"c{number}": RANDOM.normal(size=ROWS) for number in range(5)}),
    "rows": pd.DataFrame(RANDOM.normal(size=(ROWS, 5)), columns=list("abcde")),
    "kinds": pd.DataFrame(
        {
            "day": pd.date_range("2020-01-01", periods=ROWS, freq="min"),
            "n": RANDOM.integers(0, 99, ROWS),
            "kind": pd.Categorical(RANDOM.choice(["a", "b"], ROWS)),
            "whole": pd.array([None if number % 5 == 0 else number for number in range(ROWS)], dtype="Int64"),
            "text": RANDOM.choice(["x", "y"], ROWS),
        }
    ),
    "indexed": pd.DataFrame({"n": np.arange(ROWS)}, index=pd.date_range("2020-01-01", periods=ROWS, freq="min")),
}


@pytest.mark.parametrize("name", FRAMES)
def test_frames(name):
    frame = FRAMES[name]
    shown = preview_of_large(describe_stream(io.BytesIO(pickle.dumps(frame, 4))))
    assert shown.head.shape == frame.shape
    assert shown.head.columns == tuple(frame.columns)
    for row, expected in zip(shown.head.rows, frame.itertuples(index=False), strict=False):
        assert [str(item) for item in row] == [str(None if item is pd.NA else item) for item in expected]
    for facts in column_facts(shown.head, 10):
        column = frame[facts.name][: facts.examined]
        assert facts.examined >= 5_000
        assert facts.dtype == str(column.dtype)
        assert facts.missing == column.isna().sum()
        if facts.numbers and facts.name != "day":
            assert (facts.low, facts.high) == (column.min(), column.max())


def test_a_list_of_too_many_numbers_shows_its_beginning():
    large = describe_stream(io.BytesIO(pickle.dumps([0.5] * 1_000_000, 4)))
    shown = preview_of_large(large)
    assert not large.complete
    assert 100_000 < shown.numbers.count < 1_000_000
    assert shown.part == "its beginning"


VALUE = {
    "weights": LONG,
    "nested": {"list": [1, 2, [3, {"deep": TALL}]], "text": "x" * 150_000},
    "frame": FRAMES["columns"],
    "set": {1, 2},
    "pair": (1, "two"),
    "last": 5,
}
CONTENT = pickle.dumps(VALUE, 4)


def show(large):
    shown = preview_of_large(large)
    preview_parts(shown, Limits())
    return shown


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.floats(0, 1))
def test_a_pickle_that_is_cut_anywhere(share):
    cut = int(share * len(CONTENT))
    try:
        large = describe_stream(io.BytesIO(CONTENT[:cut]))
    except UnloadableArtifact:
        assert cut < 100
        return
    show(large)
    assert large.complete == (cut == len(CONTENT))


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.sampled_from(sorted(recorded())), st.floats(0, 1))
@example(("torch", "layer"), 0.40234375)  # the keys of its fields are objects
def test_a_recorded_pickle_that_is_cut_anywhere(key, share):
    content = recorded()[key]
    try:
        large = describe_stream(io.BytesIO(content[: int(share * len(content))]))
    except UnloadableArtifact:
        return
    show(large)


def test_a_cut_value_has_what_came_before():
    cut = CONTENT.index(b"nested")
    large = describe_stream(io.BytesIO(CONTENT[: cut + 2_000]))
    outline = outline_of(large.value)
    assert [node.name for node in outline.children] == ["weights", "nested"]
    assert outline.children[0].numbers.count == 125_000


def test_the_first_block_of_a_cut_frame():
    content = pickle.dumps(FRAMES["columns"], 4)
    shown = show(describe_stream(io.BytesIO(content[:1_500_000])))
    assert "DataFrame" in shown.line
    assert shown.part == "its beginning"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\x04",
        b"no pickle",
        b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"abc",
        b"\x80\x04\x8d" + struct.pack("<Q", 2**63) + b"abc",
        b"\x80\x04\x8b" + struct.pack("<I", 2**31 - 1) + b"\xff" * 100,
        b"\x80\x04" + b"\x85" * 10,
        b"\x80\x04(" * 5_000,
        b"\x80\x04" + b"]" * 400_000,
        b"c" + b"x" * 100_000 + b"\n",
        b"\x80\x04.",
    ],
    ids=range(11),
)
def test_odd_bytes(content):
    with suppress(UnloadableArtifact):
        assert len(show(describe_stream(io.BytesIO(content))).holds) < 1_000


def test_an_array_whose_shape_is_a_lie():
    content = pickle.dumps(LONG, 4)
    assert content.count(b"J" + struct.pack("<i", 300_000)) == 1
    for length in (299_999, 2**31 - 1, -5, 0):
        show(describe_stream(io.BytesIO(content.replace(struct.pack("<i", 300_000), struct.pack("<i", length)))))
