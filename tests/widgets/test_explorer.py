"""The explorer as one widget, without a browser. Tests send what its script would send."""

import threading
import time
from collections import Counter
from itertools import islice

import pytest
from hostile import Inspector, World
from local_world import World as HandMadeWorld
from service.running import TABLES, running
from test_costs import opened as files_opened
from waiting import PATIENCE_S, waits_for

import mfwidgets
from mfwidgets import Metaflow, Run
from mfwidgets.concurrency import LatestTask
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.hidden_characters import has_hidden
from mfwidgets.providers.service_http import ServiceHttp
from mfwidgets.sample_runs import unpack
from mfwidgets.widgets.explorer import run_reader
from mfwidgets.widgets.explorer.run_panes import TABS, value_display
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


@pytest.fixture(scope="module")
def tuned(sample):
    return list(sample["TuningFlow"])


def test_the_table_has_the_runs_with_parameters_and_results(script, tuned):
    script.ask("rows", start=0, stop=50)
    assert [row[0] for row in script.rows] == [run.pathspec for run in tuned]
    assert script.column("status") == [str(run.status) for run in tuned]
    names = [column["name"] for column in script.table["columns"]]
    assert names[:4] == ["run_id", "status", "started_at", "duration"]
    assert {"param.learning_rate", "param.optimizer", "artifact.rmse"} < set(names)
    assert script.table["loaded"] == script.table["total"] == len(tuned)
    assert script.table["complete"]
    assert script.table["working"] == script.table["problem"] == ""
    optimizers = script.column("param.optimizer")
    assert optimizers == [run["start"].task["optimizer"].data for run in tuned]


def test_a_page_of_rows(script, tuned):
    script.ask("rows", start=10, stop=13)
    page = next(one for one in reversed(script.heard) if one["push"] == "rows")
    assert page["start"] == 10
    assert [row[0] for row in page["rows"]] == [run.pathspec for run in tuned[10:13]]
    script.ask("rows", start=39, stop=10**9)
    assert [row[0] for row in script.rows] == [tuned[39].pathspec]
    script.ask("rows", start=-5, stop="x")
    assert script.rows == []


def test_it_is_sorted_by_several_columns(script, sample):
    script.explorer.sort = [["param.optimizer", True], ["artifact.rmse", False]]
    script.settle()
    expected = [run.pathspec for run in sample["TuningFlow"].runs().sort_by(["optimizer", "rmse"], [True, False])]
    assert [row[0] for row in script.rows] == expected
    assert [run.pathspec for run in script.explorer.runs] == expected
    script.explorer.sort = []
    script.settle()
    assert [row[0] for row in script.rows] == [run.pathspec for run in sample["TuningFlow"]]


def test_other_shapes_of_an_order_are_ignored(script):
    script.explorer.sort = ["status", [1, True], ["duration", True, 3]]
    script.settle()
    assert script.table["sort"] == []
    assert "sort_by" not in script.explorer.code


def test_a_table_has_a_limit_of_columns(script):
    script.explorer.columns = [f"artifact.x{number}" for number in range(1_000)]
    script.settle()
    assert len(script.table["columns"]) <= 301


def test_the_filter_line_is_that_of_where(script, sample):
    script.explorer.where = "optimizer=adam status:completed"
    script.settle()
    expected = [run.pathspec for run in sample["TuningFlow"].runs().where("optimizer=adam status:completed")]
    assert [row[0] for row in script.rows] == expected
    assert 0 < len(expected) < 40
    assert set(script.column("param.optimizer")) == {"adam"}  # the column stays, although it does not vary any more
    script.explorer.where = "optimizer="
    script.settle()
    assert "Expected a value after optimizer=" in script.table["problem"]
    assert [row[0] for row in script.rows] == expected  # the table keeps what it has
    script.explorer.where = "optimizer=nothing"
    script.settle()
    assert (script.rows, script.table["problem"], script.table["loaded"]) == ([], "", 0)


