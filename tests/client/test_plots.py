"""Charts of runs and tasks show the values that brute force over the objects gives, whatever these values are."""

from statistics import median
from xml.etree import ElementTree as ET

import pytest

from mfwidgets import Metaflow
from mfwidgets.client.plots.columns import chart_column, numbers_in_list
from mfwidgets.client.plots.plot import Plot
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.render.charts.model import ScatterChart
from mfwidgets.sample_runs import unpack


@pytest.fixture(scope="module")
def client():
    return Metaflow(metadata=f"local@{unpack()}", namespace=None)


@pytest.fixture(scope="module")
def tuned(client):
    return list(client["TuningFlow"])


@pytest.fixture
def plot(client):
    return client["TuningFlow"].runs().plot


def _parameter(run, name):
    return run["start"].task[name].data


def test_a_result_over_time_has_the_status_of_each_run(plot, tuned):
    frame = plot("rmse").to_pandas()
    assert list(frame["run"]) == [run.id for run in tuned]
    assert list(frame["status"]) == [str(run.status) for run in tuned]
    values = dict(zip(frame["run"], frame["rmse"], strict=True))
    for run in tuned:
        assert values[run.id] == run.data.rmse if run.successful else values[run.id] != values[run.id]


def test_a_scatter_has_log_scales_and_colours(plot, tuned):
    shown = plot.scatter("learning_rate", "metrics.auc", color="optimizer")
    chart = shown._chart
    assert chart.x.log
    assert set(chart.colour.categories) == {"adam", "sgd", "rmsprop"}
    for mark, run in zip(chart.marks, tuned, strict=True):
        assert mark.pathspec == run.pathspec
        assert mark.x == _parameter(run, "learning_rate")
        assert mark.y == (run.data.metrics["auc"] if run.successful else None)
        assert mark.group == _parameter(run, "optimizer")
    assert not plot.scatter("learning_rate", "rmse", logx=False)._chart.x.log


def test_parallel_coordinates_highlight_the_best(plot, tuned):
    lines = plot.parallel(["learning_rate", "optimizer"], color="rmse")._chart.lines
    best = min((run for run in tuned if run.successful), key=lambda run: run.data.rmse)
    assert [line.title for line in lines if line.best] == [best.id]
    assert len(plot.parallel()._chart.axes) > 3
    with pytest.raises(MetaflowInvalidArgument, match="two or more columns"):
        plot.parallel(["rmse"])


def test_a_histogram_counts_all_runs(plot, tuned):
    frame = plot.hist("rmse").to_pandas()
    assert frame["runs"].sum() == sum(run.successful for run in tuned)
    by_optimizer = dict(plot.hist("optimizer").to_pandas().itertuples(index=False))
    assert by_optimizer["adam"] == sum(_parameter(run, "optimizer") == "adam" for run in tuned)


def test_curves_are_lists_of_the_end_task(plot, tuned):
    shown = plot.curves("loss_history")
    good = {run.id: run.data.loss_history for run in tuned if run.successful}
    drawn = {curve.name: list(curve.values) for curve in shown._chart.curves}
    assert good.items() <= drawn.items()
    best = min(good, key=lambda run_id: good[run_id][-1])
    assert [curve.name for curve in shown._chart.curves if curve.best] == [best]
    with pytest.raises(MetaflowInvalidArgument, match=r"Did you mean artifact\.loss_history"):
        plot.curves("loss_histori")
    with pytest.raises(MetaflowInvalidArgument, match="Expected lists of numbers"):
        plot.curves("verdict")
    with pytest.raises(MetaflowInvalidArgument, match="got the column 'duration'"):
        plot.curves("duration")


def test_durations_have_a_bar_for_each_run(client, tuned):
    frame = client["TuningFlow"].runs().plot.durations(limit=5).to_pandas().set_index("run")
    assert list(frame.index) == [run.id for run in tuned[:5]]
    for run in tuned[:5]:
        for step in run:
            assert frame.loc[run.id, f"{step.id} (s)"] == step.duration.total_seconds()
    with pytest.raises(MetaflowInvalidArgument, match="Expected limit="):
        client["TuningFlow"].runs().plot.durations(limit=-1)


