"""The grid of runs and steps: proved against Metaflow's own client, and hard to mislead."""

import html
import re

import pandas as pd
import pytest
from hostile import Inspector, World, assert_visible
from hypothesis import given
from hypothesis import strategies as st
from timed_tasks import RUN

import mfwidgets
from mfwidgets.cli.run import run
from mfwidgets.client.answers.run_grid import merged_steps
from mfwidgets.errors import MetaflowException, MetaflowInvalidArgument
from mfwidgets.magic.dispatch import run_line
from mfwidgets.queries import step_timings
from mfwidgets.queries.step_timings import step_timing
from mfwidgets.views import run_grid

FLOWS = ("LinearFlow", "ForeachFlow", "BranchFlow", "LoopFlow", "FailingFlow", "RetryFlow", "DeathFlow")


@pytest.mark.parametrize("flow", FLOWS)
def test_the_grid_is_that_of_metaflows_client(client, metaflow, flow):
    grid = client[flow].runs().grid(limit=100)
    frame = grid.to_pandas().set_index("run_id")
    theirs = {
        run.id: {step.id: [bool(task.successful) for task in step] for step in run}
        for run in metaflow.Flow(flow).runs()
    }
    assert list(frame.index) == list(theirs)
    assert {name for run in theirs.values() for name in run} == set(grid.steps)
    for run_id, steps in theirs.items():
        for step in grid.steps:
            status = frame.loc[run_id, f"step.{step}"]
            assert (status is not pd.NA and status == "completed") is (step in steps and all(steps[step]))
            if step in steps:
                assert status == client.get(f"{flow}/{run_id}/{step}").status
    order = list(next(iter(client[flow].runs().successful())).dag().to_pandas().step) if flow != "DeathFlow" else []
    assert [step for step in order if step in grid.steps] == [step for step in grid.steps if step in order]


@pytest.mark.parametrize("flow", FLOWS)
def test_the_display_has_the_same_tiles(client, flow):
    grid = client[flow].runs().grid()
    page, frame = html.unescape(grid._repr_html_()), grid.to_pandas()
    titles = re.findall(r'class="mfw-done" style="[^"]*" title="([^"]*)"', page)
    expected = [
        (step, frame[f"step.{step}"][row])
        for row in range(len(frame))
        for step in grid.steps
        if isinstance(frame[f"step.{step}"][row], str)
    ]
    assert [tuple(re.match(r"(\S+): (\w+)", title).groups()) for title in titles] == expected
    data = grid.to_dict()
    assert [[run["run_id"], run["status"]] for run in data["runs"]] == frame[["run_id", "status"]].to_numpy().tolist()
    facts = [
        (name, run["steps"][name]["status"]) for run in data["runs"] for name in data["steps"] if name in run["steps"]
    ]
    assert facts == expected


def test_what_has_ended_is_read_once(client, monkeypatch):
    first = client["LinearFlow"].runs().grid().to_pandas()

    def refuse(*_, **__):
        raise AssertionError("read again")

    monkeypatch.setattr(step_timings, "read_timings_of_run", refuse)
    assert client["LinearFlow"].runs().grid().to_pandas().equals(first)


def test_a_limit_bounds_what_is_read(client, monkeypatch):
    asked = []

    def read(context, runs):
        asked.extend(runs)
        return step_timings.read_step_timings(context, runs)

    monkeypatch.setattr(run_grid, "read_step_timings", read)
    page = client["LinearFlow"].runs().grid(limit=1)._repr_html_()
    assert len(asked) == 1
    assert page.count('class="mfw-done"') == 2
    for limit in (0, -1, "3", None, True, 2.0):
        with pytest.raises(MetaflowInvalidArgument, match="Expected limit="):
            client["LinearFlow"].runs().grid(limit)


def test_runs_that_cannot_be_read_say_so(client, monkeypatch):
    def fail(*_):
        raise MetaflowException("the service is <away>")

    monkeypatch.setattr(run_grid, "read_step_timings", fail)
    page = client["LinearFlow"].runs().grid()._repr_html_()
    assert "the service is &lt;away&gt;" in page


def test_no_runs(client):
    grid = client["LinearFlow"].runs("no-such-tag").grid()
    assert "mfw-done" not in grid._repr_html_()
    assert grid.to_pandas().empty
    assert grid.steps == ()


def test_runs_of_all_flows_have_one_grid(client):
    text = client.runs(limit=5).grid()._repr_mimebundle_()["text/plain"]
    assert "flow" in text


def test_hostile_names_stay_text(runs, tmp_path):
    for flow in World(runs, tmp_path).client():
        grid = flow.runs().grid()
        bundle = grid._repr_mimebundle_()
        Inspector(bundle["text/html"])
        assert_visible(bundle["text/plain"])
        grid.to_pandas()
        grid.to_dict()


@given(st.lists(st.lists(st.sampled_from("abcdefg"), unique=True), max_size=5))
def test_merged_steps_have_each_step_once_and_keep_the_order_of_the_first_run(orders):
    merged = merged_steps([step_timing(RUN, name, []) for name in order] for order in orders)
    assert sorted(merged) == sorted({name for order in orders for name in order})
    if orders:
        assert [name for name in merged if name in orders[0]] == orders[0]


def test_the_magic_and_the_command_line_have_it(capsys):
    mfwidgets.sample()
    grid = run_line("runs ForecastFlow --steps")
    assert grid.steps == ("start", "fit", "compare", "end")
    assert "step.fit" in run_line("runs ForecastFlow --steps --df --limit 2").columns
    capsys.readouterr()
    run(["--sample", "runs", "ForecastFlow", "--steps"])
    assert re.search(r"✗ failed .*✗", capsys.readouterr().out)