def test_headers_filter_by_ranges_and_values(script, tuned):
    column = next(column for column in script.table["columns"] if column["name"] == "artifact.rmse")
    first, second = column["facts"]["bins"][:2]
    script.ask("filter", column="artifact.rmse", low=first[0], high=second[1])
    assert script.explorer.where == f"rmse>={first[0]:.6g} rmse<={second[1]:.6g}"
    kept = [run.pathspec for run in tuned if run.successful and first[0] <= run.data.rmse <= second[1]]
    assert [row[0] for row in script.rows] == kept
    assert next(column for column in script.table["columns"] if column["name"] == "artifact.rmse")["filtered"]
    script.ask("filter", column="param.optimizer", value="adam")
    assert script.explorer.where.endswith("optimizer=adam")
    script.ask("filter", column="artifact.rmse")
    assert script.explorer.where == "optimizer=adam"
    script.ask("filter", column="param.optimizer", value="adam")
    assert script.explorer.where == ""
    script.explorer.where = "((("
    answer = script.ask("filter", column="param.optimizer", value="adam")
    assert "parentheses" in answer["problem"]


def test_completion_reads_nothing(script, monkeypatch):
    monkeypatch.setattr(run_reader, "run_rows", None)
    assert script.ask("complete", text="optim")["lines"] == ["optimizer"]
    assert script.ask("complete", text="status:fa")["lines"] == ["status:failed"]
    assert "tag:nightly" in script.ask("complete", text="tag:")["lines"]


def test_the_user_chooses_columns(script):
    script.explorer.columns = ["run_id", "artifact.rmse", "user"]
    script.settle()
    assert [column["name"] for column in script.table["columns"]] == ["run_id", "artifact.rmse", "user"]
    assert len(script.rows[0][2]) == 3
    available = [name for name, _, _ in script.table["available"]]
    assert {"reason", "param.seed", "artifact.verdict"} < set(available)


def test_values_fill_in_and_the_table_never_waits_for_them(sample, monkeypatch):
    reading, go_on = threading.Event(), threading.Event()
    read = run_reader.parameter_columns

    def slow(*arguments):
        reading.set()
        assert go_on.wait(PATIENCE_S)
        return read(*arguments)

    monkeypatch.setattr(run_reader, "parameter_columns", slow)
    explorer = Explorer(sample, sample["TuningFlow"], columns=["run_id", "param.seed"])
    assert reading.wait(PATIENCE_S)
    with explorer._answers.table.reader.lock:
        assert len(explorer._answers.table.reader.runs.runs) == 40
    script = Script.__new__(Script)
    script.explorer, script.heard = explorer, []
    explorer.send = lambda content, buffers=None: script.heard.append(content)
    explorer._answers.table.hello({})
    assert [row[2][1] for row in script.rows] == [None] * 40  # the cells say that they are not read yet
    go_on.set()
    script.settle()
    assert None not in [row[2][1] for row in script.rows]
    explorer.close()


def test_closing_stops_the_work(sample, monkeypatch):
    reading, go_on, chunks = threading.Event(), threading.Event(), []
    read = run_reader.parameter_columns

    def slow(context, records):
        chunks.append(len(records))
        reading.set()
        assert go_on.wait(PATIENCE_S)
        return read(context, records)

    monkeypatch.setattr(run_reader, "parameter_columns", slow)
    monkeypatch.setattr(run_reader, "CHUNK", 5)
    explorer = Explorer(sample, sample["TuningFlow"])
    assert reading.wait(PATIENCE_S)
    explorer.close()
    before = {thread.name for thread in threading.enumerate()}
    go_on.set()
    for thread in threading.enumerate():
        if thread.name in before and thread.name.startswith("mfwidgets-pane"):
            thread.join(PATIENCE_S)
    assert len(chunks) <= 2  # of eight; a second thread may have begun before the end


@pytest.fixture
def opened(client, runs):
    explorer = client.explore()
    yield Script(explorer).settle()
    explorer.close()


def pane(script, tab):
    """The answer for a tab of the selected object."""
    return script.ask("pane", pathspec=script.explorer.pathspec, tab=tab)


def test_it_begins_with_the_first_flow(opened, client):
    assert opened.explorer.selected == client.flows[0]
    assert opened.explorer.flow == "BranchFlow"
    assert [row[0] for row in opened.rows] == [run.pathspec for run in client["BranchFlow"]]


