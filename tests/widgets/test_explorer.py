"""The explorer without a browser. Tests call its handlers as clicks would."""

import re
import threading
import time
from collections import Counter
from html import unescape

import pytest
from hostile import Inspector, World
from local_world import World as HandMadeWorld
from service.running import TABLES, running
from test_costs import opened as files_opened
from waiting import PATIENCE_S, waits_for

import mfwidgets
from mfwidgets import Metaflow, Run
from mfwidgets.concurrency import LatestTask
from mfwidgets.hidden_characters import has_hidden
from mfwidgets.widgets import run_list


@pytest.fixture
def opened(client, runs):
    explorer = client.explore()
    assert explorer.wait(PATIENCE_S)
    yield explorer
    explorer.close()


def pane(explorer):
    panes = {**explorer._panes, "Cards": explorer._cards.live}
    return panes[explorer._pane].html


def show(explorer, name):
    explorer._tabs.selected_index = explorer._tabs.titles.index(name)
    assert explorer.wait(PATIENCE_S)
    assert explorer.wait(PATIENCE_S)  # a result may have started another request
    return pane(explorer)


def code(explorer):
    return unescape(re.search(r"<code>(.*)</code>", explorer._code.html)[1])


def test_it_begins_with_the_first_flow(opened, client):
    assert opened.selected == client.flows[0]
    assert opened._list.flow.value == "BranchFlow"
    assert client["BranchFlow"].latest_run.id in opened._list.live.html
    assert "Runs" in pane(opened)


def test_a_run_opens_in_every_pane(opened, runs):
    opened.choose(runs["failing"])
    assert opened.wait(PATIENCE_S)
    assert opened.selected.pathspec == runs["failing"]
    assert opened._list.flow.value == "FailingFlow"
    assert code(opened) == f"Metaflow('local@{runs.folder}', None).get('{runs['failing']}')"
    assert "ZeroDivisionError" in show(opened, "Overview")
    assert f'data-pathspec="{runs["failing"]}/divide"' in show(opened, "DAG")
    assert "linear-gradient" in show(opened, "Timeline")
    assert "Tasks" in show(opened, "Tasks")
    assert "quotient" in show(opened, "Artifacts")
    assert "No code is stored for this run" in show(opened, "Code")
    assert "Select a task to see its cards." in show(opened, "Cards")
    assert "Tick two or more runs" in show(opened, "Compare")


def test_everything_follows_a_click_on_a_step_a_task_an_artifact(opened, runs):
    for below in ("", "/divide", "/divide/3", "/divide/4/quotient"):
        opened.choose(runs["failing"] + below)
        assert opened.wait(PATIENCE_S)
        assert opened.selected.pathspec == runs["failing"] + below
        assert opened._selection.run == Run._in_context(opened._client._context, tuple(runs["failing"].split("/")))
        assert opened._list.live.selected == runs["failing"]
    assert "0.5" in show(opened, "Artifacts")


def test_the_cards_of_a_task(opened, runs):
    opened.choose(f"{runs['cards']}/start/1")
    assert opened.wait(PATIENCE_S)
    assert "<iframe " in show(opened, "Cards")
    assert "blank" in pane(opened)
    names = [name for name, _ in opened._cards.card.options]
    assert len(names) > 1
    first = pane(opened)
    opened._cards.card.value = opened._cards.card.options[1][1]
    assert opened.wait(PATIENCE_S)
    assert pane(opened) != first
    opened.choose(f"{runs['linear']}/start/1")
    assert opened.wait(PATIENCE_S)
    assert opened.wait(PATIENCE_S)
    assert "has no cards" in pane(opened)
    assert opened._cards.card.layout.display == "none"


