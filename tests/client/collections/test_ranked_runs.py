"""Runs are sorted and grouped by facts, parameters and results, as brute force over the objects gives."""

from statistics import median

import pytest
from local_world import World

from mfwidgets import Metaflow
from mfwidgets.client.collections.runs import Runs
from mfwidgets.errors import MetaflowInvalidArgument, NoSuchChild, ValuesNotRead
from mfwidgets.sample_runs import unpack


@pytest.fixture
def client():
    """A client for the sample runs."""
    return Metaflow(metadata=f"local@{unpack()}", namespace=None)


@pytest.fixture
def forecasts(client):
    return client["ForecastFlow"].runs()


def _error(run):
    return run.data.mean_error if run.successful else None


def test_sorts_by_a_result_as_brute_force_does(forecasts):
    values = {run.id: _error(run) for run in forecasts}
    with_value = sorted((run for run, value in values.items() if value is not None), key=values.get)
    without = [run for run, value in values.items() if value is None]
    assert [run.id for run in forecasts.sort_by("mean_error")] == with_value + without
    assert [run.id for run in forecasts.sort_by("artifact.mean_error", ascending=False)] == with_value[::-1] + without
    assert [run.id for run in forecasts.nsmallest(2, "mean_error")] == with_value[:2]
    assert [run.id for run in forecasts.nlargest(100, "mean_error")] == with_value[::-1]
    assert forecasts.nsmallest(0, "mean_error").count() == 0


def test_sorts_by_several_columns_and_by_facts(forecasts):
    frame = forecasts.to_pandas(params=True)
    expected = frame.sort_values(["param.alpha", "duration"], ascending=[False, True], kind="stable")
    assert [run.id for run in forecasts.sort_by(["alpha", "duration"], [False, True])] == list(expected["run_id"])
    table = forecasts.sort_by(["alpha", "duration"], [False, True]).to_pandas()
    assert list(table["run_id"]) == list(expected["run_id"])
    assert list(table["duration"]) == list(expected["duration"])


def test_sorted_runs_are_filtered_and_limited(forecasts):
    best = forecasts.sort_by("mean_error")
    assert list(best.where(alpha=0.3)) == [run for run in best if run["start"].task["alpha"].data == 0.3]
    two = forecasts.nlargest(2, "duration")
    assert list(two.where(alpha=0.1)) == [run for run in two if run["start"].task["alpha"].data == 0.1]
    assert two.count() == 2
    three = forecasts.nlargest(3, "duration")
    assert list(three.where("status:failed")) == [
        run for run in three if str(run.status) == "failed"
    ]  # among the three
    assert repr(best) == "<runs of ForecastFlow sorted by mean_error>"
    assert "mean_error" in two.sort_by("mean_error")._repr_html_()
    assert list(two.sort_by("mean_error")) == sorted(two, key=lambda run: (_error(run) is None, _error(run)))


def test_the_first_runs_are_filtered_among_themselves(forecasts):
    two = forecasts.head(2)
    everything = list(forecasts)
    assert list(two) == everything[:2]
    assert list(two.where("status:failed")) == [run for run in everything[:2] if str(run.status) == "failed"]
    assert list(two.sort_by("duration").head(1)) == sorted(everything[:2], key=lambda run: run.duration)[:1]
    assert repr(two) == "<first 2 runs of ForecastFlow>"


def test_names_of_lists_of_names_do_not_share_an_answer(forecasts):
    with pytest.warns(ValuesNotRead, match="no artifact has this name"):
        forecasts.to_pandas(artifacts=["mean_error worst"])
    both = forecasts.to_pandas(artifacts=["mean_error", "worst"])
    assert both["artifact.worst"].notna().any()


def test_any_artifact_of_the_end_task_has_its_full_name(forecasts):
    frame = forecasts.to_pandas(artifacts=["alpha"])
    expected = frame.sort_values("artifact.alpha", kind="stable", na_position="last")["run_id"]
    assert [run.id for run in forecasts.sort_by("artifact.alpha")] == list(expected)


def test_only_the_named_kind_of_values_is_read(forecasts, monkeypatch):
    monkeypatch.setattr("mfwidgets.run_columns.result_columns", lambda *_: pytest.fail("results were read"))
    assert forecasts.sort_by("param.alpha").count() == forecasts.count()


def test_results_belong_to_the_end_task(forecasts):
    with pytest.raises(MetaflowInvalidArgument, match="Expected results=True without step="):
        forecasts.to_pandas(results=True, step="start")


@pytest.mark.parametrize(("condition", "advice"), [("status=failed", "Try status:"), ("duration>2", "sort_by")])
def test_a_fact_in_a_condition_is_explained(forecasts, condition, advice):
    with pytest.warns(ValuesNotRead, match=advice):
        assert list(forecasts.where(condition)) == []


def test_groups_read_nothing_again(forecasts, monkeypatch):
    groups = forecasts.group_by("alpha")
    sizes = {value: len(list(runs)) for value, runs in groups.items()}
    monkeypatch.setattr(type(forecasts), "_selected", lambda *_, **__: pytest.fail("runs were listed again"))
    assert {value: len(list(runs._source.records())) for value, runs in groups.items()} == sizes


