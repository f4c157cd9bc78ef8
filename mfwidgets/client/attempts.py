"""Gathers what became of tasks and runs, in bulk: facts from the provider, rules from :mod:`mfwidgets.client.status`."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mfwidgets.client.graph import end_step, retries_of, steps_of
from mfwidgets.client.scope import Scope
from mfwidgets.client.status import Attempt, Status, TaskState, ended_run_status, open_run_status, task_status
from mfwidgets.datastore.task_files import AttemptFiles, attempt_files
from mfwidgets.datastore.truths import is_none, truth
from mfwidgets.metadata_provider.base import Where
from mfwidgets.metadata_provider.records import ArtifactRecord, MetadataRecord, RunRecord, TaskRecord
from mfwidgets.times import DAY, now_ms

STATUS_FIELDS = frozenset({"attempt", "attempt_ok", "attempt-done", "origin-run-id", "origin-task-id"})
"""The metadata that a task's status is made of."""

RESULTS = frozenset({"_task_ok", "_success"})
"""The artifacts that a task's status is made of."""

TaskKey = tuple[str, str]
"""Step name and task id."""


@dataclass(frozen=True, slots=True)
class RunState:
    """A run's status, when its end task finished, and which run it resumed, if one."""

    status: Status
    finished_ms: int | None
    origin_run_id: str | None


def task_states(scope: Scope, where: Where, tasks: Sequence[TaskRecord]) -> list[TaskState]:
    """Return what became of tasks.

    Parameters
    ----------
    scope
        Where to read.
    where
        The part of the tree that all these tasks lie in; it is asked in bulk.
    tasks
        Whose states, in this order.
    """
    return states_from(scope, tasks, *scope.provider.facts(where, STATUS_FIELDS, RESULTS))


def states_from(
    scope: Scope, tasks: Sequence[TaskRecord], metadata: Iterable[MetadataRecord], artifacts: Iterable[ArtifactRecord]
) -> list[TaskState]:
    """Return what became of tasks, from facts at hand: at least :data:`STATUS_FIELDS` and :data:`RESULTS`."""
    events: dict[TaskKey, list[MetadataRecord]] = defaultdict(list)
    for event in metadata:
        events[event.step, event.task_id].append(event)
    results: dict[TaskKey, list[ArtifactRecord]] = defaultdict(list)
    for record in artifacts:
        results[record.step, record.task_id].append(record)
    now = now_ms()
    return [
        _task_state(task, events[task.step, task.task_id], results[task.step, task.task_id], _files(scope, task), now)
        for task in tasks
    ]


def run_states(scope: Scope, runs: Sequence[RunRecord]) -> list[RunState]:
    """Return what became of runs, in this order; all tasks are read only of runs whose end task did not succeed."""
    return [_run_state(scope, run) for run in runs]


def newest_task(tasks: Sequence[TaskRecord]) -> TaskRecord | None:
    """Return the task that speaks for its step: the newest."""
    return max(tasks, key=lambda task: task.created_ms, default=None)


def _run_state(scope: Scope, run: RunRecord) -> RunState:
    if run.problem:
        return RunState(Status("unknown", run.problem), None, None)
    quick = quick_success(scope, run)
    if quick:
        return quick
    tasks = scope.provider.tasks(run)
    events, artifacts = scope.provider.facts(run.path, STATUS_FIELDS, RESULTS)
    states = dict(zip(tasks, states_from(scope, tasks, events, artifacts), strict=True))
    last = end_step(scope, run)
    end = newest_task([task for task in tasks if task.step == last])
    status = ended_run_status(states[end]) if end else None
    if status is None:
        now = now_ms()
        status = open_run_status(list(states.values()), run.created_ms, now, _retries_due(scope, run, states, now))
    return RunState(status, states[end].finished_ms if end else None, origin_run_id(events))


def _retries_due(scope: Scope, run: RunRecord, states: Mapping[TaskRecord, TaskState], now: int) -> dict[str, int]:
    """Return when failed tasks are to be tried again; the graph is read for tasks that failed lately only."""
    failed = {
        task: state
        for task, state in states.items()
        if state.status in ("failed", "killed") and not state.was_stopped and now - state.last_sign_ms < DAY
    }
    nodes = steps_of(scope, run) if failed else {}
    due = {}
    for task, state in failed.items():
        times, wait_ms = retries_of(nodes.get(task.step, {}))
        if state.attempts and state.attempts[-1].number < times:
            due[state.pathspec] = (state.finished_ms or state.last_sign_ms) + wait_ms
    return due


