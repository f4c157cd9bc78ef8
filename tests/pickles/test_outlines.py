"""Outlines of nested values: what a tree shows, and how much of a huge value."""

import pickle
import time
from collections import OrderedDict, deque

import numpy as np
from record_pickles import recorded

from mfwidgets.pickles.described import ArrayBeginning
from mfwidgets.pickles.previews.column_facts import column_facts
from mfwidgets.pickles.previews.outlines import MAX_NODES, outline_of
from mfwidgets.pickles.previews.records import columns_head, records_head
from mfwidgets.pickles.safe_loads import describe_pickle

CONFIG = {"model": {"kind": "forest", "layers": [64, 32]}, "seed": 7, "losses": [0.5] * 50, "w": np.arange(20.0)}


def lines(node, indent=0):
    yield f"{' ' * indent}{node.name}: {node.words}"
    for child in node.children:
        yield from lines(child, indent + 1)


def size(node):
    return 1 + sum(map(size, node.children))


def test_a_dict():
    assert list(lines(outline_of(CONFIG))) == [
        ": dict of 4",
        " model: dict of 2",
        "  kind: 'forest'",
        "  layers: [64, 32]",
        " seed: 7",
        " losses: list of 50",
        " w: float64 (20,)",
    ]
    assert outline_of(CONFIG).children[3].numbers.high == 19


def test_values_without_parts_have_no_outline():
    for value in (5, "x", None, {}, [], b"x", np.arange(3)):
        assert outline_of(value) is None


def test_other_collections():
    assert list(lines(outline_of({"a": (1, {"b": {2}}), "d": deque(["x"]), "o": OrderedDict(k=None)}))) == [
        ": dict of 3",
        " a: tuple of 2",
        "  0: 1",
        "  1: dict of 1",
        "   b: {2}",
        " d: deque(['x'])",
        " o: dict of 1",
        "  k: None",
    ]


def test_the_steps_of_a_pipeline_have_their_names():
    outline = outline_of(describe_pickle(recorded()["pandas-3-arrow", "pipeline"]))
    assert outline.words == "Pipeline"
    (steps,) = [node for node in outline.children if node.name == "steps"]
    assert [(node.name, node.words) for node in steps.children] == [
        ("standardscaler", "StandardScaler"),
        ("logisticregression", "LogisticRegression"),
    ]
    assert "C: 1.0" in "\n".join(lines(outline))


def test_a_huge_value_has_a_small_outline_that_counts_the_rest():
    deep = {str(number): {str(inner): list("abc") for inner in range(100)} for number in range(1_000)}
    outline = outline_of(deep)
    assert size(outline) <= MAX_NODES + 1
    assert outline.left_out == 1_000 - len(outline.children) > 0
    for _ in range(500):
        deep = [deep]
    assert size(outline_of(deep)) <= 20


def test_numbers_that_are_shared_many_times_take_no_long_time():
    class Shade:
        pass

    Shade.__qualname__ = "Shade"
    shared = [0.5] * 100_000
    content = b"\x80\x04](" + pickle.dumps(shared, 4)[2:-1] + b"q\x00" + b"h\x00" * 200 + b"c__main__\nShade\ne."
    value = describe_pickle(content)
    began = time.process_time()
    assert size(outline_of(value)) > 50
    assert time.process_time() - began < 5


def test_a_list_of_dicts_is_a_table():
    head = records_head([{"auc": 0.5, "name": "a"}, {"auc": 0.7}, {"auc": None, "name": "b"}])
    assert (head.shape, head.columns) == ((3, 2), ("auc", "name"))
    assert head.rows == ((0.5, "a"), (0.7, None), (None, "b"))


def test_other_lists_are_not_tables():
    for value in (
        [{"a": 1}],
        [{"a": 1}, 5],
        [{"a": [1]}, {"a": [2]}],
        [{"a": 1}, {"b": 1}, {"c": 1}],
        [{1: 2}, {1: 3}],
        [],
        [{}, {}],
        {"a": 1},
    ):
        assert records_head(value) is None, value


def test_an_array_of_two_dimensions_is_a_table():
    head = columns_head(np.arange(120).reshape(40, 3))
    assert (head.shape, head.columns, head.rows[1]) == ((40, 3), (0, 1, 2), (3, 4, 5))
    assert [(facts.low, facts.high) for facts in column_facts(head, 9)] == [(0, 117), (1, 118), (2, 119)]
    large = ArrayBeginning((1_000, 3), np.dtype(float), np.ones((50, 3)))
    head = columns_head(large)
    assert (head.shape, [facts.examined for facts in column_facts(head, 9)]) == ((1_000, 3), [50] * 3)
    for other in (
        np.zeros((5, 5)),
        np.zeros((40, 99)),
        np.zeros(40),
        np.zeros((40, 2, 2)),
        np.array([["a"] * 2] * 40),
        [1],
        None,
    ):
        assert columns_head(other) is None