def test_a_chart_shows_itself_and_writes_a_file(plot, tmp_path):
    shown = plot("duration", color="accuracy")
    bundle = shown._repr_mimebundle_()
    assert "<svg" in bundle["text/html"]
    assert "duration over time" in bundle["text/plain"]
    file = shown.to_svg(tmp_path / "chart.svg")
    assert ET.fromstring(file.read_text(encoding="utf-8")).tag.endswith("svg")
    assert file.read_text(encoding="utf-8") == shown.to_svg()
    assert repr(shown) == "<chart of runs of TuningFlow: duration over time>"


def test_nothing_to_draw_is_said(client):
    nothing = client["TuningFlow"].runs("no-such-tag").plot
    for shown in (nothing("rmse"), nothing.hist("rmse"), nothing.scatter("a", "b", color="c"), nothing.durations()):
        assert "There is nothing to draw" in shown._repr_html_()
        assert shown.to_pandas().empty


def test_unknown_names_are_errors(plot):
    for make in (plot, plot.hist, lambda name: plot.scatter(name, "rmse"), lambda name: plot("rmse", color=name)):
        with pytest.raises(MetaflowInvalidArgument, match="have no column 'rsme'"):
            make("rsme")


@pytest.mark.parametrize("name", [["rmse", "accuracy"], None, 5, ""])
def test_a_wrong_name_is_an_error_of_ours(plot, client, name):
    for make in (plot, plot.hist, lambda name: plot.scatter("rmse", name), client["TuningFlow"].runs("none").plot):
        with pytest.raises(MetaflowInvalidArgument, match="Expected the name of a column"):
            make(name)
    with pytest.raises(MetaflowInvalidArgument, match="Expected the name of a column"):
        plot.parallel(5)


def test_a_list_is_not_a_number_and_the_error_says_so(plot):
    with pytest.raises(MetaflowInvalidArgument, match=r"'loss_history' is something else.*Try plot\.curves\(\)"):
        plot("loss_history")


def test_tasks_have_heat_maps_and_scatters(client):
    step = client["SweepFlow"].latest_run["fit"]
    tasks = {task.id: task for task in step}
    frame = step.tasks().plot.heatmap("lr", "depth", "rmse").to_pandas()
    assert len(frame) == 15  # 30 tasks, two optimizers for each
    for row in frame.itertuples():
        setting = tasks[row.task]["setting"].data
        assert (float(row.lr), int(row.depth)) == (setting["lr"], setting["depth"])
    shown = step.tasks().plot.scatter("lr", "rmse", color="optimizer").to_pandas()
    for row in shown.itertuples():
        task = tasks[row.task]
        assert row.lr == task["setting"].data["lr"]
        assert row.rmse == task["rmse"].data if task.successful else row.rmse != row.rmse
    assert step.tasks().plot.hist("rmse").to_pandas()["tasks"].sum() > 20
    with pytest.raises(MetaflowInvalidArgument, match="have no column 'depht'"):
        step.tasks().plot.scatter("depht", "rmse")


HOSTILE = "<script>alert(1)</script>\"'\u202e{{7*7}}"


@pytest.mark.parametrize(
    "values",
    [
        [float("nan"), float("inf"), -float("inf"), 1e308, -1e308, 5e-324],
        [HOSTILE, 1, None, True, [1], {"a": 1}],
        [f"category {number}" for number in range(500)],
        [1],
        [],
        [None, None],
        [10**400, 2, 3],
    ],
    ids=repr,
)
def test_odd_values_are_drawn_safely(values):
    from mfwidgets.render.charts.model import Mark

    across, up = chart_column("param.x", values), chart_column(f"artifact.{HOSTILE}", values)
    marks = tuple(Mark(x, y, HOSTILE, "completed", HOSTILE, x) for x, y in zip(across.values, up.values, strict=True))
    shown = Plot(ScatterChart(HOSTILE, across.axis, up.axis, marks, across.axis), HOSTILE)
    html = shown._repr_html_()
    assert "<script" not in html
    assert "\u202e" not in html
    ET.fromstring(shown.to_svg())
    assert len(html) < 200_000
    shown.to_pandas()


def test_lists_in_dicts_are_found():
    assert numbers_in_list({"loss": {"train": [3, 2.5, None]}}, "loss.train") == (3, 2.5, None)
    assert numbers_in_list({"loss": 3}, "loss") == ()
    assert numbers_in_list("text") == ()
    assert median(numbers_in_list((1, 2, 3))) == 2
