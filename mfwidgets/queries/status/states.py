"""The states of tasks and runs: facts from snapshots and a few reads, rules from :mod:`mfwidgets.queries.status.rules`.

A local run is read from its files. A metadata service gets as few requests as possible: it derives a status from the
step named ``end`` and from heartbeats. If it says that a run completed, a table believes it. What it calls running or
failed may have a last step of another name, so that status is checked.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from mfwidgets.concurrency import parallel_map
from mfwidgets.datastore.task_files import AttemptFiles
from mfwidgets.pickles.safe_loads import is_none, known_bool
from mfwidgets.providers.records import ArtifactRecord, MetadataRecord, RunRecord, TaskKey, TaskRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import PARAMETERS, end_step, retries_of, steps_of
from mfwidgets.queries.run_snapshot import STATUS_ARTIFACTS, STATUS_FIELDS, RunSnapshot, load_tasks
from mfwidgets.queries.status.rules import (
    HEARTBEAT_TIMEOUT_MS,
    Attempt,
    Status,
    TaskState,
    ended_run_status,
    open_run_status,
    task_status,
)
from mfwidgets.times import DAY, now_ms

_OF_THE_LAST = STATUS_ARTIFACTS | {"_transition"}

_DIGITS = 4


# -- tasks -------------------------------------------------------------------------------------------------------------


def task_states(snapshot: RunSnapshot) -> list[TaskState]:
    """Return the state of each task of a snapshot, in its order."""
    events: dict[TaskKey, list[MetadataRecord]] = defaultdict(list)
    for event in snapshot.metadata:
        events[event.key].append(event)
    results: dict[TaskKey, list[ArtifactRecord]] = defaultdict(list)
    for record in snapshot.artifacts:
        if record.name in STATUS_ARTIFACTS:
            results[record.key].append(record)
    now = now_ms()
    keys = [task.key for task in snapshot.tasks]
    return [
        _task_state(task, events[key], results[key], snapshot.files.get(key, {}), now)
        for task, key in zip(snapshot.tasks, keys, strict=True)
    ]


def newest_task(tasks: Sequence[TaskRecord]) -> TaskRecord | None:
    """Return the task that speaks for its step: the newest."""
    return max(tasks, key=lambda task: task.created_ms, default=None)


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
    status = task_status(attempts, task.created_ms, now, _cloned_from(task, events), task.heartbeat_ms)
    return TaskState(pathspec, status, attempts, task.created_ms)


def _attempts(
    events: Collection[MetadataRecord], results: Iterable[ArtifactRecord], files: Mapping[int, AttemptFiles]
) -> tuple[Attempt, ...]:
    """Join what metadata, artifacts and files say about each attempt; oldest first."""
    begun: dict[int, int] = {}
    done: dict[int, int] = {}
    ok: dict[int, bool] = {}
    for event in sorted(events, key=lambda event: event.created_ms):
        if event.field == "attempt" and _is_number(event.value):
            begun[int(str(event.value))] = event.created_ms
        elif event.field == "attempt-done" and _is_number(event.value):
            done[int(str(event.value))] = event.created_ms
        elif event.field == "attempt_ok":
            ok[event.attempt or 0] = str(event.value) == "True"
    finished: dict[int, int] = {}
    success: dict[int, bool | None] = {}
    for record in results:
        if record.name == "_success":
            success[record.attempt] = known_bool(record.sha)
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


def _is_number(value: object) -> bool:
    """Tell whether this is the number of an attempt; broken files may hold any."""
    return str(value).isdecimal() and len(str(value)) < _DIGITS


def _cloned_from(task: TaskRecord, events: Iterable[MetadataRecord]) -> str:
    origin = {event.field: str(event.value) for event in events}
    if "origin-task-id" not in origin:
        return ""
    return "/".join((task.run.flow, origin.get("origin-run-id", ""), task.step, origin["origin-task-id"]))


# -- runs --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RunState:
    """A run's status, when its end task finished, which run it resumed, and when one that failed or was lost last worked."""

    status: Status
    finished_ms: int | None
    origin_run_id: str | None
    last_activity_ms: int | None = None


def run_states(context: ClientContext, runs: Sequence[RunRecord], *, exact_times: bool = True) -> list[RunState]:
    """Return what became of runs, in this order.

    Parameters
    ----------
    scope, runs
        Where to read, and whose states.
    exact_times
        Of a metadata service: ask for the end time of each run that completed, a request each; else the run's last
        heartbeat stands for it.
    """
    if context.provider.remote:
        return parallel_map(lambda run: _service_state(context, run, exact_times=exact_times), runs, title="runs")
    return [_local_state(context, run, partial(_load_states, context, run)) for run in runs]


def run_state(snapshot: RunSnapshot) -> RunState:
    """Return the same of a run that was loaded as a whole."""
    context, run = snapshot.context, snapshot.record
    if context.provider.remote:
        return _service_state(context, run, exact_times=True)
    return _local_state(context, run, lambda: replace(snapshot, tasks=snapshot.tasks[::-1]))


def _load_states(context: ClientContext, run: RunRecord) -> RunSnapshot:
    return load_tasks(context, run, run.path, context.provider.tasks(run), STATUS_FIELDS)


def _local_state(context: ClientContext, run: RunRecord, load: Callable[[], RunSnapshot]) -> RunState:
    if run.problem:
        return RunState(Status("unknown", run.problem), None, None)
    return quick_success(context, run) or _state_of(load(), end_step(context, run))


