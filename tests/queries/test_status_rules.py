"""The rules of statuses as tables, without reads."""

import pickle

import pytest

from mfwidgets.datastore.task_files import ProcessEnd
from mfwidgets.queries.status.rules import (
    HEARTBEAT_TIMEOUT_MS,
    SCHEDULER_PAUSE_MS,
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
        ([bad(), good(1)], "completed", "attempt 1 succeeded at 2027-01-15 07:00:00 after 1 failed attempt"),
        ([bad()], "failed", "attempt 0 failed at 2027-01-15 07:00:00"),
        ([good(), Attempt(1, begun_ms=AGO, done_ms=AGO, ok=True)], "completed", "attempt 1 succeeded at 2027"),
        ([Attempt(0, begun_ms=AGO, ok=True, end=ProcessEnd(-9, killed=False))], "killed", "SIGKILL"),
        ([bad(ok=True)], "caught", "attempt 0 failed at 2027-01-15 07:00:00, handled by @catch"),
        ([Attempt(0, begun_ms=AGO)], "running", "attempt 0 started 1 h 00 m ago"),
        ([bad(), Attempt(1, begun_ms=AGO)], "running", "attempt 1 started 1 h 00 m ago"),
        ([bad(), Attempt(1)], "running", "attempt 1 started 1 h 00 m ago"),
        ([Attempt(0, begun_ms=NOW - 2 * DAY)], "unknown", "attempt 0 has not ended after 2 d 0 h"),
        ([Attempt(0, begun_ms=AGO, end=ProcessEnd(-9, killed=False))], "killed", "by signal 9 (SIGKILL)"),
        ([Attempt(0, begun_ms=AGO, end=ProcessEnd(-99, killed=False))], "killed", "by signal 99"),
        ([Attempt(0, begun_ms=AGO, end=ProcessEnd(-9, killed=True))], "killed", "by the scheduler"),
        ([Attempt(0, end=ProcessEnd(1, killed=False))], "failed", "exited with code 1 before the step started"),
        ([Attempt(0, begun_ms=AGO, end=ProcessEnd(3, killed=False))], "failed", "exited with code 3 without a result"),
        ([Attempt(0, begun_ms=AGO, ok=False, end=ProcessEnd(1, killed=False))], "failed", "attempt 0 failed"),
        ([Attempt(0, begun_ms=AGO, end=ProcessEnd(0, killed=False))], "failed", "exited with code 0 without a result"),
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
    assert statuses[0].reason == "attempt 0 has no result, replaced by attempt 1"


def task(status, ms=AGO):
    return TaskState(f"F/1/s/{status}", Status(status, "so"), (), ms)


@pytest.mark.parametrize(
    ("tasks", "status", "reason"),
    [
        ([task("completed"), task("failed")], "failed", "F/1/s/failed: so"),
        ([task("failed"), task("killed"), task("failed")], "failed", "so, and 2 other tasks"),
        ([task("failed"), task("running")], "running", "F/1/s/running: so"),
        ([task("running"), task("running")], "running", "and 1 other task"),
        ([task("completed", NOW - 5 * SECOND)], "running", "last activity 5.0 s ago"),
        ([], "unknown", "the run has not ended"),
        ([task("completed")], "unknown", "no task is running, last activity 1 h 00 m ago"),
        ([task("completed"), task("unknown")], "unknown", "F/1/s/unknown: so"),
    ],
)
def test_runs_that_did_not_reach_their_end(tasks, status, reason):
    found = open_run_status(tasks, AGO, NOW)
    assert found == status
    assert reason in found.reason


def test_the_cause_is_named_first():
    killed = Attempt(0, begun_ms=AGO - HOUR, end=ProcessEnd(-9, killed=True))
    victim = TaskState("F/1/b/3", Status("killed", "so"), (killed,), AGO - HOUR)
    assert open_run_status([victim, task("failed")], AGO, NOW).reason == "F/1/s/failed: so, and 1 other task"


def test_runs_that_reached_their_end():
    assert ended_run_status(task("completed")) == "completed"
    assert ended_run_status(task("caught")) == "caught"
    for other in ("failed", "killed", "running", "unknown"):
        assert ended_run_status(task(other)) is None


def test_the_status_of_several_tasks():
    assert step_status([]) is None
    several = [Status("completed", "a"), Status("failed", "b"), Status("failed", "c")]
    assert step_status(several) == "failed"
    assert step_status(several).reason == "2 of 3 tasks, for example: b"
    assert step_status([Status("failed", "b"), Status("failed", "b")]).reason == "2 of 2 tasks: b"
    assert step_status([Status("completed", "at 1"), Status("completed", "at 2")]).reason == "2 of 2 tasks"


def test_a_retry_that_is_due_keeps_a_run_running():
    from mfwidgets.queries.lineage.graph import retries_of

    failed = TaskState("F/1/a/2", Status("failed", "attempt 0 failed"), (bad(),), AGO)
    assert open_run_status([failed], AGO, NOW) == "failed"
    assert open_run_status([failed], AGO, NOW, {"F/1/a/2": NOW + 5 * SECOND}) == "running"
    assert open_run_status([failed], AGO, NOW, {"F/1/a/2": AGO}) == "failed"
    retry = {"name": "retry", "attributes": {"times": "1", "minutes_between_retries": "2"}}
    assert retries_of({"decorators": [retry]}) == (1, 120_000)
    assert retries_of({"decorators": [{"name": "catch"}, retry]}) == (4, 120_000)  # the last ones handle the failure
    assert retries_of({"decorators": [{"name": "catch"}]}) == (3, 0)
    assert retries_of({"decorators": [{"name": "retry", "attributes": {"times": 9}}]})[0] == 5
    assert retries_of({"decorators": [{"name": "retry", "attributes": {"times": -1}}]})[0] == 0
    assert retries_of({"decorators": [{"name": "retry", "attributes": {"times": "None"}}]}) == (0, 0)
    assert retries_of({"decorators": None}) == (0, 0)


def test_a_status_pickles_with_its_reason():
    found = pickle.loads(pickle.dumps(Status("failed", "why")))
    assert (found, found.reason, type(found)) == ("failed", "why", Status)


def test_an_attempt_is_over_by_any_record():
    assert not Attempt(0).over
    assert not Attempt(0, begun_ms=AGO, ok=True, success=True, finished_ms=AGO).over
    for facts in ({"done_ms": 0}, {"stored": True}, {"end": ProcessEnd(0, killed=False)}, {"ok": False}):
        assert Attempt(0, **facts).over


def test_the_end_of_an_attempt_prefers_its_result():
    assert Attempt(0).ended_ms is None
    assert Attempt(0, done_ms=2).ended_ms == 2
    assert Attempt(0, done_ms=2, finished_ms=1).ended_ms == 1


SILENT = "no heartbeat for"


@pytest.mark.parametrize(
    ("begun_ms", "heartbeat_ms", "status", "reason"),
    [
        (AGO, NOW - HEARTBEAT_TIMEOUT_MS + 1, "running", "attempt 0 started 1 h 00 m ago"),
        (AGO, NOW - HEARTBEAT_TIMEOUT_MS, "killed", f"{SILENT} 6 m 00 s"),
        (AGO, AGO, "killed", f"{SILENT} 1 h 00 m"),
        (NOW - SECOND, AGO, "running", "attempt 0 started 1.0 s ago"),  # it started after the last heartbeat
        (NOW - 2 * DAY, NOW, "running", "attempt 0 started 2 d 0 h ago"),
        (NOW + HOUR, NOW + HOUR, "running", "attempt 0 started 0 ms ago"),  # clocks differ
        (NOW - DAY + 1, None, "running", "attempt 0 started 1 d 0 h ago"),
        (NOW - DAY, None, "unknown", "attempt 0 has not ended after 1 d 0 h"),
        (NOW + HOUR, None, "running", "attempt 0 started 0 ms ago"),
        (None, None, "running", "attempt 0 started 3 h 00 m ago"),
    ],
)
def test_heartbeats_and_ages(begun_ms, heartbeat_ms, status, reason):
    found = task_status([Attempt(0, begun_ms=begun_ms)], NOW - 3 * HOUR, NOW, heartbeat_ms=heartbeat_ms)
    assert (found, found.reason) == (status, reason)


def test_a_queued_task():
    assert task_status([], AGO, NOW, heartbeat_ms=AGO).reason == "no heartbeat for 1 h 00 m"
    assert task_status([], NOW - 2 * DAY, NOW).reason.startswith("no attempt has started after 2 d 0 h")


def test_a_clone_names_its_origin():
    found = task_status([bad(), bad(1), good(2)], AGO, NOW, "F/1/s/2")
    assert found.reason.endswith(" after 2 failed attempts, cloned from F/1/s/2")


def test_attempt_ok_is_enough_without_a_result():
    assert task_status([Attempt(0, ok=True, stored=True)], AGO, NOW) == "failed"  # its result is missing
    assert task_status([Attempt(0, ok=True, done_ms=AGO)], AGO, NOW) == "completed"
    assert task_status([Attempt(0, done_ms=AGO)], AGO, NOW) == "failed"
    assert task_status([Attempt(0, success=True, stored=True)], AGO, NOW).reason == "attempt 0 succeeded"


def state(*attempts, status="failed", ms=AGO):
    return TaskState("F/1/s/2", Status(status, "so"), attempts, ms)


def killed(number=0, code=-15, **facts):
    return Attempt(number, begun_ms=AGO, end=ProcessEnd(code, killed=True), **facts)


def ended(number=0, code=0, **facts):
    return Attempt(number, begun_ms=AGO, end=ProcessEnd(code, killed=False), **facts)


def test_a_task_is_stopped_if_the_scheduler_killed_its_newest_attempt():
    assert state(killed()).was_stopped is True
    assert state(ended(), killed(1)).was_stopped is True
    assert state(killed(), ended(1)).was_stopped is False
    assert state(killed(), bad(1)).was_stopped is False
    assert state(ended(code=-9)).was_stopped is False
    assert state().was_stopped is False


def test_exit_codes_that_forbid_a_retry():
    assert state(ended()).forbids_retry is True
    assert state(ended(code=202)).forbids_retry is True
    assert state(ended(code=1), ended(1)).forbids_retry is True
    for attempts in (
        (),
        (ended(code=1),),
        (ended(code=None),),
        (killed(code=0),),
        (ended(), ended(1, code=1)),
        (bad(),),
    ):
        assert state(*attempts).forbids_retry is False


def test_the_times_of_a_task():
    first, second = bad(begun_ms=10, done_ms=20, finished_ms=30), Attempt(1, begun_ms=40, done_ms=60)
    both = state(first, second, ms=5)
    assert (both.first_started_ms, both.started_ms, both.finished_ms, both.last_sign_ms) == (10, 40, 60, 60)
    assert state(first, Attempt(1), ms=5).started_ms is None
    assert state(first, Attempt(1), ms=5).finished_ms is None
    assert state(first, Attempt(1), ms=5).last_sign_ms == 30
    assert state(Attempt(0), second, ms=5).first_started_ms == 40
    of_parameters = state(Attempt(0, success=True, done_ms=8), ms=5)  # registers no attempt
    assert (of_parameters.started_ms, of_parameters.first_started_ms) == (5, 5)
    nothing = state(ms=5)
    assert (nothing.first_started_ms, nothing.started_ms, nothing.finished_ms, nothing.last_sign_ms) == (
        None,
        None,
        None,
        5,
    )
    assert state(Attempt(0, begun_ms=10), ms=50).last_sign_ms == 50


def test_a_task_at_one_of_its_attempts():
    both = state(Attempt(0, begun_ms=AGO), good(1), status="completed")
    newest = both.at_attempt(1, NOW)
    assert (newest.status.reason, newest.attempts, newest.pathspec, newest.created_ms) == (
        "so",
        (good(1),),
        "F/1/s/2",
        AGO,
    )
    first = both.at_attempt(0, NOW)
    assert (first.status, first.attempts) == ("failed", (Attempt(0, begun_ms=AGO),))
    assert first.status.reason == "attempt 0 has no result, replaced by attempt 1"
    assert (first.pathspec, first.created_ms) == ("F/1/s/2", AGO)
    never = both.at_attempt(7, NOW)
    assert (never.status, never.status.reason, never.attempts) == ("unknown", "there is no attempt 7", ())
    assert (never.pathspec, never.created_ms) == ("F/1/s/2", AGO)


def test_a_run_is_running_during_the_pause_of_its_scheduler():
    for ago, status in ((SCHEDULER_PAUSE_MS - 1, "running"), (SCHEDULER_PAUSE_MS, "unknown")):
        assert open_run_status([task("completed", NOW - ago)], AGO, NOW) == status
        assert open_run_status([], NOW - ago, NOW) == status
    for ago, status in ((HEARTBEAT_TIMEOUT_MS - 1, "running"), (HEARTBEAT_TIMEOUT_MS, "unknown")):
        assert open_run_status([task("completed")], AGO, NOW, heartbeat_ms=NOW - ago) == status
    assert open_run_status([], NOW + HOUR, NOW).reason == "last activity 0 ms ago"
    failed = TaskState("F/1/a/2", Status("failed", "so"), (bad(),), AGO)
    for after, status in ((SCHEDULER_PAUSE_MS - 1, "running"), (SCHEDULER_PAUSE_MS, "failed")):
        assert open_run_status([task("completed"), failed], AGO, NOW, {"F/1/a/2": NOW - after}) == status


def test_the_first_failed_task_is_named():
    early = TaskState("F/1/a/1", Status("failed", "early"), (bad(finished_ms=AGO - HOUR),), AGO)
    late = TaskState("F/1/a/2", Status("killed", "late"), (bad(finished_ms=AGO),), AGO)
    stopped = TaskState("F/1/a/3", Status("killed", "stopped"), (killed(finished_ms=AGO - DAY),), AGO)
    unfinished = TaskState(
        "F/1/a/4", Status("failed", "hard"), (ended(code=1),), AGO - DAY
    )  # begun_ms is its last activity
    assert open_run_status([stopped, late, early], AGO, NOW).reason == "F/1/a/1: early, and 2 other tasks"
    assert open_run_status([late], AGO, NOW).reason == "F/1/a/2: late"
    assert open_run_status([late, unfinished, early], AGO, NOW).reason.startswith("F/1/a/1: early")
    assert open_run_status([stopped], AGO, NOW).reason == "F/1/a/3: stopped"


def test_a_run_names_its_running_tasks_or_its_end():
    three = [task("running"), task("failed"), task("running"), task("running")]
    assert open_run_status(three, AGO, NOW).reason == "F/1/s/running and 2 other tasks: so"
    assert open_run_status(three[:2], AGO, NOW).reason == "F/1/s/running: so"
    assert ended_run_status(task("caught")).reason == "end task F/1/s/caught: so"


def test_a_step_takes_the_worst_status_of_its_tasks():
    order = ("running", "failed", "killed", "unknown", "caught", "completed")
    for number, worst in enumerate(order):
        statuses = [Status(name, "so") for name in reversed(order[number:])]
        noun = "task" if len(statuses) == 1 else "tasks"
        found = step_status(statuses)
        assert (found, found.reason) == (worst, f"1 of {len(statuses)} {noun}: so")
    many = [Status("failed", "so")] * 1_234
    assert step_status(many).reason == "1,234 of 1,234 tasks: so"
