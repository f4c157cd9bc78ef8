"""Metadata events whose value follows from other files are not read. They equal what the files say."""

import json
import shutil
from pathlib import Path

import pytest

from mfwidgets.providers.local_files import LocalFiles, metadata_record, time_in
from mfwidgets.providers.task_folder import TaskFolder
from mfwidgets.queries.run_snapshot import ROW_FIELDS, STATUS_ARTIFACTS

_CLOCK_MS = 2_000
"""Metaflow takes the time in the name of a file after that in it, usually in the same millisecond."""


class CountedFiles(LocalFiles):
    """Reads files, and notes their names."""

    def __init__(self):
        self.read = []

    def json(self, file):
        self.read.append(file.rpartition("/")[2])
        return super().json(file)


def tasks(root):
    """Return the paths of all tasks below a root, in the order of their runs."""
    folders = sorted(path.parent for path in Path(root).glob("*/*/*/*/_meta"))
    return [tuple(folder.relative_to(root).parts) for folder in folders]


def facts(event):
    return event.key, event.field, event.type, event.value, event.attempt, event.tags


def test_events_that_are_not_read_are_those_in_the_files(runs):
    files, origins, times = CountedFiles(), {}, []
    for path in tasks(runs.root):
        folder = Path(runs.root, *path, "_meta")
        events, _ = TaskFolder(files, path, str(folder), origins=origins).records(ROW_FIELDS, STATUS_ARTIFACTS)
        stored = [
            metadata_record(path, json.loads(file.read_bytes())) for file in sorted(folder.glob("sysmeta_*.json"))
        ]
        expected = [event for event in stored if event.field in ROW_FIELDS]
        assert list(map(facts, events)) == list(map(facts, expected)), path
        times += [event.created_ms - true.created_ms for event, true in zip(events, expected, strict=True)]
    assert all(0 <= time < _CLOCK_MS for time in times)
    assert len(files.read) < 0.75 * sum(
        len([file for file in Path(runs.root, *path, "_meta").iterdir() if is_needed(file.name)])
        for path in tasks(runs.root)
    )


def is_needed(name):
    artifact = name.partition("_artifact_")[2].removesuffix(".json")
    return artifact in STATUS_ARTIFACTS or name.removeprefix("sysmeta_").rpartition("_")[0] in ROW_FIELDS


@pytest.fixture
def task(runs, tmp_path):
    """Return the files of a task with one attempt, and a function that reads the records of it and of a copy."""
    path = (*runs["linear"].split("/"), "start")
    (source,) = (folder for folder in Path(runs.root, *path).iterdir() if folder.name.isdecimal())
    folder = tmp_path / "_meta"
    shutil.copytree(source / "_meta", folder)
    files = CountedFiles()

    def read(**options):
        files.read.clear()
        return TaskFolder(files, (*path, source.name), str(folder), **options).records(ROW_FIELDS, STATUS_ARTIFACTS)

    return folder, files, read


def test_a_task_with_one_attempt_costs_four_files_and_the_next_of_its_run_three(task):
    _, files, read = task
    origins = {}
    read(origins=origins)
    assert len(files.read) == 4
    first = set(files.read)
    read(origins=origins)
    (origin,) = first - set(files.read)
    assert origin.startswith("sysmeta_origin-run-id_")


def test_with_a_second_attempt_all_events_are_read(task):
    folder, files, read = task
    shutil.copy(folder / "0_artifact__task_ok.json", folder / "1_artifact__task_ok.json")
    read()
    done = [name for name in files.read if name.startswith("sysmeta_attempt-done")]
    assert done
    assert any(name.startswith("sysmeta_attempt_ok") for name in files.read)


def test_two_results_of_attempts_are_read(task):
    folder, files, read = task
    (ok,) = folder.glob("sysmeta_attempt_ok_*.json")
    earlier = json.loads(ok.read_bytes()) | {"value": "False"}
    (folder / "sysmeta_attempt_ok_1.json").write_text(json.dumps(earlier))
    events, _ = read()
    assert sorted(event.value for event in events if event.field == "attempt_ok") == ["False", "True"]
    assert len([name for name in files.read if name.startswith("sysmeta_attempt_ok")]) == 2


def test_the_origin_of_a_clone_is_read(task):
    folder, files, read = task
    origins = {}
    read(origins=origins)
    event = {"field_name": "origin-task-id", "value": "7", "tags": [], "ts_epoch": 1}
    (folder / "sysmeta_origin-task-id_1.json").write_text(json.dumps(event))
    read(origins=dict.fromkeys(origins, "of another"))
    assert any(name.startswith("sysmeta_origin-run-id_") for name in files.read)


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("sysmeta_attempt_ok_1700000000000.json", 1_700_000_000_000),
        ("sysmeta_attempt_ok.json", None),
        ("sysmeta_attempt_99999999999999.json", None),
        ("sysmeta_attempt_²⁰.json", None),
        ("sysmeta_attempt_-5.json", None),
        (f"sysmeta_attempt_{'1' * 5000}.json", None),
    ],
)
def test_only_possible_times_are_taken_from_names(name, time):
    assert time_in(name) == time


def test_an_event_without_a_time_in_its_name_is_read(task):
    folder, files, read = task
    (done,) = folder.glob("sysmeta_attempt-done_*.json")
    done.rename(folder / "sysmeta_attempt-done_soon.json")
    events, _ = read()
    assert "sysmeta_attempt-done_soon.json" in files.read
    assert [event.value for event in events if event.field == "attempt-done"] == ["0"]
