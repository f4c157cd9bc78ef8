"""The display of a foreach step: items and results as columns, failures first, then the best; and its tiles."""

import re

import pytest

from mfwidgets import sample_runs
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.display_options import options
from mfwidgets.errors import DataException
from mfwidgets.queries.values.reading import NotRead
from mfwidgets.views import show as _show  # noqa: F401 - it registers views
from mfwidgets.views import sweep as sweep_view
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.views.in_time import NOT_IN_TIME, in_time
from mfwidgets.views.item_labels import common_beginning, item_labels, shortened
from mfwidgets.views.sweep import load_sweep, main_result, shown_first


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory):
    """The steps of the sample's two sweeps: the one whose failures were caught, and the one that failed."""
    folder = tmp_path_factory.mktemp("sample")
    sample_runs._unpack_to(folder)
    flow = Metaflow(metadata=f"local@{folder}", namespace=None)["SweepFlow"]
    return [run["fit"] for run in flow.runs()]


def _tables(view):
    return {part.heading: part for part in view.parts if part.part == "table"}


def _column(table, name):
    return [row[table.columns.index(name)].text for row in table.rows]


def test_failures_come_first_and_then_the_best(sweeps):
    view = build_view(sweeps[1], Limits())
    tables = _tables(view)
    assert list(tables) == ["Tasks that did not complete", "Other tasks"]
    failed, others = tables.values()
    assert set(_column(failed, "status")) == {"failed"}
    assert all(text.startswith("ValueError: loss diverged") for text in _column(failed, "why"))
    frame = sweeps[1].tasks().to_pandas(items=True, results=True)
    best = frame[frame.status == "completed"].sort_values("artifact.rmse")
    assert _column(others, "task") == list(best.task_id)
    assert _column(others, "depth") == list(map(str, best["item.depth"]))
    assert _column(others, "optimizer") == list(best["item.optimizer"])
    assert [row[others.columns.index("rmse")].mark for row in others.rows] == ["best", *[""] * 13, "worst"]
    assert dict(view.facts)["best rmse"].text.endswith(" · lr 0.003, depth 3, optimizer adam")
    assert dict(view.facts)["tasks"].text == "17 of 30: 15 completed, 2 failed, 13 not started"


def test_tiles_are_in_the_order_of_items_with_planned_tasks(sweeps):
    (grid,) = (part for part in build_view(sweeps[1], Limits()).parts if part.part == "tile_grid")
    ((_, tiles),) = grid.rows
    assert [tile.status for tile in tiles] == [
        *["completed"] * 13,
        "failed",
        "failed",
        *["completed"] * 2,
        *["planned"] * 13,
    ]
    assert re.fullmatch(r"#0 lr 0.003, depth 2, optimizer sgd · completed · rmse 0.\d+", tiles[0].title)
    assert [meaning for _, meaning in grid.legend] == ["2 failed, no number", "13 not started"]
    page = sweeps[1]._repr_html_()
    assert page.count('class="mfw-tile"') == 30 + 2
    assert tiles[0].title in page


def test_more_tasks_than_rows(sweeps):
    tables = _tables(build_view(sweeps[0], Limits(rows=4)))
    assert [len(table.rows) for table in tables.values()] == [2, 2]
    assert tables["Other tasks"].note == "4 of 30; the best rmse first"
    rows = sweeps[0].tasks()._rows()
    failed = [row for row in rows if row.status == "caught"]
    done = [row for row in rows if row.status == "completed"]
    assert shown_first([*failed * 10, *done], 6) == [*[*failed * 10][:3], *done[:3]]
    assert shown_first([*failed * 10, done[0]], 6) == [*[*failed * 10][:5], done[0]]
    assert shown_first(failed, 6) == failed


def test_of_many_tasks_only_the_shown_are_read(sweeps, monkeypatch):
    step = sweeps[0]
    monkeypatch.setattr(sweep_view, "MAX_SORTED", 10)
    sweep = load_sweep(step._context, step.tasks()._rows(), 20)
    assert len(sweep.rows) == 20
    assert sweep.best is None
    others = _tables(build_view(step, Limits()))["Other tasks"]
    assert others.note == "20 of 30"
    assert not any(cell.mark for row in others.rows for cell in row)


