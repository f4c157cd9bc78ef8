"""The rules alone, as a table: nothing is read here."""

import pickle

import pytest

from mfwidgets.datastore.task_files import ProcessEnd
from mfwidgets.queries.status.rules import (
    Attempt,
    Status,
    TaskState,
    attempt_statuses,
    ended_run_status,
    open_run_status,
    step_status,
    task_status,
)
from mfwidgets.times import DAY, HOUR, SECOND

NOW = 1_800_000_000_000
AGO = NOW - HOUR


def good(number=0):
    return Attempt(number, begun_ms=AGO, done_ms=AGO, ok=True, success=True, finished_ms=AGO, stored=True)


def bad(number=0, **facts):
    return Attempt(
        number, **{"begun_ms": AGO, "done_ms": AGO, "ok": False, "success": False, "finished_ms": AGO} | facts
    )


@pytest.mark.parametrize(
    ("attempts", "status", "reason"),
    [
        ([], "running", "queued 1 h 00 m ago"),
        ([good()], "completed", "attempt 0 succeeded at 2027-01-15 07:00:00"),
        ([bad(), good(1)], "completed", "attempt 1 succeeded at 2027-01-15 07:00:00, after 1 failed attempt"),
        ([bad()], "failed", "attempt 0 failed at 2027-01-15 07:00:00"),
        ([good(), Attempt(1, begun_ms=AGO, done_ms=AGO, ok=True)], "completed", "attempt 1 succeeded at 2027"),
        ([Attempt(0, begun_ms=AGO, ok=True, end=ProcessEnd(-9, killed=False))], "killed", "SIGKILL"),
        ([bad(ok=True)], "caught", "attempt 0 failed at 2027-01-15 07:00:00; @catch handled it"),
        ([Attempt(0, begun_ms=AGO)], "running", "attempt 0 began 1 h 00 m ago"),
        ([bad(), Attempt(1, begun_ms=AGO)], "running", "attempt 1 began 1 h 00 m ago"),
        ([bad(), Attempt(1)], "running", "attempt 1 began 1 h 00 m ago"),
        ([Attempt(0, begun_ms=NOW - 2 * DAY)], "unknown", "attempt 0 has not ended after 2 d 0 h; nothing tells"),
        ([Attempt(0, begun_ms=AGO, end=ProcessEnd(-9, killed=False))], "killed", "by signal 9 (SIGKILL)"),
        ([Attempt(0, begun_ms=AGO, end=ProcessEnd(-99, killed=False))], "killed", "by signal 99"),
        ([Attempt(0, begun_ms=AGO, end=ProcessEnd(-9, killed=True))], "killed", "by the scheduler"),
        ([Attempt(0, end=ProcessEnd(1, killed=False))], "failed", "ended with code 1 before the step began"),
        ([Attempt(0, begun_ms=AGO, end=ProcessEnd(3, killed=False))], "failed", "ended with code 3 without a result"),
        ([Attempt(0, begun_ms=AGO, ok=False, end=ProcessEnd(1, killed=False))], "failed", "attempt 0 failed"),
        ([Attempt(0, begun_ms=AGO, end=ProcessEnd(0, killed=False))], "failed", "ended with code 0 without a result"),
        ([bad(stored=True, end=ProcessEnd(0, killed=False))], "failed", "attempt 0 failed"),  # sys.exit(0)
    ],
)
def test_tasks(attempts, status, reason):
    found = task_status(attempts, AGO, NOW)
    assert found == status
    assert reason in found.reason


def test_an_attempt_that_was_replaced_cannot_run():
    statuses = attempt_statuses([Attempt(0, begun_ms=AGO), good(1)], AGO, NOW)
    assert statuses == ["failed", "completed"]
    assert statuses[0].reason == "attempt 0 left no result; attempt 1 replaced it"


def task(status, ms=AGO):
    return TaskState(f"F/1/s/{status}", Status(status, "so"), (), ms)


@pytest.mark.parametrize(
    ("tasks", "status", "reason"),
    [
        ([task("completed"), task("failed")], "failed", "F/1/s/failed: so"),
        ([task("failed"), task("killed"), task("failed")], "failed", "so, and 2 other tasks"),
        ([task("failed"), task("running")], "running", "F/1/s/running: so"),
        ([task("running"), task("running")], "running", "and 1 other task"),
        ([task("completed", NOW - 5 * SECOND)], "running", "last sign of life 5.0 s ago"),
        ([], "unknown", "did not reach its end"),
        ([task("completed")], "unknown", "no task runs; last sign of life 1 h 00 m ago"),
        ([task("completed"), task("unknown")], "unknown", "F/1/s/unknown: so"),
    ],
)
def test_runs_that_did_not_reach_their_end(tasks, status, reason):
    found = open_run_status(tasks, AGO, NOW)
    assert found == status
    assert reason in found.reason


def test_the_culprit_is_named_and_not_its_victim():
    killed = Attempt(0, begun_ms=AGO - HOUR, end=ProcessEnd(-9, killed=True))
    victim = TaskState("F/1/b/3", Status("killed", "so"), (killed,), AGO - HOUR)
    assert open_run_status([victim, task("failed")], AGO, NOW).reason == "F/1/s/failed: so, and 1 other task"


def test_runs_that_did():
    assert ended_run_status(task("completed")) == "completed"
    assert ended_run_status(task("caught")) == "caught"
    for other in ("failed", "killed", "running", "unknown"):
        assert ended_run_status(task(other)) is None


def test_the_prevailing_status_of_several():
    assert step_status([]) is None
    several = [Status("completed", "a"), Status("failed", "b"), Status("failed", "c")]
    assert step_status(several) == "failed"
    assert step_status(several).reason == "2 of 3 tasks; of one of them: b"
    assert step_status([Status("failed", "b"), Status("failed", "b")]).reason == "2 of 2 tasks: b"
    assert step_status([Status("completed", "at 1"), Status("completed", "at 2")]).reason == "2 of 2 tasks"


def test_a_retry_that_is_due_keeps_a_run_running():
    from mfwidgets.queries.lineage.graph import retries_of

    failed = TaskState("F/1/a/2", Status("failed", "attempt 0 failed"), (bad(),), AGO)
    assert open_run_status([failed], AGO, NOW) == "failed"
    assert open_run_status([failed], AGO, NOW, {"F/1/a/2": NOW + 5 * SECOND}) == "running"
    assert open_run_status([failed], AGO, NOW, {"F/1/a/2": AGO}) == "failed"
    retry = {"name": "retry", "attributes": {"times": "1", "minutes_between_retries": "2"}}
    assert retries_of({"decorators": [{"name": "catch"}, retry]}) == (1, 120_000)
    assert retries_of({"decorators": [{"name": "retry", "attributes": {"times": "None"}}]}) == (0, 0)
    assert retries_of({"decorators": None}) == (0, 0)


def test_a_status_travels_with_its_reason():
    found = pickle.loads(pickle.dumps(Status("failed", "why")))
    assert (found, found.reason, type(found)) == ("failed", "why", Status)