def test_filters_and_pages(opened, client):
    opened._list.flow.value = "DeathFlow"
    assert opened.wait(PATIENCE_S)
    assert opened._list.live.html.count("data-pathspec") == 5
    opened._list.status.value = "failed"
    assert opened.wait(PATIENCE_S)
    assert opened._list.live.html.count("data-pathspec") == 4
    opened._list.user.value = "nobody"
    assert opened.wait(PATIENCE_S)
    assert "No run in this namespace matches." in opened._list.live.html
    opened._list.user.value = ""
    opened._list.since.value = "yesterday"
    assert opened.wait(PATIENCE_S)
    assert "an age such as" in opened._message.value
    opened._list.since.value = ""
    assert opened.wait(PATIENCE_S)
    assert len(opened.to_pandas()) == 4
    opened._list.status.value = ""
    opened._list.text.value = "USER:ANN"
    assert opened.wait(PATIENCE_S)
    assert opened._list.live.html.count("data-pathspec") == 5
    opened._list.until.value = "2020-01-01"
    assert opened.wait(PATIENCE_S)
    assert "No run in this namespace matches." in opened._list.live.html


def test_pages(opened, client, monkeypatch):
    monkeypatch.setattr(run_list, "PAGE", 2)
    everything = [run.pathspec for run in client["DeathFlow"]]
    opened._list.flow.value = "DeathFlow"
    assert opened.wait(PATIENCE_S)
    assert in_view(opened) == everything[:2]
    assert "1 to 2 of 5" in opened._list.live.html
    assert opened._list.newer.disabled
    opened._list.older.disabled = True  # as while a page is read
    opened._list.turn(1)
    assert in_view(opened) == everything[:2]
    opened._list.older.disabled = False
    opened._list.older.click()
    assert opened.wait(PATIENCE_S)
    assert in_view(opened) == everything[2:4]
    assert list(opened.to_pandas().pathspec) == everything[2:4]
    opened._list.older.click()
    assert opened.wait(PATIENCE_S)
    assert in_view(opened) == everything[4:]
    assert opened._list.older.disabled
    opened._list.newer.click()
    assert in_view(opened) == everything[2:4]
    opened._list.status.value = "failed"
    assert opened.wait(PATIENCE_S)
    assert opened._list.newer.disabled
    assert len(in_view(opened)) == 2


def test_the_last_page_is_full(opened, client, monkeypatch):
    monkeypatch.setattr(run_list, "PAGE", 5)
    opened._list.flow.value = "DeathFlow"
    assert opened.wait(PATIENCE_S)
    assert len(in_view(opened)) == 5
    opened._list.older.click()
    assert opened.wait(PATIENCE_S)
    assert len(in_view(opened)) == 5
    assert "the last" in opened._list.live.html
    assert opened._list.older.disabled


def in_view(explorer):
    return re.findall('data-pathspec="([^"]*)"', explorer._list.live.html)


def test_two_runs_are_compared(opened, runs):
    for name in ("linear", "linear-bob"):
        opened._list.live._received(None, {"ticked": runs[name], "on": True}, [])
        assert opened.wait(PATIENCE_S)
    assert opened._list.live.ticked == [runs["linear"], runs["linear-bob"]]
    assert "alpha" in show(opened, "Compare")
    assert code(opened).startswith("mfwidgets.compare(Metaflow(")
    opened._list.live._received(None, {"ticked": runs["linear"], "on": False}, [])
    assert opened.wait(PATIENCE_S)
    assert "Tick two or more runs" in show(opened, "Compare")


def test_the_code_line_is_short_for_the_default_client(runs):
    mfwidgets.metadata(f"local@{runs.folder}")
    mfwidgets.namespace(None)
    explorer = mfwidgets.explore(f"{runs['failing']}/divide/3")
    assert explorer.wait(PATIENCE_S)
    run, step = f"Run('{runs['failing']}')", f"Step('{runs['failing']}/divide')"
    task = f"Task('{runs['failing']}/divide/3')"
    expected = {
        "Overview": task,
        "DAG": f"{run}.dag()",
        "Timeline": f"{run}.timeline()",
        "Tasks": f"{step}.grid()",
        "Artifacts": f"{task}.artifacts",
        "Code": f"{run}.code",
        "Cards": f"mfwidgets.get_cards({task})",
        "Logs": f'{task}.logs("both")',
        "Compare": task,
    }
    for name, line in expected.items():
        explorer._tabs.selected_index = explorer._tabs.titles.index(name)
        assert explorer.wait(PATIENCE_S)
        assert code(explorer) == line
        names = {kind: getattr(mfwidgets, kind) for kind in ("Run", "Step", "Task")}
        if name != "Cards":  # it has none
            eval(line, {"mfwidgets": mfwidgets, **names})
    explorer.close()


