"""Tables of runs show parameters that vary, results, failures and ages; values equal brute force over the objects."""

import pytest

from mfwidgets import Metaflow, options
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.queries.rows import RunRow
from mfwidgets.queries.values.column_choice import choose_columns, is_numeric
from mfwidgets.render.numbers import number_text
from mfwidgets.render.text import text_of
from mfwidgets.sample_runs import NAMESPACE, unpack
from mfwidgets.times import DAY, HOUR, MINUTE, age_text
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.views.measures import measure_cells
from mfwidgets.views.run_table import RunTable, load_run_table, overview, runs_table


@pytest.fixture
def client():
    return Metaflow(metadata=f"local@{unpack()}", namespace=NAMESPACE)


def _table(runs):
    view = build_view(runs, Limits())
    (table,) = view.parts
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows], view


def test_shows_parameters_results_and_exceptions(client):
    runs = client["ForecastFlow"].runs()
    rows, _ = _table(runs)
    assert [row["run"].text for row in rows] == [run.id for run in runs]
    for row, run in zip(rows, runs, strict=True):
        assert row["alpha"].text == number_text(run["start"].task["alpha"].data)
        if run.successful:
            assert row["mean_error"].text == number_text(run.data.mean_error)
            assert row["mean_error"].value == repr(run.data.mean_error)
            assert row["worst"].text == run.data.worst
            assert row["mean_error"].span == 1
        else:
            why = run.why()
            assert row["mean_error"].text == f"{why.exception} · fit, Hamburg"  # in the place of its results
            assert row["mean_error"].span == 2
            assert row["worst"].text == ""
    best = min((run for run in runs if run.successful), key=lambda run: run.data.mean_error)
    assert [row["run"].text for row in rows if row["mean_error"].mark == "best"] == [best.id]


def test_what_all_runs_share_is_a_fact_and_no_column(client):
    rows, view = _table(client["ForecastFlow"].runs())
    facts = dict(view.facts)
    assert "user" not in rows[0]
    assert facts["user"].text == "ann"
    assert facts["4 runs"].text == "✓ 3 completed, ✗ 1 failed"
    assert "season" not in rows[0]  # a parameter that is the same in all runs


def test_columns_are_chosen_by_name(client):
    runs = client["ForecastFlow"].runs(columns=["season", "mean_error", "origin_run_id"])
    rows, _ = _table(runs.sort_by("mean_error"))
    names = list(rows[0])
    assert names[names.index("season") :][:3] == ["season", "mean_error", "origin_run_id"]
    assert "worst" not in names
    assert [row["season"].text for row in rows] == ["True"] * 4
    with pytest.raises(MetaflowInvalidArgument, match="have no column 'seson'"):
        build_view(client["ForecastFlow"].runs(columns=["seson"]), Limits())
    with pytest.raises(MetaflowInvalidArgument, match="Expected the name of a column"):
        client["ForecastFlow"].runs(columns=[3])


def test_a_column_that_sorts_is_shown(client):
    rows, _ = _table(client["ForecastFlow"].runs().sort_by("season"))
    assert "season" in rows[0]


def test_a_table_without_time_for_values_says_so(client):
    with options(display_timeout_s=30):
        runs = client["ForecastFlow"].runs()
        rows = runs._rows()
    shown = runs_table(RunTable(rows), Limits(), "")
    assert "mean_error" not in shown.columns
    assert "fit/9: attempt 0 failed" in text_of(build_view(runs, Limits())) or "ValueError" in text_of(
        build_view(runs, Limits())
    )


def test_values_that_cannot_be_read_leave_a_table(client, monkeypatch):
    def broken(*_):
        raise MetaflowInvalidArgument("no access to s3://ann:hunter2hunter2@bucket/x")

    monkeypatch.setattr("mfwidgets.views.run_table.parameter_columns", broken)
    runs = client["ForecastFlow"].runs()
    table = load_run_table(runs, runs._rows())
    assert table.names == ()
    assert table.notes[0].startswith("Values were not read: no access to s3://")
    assert "hunter2" not in table.notes[0]


def test_groups_show_themselves(client):
    groups = client["ForecastFlow"].runs().group_by("alpha")
    html = groups._repr_html_()
    assert "mean_error best" in html
    assert "no such" not in html
    assert "No run in this namespace matches" in client["ForecastFlow"].runs("nothing").group_by("alpha")._repr_html_()


@pytest.mark.parametrize(
    ("values", "marks"),
    [
        ([3.0, 1.0, 2.0, None], ["worst", "best", "", ""]),
        ([1.0, 2.0], ["", ""]),
        ([1.0, 1.0, 1.0, 1.0, 2.0, 3.0], ["", "", "", "", "", "worst"]),  # four equal ones are not the best
        ([float("nan"), float("inf"), 1.0, 2.0, 3.0], ["", "", "best", "", "worst"]),
    ],
)
def test_best_and_worst_are_marked(values, marks):
    assert [cell.mark for cell in measure_cells(values, "artifact.rmse", Limits())] == marks
    assert {cell.mark for cell in measure_cells(values, "artifact.rmse", Limits(), is_result=False)} == {""}


def test_the_largest_is_only_called_best_if_the_name_says_so():
    assert [cell.mark for cell in measure_cells([1, 2, 3], "artifact.rows", Limits())] == ["smallest", "", "largest"]
    assert [cell.mark for cell in measure_cells([1, 2, 3], "artifact.auc", Limits())] == ["worst", "", "best"]


@pytest.mark.parametrize(
    "values", [[1e308, -1e308, 0.0], [5e-324, 1e308, 2.0], [10**400, 1, 2], ["<b>", 1, None], [True, False, 3]]
)
def test_odd_numbers_have_cells_within_their_bars(values):
    cells = measure_cells(values, "artifact.<script>", Limits())
    assert len(cells) == len(values)
    for cell in cells:
        for segment in cell.segments:
            assert 0 <= segment.start <= segment.end <= 1


def test_the_columns_that_vary_are_chosen():
    columns = {
        "param.same": [1, 1, 1],
        "param.alpha": [1, 2, 3],
        "param.query": ["x" * 50, "y" * 50, "z"],
        "artifact.note": ["a", "b", "c"],
        "artifact.rows": [7, 8, 9],
        "artifact.rmse": [0.1, 0.2, None],
        "artifact.constant": [5, 5, 5],
        "artifact.once": [None, 4, None],
    }
    chosen = choose_columns(columns, [], 4, 3)
    assert chosen.names == ("param.alpha", "artifact.rmse", "artifact.rows", "artifact.once")
    assert chosen.left_out == ("artifact.note",)
    assert choose_columns(columns, ["param.same"], 0, 0).names == ("param.same",)
    assert not is_numeric([True, False])
    assert not is_numeric([None])


def test_ages():
    assert [age_text(ms) for ms in (-5, 59_000, MINUTE, 3 * HOUR, 50 * HOUR, 70 * DAY, 800 * DAY)] == [
        "just now", "just now", "1 min ago", "3 h ago", "2 d ago", "2 months ago", "2 years ago",
    ]  # fmt: skip


def test_a_trend_needs_several_completed_runs(client):
    row = client["ForecastFlow"].runs(status="completed")._rows()[0]

    def lasting(seconds):
        return RunRow(row.record, row.status, row.record.created_ms + seconds * 1000, None)

    facts = dict(overview([lasting(20)] * 3 + [lasting(10)] * 3, Limits()))
    assert facts["typical duration"].text == "15.0 s, 100% longer than before"
    assert dict(overview([lasting(10)] * 4, Limits()))["typical duration"].text == "10.0 s"
    assert overview([], Limits()) == []
