"""The local provider, with real runs and with damaged folders."""

import json
from pathlib import Path

import pytest

from mfwidgets.config import read_configuration
from mfwidgets.errors import CorruptFile
from mfwidgets.providers.local import LocalProvider
from mfwidgets.providers.local_tree import LocalTree


@pytest.fixture
def provider(own_runs):
    return LocalProvider(LocalTree(own_runs.root, read_configuration()))


def self_json(own_runs, *path):
    return own_runs.root.joinpath(*path, "_meta", "_self.json")


def ids(provider, flow="LinearFlow"):
    return [run.run_id for run in provider.runs(flow)]


def test_runs_come_newest_first_and_are_counted(provider, runs):
    expected = [runs[name].partition("/")[2] for name in ("linear-hostile", "linear-bob", "linear")]
    assert ids(provider) == expected
    assert provider.count_runs("LinearFlow") == 3
    assert [flow.flow for flow in provider.flows()] == ["FailingFlow", "LinearFlow", "RetryFlow"]


def test_tagging_changes_neither_start_nor_user_nor_order(provider, own_runs):
    flow, run_id = own_runs["linear"].split("/")
    before = provider.run(flow, run_id)
    entry = self_json(own_runs, flow, run_id)
    content = json.loads(entry.read_bytes())
    # Metaflow's own client leaves this when bob tags ann's run a day later.
    content |= {"user_name": "bob", "ts_epoch": content["ts_epoch"] + 86_400_000, "tags": ["late"]}
    entry.write_text(json.dumps(content))
    after = provider.run(flow, run_id)
    assert after.user == "ann"
    assert 0 <= after.created_ms - before.created_ms < 1000
    assert after.user_tags == {"late"}
    assert ids(provider)[-1] == run_id


def test_only_the_runs_that_are_taken_are_read(provider, monkeypatch):
    from mfwidgets.providers import local_files

    read = []
    true_read = local_files.read_json
    monkeypatch.setattr(local_files, "read_json", lambda file: read.append(file) or true_read(file))
    next(provider.runs("LinearFlow"))
    assert len([file for file in read if Path(file).exists()]) == 2


def test_runs_with_other_ids_are_sorted_by_their_start(provider, own_runs):
    flow, newest = own_runs["linear-hostile"].split("/")
    folder = own_runs.root / flow
    (folder / newest).rename(folder / "argo-linear-x7")
    assert ids(provider)[0] == "argo-linear-x7"
    flow, oldest = own_runs["linear"].split("/")
    (folder / oldest).rename(folder / "airflow-1a2b")
    assert ids(provider)[-1] == "airflow-1a2b"


@pytest.mark.parametrize("content", ["", "{", "null", "[]", "\x00\x01", '{"ts_epoch": "soon"', "[" * 100_000])
def test_a_broken_run_is_listed_with_its_reason(provider, own_runs, content):
    flow, run_id = own_runs["linear-bob"].split("/")
    self_json(own_runs, flow, run_id).write_text(content)
    listed = {run.run_id: run for run in provider.runs(flow)}
    assert len(listed) == 3
    assert "_self.json is broken" in listed[run_id].problem
    assert listed[run_id].created_ms > 0
    with pytest.raises(CorruptFile, match=r"_self\.json is broken"):
        provider.run(flow, run_id)


@pytest.mark.parametrize("time", [10**17, 10**30, -1, True, "soon", None, 1.5])
def test_an_impossible_time_is_none(provider, own_runs, time):
    flow, run_id = own_runs["linear-bob"].split("/")
    entry = self_json(own_runs, flow, run_id)
    entry.write_text(json.dumps(json.loads(entry.read_bytes()) | {"ts_epoch": time}))
    assert abs(provider.run(flow, run_id).created_ms - int(run_id) // 1000) < 1000


@pytest.mark.parametrize(
    "name", ["..", ".", "", "a/b", "../LinearFlow", "\0", "*", "[a]", "\\", "_meta", "data", "ü" * 200]
)
def test_names_are_taken_literally(provider, name):
    assert provider.flow(name) is None
    assert provider.run("LinearFlow", name) is None
    assert list(provider.runs(name)) == []


def test_stray_files_are_not_objects(provider, own_runs):
    (own_runs.root / "LinearFlow" / "tmp8x2").write_text("half")
    (own_runs.root / "LinearFlow" / "9999999999999999").mkdir()
    assert len(ids(provider)) == 3


def test_metadata_and_artifacts_in_bulk(provider, own_runs):
    flow, run_id = own_runs["retry"].split("/")
    attempts = provider.metadata((flow, run_id, "flaky"), {"attempt"})
    assert sorted(str(event.value) for event in attempts) == ["0", "1"]
    assert [event.attempt for event in attempts] == [0, 1]
    newest = provider.artifacts((flow, run_id, "flaky"), {"attempt_seen"})
    assert [record.attempt for record in newest] == [1]
    assert [record.attempt for record in provider.artifacts((flow, run_id, "flaky"), {"attempt_seen"}, attempt=0)] == [
        0
    ]
    assert provider.artifacts((flow, run_id, "flaky"), attempt=4) == []
    names = {record.name for record in provider.artifacts((flow, run_id))}
    assert {"attempt_seen", "failure", "_success", "_graph_info"} <= names


def test_public_artifacts_are_recognised_by_their_name(provider, own_runs):
    flow, run_id = own_runs["linear"].split("/")
    meta = next(own_runs.root.joinpath(flow, run_id, "start").glob("*/_meta/0_artifact_x.json"))
    meta.rename(meta.with_name("0_artifact_x_artifact__y.json"))
    names = {record.name for record in provider.artifacts((flow, run_id, "start"), public_only=True)}
    assert names == {"alpha", "label", "name", "nothing", "numbers", "text", "x_artifact__y"}


def test_a_folder_without_runs(tmp_path):
    provider = LocalProvider(LocalTree(None, read_configuration({}, tmp_path)))
    assert provider.flows() == []
    assert provider.flow("LinearFlow") is None
    assert provider.selector == "local@<No .metaflow directory found in current working tree>"
    (tmp_path / ".metaflow").mkdir()  # the first run is about to start
    assert provider.selector == f"local@{tmp_path}"


def test_broken_numbers_of_attempts(own_client, own_runs):
    run = own_client.get(own_runs["linear"])
    meta = own_runs.root / run["start"].task.pathspec / "_meta"
    for file in [*meta.glob("sysmeta_attempt_*.json"), *meta.glob("sysmeta_attempt-done_*.json")]:
        file.write_text(json.dumps(json.loads(file.read_text()) | {"value": str(10**30)}))
    assert len(run.tasks().to_pandas()) == 2
    assert len(list(run.critical_path())) == 2
    assert len(run["end"].task.ancestors().to_pandas()) == 1