def test_missing_objects_are_named(opened):
    opened.choose("FailingFlow/7")
    assert opened.wait(PATIENCE_S)
    assert "has no run &#39;7&#39;" in opened._message.value


def test_the_log_of_a_task(opened, runs):
    opened._tabs.selected_index = list(opened._tabs.titles).index("Logs")
    opened.choose(runs["linear"])
    assert opened.wait(PATIENCE_S)
    assert "Select a task" in opened._logs._message.value
    opened.choose(runs["failing"])
    assert opened.wait(PATIENCE_S)
    assert opened.wait(PATIENCE_S)
    assert f"{runs['failing']}/divide/3" in opened._logs._message.value  # the failed one
    opened.choose(f"{runs['linear']}/start/1")
    assert opened.wait(PATIENCE_S)
    assert opened.wait(PATIENCE_S)
    assert opened._logs._text.lines[0].message == "out: first"


def test_an_artifact_is_loaded_on_request(opened, runs):
    assert opened._load.disabled
    opened.choose(f"{runs['linear']}/start/1/numbers")
    assert opened.wait(PATIENCE_S)
    assert opened.loaded is None
    opened._load.click()
    assert opened.wait(PATIENCE_S)
    assert opened.loaded[:3] == [0, 1, 2]
    assert "The value (list) is in explorer.loaded." in opened._message.value


def test_another_namespace(opened, runs):
    opened._list.flow.value = "LinearFlow"
    assert opened.wait(PATIENCE_S)
    assert opened._list.live.html.count("data-pathspec") == 3
    opened._list.namespace.value = "user:bob"
    assert opened.wait(PATIENCE_S)
    assert opened._list.live.html.count("data-pathspec") == 1
    opened._list.namespace.value = "user:nobody"
    assert opened.wait(PATIENCE_S)
    assert "has no run in the namespace" in opened._message.value
    opened._list.namespace.value = "none"
    assert opened.wait(PATIENCE_S)
    assert opened._list.live.html.count("data-pathspec") == 3


def tags_of(explorer):
    return [button.description.removesuffix(" ✕") for button in explorer._tags.buttons]


def test_tags_are_changed(own_client, own_runs):
    explorer = own_client.get(own_runs["linear"]).explore()
    assert explorer.wait(PATIENCE_S)
    assert tags_of(explorer) == ["nightly", "team:blue"]
    explorer._tags.added.value = "reviewed"
    assert explorer.wait(PATIENCE_S)
    explorer._tags.buttons[-1].click()
    assert explorer.wait(PATIENCE_S)
    assert tags_of(explorer) == ["nightly", "reviewed"]
    assert own_client.get(own_runs["linear"]).user_tags == {"nightly", "reviewed"}
    explorer._tags.added.value = "x" * 600
    assert explorer.wait(PATIENCE_S)
    assert "The tags have not changed" in explorer._message.value
    assert tags_of(explorer) == ["nightly", "reviewed"]
    assert explorer._tags.added.value == ""
    explorer.close()


