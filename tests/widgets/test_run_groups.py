"""Groups of runs in the explorer's table, and pinned runs and columns."""

import statistics
from datetime import UTC, datetime, timedelta

import pytest

from mfwidgets import Metaflow
from mfwidgets.sample_runs import unpack
from mfwidgets.widgets.explorer.run_groups import Group, group_cell, group_label, grouped_lines
from mfwidgets.widgets.explorer.widget import Explorer

from .explorer_script import Script


@pytest.fixture(scope="module")
def sample():
    return Metaflow(metadata=f"local@{unpack()}", namespace=None)


@pytest.fixture
def script(sample):
    explorer = Explorer(sample, sample["TuningFlow"])
    yield Script(explorer).settle()
    explorer.close()


def lines(values, folded=(), *, by_value=True):
    return [
        line if isinstance(line, int) else line.value
        for line in grouped_lines(range(len(values)), values.__getitem__, folded, by_value=by_value)
    ]


def test_groups_are_sorted_by_value_or_by_their_first_run():
    assert lines([2, None, 10, 2, "x"]) == [2, 0, 3, 10, 2, "x", 4, None, 1]
    assert lines(["b", "a", "b"], by_value=False) == ["b", 0, 2, "a", 1]
    assert lines([True, 1, 1.0]) == [True, 0, 1, 2]
    assert lines([]) == []


def test_runs_of_folded_groups_are_hidden():
    (first, *_), key = grouped_lines([0, 1], ["a", "b"].__getitem__, (), by_value=True), ""
    key = first.key
    assert lines(["a", "b"], folded=[key]) == ["a", "b", 1]


def test_times_share_a_day_and_tags_are_one_string():
    start = datetime(2026, 1, 2, 3, tzinfo=UTC)
    days = lines([start, start + timedelta(hours=2), start + timedelta(days=3)])
    assert [line for line in days if isinstance(line, int)] == [0, 1, 2]
    assert len(days) == 5
    assert lines([["a", "b"], [], ["a", "b"]]) == ["a, b", 0, 2, None, 1]


def test_labels():
    assert group_label(Group("", None, [1, 2]), str) == "no value (2)"
    assert group_label(Group("", "adam", list(range(1_500))), str) == "adam (1,500)"
    assert group_label(Group("", datetime(2026, 1, 2, tzinfo=UTC), [1]), str) == "2026-01-02 (1)"


def test_numbers_show_the_best_and_the_median():
    assert group_cell("artifact.rmse", [0.5, None, 0.25, 0.75]) == [
        "★0.25 ~0.5",
        "best 0.25, median 0.5, 0.25 to 0.75 in 3 runs",
    ]
    assert group_cell("artifact.accuracy", [0.5, 0.25, 0.75])[0] == "★0.75 ~0.5"
    assert group_cell("param.depth", [1, 2, 6])[0] == "~2"
    assert group_cell("param.depth", [2, 2]) == ["2", "the same in 2 runs"]
    assert group_cell("duration", [timedelta(seconds=2), timedelta(seconds=4)])[0] == "~3.0 s"
    assert group_cell("artifact.rmse", [None]) == ["", ""]


def test_other_values_show_what_they_share():
    assert group_cell("status", ["completed", "failed", "completed"]) == ["2✓ 1✗", "2 completed, 1 failed"]
    assert group_cell("user", ["ann", "ann"]) == ["ann", ""]
    assert group_cell("user", ["ann", "bob"]) == ["", "2 different values"]
    assert group_cell("artifact.ok", [True, True]) == ["True", ""]


def test_a_table_with_groups(script, sample):
    runs = list(sample["TuningFlow"])
    script.explorer.group = "param.optimizer"
    script.settle()
    optimizers = {run.pathspec: run["start"].task["optimizer"].data for run in runs}
    groups = [row[3] for row in script.rows if len(row) > 3]
    assert [row[1] for row in script.rows if len(row) > 3] == [
        f"{name} ({[*optimizers.values()].count(name)})" for name in ("adam", "rmsprop", "sgd")
    ]
    assert script.table["lines"] == len(runs) + len(groups)
    place = [column["name"] for column in script.table["columns"]].index("artifact.rmse")
    numbers = [run.data.rmse for run in runs if optimizers[run.pathspec] == "adam" and run.successful]
    assert script.rows[0][2][place][1].startswith(f"best {min(numbers):.3g}, median {statistics.median(numbers):.3g}")
    script.explorer.folded = [groups[0]["key"]]
    script.settle()
    assert script.table["lines"] == len(runs) + len(groups) - groups[0]["count"]
    assert not script.rows[0][3]["open"]
    assert [run.pathspec for run in script.explorer.runs] == [run.pathspec for run in runs]
    assert len(script.explorer.to_pandas()) == len(runs)
    script.ask("select", group=groups[0]["key"])
    adams = {pathspec for pathspec, name in optimizers.items() if name == "adam"}
    assert set(script.explorer.ticked) == adams
    script.ask("select", group=groups[0]["key"])
    assert script.explorer.ticked == []
    script.explorer.sort = [["artifact.rmse", True]]
    script.settle()
    best = next(iter(sample["TuningFlow"].runs().sort_by("rmse")))
    assert script.rows[0][1].startswith(optimizers[best.pathspec])
    script.explorer.group = ""
    script.settle()
    assert script.rows[0][0] == best.pathspec


def test_pinned_runs_and_columns(script, sample):
    oldest = list(sample["TuningFlow"])[-1]
    script.ask("rows", start=0, stop=5)
    script.explorer.pinned = [oldest.pathspec, "TuningFlow/17"]
    script.settle()
    (pin,) = script.table["pins"]
    assert pin[0] == oldest.pathspec
    assert None not in pin[2]
    assert len(script.rows) == 5
    script.explorer.pinned_columns = ["artifact.rmse", "param.seed", "nothing"]
    script.settle()
    names = [column["name"] for column in script.table["columns"]]
    assert names[0] == "run_id"
    assert set(names[1:3]) == {"artifact.rmse", "param.seed"}
    assert script.table["frozen"] == 3