def test_groups_have_counts_best_and_median(forecasts):
    runs = list(forecasts)
    alphas = sorted({run["start"].task["alpha"].data for run in runs})
    groups = forecasts.group_by("alpha")
    assert list(groups) == alphas
    assert len(groups) == len(alphas)
    table = groups.to_pandas().set_index("alpha")
    for alpha in alphas:
        members = [run for run in runs if run["start"].task["alpha"].data == alpha]
        assert list(groups[alpha]) == members
        errors = [_error(run) for run in members if run.successful]
        assert table.loc[alpha, "runs"] == len(members)
        assert table.loc[alpha, "completed"] == len(errors)
        assert table.loc[alpha, "mean_error best"] == min(errors)
        assert table.loc[alpha, "mean_error median"] == median(errors)
    with pytest.raises(NoSuchChild, match=r"No group has the value 7\. Values of alpha: 0\.1, 0\.3, 0\.5"):
        groups[7]


def test_a_group_without_a_value_comes_last(forecasts):
    groups = forecasts.group_by("mean_error")
    assert list(groups)[-1] is None
    assert all(not run.successful for run in groups[None])


def test_unknown_and_wrong_names_are_named(forecasts):
    with pytest.raises(
        MetaflowInvalidArgument, match=r"have no column 'mean_eror'\. Did you mean artifact\.mean_error"
    ):
        list(forecasts.sort_by("mean_eror"))
    for wrong in ("", [], 3, None, ["a", 3]):
        with pytest.raises(MetaflowInvalidArgument, match="Expected the name of a column"):
            forecasts.sort_by(wrong)
    for ascending in ([True, False], None, 1, "yes"):
        with pytest.raises(MetaflowInvalidArgument, match="Expected ascending="):
            forecasts.sort_by("alpha", ascending=ascending)
    for by in (["alpha"], 3, ""):
        with pytest.raises(MetaflowInvalidArgument, match="the name of one column"):
            forecasts.group_by(by)
    for wrong in (-1, True, "3"):
        with pytest.raises(MetaflowInvalidArgument, match="Expected n to be a number of runs"):
            forecasts.nsmallest(wrong, "alpha")


def test_nothing_to_sort_is_not_an_error(client):
    nothing = client["ForecastFlow"].runs("no-such-tag")
    assert list(nothing.sort_by("anything")) == []
    assert len(nothing.group_by("anything")) == 0
    assert nothing.group_by("anything").to_pandas().empty


def test_frames_have_results_and_exceptions(forecasts):
    table = forecasts.to_pandas(results=True, exceptions=True).set_index("run_id")
    for run in forecasts:
        row = table.loc[run.id]
        if run.successful:
            assert row["artifact.mean_error"] == run.data.mean_error
            assert row["artifact.worst"] == run.data.worst
            assert row.isna()["exception"]
        else:
            why = run.why()
            assert row["exception"] == str(why.exception)
            assert row["failed_task"] == why.task.pathspec
    assert not [name for name in table.columns if name in ("artifact.alpha", "artifact.season")]


def test_a_service_gives_the_same_order(on_service):
    _, service = on_service
    client = Metaflow(metadata=service.url, namespace=None)
    for name in ("LinearFlow", "ForeachFlow"):
        durations = {
            run.id: row["duration"] for run, row in zip(*(client[name].runs(), client[name].to_dicts()), strict=True)
        }
        shown = [run.id for run in client[name].runs().sort_by("duration", ascending=False)]
        present = [run for run in shown if durations[run]]
        assert present == sorted(present, key=durations.get, reverse=True)
        assert set(shown) == set(durations)


@pytest.mark.parametrize("use", [list, Runs.to_pandas, Runs.to_dicts, Runs.to_dict, Runs.first, Runs.count])
def test_a_typo_in_a_sort_is_an_error_in_each_use(forecasts, use):
    with pytest.raises(MetaflowInvalidArgument, match=r"'mean_eror'\. Did you mean artifact\.mean_error"):
        use(forecasts.sort_by("mean_eror"))


@pytest.mark.parametrize("use", [Runs.to_pandas, Runs.to_dicts, Runs.to_dict])
def test_a_typo_in_columns_is_an_error_in_each_table(client, use):
    runs = client["ForecastFlow"].runs(columns=["alpha", "mean_eror"])
    with pytest.raises(MetaflowInvalidArgument, match=r"'mean_eror'\. Did you mean artifact\.mean_error"):
        use(runs)
    assert "Did you mean artifact.mean_error" in runs._repr_mimebundle_()["text/plain"]


def test_one_name_means_the_same_in_filters_sorts_and_columns(tmp_path):
    world = World(tmp_path)
    for number, auc in enumerate((0.5, 0.9, 0.7), 1):
        world.task("F", str(number), "end", "1")
        world.artifact(f"F/{number}/end/1", "metrics", value={"auc": auc})
    runs = Metaflow(metadata=f"local@{tmp_path}", namespace=None)["F"].runs()
    assert {run.id for run in runs.where("auc>0.6")} == {"2", "3"}
    assert [run.id for run in runs.sort_by("auc")] == ["1", "3", "2"]
    assert runs.where("auc>0.6").to_dict()["runs"][0]["columns"].keys() == {"artifact.metrics.auc"}
    assert "0.9" in runs.plot("auc")._repr_mimebundle_()["text/plain"]
