"""Objects of the client on real runs: additions to Metaflow's client and differences (see ``test_differential``)."""

import json
import pickle
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from corpus import RUNS
from service.running import running
from service.store import read_tables

import mfwidgets
from mfwidgets import DataArtifact, Flow, Metaflow, Run, Step, Task
from mfwidgets.errors import (
    DataException,
    MetaflowNamespaceMismatch,
    NoSuchArtifact,
    UnloadableArtifact,
)

NAMES = [name for part in RUNS for name in part]


@pytest.fixture(autouse=True)
def _select(runs):
    mfwidgets.metadata(f"local@{runs.folder}")
    mfwidgets.namespace(None)


def test_foreach_items_need_no_data(own_client, own_runs):
    run = own_client.get(own_runs["failing"])
    items = {task.id: (task.index, task.foreach_values) for task in run["divide"]}
    assert sorted(index for index, _ in items.values()) == [0, 1, 2]
    for task in run["divide"]:
        artifact = task["_foreach_stack"]
        record = own_runs.root.joinpath(
            *task.path_components, "_meta", f"{artifact._record.attempt}_artifact__foreach_stack.json"
        )
        record.write_text(record.read_text().replace(artifact.sha, "a" * 40))
        assert (task.index, task.foreach_values) == items[task.id]


@pytest.mark.parametrize("name", NAMES)
def test_children_come_newest_first(name, runs):
    run = Run(runs[name])
    for parent in (run.parent, run, *run):
        created = [child.created_at for child in parent]
        assert created == sorted(created, reverse=True)
        assert created != []


def test_what_metaflow_does_not_find(runs):
    resumed = Run(runs["loop-resumed"])
    assert resumed.successful
    assert resumed.end_task.parent.id == "finish"
    assert Flow("LoopFlow").latest_successful_run == resumed
    dead = Run(runs["died-at-import"])["start"].task
    assert "ImportError: this module cannot be imported inside a task" in dead.stderr
    assert [attempt.status for attempt in dead.attempts] == ["failed", "failed"]


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("died-at-import", "failed", "attempt 1 exited with code 1 before the step started"),
        ("died-hard", "failed", "attempt 1 exited with code 3 without a result"),
        ("exited", "failed", "attempt 0 failed at 20"),
        ("unpicklable", "failed", "attempt 1 failed"),
    ],
)
def test_the_status_of_hard_deaths(name, status, reason, runs):
    task = Run(runs[name])["start"].task
    assert task.status == Run(runs[name]).status == status
    assert reason in task.status.reason


def test_a_run_without_a_scheduler_becomes_unknown(runs, monkeypatch):
    run = Run(runs["abandoned"])
    task = run["start"].task
    begun = int(task.started_at.timestamp() * 1000)
    hour = 3_600_000
    for hours, status in ((1, "running"), (23, "running"), (25, "unknown"), (500, "unknown")):
        monkeypatch.setattr("mfwidgets.queries.status.states.now_ms", lambda hours=hours: begun + hours * hour)
        assert task.status == run.status == status
        assert f"{task.pathspec}: attempt 0 {'started' if hours < 24 else 'has not ended after'}" in run.status.reason
    assert not run.finished
    assert task.stdout == ""  # the scheduler writes the log after the process ends


def test_a_run_that_waits_for_a_retry_is_running(own_client, own_runs, monkeypatch):
    run = own_client.get(own_runs["retry"])
    task = run["flaky"].task
    folder = own_runs.root.joinpath(*run.path_components)
    for step in ("join", "end"):
        shutil.rmtree(folder / step)
    for file in folder.joinpath("flaky", task.id).rglob("*"):  # the state before its second attempt
        if file.name.startswith("1") or (file.suffix == ".json" and "attempt_id:1" in file.read_text()):
            file.unlink()
    failed = int(task.finished_at.timestamp() * 1000)
    for seconds, status in ((5, "running"), (55, "running"), (61, "failed")):
        monkeypatch.setattr("mfwidgets.queries.status.states.now_ms", lambda seconds=seconds: failed + seconds * 1000)
        assert run.status == status
        assert run.status.reason.startswith(f"{task.pathspec}: attempt 0 failed at 20")
        assert ("retry at 20" in run.status.reason) == (status == "running")
        assert task.status == "failed"
        assert task._goes_on()  # what @retry allows decides
        assert not own_client.get(task.pathspec, attempt=0)._goes_on()
    # After the failure of another task, the scheduler retries nothing.
    broken = Path(shutil.copytree(folder / "flaky" / task.id, folder / "flaky" / "99"))
    for file in broken.rglob("*.json"):
        text = file.read_text()
        file.write_text(text.replace(f'"{task.id}"', '"99"'))
    (broken / "0.runtime").write_text('{"return_code": 202, "killed": false, "success": false}')
    assert not task._goes_on()


