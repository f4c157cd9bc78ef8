"""The memory of displays about the folders of tasks: a second display reads only the tasks that changed."""

import json
import pickle
import shutil
import time
from pathlib import Path

import pytest
from corpus import Corpus
from index.test_remembered import age, client, opened_files
from wide import widen

from mfwidgets import clear_cache, compare, options
from mfwidgets.client.answers.comparison_facts import facts_of
from mfwidgets.client.answers.run_poller import RunPoller
from mfwidgets.errors import BlobMissing
from mfwidgets.pickles.safe_loads import safe_loads
from mfwidgets.providers.folder_memory import FolderMemory
from mfwidgets.queries.lineage import graph
from mfwidgets.queries.run_snapshot import load_run_snapshot
from mfwidgets.stamps import ABSENT
from mfwidgets.views.cells import Limits
from mfwidgets.views.show import render_to_fit
from mfwidgets.views.watched_run import WatchedDisplay

STAMP = (1, 2, 1_000_000_000_000)


@pytest.fixture
def wide(runs, tmp_path):
    """A run of a foreach with 30 tasks, that changed long ago."""
    flow, run_id = runs["foreach"].split("/")
    shutil.copytree(runs.root / flow, tmp_path / ".metaflow" / flow)
    widen(tmp_path / ".metaflow" / flow / run_id, "work", 30)
    age(tmp_path)
    return Corpus(tmp_path, runs.pathspecs)


def read_in(run, question):
    """Return the files and the folders of a run that a question opens."""
    return [path for path in opened_files(question) if f"/{run.id}/" in path]


def facts_of_display(run):
    snapshot = load_run_snapshot(run._context, run._record)
    return snapshot.tasks, snapshot.metadata, snapshot.artifacts, snapshot.files


def test_a_second_display_reads_no_record(wide):
    run = client(wide.folder).get(wide["foreach"])
    first = render_to_fit(run)
    again = read_in(run, lambda: render_to_fit(run))
    assert not [path for path in again if "/work/" in path and not path.endswith("/work")]
    assert render_to_fit(client(wide.folder).get(wide["foreach"])) == first
    with options(remember=False):
        assert render_to_fit(run) == first
        assert len(read_in(run, lambda: render_to_fit(run))) > 200


def test_a_watched_run_reads_only_the_tasks_that_changed(wide):
    run = client(wide.folder).get(wide["foreach"])
    poller, display = RunPoller(run), WatchedDisplay(Limits())
    display.draw(poller.poll())
    changed = wide.root.joinpath(*list(run["work"])[-1].path_components)
    record = next((changed / "_meta").glob("sysmeta_attempt_ok_*"))
    new = record.with_name("sysmeta_attempt_ok_9999999999999.json")
    new.write_text(json.dumps(json.loads(record.read_text()) | {"value": "False", "ts_epoch": 9_999_999_999_999}))
    read = read_in(run, lambda: display.draw(poller.poll()))
    records = {str(Path(path).parent) for path in read if "sysmeta_attempt_ok" in path}
    assert records == {str(changed / "_meta")}


def test_a_second_comparison_reads_no_record(wide):
    run = client(wide.folder).get(wide["foreach"])
    first = facts_of(run)
    again = read_in(run, lambda: facts_of(run))
    assert not [path for path in again if path.endswith("data.json") or "sysmeta_script-name" in path]
    assert facts_of(run) == first


def test_a_comparison_reads_one_file_with_hashes_per_task(wide):
    run = client(wide.folder).get(wide["foreach"])
    read = read_in(run, lambda: compare(run, run))
    artifacts = {Path(path).name for path in read if "_artifact_" in path and "/work/" in path}
    assert not {name for name in artifacts if "_artifact__" not in name}
    assert len([path for path in read if path.endswith("0.data.json")]) >= 30


def test_a_comparison_without_the_files_with_hashes_finds_the_same(wide):
    run = client(wide.folder).get(wide["foreach"])
    first = {name: fact.key for name, fact in facts_of(run).items()}
    for file in wide.root.joinpath(*run.path_components).rglob("*.data.json"):
        file.unlink()
    assert {name: fact.key for name, fact in facts_of(run).items()} == first


def test_a_file_that_could_not_be_read_is_read_again(wide):
    run = client(wide.folder).get(wide["foreach"])
    good = facts_of_display(run)
    clear_cache()
    task = next(path for path in wide.root.joinpath(*run.path_components).glob("end/*") if path.name.isdecimal())
    success = task / "_meta" / "0_artifact__success.json"
    content = success.read_bytes()
    success.write_bytes(b"{")  # the folder stays the same, as after a change of permissions
    assert facts_of_display(run) != good
    success.write_bytes(content)
    assert facts_of_display(run) == good


def test_a_folder_that_changed_just_now_or_is_missing_is_not_kept():
    memory = FolderMemory(lambda: STAMP[2] + 1_000_000)
    memory.keep("a", STAMP, "question", 1)
    memory.keep("b", ABSENT, "question", 1)
    assert (memory.recall("a", STAMP, "question"), memory.recall("b", ABSENT, "question")) == (None, None)


def test_answers_are_forgotten_with_another_stamp_and_beyond_the_limit(monkeypatch):
    memory = FolderMemory(time.time_ns)
    memory.keep("a", STAMP, "question", 1)
    assert memory.recall("a", STAMP, "question") == 1
    assert memory.recall("a", (1, 3, STAMP[2]), "question") is None
    assert memory.recall("a", STAMP, "another") is None
    memory.keep("a", (1, 3, STAMP[2]), "another", 2)
    assert memory.recall("a", (1, 3, STAMP[2]), "question") is None
    monkeypatch.setattr("mfwidgets.providers.folder_memory._MAX_RECORDS", 10)
    memory.keep("b", STAMP, "question", 3, 9)
    assert memory.recall("b", STAMP, "question") == 3
    assert memory.recall("a", (1, 3, STAMP[2]), "another") is None
    memory.clear()
    assert memory.recall("b", STAMP, "question") is None


def test_a_graph_is_decoded_once_but_read_each_time(wide, monkeypatch):
    run = client(wide.folder).get(wide["foreach"])
    decoded = []
    monkeypatch.setattr(graph, "safe_loads", lambda content: decoded.append(content) or safe_loads(content))
    monkeypatch.setattr(graph, "_graphs", {})
    steps = graph.steps_of(run._context, run._record)
    assert list(steps) == ["start", "work", "join", "end"]
    assert graph.steps_of(client(wide.folder)._context, run._record) == steps
    assert len(decoded) == 1

    def missing(*arguments):
        raise BlobMissing("deleted")

    monkeypatch.setattr(graph, "read_bytes", missing)
    assert graph.steps_of(run._context, run._record) == {}


def test_only_few_small_graphs_are_kept(monkeypatch):
    monkeypatch.setattr(graph, "_graphs", {})
    monkeypatch.setattr(graph, "_MAX_KEPT", 2)
    content = pickle.dumps({"steps": {}}, 4)
    for sha in "abc":
        assert graph._decoded(sha, content) == {"steps": {}}
    assert list(graph._graphs) == ["c"]
    monkeypatch.setattr(graph, "_MAX_KEPT_BYTES", 1)
    graph._decoded("d", content)
    assert list(graph._graphs) == ["c"]