def test_a_run_opens_in_every_pane(opened, runs):
    opened.explorer.choose(runs["failing"])
    opened.settle()
    assert opened.explorer.selected.pathspec == runs["failing"]
    assert opened.explorer.flow == "FailingFlow"
    assert pane(opened, "Overview")["code"] == f"Metaflow('local@{runs.folder}', None).get('{runs['failing']}')"
    assert "ZeroDivisionError" in pane(opened, "Overview")["html"]
    assert f'data-pathspec="{runs["failing"]}/divide"' in pane(opened, "DAG")["html"]
    assert "linear-gradient" in pane(opened, "Timeline")["html"]
    assert "Tasks" in pane(opened, "Tasks")["html"]
    assert "quotient" in pane(opened, "Artifacts")["html"]
    assert "No code package is stored" in pane(opened, "Code")["html"]
    assert "There are no cards." in pane(opened, "Cards")["html"]


def test_aliases_and_all_kinds_of_objects(opened, runs, client):
    opened.explorer.choose("FailingFlow/latest")
    opened.settle()
    assert opened.explorer.pathspec == client["FailingFlow"].latest_run.pathspec
    for below in ("/divide", "/divide/3", "/divide/4/quotient"):
        opened.explorer.choose(runs["failing"] + below)
        opened.settle()
        assert opened.explorer.selected == client.get(runs["failing"] + below)
        assert opened.explorer.flow == "FailingFlow"
    assert "0.5" in pane(opened, "Artifacts")["html"]
    assert pane(opened, "Artifacts")["loadable"]
    opened.explorer.choose("LinearFlow")
    opened.settle()
    assert opened.explorer.selected == client["LinearFlow"]


def test_missing_objects_are_named(opened, client):
    opened.explorer.choose("FailingFlow/7")
    opened.settle()
    assert "has no run '7'" in opened.table["problem"]
    assert opened.explorer.selected == client.flows[0]


def test_the_cards_of_a_task(opened, runs):
    opened.explorer.choose(f"{runs['cards']}/start/1")
    opened.settle()
    first = pane(opened, "Cards")
    assert "<iframe " in first["html"]
    assert len(first["cards"]) > 1
    second = opened.ask("pane", pathspec=opened.explorer.pathspec, tab="Cards", card=1)
    assert second["html"] != first["html"]
    assert opened.ask("pane", pathspec=opened.explorer.pathspec, tab="Cards", card=99)["html"] == first["html"]
    for pathspec in (f"{runs['cards']}/start", runs["cards-resumed"]):
        assert "<iframe " in opened.ask("pane", pathspec=pathspec, tab="Cards")["html"]


def test_the_code_line_is_short_for_the_default_client(runs):
    mfwidgets.metadata(f"local@{runs.folder}")
    mfwidgets.namespace(None)
    script = Script(mfwidgets.explore(f"{runs['failing']}/divide/3")).settle()
    run, step = f"Run('{runs['failing']}')", f"Step('{runs['failing']}/divide')"
    task = f"Task('{runs['failing']}/divide/3')"
    expected = {
        "Overview": task,
        "DAG": f"{run}.dag()",
        "Timeline": f"{run}.timeline()",
        "Tasks": f"{step}.grid()",
        "Artifacts": f"{task}.artifacts",
        "Code": f"{run}.code",
        "Cards": f"{task}.cards()",
        "Logs": f'{task}.logs("both")',
    }
    assert tuple(expected) == (*TABS[:-2], "Cards", "Logs")
    names = {kind: getattr(mfwidgets, kind) for kind in ("Flow", "Run", "Step", "Task")}
    for name, line in expected.items():
        assert pane(script, name)["code"] == line
        eval(line, {"mfwidgets": mfwidgets, **names})
    assert script.explorer.code == "Flow('FailingFlow').runs()"
    script.explorer.close()


def test_what_explore_takes(runs):
    mfwidgets.metadata(f"local@{runs.folder}")
    mfwidgets.namespace(None)
    script = Script(mfwidgets.explore("LinearFlow", where="user:bob", columns=["run_id", "alpha"])).settle()
    assert [row[0] for row in script.rows] == [runs["linear-bob"]]
    assert [column["name"] for column in script.table["columns"]] == ["run_id", "param.alpha"]
    assert script.column("param.alpha") != [""]
    script.explorer.close()


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