def test_a_task_of_a_service_goes_on_while_a_retry_is_allowed(on_service, tmp_path, monkeypatch):
    runs, _ = on_service
    flow, run_id = runs["retry"].split("/")
    tables = {
        name: [
            row
            for row in rows
            if row["flow_id"] == flow
            and row.get("run_number", int(run_id)) == int(run_id)
            and row.get("step_name") not in ("join", "end")
            and row.get("attempt_id") != 1
            and "attempt_id:1" not in (row.get("tags") or ())
        ]
        for name, rows in read_tables(str(runs.folder / "store.json")).items()
    }
    for row in (*tables["runs_v3"], *tables["tasks_v3"]):
        row["last_heartbeat_ts"] = None
    (tmp_path / "tables.json").write_text(json.dumps(tables))
    with running(tables=tmp_path / "tables.json") as service:
        task = Metaflow(metadata=service.url, namespace=None).get(f"{flow}/{run_id}/flaky").task
        failed = int(task.finished_at.timestamp() * 1000)
        for minutes, goes_on in ((0, True), (10, True), (25 * 60, False)):
            monkeypatch.setattr(
                "mfwidgets.queries.status.states.now_ms", lambda minutes=minutes: failed + minutes * 60_000
            )
            assert task._goes_on() is goes_on


@pytest.mark.parametrize("exists", [True, False])
def test_the_log_of_a_local_task_can_come_after_its_end(client, runs, monkeypatch, exists):
    task = client.get(runs["linear"])["start"].task
    ended = int(task.finished_at.timestamp() * 1000)
    if not exists:
        monkeypatch.setattr("mfwidgets.client.task_outcome.log_key", lambda *_: "nowhere")
    for seconds in (1, 40):
        monkeypatch.setattr("mfwidgets.client.task_outcome.now_ms", lambda seconds=seconds: ended + seconds * 1000)
        assert task._goes_on() is (seconds == 1 and not exists)


def test_projects_are_tags(runs):
    flow = Flow("ProjectFlow")
    assert [run.pathspec for run in flow.runs("project:sales", "project_branch:test.fast")] == [runs["project-branch"]]
    assert [run.pathspec for run in flow.runs("project_branch:user.ann")] == [runs["project"]]


def test_foreach_values_and_attempts(runs):
    tasks = sorted(Run(runs["foreach"])["work"], key=lambda task: task.index)
    assert [task.foreach_values for task in tasks] == [("a",), ("b=c",), ("ü/d",), ("x" * 30,)]
    assert Run(runs["foreach"])["start"].task.foreach_values == ()
    flaky = Run(runs["retry"])["flaky"].task
    assert [attempt.status for attempt in flaky.attempts] == ["failed", "completed"]
    assert [attempt.stdout for attempt in flaky.attempts] == ["attempt 0\n", "attempt 1\n"]
    assert Task(flaky.pathspec, attempt=3).status.reason == "there is no attempt 3"


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("linear", "completed", r"end task .*/end/\d+: attempt 0 succeeded at 20"),
        ("resumed", "completed", r"/end/\d+: attempt 0 succeeded"),
        ("retry", "completed", "succeeded"),
        ("failing", "failed", r"divide/\d+: attempt 0 failed at 20"),
        ("killed", "failed", r"join/\d+: attempt 0 was killed by signal 9 \(SIGKILL\)"),
    ],
)
def test_the_status_of_runs(name, status, reason, runs):
    import re

    run = Run(runs[name])
    assert run.status == status
    assert re.search(reason, run.status.reason)
    assert (run.status == "completed") == bool(run.successful)


def test_the_status_of_tasks(runs):
    run = Run(runs["retry"])
    assert run["flaky"].task.status == "completed"
    assert "after 1 failed attempt" in run["flaky"].task.status.reason
    assert run["hopeless"].task.status == "caught"
    divided = [task.status for task in Run(runs["failing"])["divide"]]
    assert sorted(divided) == ["completed", "completed", "failed"]
    cloned = Run(runs["resumed"])["start"].task.status
    assert f"cloned from {runs['failing']}/start/" in cloned.reason