def quick_success(scope: Scope, run: RunRecord) -> RunState | None:
    """Recognise the usual case, a run whose one task of the step ``end`` succeeded, from a few small records.

    A task that succeeded and has no transition to a next step is the end of its flow, so that nothing else needs to be
    read to know which step is the last.
    """
    events, artifacts = scope.provider.facts((*run.path, "end"), {"origin-run-id"}, RESULTS | {"_transition"})
    results = {record.name: record for record in artifacts}
    if len({record.task_id for record in artifacts}) != 1 or len(results) != len(RESULTS) + 1:
        return None
    if not truth(results["_success"].sha) or not is_none(results["_transition"].sha):
        return None
    finished = results["_task_ok"]
    attempt = Attempt(finished.attempt, success=True, finished_ms=finished.created_ms, stored=True)
    pathspec = "/".join(finished.path[:-1])
    status = Status("completed", f"its end task {pathspec}: {task_status([attempt], 0, 0).reason}")
    return RunState(status, finished.created_ms, origin_run_id(events))


def origin_run_id(events: Iterable[MetadataRecord]) -> str | None:
    """Return the run that tasks say theirs resumed; Metaflow writes the text "None" for a run that is no resume."""
    values = (str(event.value) for event in events if event.field == "origin-run-id")
    return next((value for value in values if value not in ("None", "")), None)


def _files(scope: Scope, task: TaskRecord) -> Mapping[int, AttemptFiles]:
    """Return what the files of a local task tell that its metadata does not: attempts that died too early or too hard."""
    if scope.provider.local_root is None:
        return {}
    return attempt_files(scope.datastore("local", ""), task.path)


def _task_state(
    task: TaskRecord,
    events: Collection[MetadataRecord],
    results: Iterable[ArtifactRecord],
    files: Mapping[int, AttemptFiles],
    now: int,
) -> TaskState:
    pathspec = "/".join(task.path)
    if task.problem:
        return TaskState(pathspec, Status("unknown", task.problem), (), task.created_ms)
    attempts = _attempts(events, results, files)
    status = task_status(attempts, task.created_ms, now, _cloned_from(task, events))
    return TaskState(pathspec, status, attempts, task.created_ms)


def _attempts(
    events: Collection[MetadataRecord], results: Iterable[ArtifactRecord], files: Mapping[int, AttemptFiles]
) -> tuple[Attempt, ...]:
    """Join what metadata, artifacts and files say about each attempt; oldest first."""
    begun: dict[int, int] = {}
    done: dict[int, int] = {}
    ok: dict[int, bool] = {}
    for event in sorted(events, key=lambda event: event.created_ms):
        if event.field == "attempt" and str(event.value).isdecimal():
            begun[int(str(event.value))] = event.created_ms
        elif event.field == "attempt-done" and str(event.value).isdecimal():
            done[int(str(event.value))] = event.created_ms
        elif event.field == "attempt_ok":
            ok[event.attempt or 0] = str(event.value) == "True"
    finished: dict[int, int] = {}
    success: dict[int, bool | None] = {}
    for record in results:
        if record.name == "_success":
            success[record.attempt] = truth(record.sha)
        else:
            finished[record.attempt] = record.created_ms
    numbers = sorted(begun.keys() | done.keys() | ok.keys() | success.keys() | files.keys())
    return tuple(
        Attempt(
            number=number,
            begun_ms=begun.get(number),
            done_ms=done.get(number),
            ok=ok.get(number),
            success=success.get(number),
            finished_ms=finished.get(number),
            stored=number in files and files[number].done,
            end=files[number].end if number in files else None,
        )
        for number in numbers
    )


def _cloned_from(task: TaskRecord, events: Iterable[MetadataRecord]) -> str:
    origin = {event.field: str(event.value) for event in events}
    if "origin-task-id" not in origin:
        return ""
    return "/".join((task.run.flow, origin.get("origin-run-id", ""), task.step, origin["origin-task-id"]))
