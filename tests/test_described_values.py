"""One value, one answer: a display, its task, a frame, dicts, a comparison and ``--json`` show a value in the same words."""

import enum
import json
import pickle
import warnings
from collections import Counter, namedtuple
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from local_world import World

from mfwidgets import Metaflow, compare
from mfwidgets.cli.main import main
from mfwidgets.errors import ValuesNotRead
from mfwidgets.pickles.safe_loads import safe_loads
from mfwidgets.pickles.value_text import value_text
from mfwidgets.queries.values.preview import preview_of_pickle
from mfwidgets.tables import to_json_value

Pair = namedtuple("Pair", "left right")  # noqa: PYI024 - as people write it


class Shade(enum.Enum):
    LIGHT = "light"


@dataclass
class Settings:
    rate: float


PLAIN = {
    "path": Path("/data/in put.csv"),
    "price": Decimal("19.90"),
    "moment": datetime(2025, 3, 30, 1, 30, tzinfo=UTC),
    "counts": Counter("banana"),
}
OBJECTS = {
    "shade": (Shade.LIGHT, "Shade('light')"),
    "pair": (Pair(3, "three"), "Pair(3, 'three')"),
    "settings": (Settings(0.5), "Settings(rate=0.5)"),
    "inner": ([Shade.LIGHT, 1], "[Shade('light'), 1]"),
}
FRAME = pd.DataFrame({"n": [1, 2], "what": [Shade.LIGHT, None]}, index=["a", "b"])


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("described"))
    for run in ("1", "2"):
        for step, task in (("_parameters", "0"), ("start", "1"), ("end", "2")):
            world.task("F", run, step, task)
        for name, value in {**PLAIN, **{name: value for name, (value, _) in OBJECTS.items()}, "frame": FRAME}.items():
            world.artifact(f"F/{run}/end/2", name, value, content=pickle.dumps(value, 4 if run == "1" else 3))
    return Metaflow(metadata=f"local@{world.base}", namespace=None)


@pytest.fixture
def printed(client, capsys):
    """Return what ``--json`` prints."""

    def call(*words):
        folder = client._context.provider.selector.removeprefix("local@")
        assert main([f"--metadata={folder}", "--namespace=none", *words, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return call


def shown(value):
    return value._repr_mimebundle_()["text/plain"]


def test_plain_values(client, printed):
    task = client.get("F/1/end/2")
    frame = client["F"].runs().to_pandas(artifacts=list(PLAIN))
    for name, value in PLAIN.items():
        text = value_text(value)
        assert text in shown(task[name])
        assert text in shown(task)
        assert frame[f"artifact.{name}"].tolist() == [value, value]
        assert printed(f"F/1/end/2/{name}")["value"] == to_json_value(value)
        assert task[name].to_dict()["value"] == to_json_value(value)
        assert len(list(client["F"].runs().where({name: value}))) == 2


def test_objects(client, printed):
    task = client.get("F/1/end/2")
    with pytest.warns(ValuesNotRead, match="2 of 2 values are only described: not a plain value"):
        frame = client["F"].runs().to_pandas(artifacts=list(OBJECTS))
    with warnings.catch_warnings(action="ignore", category=ValuesNotRead):
        dicts = client["F"].runs().to_dicts(artifacts=list(OBJECTS))
    compared = compare(client.get("F/1"), client.get("F/2"))
    values = {row["name"]: row for row in compared.to_dict()["differences"]}
    for name, (_, text) in OBJECTS.items():
        assert text in shown(task[name])
        assert text in shown(task)
        assert list(map(str, frame[f"artifact.{name}"])) == [text, text]
        assert [str(one[f"artifact.{name}"]) for one in dicts] == [text, text]
        facts = printed(f"F/1/end/2/{name}")
        assert (facts["described"], facts["value"]) == (text, None)
        assert list(map(str, values[name]["values"])) == [text, text]
        assert "stored bytes differ" in values[name]["note"]
    assert "Shade('light')" in shown(compared)
    assert printed("F/1/end/2/settings")["fields"] == {"rate": 0.5}


def test_the_line_that_loads_an_object(client):
    text = shown(client.get("F/1/end/2/shade"))
    assert f"Metaflow('{client._context.provider.address}', None).get('F/1/end/2/shade').data loads the object" in text
    assert "loads the object" not in shown(client.get("F/1/end/2/path"))


def test_a_frame(client, printed):
    head = printed("F/1/end/2/frame")["head"]
    assert head == {
        "shape": [2, 2],
        "columns": ["n", "what"],
        "index": ["a", "b"],
        "rows": [[1, "Shade('light')"], [2, None]],
    }
    assert "Shade('light')" in shown(client.get("F/1/end/2/frame"))


ARRAYS = {
    "structured": np.array([(1, 2.5, "x")], dtype=[("n", "i8"), ("share", "f8"), ("name", "U3")]),
    "record": np.array([(1, 2.5)], dtype=[("n", "i8"), ("share", "f8")])[0],
    "times": np.array(["2025-01-01", "NaT"], "M8[s]"),
    "objects": np.array([[1, "a"], [None, [2]]], dtype=object),
    "no_objects": np.array([], dtype=object),
    "by_column": np.asfortranarray(np.array([[1, "a"], [2, "b"]], dtype=object)),
    "aligned": np.zeros(2, np.dtype([("a", "i1"), ("b", "f8")], align=True)),
}


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_of_all_kinds_are_plain(name, protocol):
    value = ARRAYS[name]
    read = safe_loads(pickle.dumps(value, protocol))
    assert read.dtype == value.dtype
    assert repr(read.tolist()) == repr(value.tolist())
    json.dumps(to_json_value(read))
    assert preview_of_pickle(pickle.dumps(value, protocol)).has_value


def test_an_array_of_unknown_objects_is_described():
    found = preview_of_pickle(pickle.dumps(np.array([Shade.LIGHT, None], dtype=object)))
    assert (found.has_value, found.line) == (False, "array([Shade('light'), None], dtype=object)")
    inside = np.empty((), dtype=object)
    inside[()] = Shade.LIGHT
    assert not preview_of_pickle(pickle.dumps(inside)).has_value