def test_a_display_without_the_values_says_so(sweeps, monkeypatch):
    def broken(*_):
        raise DataException("no <bytes>")

    monkeypatch.setattr(sweep_view, "task_result_columns", broken)
    monkeypatch.setattr(sweep_view, "whole_items", broken)
    view = build_view(sweeps[0], Limits())
    assert view.notes == ("Values were not read: no <bytes>",)
    assert any("2, 'lr': 0.003" in text for text in _column(_tables(view)["Other tasks"], "item"))
    assert "no &lt;bytes&gt;" in sweeps[0]._repr_html_()


def test_results_that_were_read_before_the_time_was_over_are_remembered(sweeps, monkeypatch):
    from mfwidgets.queries.values import results

    monkeypatch.setattr(results, "_BATCH", 10)
    true_read, read, failing = results.values_of, [], [3]

    def slow_read(context, records, reading, secret):
        read.append(len(records))
        if len(read) in failing:
            raise DataException("the time is over")
        return true_read(context, records, reading, secret)

    def looked(*, remember):
        read.clear()
        with options(remember=remember):
            return build_view(sweeps[0], Limits()).notes

    monkeypatch.setattr(results, "values_of", slow_read)
    assert looked(remember=True) == ("Values were not read: the time is over",)
    assert read == [10, 10, 10]
    failing.clear()
    assert looked(remember=True) == ()
    rest = sum(read)
    assert looked(remember=False) == ()
    assert sum(read) == rest + 20  # two batches were kept


def test_values_take_a_share_of_the_time():
    import time

    from mfwidgets.concurrency import call_with_timeout

    notes = []
    assert call_with_timeout(0.3, lambda: in_time(lambda: time.sleep(5), notes)) is None
    assert notes == [NOT_IN_TIME]
    assert in_time(lambda: 3, notes) == 3


def test_common_beginnings_are_left_out():
    texts = ["s3://data/2026-11-25/part-001.parquet", "s3://data/2026-11-25/part-002.parquet"]
    assert common_beginning(texts) == "s3://data/2026-11-25/part-"
    assert shortened([*texts, None]) == (["…001.parquet", "…002.parquet", None], "s3://data/2026-11-25/part-")
    assert shortened([*texts, 3])[1] == ""
    assert common_beginning(["same-text-here"] * 2) == ""
    assert common_beginning(["a/b/c/d/", "a/b/c/d/e"]) == ""
    assert common_beginning(["", "x" * 40]) == common_beginning([]) == ""


def test_labels_of_items():
    assert item_labels([({"lr": 0.1, "deep": {"er": 2}},), ((1, "a"),), ("x",), (NotRead("large"),), ()]) == [
        "lr 0.1, deep.er 2", "1, a", "x", "?", "",
    ]  # fmt: skip
    assert item_labels([("data/part/a", 1), ("data/part/b", 2)]) == ["…a / 1", "…b / 2"]
    assert len(item_labels([({str(key): "v" * 1_000 for key in range(90)},)])[0]) < 400


def test_quality_comes_before_costs():
    columns = {"artifact.fit_seconds": [1.0, 2.0], "artifact.auc": [0.5, 0.6], "artifact.batches": [1, 2]}
    assert main_result(columns) == "artifact.auc"
    assert main_result({"artifact.batches": [1, 2], "artifact.auc": [0.5, 0.5]}) == ""


def test_tables_of_tasks_show_whole_items(sweeps):
    run = sweeps[0].parent
    for shown in (run, run.tasks()):
        text = shown._repr_mimebundle_()["text/plain"]
        assert "13  lr 0.2, depth 3, optimizer sgd" in text
        assert "'optim" not in text


def test_items_that_metadata_did_not_cut_are_not_read(client, runs, monkeypatch):
    monkeypatch.setattr("mfwidgets.views.item_labels.whole_items", lambda *_: pytest.fail("nothing is cut"))
    run = client.get(runs["branch"])
    assert re.search(r" \d +[ab] ", run.tasks()._repr_mimebundle_()["text/plain"])