def test_a_refused_change_is_reverted(on_service):
    there, service = on_service
    run = Metaflow(metadata=service.url, namespace=None).get(there["foreach"])
    before = sorted(run.user_tags)
    explorer = run.explore()
    assert explorer.wait(PATIENCE_S)
    service.faults([{"match": "/tag/mutate", "times": None, "status": 422}])
    try:
        explorer._tags.added.value = "refused"
        assert explorer.wait(PATIENCE_S)
    finally:
        service.faults([])
    assert "The tags have not changed" in explorer._message.value
    assert tags_of(explorer) == before
    explorer._tags.added.value = "taken"
    assert explorer.wait(PATIENCE_S)
    assert "taken" in Metaflow(metadata=service.url, namespace=None).get(there["foreach"]).user_tags
    explorer._tags.change(removed={"taken"})
    assert explorer.wait(PATIENCE_S)
    assert tags_of(explorer) == before
    explorer.close()


def test_an_empty_folder(tmp_path):
    (tmp_path / ".metaflow").mkdir()
    explorer = Metaflow(metadata=str(tmp_path), namespace=None).explore()
    assert explorer.wait(PATIENCE_S)
    assert "There are no flows." in explorer._list.live.html
    assert explorer.selected is None
    explorer.close()


def test_a_slow_service_does_not_block_the_caller(on_service):
    there, service = on_service
    client = Metaflow(metadata=service.url, namespace=None)
    service.latency(0.4)
    try:
        explorer = client.explore()
        assert not explorer.wait(0.01)
        for name in ("linear", "foreach", "failing"):
            explorer.choose(there[name])  # the last click wins
        assert explorer.wait(PATIENCE_S)
        assert explorer.wait(PATIENCE_S)
        assert explorer.selected.pathspec == there["failing"]
    finally:
        service.latency(0)
    explorer.close()


def test_a_lost_service_is_reported(tmp_path, monkeypatch):
    monkeypatch.setenv("METAFLOW_SERVICE_RETRY_COUNT", "1")
    with running(tables=TABLES) as service:
        client = Metaflow(metadata=service.url, namespace=None)
        explorer = client.explore()
        assert explorer.wait(PATIENCE_S)
        known = explorer.selected
        runs = [run.pathspec for run in known]
    explorer.choose(runs[0])
    assert explorer.wait(PATIENCE_S)
    assert "whether the service runs" in explorer._message.value
    assert explorer.selected == known  # the previous content stays
    explorer.close()


def test_closing_frees_threads_and_comms(client):
    explorer = client.explore()
    inside = [
        explorer,
        explorer._list.live,
        explorer._logs,
        explorer._logs.lines,
        explorer._tags,
        *explorer._panes.values(),
    ]
    explorer.close()
    assert [one for one in inside if one.comm is not None] == []
    explorer.wait(PATIENCE_S)
    assert waits_for(lambda: not any(thread.name.startswith("mfwidgets-pane") for thread in threading.enumerate()))


def test_hostile_runs(runs, tmp_path):
    world = World(runs, tmp_path)
    explorer = world.client().explore()
    assert explorer.wait(PATIENCE_S)
    for name in list(explorer._panes):
        for pathspec in (runs["failing"], f"{runs['retry']}/flaky/2", f"{runs['packed']}/work"):
            explorer.choose(pathspec)
            assert explorer.wait(PATIENCE_S)
            Inspector(show(explorer, name))
            Inspector(explorer._list.live.html)
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
        assert explorer.wait(PATIENCE_S)
        assert explorer.selected.pathspec.startswith(runs["linear"])
        assert runs["linear"] in repr(explorer)
        explorer.close()


def test_the_newest_request_wins_and_closing_ends_it():
    waited, received = [], []
    worker = LatestTask(lambda: waited.append(1))
    gate = threading.Event()
    worker.ask(lambda: gate.wait(PATIENCE_S), lambda _: received.append("old"), received.append)
    worker.ask(lambda: "new", received.append, received.append)
    assert worker.wait(PATIENCE_S)
    gate.set()
    time.sleep(0.1)
    assert received == ["new"]
    worker.ask(lambda: 1 / 0, received.append, lambda error: received.append(type(error).__name__))
    assert worker.wait(PATIENCE_S)
    assert received == ["new", "ZeroDivisionError"]
    worker.close()
    worker.ask(lambda: "late", received.append, received.append)
    assert received == ["new", "ZeroDivisionError"]
    assert waited == []