def test_ticked_runs_and_the_frame(opened, runs, client):
    opened.explorer.flow = "LinearFlow"
    opened.settle()
    assert list(opened.explorer.to_pandas().pathspec) == [run.pathspec for run in client["LinearFlow"]]
    opened.explorer.tick(runs["linear"])
    opened.explorer.tick(runs["linear-bob"])
    assert opened.explorer.ticked == [runs["linear"], runs["linear-bob"]]
    answer = opened.ask("compare")
    assert "alpha" in answer["html"]
    assert answer["code"].startswith("mfwidgets.compare(Metaflow(")
    opened.explorer.tick(runs["linear"], on=False)
    assert opened.explorer.ticked == [runs["linear-bob"]]


def test_the_panes_of_a_run(script, tuned):
    failed = next(run for run in tuned if run.status == "failed")
    for tab in TABS:
        answer = script.ask("pane", pathspec=failed.pathspec, tab=tab)
        assert "problem" not in answer, tab
        assert answer["crumbs"] == [["TuningFlow", "TuningFlow"], [failed.id, failed.pathspec]]
        Inspector(answer["html"])
    assert "ValueError" in script.ask("pane", pathspec=failed.pathspec, tab="Overview")["html"]
    assert script.ask("pane", pathspec="TuningFlow/17", tab="Overview")["problem"]


def lines_of(script, version, page=0):
    script.ask("lines", version=version, page=page)
    rows = next((one["lines"] for one in reversed(script.heard) if one["push"] == "lines"), [])
    return ["".join(text for text, _ in row["spans"]) for row in rows]


def test_the_log_of_a_run(script, tuned):
    failed = next(run for run in tuned if run.status == "failed")
    question = {"pathspec": failed.pathspec, "stream": "both", "attempt": -1, "rows": 10}
    log = script.ask("log", **question)
    shown = lines_of(script, log["version"])
    assert len(shown) == log["total"] > 10
    assert any("ValueError: loss diverged" in line for line in shown)
    assert log["attempts"] == [[0, "0: failed"]]
    assert not log["goes_on"]
    error = next(number for number, line in enumerate(shown) if "ValueError: loss diverged" in line)
    assert log["start"] <= error < log["start"] + 10
    found = script.ask("log", **question, search="diverged")
    assert found["version"] > log["version"]
    assert found["found"] == [number for number, line in enumerate(shown) if "diverged" in line]
    assert f"{len(found['found'])} matching line" in found["words"]
    assert "no match" in script.ask("log", **question, search="nowhere")["words"]
    again = script.ask("log", **question, search="nowhere")
    assert again["start"] >= 0  # the page shows another version, so it opens again
    assert script.ask("log", **question, search="nowhere", version=again["version"])["start"] == -1
    wrapped = script.ask("log", **question, columns=60)
    assert wrapped["total"] > log["total"]
    for problem in ({"search": "(", "regex": True}, {"since": "soon"}, {"stream": "stdin"}):
        assert script.ask("log", **question | problem)["problem"], problem
    assert "Select a run" in script.ask("log", **question | {"pathspec": "TuningFlow"})["words"]
    whole = script.ask("text")
    assert whole["name"].endswith("-both.log")
    script.heard.clear()
    script.ask("lines", version=log["version"], page=0)  # of an earlier version
    assert script.heard == []


def test_charts_and_the_comparison(script, tuned):
    answer = script.ask("chart", kind="scatter", x="param.learning_rate", y="artifact.rmse", color="")
    assert answer["html"].count("data-pathspec") >= 36
    for kind in ("history", "histogram", "parallel", "durations"):
        assert "<svg" in script.ask("chart", kind=kind, y="artifact.rmse")["html"]
    assert "<svg" in script.ask("chart", kind="curves", y="loss_history")["html"]
    assert "Expected one of history" in script.ask("chart", kind="pie", y="artifact.rmse")["problem"]
    assert "Choose a column" in script.ask("chart", kind="history")["problem"]
    assert "no column 'nothing'" in script.ask("chart", kind="history", y="nothing")["problem"]
    assert "Select two or more" in script.ask("compare")["html"]
    script.explorer.ticked = [run.pathspec for run in tuned[:3]]
    assert "Differences" in script.ask("compare")["html"]


