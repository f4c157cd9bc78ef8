"""Foreach items and results of tasks as columns, compared with Metaflow's client, and with hostile items."""

import math

import pandas as pd
import pytest
from local_world import World

from mfwidgets import Metaflow
from mfwidgets.pickles.metaflow_types import ForeachFrame
from mfwidgets.queries.values.item_columns import item_columns, parts_of_item
from mfwidgets.queries.values.reading import NotRead

FOREACHES = [
    ("foreach", "work"),
    ("branch", "work"),
    ("branch", "one"),
    ("failing", "divide"),
    ("resumed", "divide"),
    ("packed", "work"),
]


def _own_results(metaflow, task, inherited):
    """Return the numbers and short texts of a task that no task before it holds, as Metaflow's client reads them."""
    own = {}
    for artifact in task:
        known = inherited.get(artifact.id, ())
        if artifact.id != "name" and artifact.sha not in known and isinstance(artifact.data, int | float | str):
            own[artifact.id] = artifact.data
    return own


@pytest.mark.parametrize(("name", "step"), FOREACHES)
def test_columns_equal_those_of_metaflows_client(client, runs, metaflow, name, step, monkeypatch):
    # Metaflow's client unpickles its own stack, whose class was in __main__ of the task.
    monkeypatch.setattr("__main__.ForeachFrame", ForeachFrame, raising=False)
    theirs = metaflow.Run(runs[name])
    splitter = {"work": "start" if name != "branch" else "fan", "one": "fan", "divide": "start"}[step]
    variable = {"start": "items", "fan": "inner"}[splitter]
    lists = [task[variable].data for task in theirs[splitter]]
    frame = client.get(runs[name])[step].tasks().to_pandas(items=True, results=True).set_index("task_id")
    before = list(theirs["split" if step == "one" else splitter])
    inherited = {}
    for task in before:
        for artifact in task:
            inherited.setdefault(artifact.id, set()).add(artifact.sha)
    assert frame.shape[0] == len(list(theirs[step]))
    for task in theirs[step]:
        row = frame.loc[task.id]
        assert any(row["item"] in items for items in lists)
        if len(lists) == 1:
            assert row["item"] == lists[0][task.index]
        results = _own_results(metaflow, task, inherited)
        results.pop("item", None)  # the flow's copy of the item
        ours = {
            column.removeprefix("artifact."): row[column] for column in frame.columns if column.startswith("artifact.")
        }
        assert {key: value for key, value in ours.items() if not pd.isna(value)} == results


def test_outer_items_have_the_names_of_their_steps(client, runs):
    rows = client.get(runs["branch"])["work"].tasks().to_dicts(items=True, results=True)
    assert sorted((row["item.fan"], row["item"], row["artifact.doubled"]) for row in rows) == [
        ("a", 1, 2), ("a", 2, 4), ("a", 3, 6), ("b", 4, 8),
    ]  # fmt: skip


def test_the_service_has_the_same_columns(client, runs, on_service):
    there, service = on_service
    remote = Metaflow(metadata=service.url, namespace=None)
    for name, step in FOREACHES[:-1]:
        local, other = (
            asked.get(pathspec)[step]
            .tasks()
            .to_pandas(items=True, results=True)
            .filter(regex=r"^(item|artifact|foreach)")
            for asked, pathspec in ((client, runs[name]), (remote, there[name]))
        )
        assert sorted(map(repr, local.to_numpy().tolist())) == sorted(map(repr, other.to_numpy().tolist()))
        assert list(local) == list(other)


@pytest.fixture
def sweep(tmp_path):
    """Return a function that makes a run whose foreach splits this list, with these results of each task."""

    def make(items, results=(), *, graph=True, stored=None):
        world = World(tmp_path)
        world.task("F", "1", "_parameters", "0")
        nodes = {
            "start": {"name": "start", "type": "split-foreach", "next": ["fit"], "foreach_artifact": "todo"},
            "fit": {"name": "fit", "type": "linear", "next": ["join"]},
            "join": {"name": "join", "type": "join", "next": ["end"]},
            "end": {"name": "end", "type": "end", "next": []},
        }
        if not graph:
            del nodes["start"]["foreach_artifact"]
        world.artifact("F/1/_parameters/0", "_graph_info", {"steps": nodes, "parameters": []})
        world.artifact("F/1/_parameters/0", "alpha", 0.5)
        world.task("F", "1", "start", "1")
        for name, value in {"todo": stored or items, "alpha": 0.5, "seed": 7, "_foreach_var": "todo"}.items():
            world.artifact("F/1/start/1", name, value)
        for place, item in enumerate(items):
            task = str(place + 2)
            world.task("F", "1", "fit", task)
            world.event("F", "1", "fit", task, "foreach-execution-path", f"fit:{place}")
            world.event("F", "1", "fit", task, "foreach-stack", [f"todo={str(item)[:30]}"])
            held = {"alpha": 0.5, "seed": 7, "todo": items}
            for name, value in (held | (results[place] if place < len(results) else {})).items():
                world.artifact(f"F/1/fit/{task}", name, value)
        return Metaflow(metadata=f"local@{tmp_path}", namespace=None).get("F/1")["fit"]

    return make


