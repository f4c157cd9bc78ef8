"""Watching an ended run and a run that is running."""

import threading

import pytest
from running_flow import running_flow
from waiting import PATIENCE_S, waits_for

import mfwidgets
from mfwidgets import Metaflow, Run
from mfwidgets.client.answers.run_poller import RunPoller
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.views.run import progress_view
from mfwidgets.widgets.watch import Watch


def test_an_ended_run_is_shown_and_frozen(client, runs):
    watched = Watch(client.get(runs["failing"]))
    assert watched.wait(PATIENCE_S)
    assert watched.ended == "The run is failed."
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
    monkeypatch.setattr(Watch, "_poll", lambda _: ("running", "as before"))  # after a day it counts as unknown
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
    assert watched.ended == "The run is failed."


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
    progress_view(watched.poll(), Limits())  # reads the graph, which does not change
    service.reset()
    view = progress_view(watched.poll(), Limits())
    assert [request["path"] for request in service.requests()] == [f"/flows/{path}" for path in _two(there["failing"])]
    assert view.status.text == "failed"
    watched._ends.clear()
    service.reset()
    progress_view(watched.poll(), Limits())
    assert len(service.requests()) == 3


def _two(pathspec):
    flow, run_id = pathspec.split("/")
    return f"{flow}/runs/{run_id}", f"{flow}/runs/{run_id}/metadata"


@pytest.mark.parametrize("name", ["failing", "foreach", "retry", "resumed"])
def test_a_poll_has_the_facts_of_the_graph(on_service, name):
    there, service = on_service
    run = Metaflow(metadata=service.url, namespace=None).get(there[name])
    looked = progress_view(RunPoller(run).poll(), Limits())
    shown = build_view(run.dag(), Limits())
    assert looked.status == shown.status
    assert looked.reason == shown.reason
    assert looked.parts == shown.parts


def test_the_snapshot_follows_its_widget(client, runs, monkeypatch):
    from IPython.display import DisplayHandle

    monkeypatch.setattr(Watch, "_poll", lambda _: ("running", "as before"))
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