def test_what_python_reads_from_it(script, tuned, sample):
    explorer = script.explorer
    assert explorer.selected == sample["TuningFlow"]
    with pytest.raises(MetaflowInvalidArgument, match="got none"):
        _ = explorer.selected_runs
    explorer.ticked = [run.pathspec for run in (tuned[3], tuned[0])]
    assert {run.id for run in explorer.selected_runs} == {tuned[3].id, tuned[0].id}
    explorer.pathspec = f"{tuned[0].pathspec}/end"
    assert explorer.selected == tuned[0]["end"]
    explorer.where, explorer.sort = "rmse<0.5", [["artifact.rmse", True]]
    shown = [run.id for run in eval(explorer.code, {"Metaflow": Metaflow})]
    script.settle()
    assert shown == [row[1] for row in script.rows]
    assert explorer.pathspec in repr(explorer)


def test_a_value_is_loaded_into_a_free_variable(script, tuned, shell):
    run = next(run for run in tuned if run.successful)
    shell.user_ns["rmse"] = "of the user"
    answer = script.ask("load", pathspec=f"{run['end'].task.pathspec}/rmse")
    assert (answer["name"], answer["type"]) == ("rmse_2", "float")
    assert shell.user_ns["rmse"] == "of the user"
    assert shell.user_ns["rmse_2"] == script.explorer.loaded == run.data.rmse
    assert answer["text"] == repr(run.data.rmse)
    assert "Expected an artifact" in script.ask("load", pathspec=run.pathspec)["problem"]


def test_a_display_of_a_value_is_data_for_a_frame():
    class Shown:
        def _repr_html_(self):
            return "<script>1</script>"

    class Picture:
        def _repr_png_(self):
            return b"\x89PNG"

    assert value_display(Shown()) == {"frame": "<script>1</script>"}
    assert value_display(Picture()) == {"png": "iVBORw=="}


def test_tags_are_changed_and_refusals_are_shown(own_client, own_runs):
    explorer = Explorer(own_client, own_client["LinearFlow"])
    script = Script(explorer)
    assert script.ask("tags", pathspec=own_runs["linear"], add=["new"], remove=["nightly"])["tags"] == [
        "new",
        "team:blue",
    ]
    assert own_client.get(own_runs["linear"]).user_tags == {"new", "team:blue"}
    refused = script.ask("tags", pathspec=own_runs["linear"], add=["x" * 600])
    assert refused["problem"].startswith("The tags have not changed: ")
    explorer.close()


def test_another_namespace_and_another_flow(client, runs):
    explorer = Explorer(client)
    script = Script(explorer).settle()
    assert explorer.flow == "BranchFlow"
    explorer.flow = "LinearFlow"
    assert len(script.settle().rows) == 3
    explorer.namespace = "user:bob"
    assert len(script.settle().rows) == 1
    explorer.namespace = ""
    assert len(script.settle().rows) == 3
    assert {"user:ann", "user:bob"} <= set(script.table["namespaces"])
    explorer.namespace = "user:nobody"
    assert script.settle().rows == []
    assert "has no run in the namespace" in script.table["problem"]
    explorer.namespace = ""
    explorer.where = "user:nobody"
    assert script.settle().rows == []
    assert script.table["notes"][0].startswith("No run in this namespace matches.")
    explorer.flow = "NoFlow"
    script.settle()
    assert "NoFlow" in script.table["problem"]
    explorer.close()


def test_no_flows(tmp_path):
    explorer = Explorer(Metaflow(metadata=f"local@{HandMadeWorld(tmp_path).base}", namespace=None))
    script = Script(explorer).settle()
    assert "There are no flows" in script.table["problem"]
    assert explorer.selected is None
    assert explorer.code == ""
    explorer.close()


def test_a_page_that_reloads_gets_the_state(script):
    explorer = script.explorer
    explorer.views = {"good": {"where": "rmse<0.3", "sort": [], "columns": []}}
    explorer.where, explorer.tab = "rmse<0.5", "Logs"
    state = explorer.get_state()
    assert {state[name] for name in ("flow", "where", "tab")} == {"TuningFlow", "rmse<0.5", "Logs"}
    assert state["views"] == explorer.views
    assert state["hides"] == explorer.hides
    assert "export default" in state["_esm"]


def test_the_static_picture_has_the_rows(script, tuned):
    from mfwidgets.render.html import html_of

    html = html_of(script.explorer._picture())
    assert tuned[0].id in html
    assert "rmse" in html
    Inspector(html)


