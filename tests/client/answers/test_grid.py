"""Grids of foreach tasks."""

import pytest

from mfwidgets import errors


def test_one_foreach(client, runs):
    grid = client.get(runs["failing"])["divide"].grid()
    (cells,) = grid.lines.values()
    assert [cell.row.foreach_index for cell in cells] == [0, 1, 2]
    text, page = grid._repr_mimebundle_()["text/plain"], grid._repr_html_()
    assert "✓✗✓" in text
    assert '<span class="mfw-failed">✗</span>' in page
    assert repr(grid) == f"<grid of {runs['failing']}/divide by status>"


def test_nested_foreaches(client, runs):
    lines = client.get(runs["branch"])["work"].grid().lines
    assert list(lines) == ["a", "b"]
    assert [len(cells) for cells in lines.values()] == [3, 1]
    text = client.get(runs["branch"])["work"].grid("doubled")._repr_mimebundle_()["text/plain"]
    assert "  ▁▃▆  a\n  █  b" in text
    assert "minimum  2" in text
    assert "maximum  8" in text


def test_by_duration_and_without_numbers(client, runs):
    step = client.get(runs["foreach"])["work"]
    assert all(cell.value >= 0 for line in step.grid("duration").lines.values() for cell in line)
    text = step.grid("item")._repr_mimebundle_()["text/plain"]
    assert "without a number  4" in text
    assert "No task of this step has a number named item" in text
    assert "✓✓✓✓" in text
    (row,) = step.grid("duration").to_dict()["rows"]
    assert [tile["value"] for tile in row["tasks"]] == [task.duration.total_seconds() for task in reversed(list(step))]


def test_thousands_of_tasks(client, runs, monkeypatch):
    from mfwidgets.client.answers.grid import Grid, GridCell
    from mfwidgets.views import grid as view

    step = client.get(runs["foreach"])["work"]
    row = step.tasks()._rows()[0]
    monkeypatch.setattr(Grid, "lines", {"": [GridCell(row, float(number)) for number in range(10_000)]})
    shown = step.grid("duration")._repr_mimebundle_()
    assert "each tile stands for 5 tasks" in shown["text/plain"]
    assert len(shown["text/html"]) < 64_000
    tiles = sum(
        len(line.strip())
        for line in shown["text/plain"].splitlines()
        if set(line.strip()) <= set(view.SHADES) and line.strip()
    )
    assert tiles == 2_000


def test_bad_input(client, runs):
    with pytest.raises(errors.MetaflowInvalidArgument, match="Expected the name of an artifact"):
        client.get(runs["foreach"])["work"].grid(5)
