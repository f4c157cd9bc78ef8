"""The explorer without a browser: its handlers, called as clicks call them."""

import threading
import time

import pytest
from hostile import Inspector, World
from service.running import TABLES, running

import mfwidgets
from mfwidgets import Metaflow, Run
from mfwidgets.widgets.worker import Worker


@pytest.fixture
def opened(client, runs):
    explorer = client.explore()
    assert explorer.wait()
    yield explorer
    explorer.close()


def pane(explorer):
    return explorer._panes[explorer._pane].html


def show(explorer, name):
    explorer._tabs.selected_index = list(explorer._panes).index(name)
    assert explorer.wait()
    return pane(explorer)


def test_it_begins_with_the_first_flow(opened, client):
    assert opened.selected == client.flows[0]
    assert opened._flow.value == "BranchFlow"
    assert client["BranchFlow"].latest_run.id in opened._runs.html
    assert "Runs" in pane(opened)


def test_a_run_opens_in_every_pane(opened, runs):
    opened.choose(runs["failing"])
    assert opened.wait()
    assert opened.selected.pathspec == runs["failing"]
    assert opened._flow.value == "FailingFlow"
    assert opened._code.value == f"Run('{runs['failing']}')"
    assert "ZeroDivisionError" in show(opened, "Overview")
    assert f'data-pathspec="{runs["failing"]}/divide"' in show(opened, "DAG")
    assert "linear-gradient" in show(opened, "Timeline")
    assert "Tasks" in show(opened, "Tasks")
    assert "quotient" in show(opened, "Artifacts")
    assert "No code is stored for this run" in show(opened, "Code")
    assert "Choose a task to see its cards." in show(opened, "Cards")
    assert "Tick two or more runs" in show(opened, "Compare")


def test_everything_follows_a_click_on_a_step_a_task_an_artifact(opened, runs):
    for below in ("", "/divide", "/divide/3", "/divide/4/quotient"):
        opened.choose(runs["failing"] + below)
        assert opened.wait()
        assert opened.selected.pathspec == runs["failing"] + below
        assert opened._selection.run == Run.in_scope(opened._client._scope, tuple(runs["failing"].split("/")))
        assert opened._runs.selected == runs["failing"]
    assert "0.5" in show(opened, "Artifacts")
    opened.choose(f"{runs['cards']}/start/1")
    assert opened.wait()
    assert "blank" in show(opened, "Cards")


def test_filters_and_pages(opened, client):
    opened._flow.value = "DeathFlow"
    assert opened.wait()
    assert opened._runs.html.count("data-pathspec") == 5
    opened._status.value = "failed"
    assert opened.wait()
    assert opened._runs.html.count("data-pathspec") == 4
    opened._user.value = "nobody"
    assert opened.wait()
    assert "No run in this namespace is like that." in opened._runs.html
    opened._user.value = ""
    opened._since.value = "yesterday"
    assert opened.wait()
    assert "an age like" in opened._told.value
    opened._since.value = ""
    assert opened.wait()
    assert len(opened.to_pandas()) == 4
    opened._list(1)
    assert opened.wait()
    assert opened._runs.html.count("data-pathspec") == 1
    opened._more.click()
    assert opened.wait()
    assert opened._runs.html.count("data-pathspec") == 4


def test_two_runs_are_compared(opened, runs):
    for name in ("linear", "linear-bob"):
        opened.choose(runs[name])
        assert opened.wait()
        opened._tick.click()
        assert opened.wait()
    assert "alpha" in show(opened, "Compare")
    opened.tick()
    assert "Tick two or more runs" in show(opened, "Compare")


def test_what_cannot_be_found_is_told(opened):
    opened.choose("FailingFlow/7")
    assert opened.wait()
    assert "has no run &#39;7&#39;" in opened._told.value


def test_the_log_of_a_task(opened, runs):
    opened._tabs.selected_index = list(opened._tabs.titles).index("Logs")
    opened.choose(runs["linear"])
    assert opened.wait()
    assert "Choose a task" in opened._logs._told.value
    opened.choose(f"{runs['linear']}/start/1")
    assert opened.wait()
    assert opened.wait()
    assert opened._logs._text.lines[0].message == "out: first"


def test_an_artifact_is_loaded_when_that_is_asked_for(opened, runs):
    assert opened._load.disabled
    opened.choose(f"{runs['linear']}/start/1/numbers")
    assert opened.wait()
    assert opened.loaded is None
    opened._load.click()
    assert opened.wait()
    assert opened.loaded[:3] == [0, 1, 2]
    assert "explorer.loaded, a list" in opened._told.value


def test_another_namespace(opened, runs):
    opened._flow.value = "LinearFlow"
    assert opened.wait()
    assert opened._runs.html.count("data-pathspec") == 3
    opened._namespace.value = "user:bob"
    assert opened.wait()
    assert opened._runs.html.count("data-pathspec") == 1
    opened._namespace.value = "user:nobody"
    assert opened.wait()
    assert "has no run in the namespace" in opened._told.value
    opened._namespace.value = "none"
    assert opened.wait()
    assert opened._runs.html.count("data-pathspec") == 3