def test_additions_to_metaflow(runs):
    run = Run(runs["linear"])
    assert run.user == "ann"
    assert run.started_at == run.created_at
    assert 0 < run.duration.total_seconds() < 60
    assert run.origin_pathspec is None
    assert Run(runs["resumed"]).origin_pathspec == runs["failing"]
    task = run["start"].task
    assert task.created_at <= task.started_at
    assert task.duration.total_seconds() < 60
    artifact = task["numbers"]
    assert (artifact.type, artifact.encoding) == ("list", "pickle-v4")
    assert artifact.size == len(artifact.raw())


def test_data(runs):
    data = Run(runs["linear"]).data
    assert data.x == 2
    assert data.nothing is None
    assert "x" in data
    assert "_success" not in data
    assert list(dir(data)) == sorted(["alpha", "label", "name", "nothing", "numbers", "text", "x"])
    with pytest.raises(NoSuchArtifact, match=r"has no artifact 'y'\. It has alpha, label"):
        _ = data.y
    with pytest.raises(AttributeError):
        _ = data.y
    assert Run(runs["failing"]).data is None


def test_values_of_all_types(runs):
    data = Run(runs["many"]).data
    assert data.array.shape == (3, 4)
    assert list(data.frame.columns) == ["a"]
    assert data.large == random.Random(7).randbytes(30_000_000)
    assert len(list(Run(runs["many"])["only"].task)) == 199
    with pytest.raises(UnloadableArtifact, match="'Model' of module '__main__', which cannot be imported here"):
        _ = data.model
    assert b"Model" in Run(runs["many"])["only"].task["model"].raw()


def test_logs_of_all_kinds(runs):
    run = Run(runs["logs"])
    lines = run["start"].task.stdout.splitlines()
    assert lines == [f"line {number}" for number in range(100_000)]
    text = run["end"].task.stdout
    assert "caf\ufffd \ufffd\ufffd\n" in text
    assert text.endswith("\x00\x07\nno end\n")
    shown = run["end"].task.logs()._repr_html_()
    assert "&lt;script&gt;" in shown
    assert "\x1b" not in shown


def test_included_files_move_with_their_folder(runs, tmp_path):
    shutil.copytree(runs.root / "ParameterFlow", tmp_path / ".metaflow" / "ParameterFlow")
    shutil.copytree(runs.root / "data", tmp_path / ".metaflow" / "data")
    moved = Metaflow(metadata=str(tmp_path), namespace=None).get(runs["parameters"]).end_task
    assert moved["words"].data == "eins\nzwei\nüç\n"
    assert moved["bits"].data.startswith(b'"""Parameters')
    assert moved["settings"].data == {"depth": {"max": 4}}
    for file in (tmp_path / ".metaflow" / "data").rglob("*"):
        if file.is_file():
            file.write_bytes(b"other")
    with pytest.raises(DataException, match="is damaged"):
        _ = moved["words"].data


def test_artifacts_by_name(runs):
    task = Run(runs["linear"])["start"].task
    found = task.artifacts
    assert isinstance(found, mfwidgets.MetaflowArtifacts)
    assert found.x == found[found._fields.index("x")] == found._asdict()["x"] == task["x"]
    assert pickle.loads(pickle.dumps(found)) == found
    assert pickle.loads(pickle.dumps(found)).x == task["x"]
    assert repr(found).startswith("MetaflowArtifacts(alpha=DataArtifact(")
    assert "numbers" in found._repr_html_()
    assert "There are no artifacts yet." in mfwidgets.MetaflowArtifacts([])._repr_html_()
    with pytest.raises(AttributeError, match=r"The task has no artifact 'y'\. It has alpha, label"):
        _ = found.y


def test_private_objects_are_hidden_but_reachable(runs):
    run = Run(runs["linear"])
    assert "_parameters" not in [step.id for step in run]
    assert run["_parameters"].task["alpha"].data == 0.5
    assert "_success" not in [artifact.id for artifact in run["start"].task]
    assert run["start"].task["_success"].data is True


