"""Grids of foreach tasks."""

import math
import re
from dataclasses import replace

import pytest
from local_world import World

from mfwidgets import Metaflow, errors
from mfwidgets.client.answers.grid import Grid, GridCell
from mfwidgets.queries.lineage.foreach import Item
from mfwidgets.views.cells import Limits
from mfwidgets.views.grid import colours_of
from mfwidgets.views.tiles import tile_grid


def test_one_foreach(client, runs):
    grid = client.get(runs["failing"])["divide"].grid()
    (cells,) = grid.lines.values()
    assert [cell.row.foreach_index for cell in cells] == [0, 1, 2]
    text, page = grid._repr_mimebundle_()["text/plain"], grid._repr_html_()
    assert re.search(r"  ✓ 4 +✗ 0 +✓ 2", text) or re.search(r"  ✓ \S+ +✗ 0 +✓ \S+", text)
    assert re.search(r"Tasks that did not complete\n.*\n  \d+ +0 +✗ failed +\d+ ms  ZeroDivisionError", text)
    assert re.search(
        r'<span class="mfw-tile mfw-wide" style="min-width:\d+ch;background:#c93434;color:#fff" title="#1 0 · failed · \d+ ms">✗ 0</span>',
        page,
    )
    assert "1 failed" in page
    assert repr(grid) == f"<grid of {runs['failing']}/divide by status>"


def test_nested_foreaches(client, runs):
    lines = client.get(runs["branch"])["work"].grid().lines
    assert list(lines) == ["a", "b"]
    assert [len(cells) for cells in lines.values()] == [3, 1]
    text = client.get(runs["branch"])["work"].grid("doubled")._repr_mimebundle_()["text/plain"]
    assert "  a  ▁ 2  ▃ 4  ▆ 6\n  b  █ 8\n  ▁ 2    █ 8" in text
    assert "minimum  2 · a / 1\n" in text
    assert "maximum  8 · b / 4\n" in text


def test_by_duration_and_without_numbers(client, runs):
    step = client.get(runs["foreach"])["work"]
    assert all(cell.value >= 0 for line in step.grid("duration").lines.values() for cell in line)
    text = step.grid("item")._repr_mimebundle_()["text/plain"]
    assert "No task of this step has a number named item" in text
    assert "✓✓✓✓" in text
    (row,) = step.grid("duration").to_dict()["rows"]
    assert [tile["value"] for tile in row["tasks"]] == [task.duration.total_seconds() for task in reversed(list(step))]


def test_thousands_of_tasks(client, runs, monkeypatch):
    step = client.get(runs["foreach"])["work"]
    row = step.tasks()._rows()[0]
    rows = [replace(row, item=Item((f"work:{number}",))) for number in range(10_000)]
    monkeypatch.setattr(Grid, "_in_order", rows)
    monkeypatch.setattr(Grid, "lines", {"": [GridCell(row, float(number)) for number, row in enumerate(rows)]})
    shown = step.grid("duration")._repr_mimebundle_()
    assert "each tile stands for 42 tasks" in shown["text/plain"]
    assert len(shown["text/html"].encode()) < 64_000
    assert 'title="#42 to 83: 42 completed"' in shown["text/html"]
    lines = [line.split() for line in shown["text/plain"].splitlines()]
    assert sum(len(line[1]) for line in lines if len(line) == 2 and set(line[1]) <= set("▁▂▃▄▅▆▇█")) == 239


def test_a_bin_shows_that_a_task_failed(client, runs):
    row, *_ = client.get(runs["foreach"])["work"].tasks()._rows()
    failed = next(row for row in client.get(runs["failing"])["divide"].tasks()._rows() if row.status == "failed")
    cells = [GridCell(failed if number == 50 else row, float(number)) for number in range(1_000)]
    for by in ("status", "loss"):
        (grid,) = tile_grid({"": cells}, 1_000, colours_of(by, cells), {}, Limits())
        tiles = [tile for _, tiles in grid.rows for tile in tiles]
        assert len(tiles) == 200
        assert [tile.sign for tile in tiles].index("✗") == 10


def test_planned_tasks_are_at_their_places(client, runs):
    row, *_ = client.get(runs["foreach"])["work"].tasks()._rows()
    cells = [GridCell(replace(row, item=Item((f"work:{number}",))), None) for number in (3, 1)]
    (grid,) = tile_grid({"": cells}, 5, colours_of("status", cells), {}, Limits())
    assert grid.rows == (("", grid.rows[0][1]),)
    assert "".join(tile.sign for tile in grid.rows[0][1]) == "·✓·✓·"
    assert grid.legend[-1][1] == "3 not started"
    (nested,) = tile_grid({"a": cells, "b": cells}, 10_000_000, colours_of("status", cells), {}, Limits())
    assert nested.note == "9,999,996 not started"
    (nested,) = tile_grid({"a": cells, "b": cells}, 6, colours_of("status", cells), {}, Limits())
    assert [name for name, _ in nested.rows] == ["a", "b", "not started"]


@pytest.mark.parametrize("values", [[math.inf, -math.inf, 1.0], [1e308, -1e308, 0.0], [5.0] * 3, [math.inf] * 3])
def test_extreme_numbers_are_on_the_scale(client, runs, values):
    row, *_ = client.get(runs["foreach"])["work"].tasks()._rows()
    cells = [GridCell(row, value) for value in values]
    (grid,) = tile_grid({"": cells}, 3, colours_of("loss", cells), {}, Limits())
    assert all(0 <= tile.share <= 1 for _, tiles in grid.rows for tile in tiles)


def test_bad_input(client, runs):
    with pytest.raises(errors.MetaflowInvalidArgument, match="Expected the name of an artifact"):
        client.get(runs["foreach"])["work"].grid(5)


def test_an_unknown_name_is_an_error_with_suggestions(client, runs):
    grid = client.get(runs["foreach"])["work"].grid("itme")
    with pytest.raises(errors.MetaflowInvalidArgument, match=r"have no column 'itme'\. Did you mean artifact\.item,"):
        grid.to_dict()
    assert "Did you mean artifact.item, artifact.items?" in grid._repr_mimebundle_()["text/plain"]
    with pytest.raises(errors.MetaflowInvalidArgument, match="Expected by= to be status, duration or the name"):
        client.get(runs["foreach"])["work"].grid("attempts").to_dict()


def test_names_lead_into_dicts_as_in_filters(tmp_path):
    world = World(tmp_path)
    for task, auc in (("1", 0.5), ("2", 0.75)):
        world.task("F", "1", "fit", task)
        world.artifact(f"F/1/fit/{task}", "metrics", value={"auc": auc, "a.b": 3})
        world.artifact(f"F/1/fit/{task}", "m.x", value=4)
    step = Metaflow(metadata=f"local@{tmp_path}", namespace=None)["F"]["1"]["fit"]

    def numbers(by):
        return sorted(cell.value for line in step.grid(by).lines.values() for cell in line)

    assert numbers("metrics.auc") == numbers("auc") == numbers("artifact.metrics.auc") == [0.5, 0.75]
    assert numbers("metrics.a.b") == [3, 3]  # a key with a dot
    assert numbers("m.x") == [4, 4]