def test_a_refused_change_is_reverted(on_service):
    there, service = on_service
    run = Metaflow(metadata=service.url, namespace=None).get(there["foreach"])
    before = sorted(run.user_tags)
    script = Script(run.explore()).settle()
    service.faults([{"match": "/tag/mutate", "times": None, "status": 422}])
    try:
        assert "The tags have not changed" in script.ask("tags", pathspec=run.pathspec, add=["refused"])["problem"]
    finally:
        service.faults([])
    assert pane(script, "Overview")["tags"] == before
    assert script.ask("tags", pathspec=run.pathspec, add=["taken"])["tags"] == sorted([*before, "taken"])
    assert "taken" in Metaflow(metadata=service.url, namespace=None).get(there["foreach"]).user_tags
    assert script.ask("tags", pathspec=run.pathspec, remove=["taken"])["tags"] == before
    script.explorer.close()


def test_a_slow_service_does_not_block_the_caller(on_service):
    there, service = on_service
    client = Metaflow(metadata=service.url, namespace=None)
    service.latency(0.4)
    try:
        explorer = client.explore()
        assert not explorer.wait(0.01)
        for name in ("linear", "foreach", "failing"):
            explorer.choose(there[name])  # the last click wins
        for _ in range(4):
            assert explorer.wait(PATIENCE_S)
        assert explorer.selected.pathspec == there["failing"]
    finally:
        service.latency(0)
    explorer.close()


def test_handlers_of_the_script_read_nothing_themselves(on_service, monkeypatch):
    """The thread of the kernel must stay free, whatever the script asks."""
    there, service = on_service
    script = Script(Metaflow(metadata=service.url, namespace=None).get(there["failing"]).explore()).settle()
    readers = set()
    true_request = ServiceHttp._request

    def noted(self, *arguments, **more):
        readers.add(threading.current_thread() is threading.main_thread())
        return true_request(self, *arguments, **more)

    monkeypatch.setattr(ServiceHttp, "_request", noted)
    script.explorer.flow = "LinearFlow"
    script.explorer.where = "alpha=0.5"
    script.explorer.sort = [["duration", True]]
    script.explorer.ticked = [there["linear"], there["linear-bob"]]
    for question in (
        {"ask": "refresh"},
        {"ask": "rows", "start": 0, "stop": 9},
        {"ask": "pane", "pathspec": there["linear"], "tab": "DAG"},
        {"ask": "log", "pathspec": there["failing"], "stream": "both"},
        {"ask": "chart", "kind": "history", "y": "duration"},
        {"ask": "compare"},
        {"ask": "load", "pathspec": f"{there['linear']}/start/1/numbers"},
    ):
        script.explorer._answers._received(script.explorer, question, None)
    script.settle()
    assert readers == {False}
    script.explorer.close()


def test_a_lost_service_is_reported(monkeypatch):
    monkeypatch.setenv("METAFLOW_SERVICE_RETRY_COUNT", "1")
    with running(tables=TABLES) as service:
        client = Metaflow(metadata=service.url, namespace=None)
        script = Script(client.explore()).settle()
        known = script.explorer.selected
        runs = [run.pathspec for run in known]
    script.explorer.choose(runs[0])
    script.settle()
    assert "whether the service runs" in script.table["problem"]
    assert script.explorer.selected == known  # the previous content stays
    assert [row[0] for row in script.rows] == runs
    script.explorer.close()


def test_closing_frees_threads_and_its_comm(client):
    explorer = client.explore()
    explorer.close()
    assert explorer.comm is None
    explorer.wait(PATIENCE_S)
    assert waits_for(lambda: not any(thread.name.startswith("mfwidgets-pane") for thread in threading.enumerate()))


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


def test_a_click_builds_one_view_for_pane_and_picture(opened, runs, monkeypatch):
    from IPython.display import DisplayHandle

    from mfwidgets.widgets import panes

    built, pictures = [], []
    true_build = panes.build_view
    monkeypatch.setattr(panes, "build_view", lambda what, limits: built.append(what) or true_build(what, limits))
    monkeypatch.setattr("mfwidgets.widgets.snapshot.PAUSE_S", 0.01)
    monkeypatch.setattr(DisplayHandle, "display", lambda *_args, **_more: None)
    monkeypatch.setattr(DisplayHandle, "update", lambda _, bundle, **_more: pictures.append(bundle["text/plain"]))
    opened.explorer._ipython_display_()
    opened.explorer.choose(runs["failing"])
    opened.settle()
    pane(opened, "Overview")
    assert waits_for(lambda: any("ZeroDivisionError" in text for text in pictures))
    assert [what.pathspec for what in built] == [runs["failing"]]
    opened.explorer.refresh()  # reads everything again
    pane(opened, "Overview")
    assert [what.pathspec for what in built] == [runs["failing"]] * 2


