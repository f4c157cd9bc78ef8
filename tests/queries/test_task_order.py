"""The order of tasks in the sidebar and in grids."""

import pytest
from local_world import World

from mfwidgets import Metaflow
from mfwidgets.client.answers.grid import NO_ITEM
from mfwidgets.queries.task_order import natural_order
from mfwidgets.server import tree


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def listed(client, pathspec):
    return [item["name"] for item in tree.list_children(client._context, pathspec)["items"]]


def numbers(step):
    return {
        name: [(cell.row.record.task_id, cell.row.foreach_index) for cell in cells]
        for name, cells in step.grid().lines.items()
    }


def test_names_with_numbers_are_in_natural_order():
    names = ["item10", "item9", "item009", "a", "", "10", "9", "٣", "item" + 5000 * "9", "t-2-x", "t-10-a"]
    ordered = ["", "9", "10", "a", "item9", "item009", "item10", "item" + 5000 * "9", "t-2-x", "t-10-a", "٣"]
    assert sorted(names, key=natural_order) == ordered


def test_tasks_without_an_item_come_last(world):
    for number, index in enumerate([3, None, 0, 2, 10, None, 9], start=5):
        world.task("F", "1", "work", str(number))
        if index is not None:
            world.event("F", "1", "work", str(number), "foreach-execution-path", f"work:{index}")
    client = Metaflow(metadata=f"local@{world.base}", namespace=None)
    order = [("7", 0), ("8", 2), ("5", 3), ("11", 9), ("9", 10), ("6", None), ("10", None)]
    assert numbers(client.get("F/1/work")) == {"": order}
    assert listed(client, "F/1/work") == [name for name, _ in order]


def test_inner_tasks_follow_their_outer_items(world):
    paths = ["town:10,shop:1", "town:9,shop:0", None, "town:10,shop:0", "town:9,shop:x", "town:9,shop:11"]
    for number, path in enumerate(paths, start=1):
        world.task("F", "1", "shop", str(number))
        if path:
            world.event("F", "1", "shop", str(number), "foreach-execution-path", path)
    client = Metaflow(metadata=f"local@{world.base}", namespace=None)
    assert numbers(client.get("F/1/shop")) == {
        "9": [("2", 0), ("6", 11), ("5", None)],
        "10": [("4", 0), ("1", 1)],
        NO_ITEM: [("3", None)],
    }
    assert listed(client, "F/1/shop") == ["2", "6", "5", "4", "1", "3"]


def test_tasks_flows_and_artifacts_are_in_natural_order(world):
    for flow in ("Flow10", "Flow9", "Alpha"):
        for task in ("10", "9", "1"):
            world.task(flow, "1", "loop", task)
    for name in ("x10", "x9", "x"):
        world.artifact("Alpha/1/loop/1", name, name)
    client = Metaflow(metadata=f"local@{world.base}", namespace=None)
    assert listed(client, "") == ["Alpha", "Flow9", "Flow10"]
    assert listed(client, "Alpha/1/loop") == ["1", "9", "10"]
    assert listed(client, "Alpha/1/loop/1") == ["x", "x9", "x10"]


def test_a_task_that_was_really_killed_before_it_recorded_its_item(small):
    client = Metaflow(metadata=f"local@{small.folder('killed')}", namespace=None)
    step = client.get(f"{small['killed']}/inner")
    *others, (killed,) = step.grid().lines.values()
    assert sorted(len(line) for line in others) == [1, 2]
    assert (killed.row.foreach_index, killed.row.status) == (None, "killed")
    assert NO_ITEM in step.grid()._repr_mimebundle_()["text/plain"]
    assert [row["item"] for row in step.grid().to_dict()["rows"]] == ["a", "b", NO_ITEM]
    assert listed(client, step.pathspec)[-1] == killed.row.record.task_id
