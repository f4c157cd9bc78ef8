"""States of tasks from given records, without reads."""

import hashlib
import pickle

import pytest

from mfwidgets.datastore.task_files import AttemptFiles, ProcessEnd
from mfwidgets.providers.records import ArtifactRecord, MetadataRecord, RunRecord, TaskRecord
from mfwidgets.queries.run_snapshot import RunSnapshot
from mfwidgets.queries.status import states as module
from mfwidgets.queries.status.rules import Attempt
from mfwidgets.queries.status.states import newest_task, task_states

NOW = 1_800_000_000_000
RUN = RunRecord("F", "9", 1)
TASK = TaskRecord(RUN, "s", "2", NOW - 5_000)


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    monkeypatch.setattr(module, "now_ms", lambda: NOW)


def event(field, value, ms=10, attempt=None, task=TASK):
    return MetadataRecord(task.step, task.task_id, field, field, value, ms, attempt)


def artifact(name, value, ms=50, attempt=0, task=TASK):
    sha = hashlib.sha1(pickle.dumps(value, 4)).hexdigest()
    return ArtifactRecord(*task.path, attempt, name, sha, "pickle-v4", "local", "", ms)


def states(events=(), artifacts=(), files=None, tasks=(TASK,)):
    found = {("s", "2"): files} if files else {}
    return task_states(RunSnapshot(None, RUN, RUN.path, tasks, events, artifacts, found))


def attempts(events=(), artifacts=(), files=None):
    (state,) = states(events, artifacts, files)
    return state.attempts


def test_a_task_without_facts_is_queued():
    (state,) = states()
    assert (state.pathspec, state.created_ms, state.attempts) == ("F/9/s/2", NOW - 5_000, ())
    assert (state.status, state.status.reason) == ("running", "queued 5.0 s ago")


def test_metadata_and_artifacts_are_joined_by_attempt():
    events = [
        event("attempt", "1", 40),
        event("attempt", "0", 10),
        event("attempt-done", "0", 30),
        event("attempt_ok", "False", 25, attempt=0),
        event("attempt_ok", "True", 55, attempt=1),
        event("runtime", "dev"),
    ]
    artifacts = [
        artifact("_task_ok", value=False, ms=28),
        artifact("_success", value=False, ms=27),
        artifact("_task_ok", value=True, ms=58, attempt=1),
        artifact("_success", value=True, ms=57, attempt=1),
        artifact("x", 5, 59, attempt=2),
    ]
    assert attempts(events, artifacts) == (
        Attempt(0, begun_ms=10, done_ms=30, ok=False, success=False, finished_ms=28),
        Attempt(1, begun_ms=40, ok=True, success=True, finished_ms=58),
    )


def test_each_sign_of_an_attempt_counts():
    assert [one.number for one in attempts([event("attempt", "3")])] == [3]
    assert [one.number for one in attempts([event("attempt-done", "2")])] == [2]
    assert [one.number for one in attempts([event("attempt_ok", "True", attempt=1)])] == [1]
    assert [one.number for one in attempts([event("attempt_ok", "True")])] == [0]
    assert [one.number for one in attempts([], [artifact("_success", value=True, attempt=4)])] == [4]
    assert attempts([], [artifact("_task_ok", value=True)]) == (Attempt(0, ok=True, finished_ms=50),)  # old versions
    end = ProcessEnd(1, killed=False)
    files = {0: AttemptFiles(done=True, end=None), 5: AttemptFiles(done=False, end=end)}
    assert attempts(files=files) == (Attempt(0, stored=True), Attempt(5, end=end))


def test_the_newest_event_of_an_attempt_counts():
    assert attempts([event("attempt", "0", 90), event("attempt", "0", 20)])[0].begun_ms == 90
    assert attempts([event("attempt-done", "0", 90), event("attempt-done", "0", 20)])[0].done_ms == 90
    again = [event("attempt_ok", "False", 90, attempt=0), event("attempt_ok", "True", 20, attempt=0)]
    assert attempts(again)[0].ok is False


@pytest.mark.parametrize("value", ["", "x", "-1", "1.0", "1000", None, [1]])
def test_invalid_attempt_numbers(value):
    assert attempts([event("attempt", value), event("attempt-done", value)]) == ()
    assert attempts([event("attempt", "999")])[0].number == 999


def test_each_task_has_its_own_facts_in_the_order_of_the_tasks():
    other, third = TaskRecord(RUN, "t", "2", 7), TaskRecord(RUN, "s", "3", 8)
    events = [event("attempt", "1", 20, task=other), event("attempt", "0", 10)]
    artifacts = [artifact("_success", value=True, task=third)]
    found = states(events, artifacts, {4: AttemptFiles(done=True, end=None)}, [third, other, TASK])
    assert [one.pathspec for one in found] == ["F/9/s/3", "F/9/t/2", "F/9/s/2"]
    assert [[attempt.number for attempt in one.attempts] for one in found] == [[0], [1], [0, 4]]
    assert [one.created_ms for one in found] == [8, 7, NOW - 5_000]


def test_a_broken_task_is_unknown_with_its_problem():
    broken = TaskRecord(RUN, "s", "2", 7, problem="is broken")
    (state,) = states([event("attempt", "0")], tasks=[broken])
    assert (state.status, state.status.reason) == ("unknown", "is broken")
    assert (state.pathspec, state.attempts, state.created_ms) == ("F/9/s/2", (), 7)


def test_heartbeats_decide_the_status():
    alive, dead = (TaskRecord(RUN, "s", "2", 7, heartbeat_ms=ms) for ms in (NOW - 1, 8))
    begun = [event("attempt", "0")]
    assert [one.status for one in states(begun, tasks=[alive])] == ["running"]
    assert [one.status for one in states(begun, tasks=[dead])] == ["killed"]


def test_a_clone_names_its_origin():
    events = [event("origin-task-id", "5"), event("origin-run-id", "8")]
    done = [artifact("_success", value=True)]
    files = {0: AttemptFiles(done=True, end=None)}
    assert states(events, done, files)[0].status.reason == "attempt 0 succeeded, cloned from F/8/s/5"
    assert states(events[1:], done, files)[0].status.reason == "attempt 0 succeeded"


def test_the_newest_task():
    tasks = [TaskRecord(RUN, "s", task_id, ms) for task_id, ms in (("1", 5), ("2", 9), ("3", 7))]
    assert newest_task(tasks) is tasks[1]
    assert newest_task([]) is None