@pytest.mark.parametrize("name", ["Overview", "DAG", "Timeline", "Tasks", "Artifacts"])
def test_a_click_reads_no_file_twice(name, opened, runs):
    opened.explorer.choose(f"{runs['failing']}/start")  # the list of the flow's runs is read as well now
    opened.settle()
    pane(opened, name)
    for below in ("", "/divide", "/divide/3", "/divide/4/quotient"):
        with files_opened(runs.root) as files:
            opened.ask("pane", pathspec=runs["failing"] + below, tab=name)
        # The records of what is chosen and of what it belongs to are read before the pane draws.
        own = ("_self.json", "_artifact_quotient.json")
        assert not {file for file, times in files.items() if times > 1 and not file.endswith(own)}, below


@pytest.mark.parametrize("name", ["Overview", "DAG", "Timeline", "Tasks", "Artifacts"])
def test_a_click_sends_no_request_twice(name, on_service):
    there, service = on_service
    client = Metaflow(metadata=service.url, namespace=None)
    script = Script(client.get(f"{there['failing']}/start").explore()).settle()
    pane(script, name)
    tasks = [task.pathspec for task in client.get(f"{there['failing']}/divide") if task.successful]
    for pathspec in (there["failing"], f"{there['failing']}/divide", tasks[0], f"{tasks[0]}/quotient"):
        service.reset()
        script.ask("pane", pathspec=pathspec, tab=name)
        asked = Counter(f"{request['method']} {request['path']} {request['query']}" for request in service.requests())
        assert asked
        assert {request: times for request, times in asked.items() if times > 1} == {}, pathspec
    script.explorer.close()


@pytest.mark.parametrize(
    "name", ["{__import__('os').abort()}", "1');__import__('os').abort();('", 'it\'s "it"', "1\n!x", "\x1b[2J"]
)
def test_the_line_of_a_hostile_name_is_that_name(tmp_path, name):
    world = HandMadeWorld(tmp_path / name.replace("\n", ""))
    world.task("Odd", name)
    client = Metaflow(metadata=f"local@{world.base}", namespace=None)
    script = Script(client.get(f"Odd/{name}/start/1").explore()).settle()
    line = pane(script, "Overview")["code"]
    assert not has_hidden(line)
    shown = eval(line, {"Metaflow": Metaflow})
    assert shown.pathspec == f"Odd/{name}/start/1"
    assert pane(script, "Artifacts")["code"] == f"{line}.artifacts"
    script.explorer.tick(f"Odd/{name}")
    assert [run.id for run in script.explorer.selected_runs] == [name]
    script.explorer.close()


def test_hostile_runs(runs, tmp_path):
    world = World(runs, tmp_path)
    client = world.client()
    for flow in islice(client.flows, 20):
        explorer = Explorer(client, flow)
        script = Script(explorer).settle()
        texts = [text for row in script.rows for cell in row[2] for text in cell]
        texts += [column["heading"] for column in script.table["columns"]] + [row[1] for row in script.rows]
        assert not any(map(has_hidden, texts))
        explorer.ticked = [row[0] for row in script.rows[:3]]
        Inspector(script.ask("compare").get("html", ""))
        for row in script.rows[:1]:
            for tab in TABS:
                Inspector(script.ask("pane", pathspec=row[0], tab=tab).get("html", ""))
        explorer.close()
    assert not world.bomb.exists()


def test_messages_that_no_script_sends_are_ignored(script):
    number = len(script.heard)
    for content in (None, [], "x", {}, {"ask": 3}, {"ask": "close"}, {"ask": ["rows"]}):
        script.explorer._answers._received(script.explorer, content, None)
    assert len(script.heard) == number


def test_explorers_have_one_class(client):
    one, other = Explorer(client), Explorer(client)
    assert type(one) is type(other) is Explorer
    one.close()
    other.close()