def _columns(step):
    return {key: column for key, column in _table(step).items() if key.startswith(("item", "artifact."))}


def _table(step):
    rows = sorted(step.tasks().to_dicts(items=True, results=True), key=lambda row: row["foreach_index"])
    return {key: [row[key] for row in rows] for key in rows[0]}


def test_keys_of_dicts_are_columns_and_copies_are_no_results(sweep):
    settings = [
        {"lr": 0.1, "model": {"depth": 2}},
        {"lr": 0.2, "model": {"depth": 3}},
        {"lr": 0.3, "model": {"depth": 3}},
    ]
    results = [
        {"setting": setting, "rate": setting["lr"], "rmse": 1.5 - place, "seed": 7 + place}
        for place, setting in enumerate(settings)
    ]
    assert _columns(sweep(settings, results)) == {
        "item.lr": [0.1, 0.2, 0.3],
        "item.model.depth": [2, 3, 3],
        "artifact.rmse": [1.5, 0.5, -0.5],
        "artifact.seed": [None, 8, 9],
    }


def test_places_of_short_tuples_are_columns(sweep):
    assert _columns(sweep([(0.1, "adam"), (0.2, "sgd")])) == {"item.0": [0.1, 0.2], "item.1": ["adam", "sgd"]}


def test_a_graph_without_the_name_of_the_list(sweep):
    assert _columns(sweep(["x" * 60, "y"], graph=False)) == {"item": ["x" * 60, "y"]}


def test_a_list_that_cannot_be_read_leaves_what_metaflow_recorded(sweep):
    with pytest.warns(match="1 of 2 values are only described: the foreach is not over a list"):
        columns = _columns(sweep(["a" * 40, "b"], stored={"a" * 40, "b"}))
    assert list(map(str, columns["item"])) == ["a" * 30 + "…", "b"]


class Model:
    """A class that no reader knows."""

    def __init__(self, depth):
        self.depth = depth


def test_objects_are_described_and_never_made(sweep):
    with pytest.warns(match="2 of 2 values are only described"):
        columns = _columns(sweep([Model(3), {"model": Model(4), "lr": 0.1}]))
    assert "Model" in repr(columns["item"][0])
    assert "depth=3" in repr(columns["item"][0])
    assert "0.1" in repr(columns["item"][1])


def test_hostile_items(sweep):
    deep = {"a": {"b": {"c": {"d": 1}}}}
    many = {f"key {number}": number for number in range(500)}
    items = [
        deep,
        many,
        float("nan"),
        "\u202e<b>" * 5_000,
        None,
        [],
        {},
        {1: 2},
        (1,) * 50,
        b"\xff",
        -math.inf,
        10**400,
    ]
    columns = _columns(sweep(items))
    assert columns["item.a.b"][0] == {"c": {"d": 1}}
    assert columns["item"][1] == many
    assert columns["item"][3] == items[3]
    assert set(columns) == {"item.a.b", "item"}
    html = sweep(items)._repr_html_()
    assert "<b>" not in html
    assert "\u202e" not in html
    assert len(html.encode()) < 64_000


def test_parts_of_items():
    assert list(parts_of_item(3)) == [("", 3)]
    assert list(parts_of_item({"x" * 61: 1})) == [("", {"x" * 61: 1})]
    assert list(parts_of_item([[1], 2])) == [("", [[1], 2])]
    assert list(parts_of_item([1, "a"])) == [(".0", 1), (".1", "a")]
    unread = NotRead("large")
    assert item_columns([("fit:0",), ()], [(unread,), ()]) == {"item": [unread, None]}