def test_tags_are_changed(own_client, own_runs):
    explorer = own_client.get(own_runs["linear"]).explore()
    assert explorer.wait()
    assert explorer._tags.tags.value == ["nightly", "team:blue"]
    explorer._tags.tags.value = ["nightly", "reviewed"]
    assert explorer.wait()
    assert own_client.get(own_runs["linear"]).user_tags == {"nightly", "reviewed"}
    explorer._tags.tags.value = ["nightly", "x" * 600]
    assert explorer.wait()
    assert "The tags are as they were" in explorer._told.value
    assert explorer._tags.tags.value == ["nightly", "reviewed"]
    explorer.close()


def test_what_a_service_refuses_is_taken_back(on_service):
    there, service = on_service
    run = Metaflow(metadata=service.url, namespace=None).get(there["foreach"])
    before = sorted(run.user_tags)
    explorer = run.explore()
    assert explorer.wait()
    service.faults([{"match": "/tag/mutate", "times": None, "status": 422}])
    try:
        explorer._tags.tags.value = [*before, "refused"]
        assert explorer.wait()
    finally:
        service.faults([])
    assert "The tags are as they were" in explorer._told.value
    assert explorer._tags.tags.value == before
    explorer._tags.tags.value = [*before, "taken"]
    assert explorer.wait()
    assert "taken" in Metaflow(metadata=service.url, namespace=None).get(there["foreach"]).user_tags
    explorer._tags.tags.value = before
    assert explorer.wait()
    explorer.close()


def test_an_empty_world(tmp_path):
    (tmp_path / ".metaflow").mkdir()
    explorer = Metaflow(metadata=str(tmp_path), namespace=None).explore()
    assert explorer.wait()
    assert "There are no flows here" in explorer._runs.html
    assert explorer.selected is None
    explorer.close()


def test_a_slow_service_does_not_hold_the_caller(on_service):
    there, service = on_service
    client = Metaflow(metadata=service.url, namespace=None)
    service.latency(0.4)
    try:
        explorer = client.explore()
        assert not explorer.wait(0.01)
        for name in ("linear", "foreach", "failing"):
            explorer.choose(there[name])  # the last click wins
        assert explorer.wait(30)
        assert explorer.wait(30)
        assert explorer.selected.pathspec == there["failing"]
    finally:
        service.latency(0)
    explorer.close()


def test_a_service_that_goes_away_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("METAFLOW_SERVICE_RETRY_COUNT", "1")
    with running(tables=TABLES) as service:
        client = Metaflow(metadata=service.url, namespace=None)
        explorer = client.explore()
        assert explorer.wait(30)
        known = explorer.selected
        runs = [run.pathspec for run in known]
    explorer.choose(runs[0])
    assert explorer.wait(60)
    assert "the service up and in reach" in explorer._told.value
    assert explorer.selected == known  # what was there stays there
    explorer.close()


def test_closing_frees_threads_and_comms(client):
    explorer = client.explore()
    inside = [explorer, explorer._runs, explorer._logs, explorer._logs.lines, explorer._tags, *explorer._panes.values()]
    explorer.close()
    assert [one for one in inside if one.comm is not None] == []
    explorer.wait(20)
    deadline = time.monotonic() + 20
    while threads := [one.name for one in threading.enumerate() if one.name.startswith("mfwidgets-pane")]:
        assert time.monotonic() < deadline, threads
        time.sleep(0.05)


def test_hostile_runs(runs, tmp_path):
    world = World(runs, tmp_path)
    explorer = world.client().explore()
    assert explorer.wait()
    for name in list(explorer._panes):
        for pathspec in (runs["failing"], f"{runs['retry']}/flaky/2", f"{runs['packed']}/work"):
            explorer.choose(pathspec)
            assert explorer.wait()
            Inspector(show(explorer, name))
            Inspector(explorer._runs.html)
    assert not world.bomb.exists()
    explorer.close()


def test_opening(client, runs):
    mfwidgets.metadata(f"local@{runs.folder}")
    mfwidgets.namespace(None)
    for explorer in (
        mfwidgets.explore(runs["linear"]),
        Run(runs["linear"]).explore(),
        client.get(f"{runs['linear']}/start/1").explore(),
    ):
        assert explorer.wait()
        assert explorer.selected.pathspec.startswith(runs["linear"])
        assert runs["linear"] in repr(explorer)
        explorer.close()


def test_the_newest_request_wins_and_closing_ends_it():
    waited, told = [], []
    worker = Worker(lambda: waited.append(1))
    gate = threading.Event()
    worker.ask(lambda: gate.wait(30), lambda _: told.append("old"), told.append)
    worker.ask(lambda: "new", told.append, told.append)
    assert worker.wait(10)
    gate.set()
    time.sleep(0.1)
    assert told == ["new"]
    worker.ask(lambda: 1 / 0, told.append, lambda error: told.append(type(error).__name__))
    assert worker.wait(10)
    assert told == ["new", "ZeroDivisionError"]
    worker.close()
    worker.ask(lambda: "late", told.append, told.append)
    assert told == ["new", "ZeroDivisionError"]
    assert waited == []