def _state_of(snapshot: RunSnapshot, last: str) -> RunState:
    """Return what became of a run, from a snapshot of its tasks and the name of its last step."""
    run, tasks = snapshot.record, snapshot.tasks
    states = dict(zip(tasks, task_states(snapshot), strict=True))
    end = newest_task([task for task in tasks if task.step == last])
    status = ended_run_status(states[end]) if end else None
    if status is None:
        now = now_ms()
        due = _retries_due(snapshot.context, run, states, now)
        status = open_run_status(list(states.values()), run.created_ms, now, due, run.heartbeat_ms)
    origin = origin_run_id(snapshot.metadata)
    finished_ms = states[end].finished_ms if end else None
    if status not in ("failed", "unknown"):
        return RunState(status, finished_ms, origin)
    signs = (run.created_ms, run.heartbeat_ms or 0, *(state.last_sign_ms for state in states.values()))
    return RunState(status, finished_ms, origin, max(signs))


def _service_state(context: ClientContext, run: RunRecord, *, exact_times: bool) -> RunState:
    if run.service_status == "completed" and not exact_times:
        return RunState(Status("completed", "its end task succeeded, says the service"), run.heartbeat_ms, None)
    if run.service_status in ("", "completed"):
        quick = quick_success(context, run)
        if quick:
            return quick
    return _proved(context, run)


def _proved(context: ClientContext, run: RunRecord) -> RunState:
    """Tell from the metadata of a run (one request), and from the results of its last step where it got there (one)."""
    events = context.provider.run_metadata(run)
    tasks = tasks_in_metadata(run, events)
    recorded = [str(event.value) for event in events if event.field == "end_step" and event.step == PARAMETERS]
    if not recorded and not any(task.step == "end" for task in tasks):
        recorded = [end_step(context, run)]
    last = recorded[0] if recorded else "end"
    # Only of a task that ended as it should, the results tell whether it succeeded or was caught, and when.
    ended = any(event.step == last and event.field == "attempt_ok" and event.value == "True" for event in events)
    results = context.provider.artifacts((*run.path, last), STATUS_ARTIFACTS) if ended else []
    return _state_of(RunSnapshot(context, run, run.path, tasks, events, results, {}), last)


def tasks_in_metadata(run: RunRecord, events: Iterable[MetadataRecord]) -> list[TaskRecord]:
    """Return the tasks that metadata tell of; for their sign of life stands the run's."""
    created: dict[TaskKey, int] = {}
    for event in events:
        key = event.key
        created[key] = min(created.get(key, event.created_ms), event.created_ms)
    return [
        TaskRecord(run, step, task_id, created_ms, run.heartbeat_ms)
        for (step, task_id), created_ms in created.items()
        if not step.startswith("_")
    ]


def _retries_due(
    context: ClientContext, run: RunRecord, states: Mapping[TaskRecord, TaskState], now: int
) -> dict[str, int]:
    """Return when failed tasks are to be tried again; the graph is read for tasks that failed lately only."""
    if run.heartbeat_ms is not None and now - run.heartbeat_ms > HEARTBEAT_TIMEOUT_MS:
        return {}  # nobody is left to try
    failed = {
        task: state
        for task, state in states.items()
        if state.status in ("failed", "killed") and not state.was_stopped and now - state.last_sign_ms < DAY
    }
    nodes = steps_of(context, run) if failed else {}
    due = {}
    for task, state in failed.items():
        times, wait_ms = retries_of(nodes.get(task.step, {}))
        # A process that ended with 0, as after sys.exit(), its scheduler takes for a success.
        if state.attempts and state.attempts[-1].number < times and not state.ended_with_0:
            due[state.pathspec] = (state.finished_ms or state.last_sign_ms) + wait_ms
    return due


def awaits_retry(context: ClientContext, task: TaskRecord, state: TaskState) -> bool:
    """Return whether ``@retry`` allows another attempt of a task that failed, and its run is still running."""
    run = context.provider.run(*task.run.path)
    if run is None or not _retries_due(context, run, {task: state}, now_ms()):
        return False
    return run_states(context, [run])[0].status == "running"


def quick_success(context: ClientContext, run: RunRecord) -> RunState | None:
    """Recognise the usual case, a run whose one task of the step ``end`` succeeded, from a few small records.

    A task that succeeded and has no transition to a next step is the end of its flow, so that nothing else needs to be
    read to know which step is the last.
    """
    # Of a service, metadata of a step are those of the whole run; only local files give both in one look.
    fields: set[str] = set() if context.provider.remote else {"origin-run-id"}
    events, artifacts = context.provider.metadata_and_artifacts((*run.path, "end"), fields, _OF_THE_LAST)
    finished = successful_end(artifacts)
    if finished is None:
        return None
    attempt = Attempt(finished.attempt, success=True, finished_ms=finished.created_ms, stored=True)
    pathspec = "/".join(finished.path[:-1])
    status = Status("completed", f"its end task {pathspec}: {task_status([attempt], 0, 0).reason}")
    return RunState(status, finished.created_ms, origin_run_id(events))


def successful_end(artifacts: Sequence[ArtifactRecord]) -> ArtifactRecord | None:
    """Return the result of the one task that these are of, if it succeeded and was the last of its run; else None."""
    results = {record.name: record for record in artifacts if record.name in _OF_THE_LAST}
    if len(results) != len(_OF_THE_LAST) or len({record.task_id for record in artifacts}) != 1:
        return None
    if not known_bool(results["_success"].sha) or not is_none(results["_transition"].sha):
        return None
    return results["_task_ok"]


def origin_run_id(events: Iterable[MetadataRecord]) -> str | None:
    """Return the run that tasks say theirs resumed; Metaflow writes the text "None" for a run that is no resume."""
    values = (str(event.value) for event in events if event.field == "origin-run-id")
    return next((value for value in values if value not in ("None", "")), None)