def test_parents_and_identity(runs):
    artifact = DataArtifact(f"{Run(runs['linear'])['start'].task.pathspec}/x")
    kinds = []
    found = artifact
    while found is not None:
        kinds.append(type(found))
        found = found.parent
    assert kinds == [DataArtifact, Task, Step, Run, Flow]
    assert Run(runs["linear"]) == Run(runs["linear"])
    assert len({Run(runs["linear"]), Run(runs["linear"]), Run(runs["linear-bob"])}) == 2
    assert Run(runs["linear"]) != runs["linear"]
    task = artifact.parent.pathspec
    assert Task(task) != Task(task, attempt=0)
    assert repr(Task(task, attempt="0")) == f"Task('{task}', attempt=0)"
    assert DataArtifact(f"{task}/x", attempt=0).parent == Task(task, attempt=0)


@pytest.mark.parametrize("depth", [2, 3, 4, 5])
def test_the_first_object_of_a_process_has_parents(depth, client, runs):
    task = client.get(runs["linear"])["start"].task
    path = [*task.path_components, "x"][:depth]
    kind = ["Run", "Step", "Task", "DataArtifact"][depth - 2]
    program = f"""
import mfwidgets
from mfwidgets.errors import MetaflowNotFound
mfwidgets.metadata({client.metadata!r})
mfwidgets.namespace(None)
try:
    mfwidgets.{kind}({"/".join([*path[:-1], "missing"])!r})
except MetaflowNotFound:
    print(mfwidgets.{kind}({"/".join(path)!r}).parent)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == repr(client.get("/".join(path[:-1])))


def test_aliases(runs):
    metaflow = Metaflow()
    assert metaflow.get("LinearFlow/latest").pathspec == runs["linear-hostile"]
    assert metaflow.get("LinearFlow/latest~2").pathspec == runs["linear"]
    assert metaflow.get("RetryFlow/latest").pathspec == runs["killed"]
    assert metaflow.get("RetryFlow/latest-ok").pathspec == runs["retry"]
    assert metaflow.get("RetryFlow/latest-ok/flaky").pathspec == f"{runs['retry']}/flaky"


def test_namespaces(runs):
    mfwidgets.namespace("user:bob")
    assert [run.pathspec for run in Flow("LinearFlow")] == [runs["linear-bob"]]
    assert [flow.id for flow in Metaflow()] == ["LinearFlow", "ProjectFlow", "RetryFlow", "ValueFlow"]
    assert runs["linear"].split("/")[1] in Flow("LinearFlow")
    with pytest.raises(MetaflowNamespaceMismatch, match=r"is not in the namespace 'user:bob'. It is in 'user:ann'"):
        Run(runs["linear"])
    with pytest.raises(MetaflowNamespaceMismatch):
        Flow("LinearFlow")[runs["linear"].split("/")[1]]
    with pytest.raises(MetaflowNamespaceMismatch, match="It has runs in 'user:ann'"):
        Flow("ForeachFlow")
    seen = Flow("LinearFlow")
    mfwidgets.namespace("team:blue")  # any tag is a namespace
    assert [run.pathspec for run in seen] == [runs["linear-bob"]]  # made before the switch
    assert [run.pathspec for run in Flow("LinearFlow")] == [runs["linear"]]
    assert not Metaflow(namespace=None).get(runs["linear-bob"]).is_in_namespace()
    assert mfwidgets.default_namespace() == mfwidgets.get_namespace() == "user:ann"


def test_an_explicit_client_does_not_change_the_default(runs, own_runs):
    other = Metaflow(metadata=f"local@{own_runs.folder}", namespace="user:bob")
    assert other.metadata == f"local@{own_runs.folder}"
    assert other.get(runs["linear-bob"]) != Run(runs["linear-bob"])
    assert mfwidgets.get_metadata() == f"local@{runs.folder}"
    assert mfwidgets.get_namespace() is None


def test_a_moved_folder_still_opens(own_client, runs):
    run = own_client.get(runs["linear"])
    assert run.data.text == "grün & <b>bold</b>"
    assert run["start"].task.stdout.startswith("out: first\n")
    assert run["start"].task["x"].size == 5


def test_a_status_is_read_each_time(own_client, own_runs):
    """`while not run.finished: sleep(5)` works, because a running run is not cached."""
    run = own_client.get(own_runs["linear"])
    end = own_runs.root.joinpath(*run.end_task.path_components)
    for file in [*end.glob("0.*"), *(end / "_meta").glob("*artifact*"), *(end / "_meta").glob("*attempt*")]:
        if not file.name.startswith("sysmeta_attempt_1"):  # its start stays
            file.unlink()
    assert run.status in ("running", "unknown")  # depends on the age of the corpus
    assert not run.finished
