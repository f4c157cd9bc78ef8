"""Client objects have small pickles, which load in other processes and change no global state."""

import pickle
import subprocess
import sys

import pytest

import mfwidgets
from mfwidgets import Metaflow
from mfwidgets.errors import InvalidSelector, MetaflowNamespaceMismatch, MetaflowNotFound


@pytest.fixture
def objects(client, runs):
    task = client.get(runs["retry"])["flaky"].task
    attempt = client.get(task.pathspec, attempt=0)
    return [client["RetryFlow"], client.get(runs["retry"]), task.parent, task, attempt, task["attempt_seen"]]


def test_every_kind_comes_back(objects, client):
    for item in objects:
        pickled = pickle.dumps(item)
        assert len(pickled) < 600
        again = pickle.loads(pickled)
        assert again == item
        assert repr(again) == repr(item)
    again = pickle.loads(pickle.dumps(client))
    assert (again.metadata, again.namespace) == (client.metadata, client.namespace)


def test_nothing_global_changes(objects):
    mfwidgets.namespace("user:bob")
    before = mfwidgets.get_metadata()
    pickle.loads(pickle.dumps(objects))
    assert (mfwidgets.get_metadata(), mfwidgets.get_namespace()) == (before, "user:bob")


def test_another_process_finds_it(objects, tmp_path):
    (tmp_path / "pickled").write_bytes(pickle.dumps(objects[3]))
    program = "import pickle, sys; print(pickle.load(open(sys.argv[1], 'rb')).status)"
    command = [sys.executable, "-c", program, str(tmp_path / "pickled")]
    found = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert found.stdout == "completed\n"


def test_another_process_navigates_from_it(own_client, own_runs, tmp_path):
    task = own_client.get(own_runs["linear"])["start"].task
    program = "import pickle, sys; found = pickle.load(open(sys.argv[1], 'rb')); "
    for shown, way in ((task["x"], "found.parent.parent.parent.parent"), (task, "found.parent.parent.end_task.parent")):
        (tmp_path / "pickled").write_bytes(pickle.dumps(shown))
        command = [sys.executable, "-c", f"{program}print({way})", str(tmp_path / "pickled")]
        found = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
        assert found.stdout == f"{eval(way, {'found': shown})}\n"


def test_a_relative_folder_is_pickled_as_absolute(own_runs, monkeypatch, tmp_path_factory):
    monkeypatch.chdir(own_runs.folder)
    run = Metaflow(metadata="local@.", namespace=None).get(own_runs["linear"])
    pickled = pickle.dumps(run)
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert pickle.loads(pickled).data.x == 2


def test_a_missing_object_is_named(own_client, own_runs):
    import shutil

    pickled = pickle.dumps(own_client.get(own_runs["linear"]))
    flow = pickle.dumps(own_client["LinearFlow"])
    shutil.rmtree(own_runs.root.joinpath(*own_runs["linear"].split("/")))
    with pytest.raises(MetaflowNotFound):
        pickle.loads(pickled)
    shutil.rmtree(own_runs.root)
    with pytest.raises(InvalidSelector, match="does not exist"):
        pickle.loads(flow)


def test_the_namespace_is_checked_again(own_client, own_runs, runs):
    ann = Metaflow(metadata=f"local@{own_runs.folder}", namespace="nightly")
    run = ann.get(own_runs["linear"])
    pickled = pickle.dumps(run)
    own_client.get(own_runs["linear"]).remove_tag("nightly")
    with pytest.raises(MetaflowNamespaceMismatch):
        pickle.loads(pickled)
