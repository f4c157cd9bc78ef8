"""Rows of artifacts: from one file per task, compared with the record of each artifact."""

import json

import pytest
from corpus import RUNS

NAMES = [name for part in RUNS for name in part]


def listed(run):
    """Return the facts of the records, which are one file each."""
    return sorted((artifact.pathspec, artifact.sha, artifact.encoding) for artifact in run.artifacts())


def rows(collection):
    return sorted((row.pathspec, row.sha, row.encoding) for row in collection._rows())


@pytest.mark.parametrize("name", NAMES)
def test_the_file_has_the_facts_of_the_records(name, client, runs):
    run = client.get(runs[name])
    assert rows(run.artifacts()) == listed(run)
    for task in run.tasks():
        for attempt in (None, 0, 1, 5):
            asked = client.get(task.pathspec, attempt=attempt)
            assert {row.name: row.sha for row in asked._artifact_rows()} == {found.id: found.sha for found in asked}
            assert len(asked.to_pandas()) == len(list(asked))


def test_records_are_used_without_the_file(own_client, own_runs):
    run = own_client.get(own_runs["linear"])
    whole = rows(run.artifacts())
    task = run["start"].task
    file = own_runs.root.joinpath(*task.path_components, "0.data.json")
    file.write_text("{broken")
    assert rows(run.artifacts()) == whole
    assert {row.type for row in task._artifact_rows()} == {None}
    file.unlink()
    assert rows(run.artifacts()) == whole


@pytest.mark.parametrize("info", [None, [], "x", {"x": None}, {"x": {"size": "big", "type": 7}}, {"x": 3}])
def test_an_invalid_file_is_ignored(info, own_client, own_runs):
    task = own_client.get(own_runs["linear"])["start"].task
    file = own_runs.root.joinpath(*task.path_components, "0.data.json")
    file.write_text(json.dumps(json.loads(file.read_text()) | {"info": info}))
    found = {row.name: row for row in task._artifact_rows()}
    assert found["x"].sha == task["x"].sha
    assert found["x"].size is None
    assert "x" in task._repr_html_()


def test_private_steps_are_listed_by_path(client, runs):
    run = client.get(runs["linear"])
    assert not any("/_parameters/" in row.pathspec for row in run.artifacts()._rows())
    assert "alpha" in list(run["_parameters"].task.to_pandas().name)


def test_local_artifacts_by_name_have_type_and_size(client):
    frame = client["ValueFlow"].runs().find_artifacts("score").to_pandas()
    assert set(frame.type) == {"numpy.float64"}
    assert frame["size"].notna().all()
