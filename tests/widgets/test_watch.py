"""Watching an ended run and a run that is running."""

import shutil
import threading
import time

import pytest
from running_flow import running_flow
from waiting import PATIENCE_S, waits_for

import mfwidgets
from mfwidgets import Metaflow, Run
from mfwidgets.client.answers.run_poller import RunPoller
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.queries.status import states
from mfwidgets.queries.status.rules import Status
from mfwidgets.render.view import View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.views.run import WatchedRun, watched_run
from mfwidgets.widgets import watch
from mfwidgets.widgets.watch import Watch

RUNNING = WatchedRun(View("Run", "F/1"), Status("running", "attempt 0 started 5 s ago"), "as before")


def test_an_ended_run_is_shown_and_frozen(client, runs):
    watched = Watch(client.get(runs["failing"]))
    assert watched.wait(PATIENCE_S)
    assert watched.ended.startswith(f"The run is failed: {runs['failing']}/divide/")
    assert "divide" in watched._live.html
    assert "not run" in watched._live.html
    assert watched._stop.disabled
    watched.close()


def test_a_run_is_watched_to_its_end(tmp_path):
    with running_flow(tmp_path) as running:
        watched = Watch(Metaflow(metadata=str(tmp_path), namespace=None).get(running.run))
        assert waits_for(lambda: "▶ running" in watched._live.html)
        running.log("half way\n")
        assert waits_for(lambda: "half way" in watched._live.html)
        assert not watched.wait(0)
        running.go()
        assert watched.wait(PATIENCE_S)
        assert watched.ended == "The run is completed."
        assert "The run is completed." in watched._live.html


def test_watching_can_be_stopped_and_times_out(client, runs, monkeypatch):
    run = client.get(runs["abandoned"])
    monkeypatch.setattr(Watch, "_poll", lambda _: RUNNING)  # after a day it counts as unknown
    watched = Watch(run)
    watched._stop.click()
    assert watched.wait(PATIENCE_S)
    assert watched.ended == "Watching was stopped. The run continues."
    brief = Watch(run, minutes=0)
    assert brief.wait(PATIENCE_S)
    assert "time limit is over" in brief.ended


def test_a_service_that_goes_away_and_comes_back(on_service):
    there, service = on_service
    run = Metaflow(metadata=service.url, namespace=None).get(there["failing"])
    service.faults([{"match": "metadata", "times": 2, "status": 400}])
    try:
        watched = Watch(run)
        assert watched.wait(PATIENCE_S)
    finally:
        service.faults([])
    assert watched.ended.startswith("The run is failed: ")


def test_opening(runs):
    mfwidgets.metadata(f"local@{runs.folder}")
    mfwidgets.namespace(None)
    assert mfwidgets.watch(runs["linear"]).wait(PATIENCE_S)
    assert mfwidgets.watch(Run(runs["linear"])).wait(PATIENCE_S)
    with pytest.raises(MetaflowInvalidArgument, match="Expected a run or its pathspec"):
        mfwidgets.watch(f"{runs['linear']}/start")


def test_a_poll_costs_two_or_three_requests(on_service):
    there, service = on_service
    run = Metaflow(metadata=service.url, namespace=None).get(there["failing"])
    watched = RunPoller(run)
    watched_run(watched.poll(), Limits())  # reads the graph, which does not change
    service.reset()
    view = watched_run(watched.poll(), Limits()).view
    assert [request["path"] for request in service.requests()] == [f"/flows/{path}" for path in _two(there["failing"])]
    assert view.status.text == "failed"
    watched._ends.clear()
    service.reset()
    watched_run(watched.poll(), Limits())
    assert len(service.requests()) == 3


def _two(pathspec):
    flow, run_id = pathspec.split("/")
    return f"{flow}/runs/{run_id}", f"{flow}/runs/{run_id}/metadata"


@pytest.mark.parametrize("name", ["failing", "foreach", "retry", "resumed"])
def test_a_poll_has_the_facts_of_the_graph(on_service, name):
    there, service = on_service
    run = Metaflow(metadata=service.url, namespace=None).get(there[name])
    looked = watched_run(RunPoller(run).poll(), Limits()).view
    shown = build_view(run.dag(), Limits())
    assert looked.status == shown.status
    assert looked.reason == shown.reason
    assert looked.parts == shown.parts