@pytest.fixture
def built(monkeypatch):
    """Collect the objects that views were built of."""
    from mfwidgets.widgets import panes

    shown = []
    true_build = panes.build_view
    monkeypatch.setattr(panes, "build_view", lambda what, limits: shown.append(what) or true_build(what, limits))
    return shown


def test_a_click_builds_one_view_for_pane_and_snapshot(opened, runs, built, monkeypatch):
    from IPython.display import DisplayHandle

    pictures = []
    monkeypatch.setattr("mfwidgets.widgets.snapshot.PAUSE_S", 0.01)
    monkeypatch.setattr(DisplayHandle, "display", lambda *_args, **_more: None)
    monkeypatch.setattr(DisplayHandle, "update", lambda _, bundle, **_more: pictures.append(bundle["text/plain"]))
    opened._ipython_display_()
    built.clear()
    opened.choose(runs["failing"])
    assert opened.wait(PATIENCE_S)
    assert waits_for(lambda: any(runs["failing"] in text for text in pictures))
    assert [what.pathspec for what in built] == [runs["failing"]]
    opened.refresh()  # sends all requests again
    assert opened.wait(PATIENCE_S)
    assert opened.wait(PATIENCE_S)
    assert [what.pathspec for what in built] == [runs["failing"]] * 2


@pytest.mark.parametrize("name", ["Overview", "DAG", "Timeline", "Tasks", "Artifacts"])
def test_a_click_reads_no_file_twice(name, opened, runs):
    opened.choose(f"{runs['failing']}/start")  # the list of the flow's runs is read as well now
    assert opened.wait(PATIENCE_S)
    show(opened, name)
    for below in ("", "/divide", "/divide/3", "/divide/4/quotient"):
        opened.choose(runs["failing"] + below)
        with files_opened(runs.root) as files:
            assert opened.wait(PATIENCE_S)
        # The records of what is chosen and of what it belongs to are read before the pane draws.
        own = ("_self.json", "_artifact_quotient.json")
        assert not {file for file, times in files.items() if times > 1 and not file.endswith(own)}, below


@pytest.mark.parametrize("name", ["Overview", "DAG", "Timeline", "Tasks", "Artifacts"])
def test_a_click_sends_no_request_twice(name, on_service):
    there, service = on_service
    client = Metaflow(metadata=service.url, namespace=None)
    explorer = client.get(f"{there['failing']}/start").explore()
    assert explorer.wait(PATIENCE_S)
    show(explorer, name)
    tasks = [task.pathspec for task in client.get(f"{there['failing']}/divide") if task.successful]
    for pathspec in (there["failing"], f"{there['failing']}/divide", tasks[0], f"{tasks[0]}/quotient"):
        service.reset()
        explorer.choose(pathspec)
        assert explorer.wait(PATIENCE_S)
        asked = Counter(f"{request['method']} {request['path']} {request['query']}" for request in service.requests())
        assert asked
        assert {request: times for request, times in asked.items() if times > 1} == {}, pathspec
    explorer.close()


@pytest.mark.parametrize(
    "name", ["{__import__('os').abort()}", "1');__import__('os').abort();('", 'it\'s "it"', "1\n!x", "\x1b[2J"]
)
def test_the_line_of_a_hostile_name_is_that_name(tmp_path, name):
    world = HandMadeWorld(tmp_path / name.replace("\n", ""))
    world.task("Odd", name)
    client = Metaflow(metadata=f"local@{world.base}", namespace=None)
    explorer = client.get(f"Odd/{name}/start/1").explore()
    assert explorer.wait(PATIENCE_S)
    show(explorer, "Overview")
    line = code(explorer)
    assert not has_hidden(line)
    shown = eval(line, {"Metaflow": Metaflow})
    assert shown.pathspec == f"Odd/{name}/start/1"
    show(explorer, "Artifacts")
    assert code(explorer) == f"{line}.artifacts"
    explorer.close()