def test_the_snapshot_follows_its_widget(client, runs, monkeypatch):
    from IPython.display import DisplayHandle

    monkeypatch.setattr(Watch, "_poll", lambda _: RUNNING)
    watched = Watch(client.get(runs["abandoned"]))
    order = []

    def slowly(*_args, **_more):
        watched.stop()
        order.append("frozen" if watched.wait(0.5) else "shown")

    monkeypatch.setattr("IPython.get_ipython", lambda: None)  # in case another test has made a shell
    monkeypatch.setattr(DisplayHandle, "display", slowly)
    monkeypatch.setattr(DisplayHandle, "update", lambda *_args, **_more: order.append("picture"))
    watched._ipython_display_()
    assert watched.wait(PATIENCE_S)
    assert order == ["shown", "picture"]


def test_in_a_terminal_it_waits_and_shows_the_end(tmp_path, shell, capsys):
    with running_flow(tmp_path) as running:
        watched = Watch(Metaflow(metadata=str(tmp_path), namespace=None).get(running.run))
        threading.Timer(1, running.go).start()
        watched._ipython_display_()
    printed = capsys.readouterr().out
    assert "Reading" in printed or "▶ running" in printed
    assert "The run is completed." in printed
    assert watched._handle is None


@pytest.fixture
def waits(monkeypatch):
    """The waits of a watch, which does not wait. The seventh one stops it."""
    seconds = []

    def pause(_, wait):
        seconds.append(wait)
        return len(seconds) == 7

    monkeypatch.setattr(Watch, "_pause", pause)
    monkeypatch.setattr(watch, "_WAIT_PER_POLL", 0)  # how long a poll takes here does not matter
    return seconds


def test_polls_become_rarer_while_only_ages_change(tmp_path, waits, monkeypatch):
    now = iter(range(10**12))
    with running_flow(tmp_path) as running:
        run = Metaflow(metadata=str(tmp_path), namespace=None).get(running.run)
        began = time.time() * 1000
        monkeypatch.setattr(states, "now_ms", lambda: int(began) + 1000 * next(now))  # a second in each poll
        shown = []
        monkeypatch.setattr(watch, "html_of", lambda view, **_: shown.append(view.reason) or "")
        assert Watch(run).wait(PATIENCE_S)
    assert waits == sorted(waits)
    assert waits[0] < waits[-1] <= watch.MAX_POLL_S
    assert len(set(shown)) > 3  # the ages were shown


def test_a_change_makes_polls_frequent_again(waits, monkeypatch, client, runs):
    facts = iter("aaabbbb")
    monkeypatch.setattr(Watch, "_poll", lambda _: RUNNING._replace(facts=next(facts)))
    assert Watch(client.get(runs["abandoned"])).wait(PATIENCE_S)
    assert waits[3] == watch.FIRST_POLL_S < waits[2]
    assert waits[3] < waits[4] < waits[5]


def test_many_failed_polls_end_the_watching(waits, monkeypatch, client, runs):
    monkeypatch.setattr(watch, "MAX_FAILED_POLLS", 3)

    def fail(_):
        raise OSError("the disk is gone")

    monkeypatch.setattr(RunPoller, "poll", fail)
    watched = Watch(client.get(runs["abandoned"]))
    assert watched.wait(PATIENCE_S)
    assert watched.ended == "Watching ended, because 3 polls in a row failed. The last error: OSError: the disk is gone"
    assert watched.ended in watched._live.html
    assert len(waits) == 2


def test_an_error_outside_of_a_poll_ends_the_watching(monkeypatch, client, runs):
    def fail(*_):
        raise ValueError("odd")

    monkeypatch.setattr(Watch, "_end", fail)
    watched = Watch(client.get(runs["abandoned"]))
    assert watched.wait(PATIENCE_S)
    assert watched.ended == "Watching ended with an error: ValueError: odd"


def test_a_deleted_run_ends_the_watching(own_client, own_runs, waits):
    run = own_client.get(own_runs["failing"])
    shutil.rmtree(own_runs.root / own_runs["failing"])
    watched = Watch(run)
    assert watched.wait(PATIENCE_S)
    assert watched.ended == f"Run('{own_runs['failing']}') does not exist any more."
    assert waits == []
