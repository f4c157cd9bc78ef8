"""The states of tasks and runs: facts from snapshots and a few reads, rules from :mod:`mfwidgets.queries.status.rules`.

A local run is read from its files. A metadata service gets as few requests as possible: it derives a status from the
step named ``end`` and from heartbeats. If it says that a run completed, a table believes it. What it calls running or
failed may have a last step of another name, so that status is checked.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mfwidgets.datastore.task_files import AttemptFiles
from mfwidgets.deadline import stoppable
from mfwidgets.errors import CorruptFile
from mfwidgets.pickles.safe_loads import known_bool
from mfwidgets.providers.base import PathPrefix
from mfwidgets.providers.records import (
    ArtifactRecord,
    MetadataRecord,
    RunRecord,
    TaskKey,
    TaskRecord,
    attempt_number,
)
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import PARAMETERS, end_step, retries_of, steps_of
from mfwidgets.queries.run_memory import Question, ask, recalled
from mfwidgets.queries.run_snapshot import STATUS_ARTIFACTS, STATUS_FIELDS, RunSnapshot, load_tasks
from mfwidgets.queries.status.believed import trusted_runs
from mfwidgets.queries.status.rules import (
    HEARTBEAT_TIMEOUT_MS,
    Attempt,
    Status,
    TaskState,
    ended_run_status,
    open_run_status,
    task_status,
)
from mfwidgets.queries.status.run_end import RunState, origin_run_id, quick_success
from mfwidgets.times import DAY, now_ms

# -- tasks -------------------------------------------------------------------------------------------------------------


def task_states(snapshot: RunSnapshot) -> list[TaskState]:
    """Return the state of each task of a snapshot, in the same order."""
    events: dict[TaskKey, list[MetadataRecord]] = defaultdict(list)
    for event in stoppable(snapshot.metadata):
        events[event.key].append(event)
    results: dict[TaskKey, list[ArtifactRecord]] = defaultdict(list)
    for record in stoppable(snapshot.artifacts):
        if record.name in STATUS_ARTIFACTS:
            results[record.key].append(record)
    now = now_ms()
    keys = [task.key for task in snapshot.tasks]
    counted = snapshot.counted
    return [
        TaskState("/".join(task.path), counted[key], (), task.created_ms)
        if key in counted
        else _task_state(task, events[key], results[key], snapshot.files.get(key, {}), now)
        for task, key in stoppable(zip(snapshot.tasks, keys, strict=True))
    ]


def newest_task(tasks: Sequence[TaskRecord]) -> TaskRecord | None:
    """Return the newest task, which decides the status of its step. None without tasks."""
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
    """Return the attempts, oldest first, from metadata, artifacts and files."""
    begun: dict[int, int] = {}
    done: dict[int, int] = {}
    ok: dict[int, bool] = {}
    for event in sorted(events, key=lambda event: event.created_ms):
        number = attempt_number(event.value)
        if event.field == "attempt" and number is not None:
            begun[number] = event.created_ms
        elif event.field == "attempt-done" and number is not None:
            done[number] = event.created_ms
        elif event.field == "attempt_ok":
            ok[event.attempt or 0] = str(event.value) == "True"
    finished: dict[int, int] = {}
    success: dict[int, bool | None] = {}
    for record in results:
        if record.name == "_success":
            success[record.attempt] = known_bool(record.sha)
        else:
            finished[record.attempt] = record.created_ms
            if known_bool(record.sha) is not None:
                ok.setdefault(record.attempt, known_bool(record.sha) is True)  # old versions record no attempt_ok
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


# -- runs --------------------------------------------------------------------------------------------------------------


def run_states(
    context: ClientContext, runs: Sequence[RunRecord], *, exact_times: bool = True, first_look: bool = False
) -> list[RunState]:
    """Return the states of runs, in the same order. States that can no longer change are remembered.

    Parameters
    ----------
    context, runs
        The context to read from, and the runs.
    exact_times
        For a metadata service only: whether to prove each status and read the exact end time, which costs a request or two
        per run. Else the status of the listing is believed where it is right (see
        :mod:`mfwidgets.queries.status.believed`), and the run's last heartbeat is its end time.
    first_look
        A proof of the states follows. Then almost no state is proved here.
    """
    if not context.provider.remote:
        return ask(context, runs, _LOCAL_STATE)
    remembered = recalled(context, runs, _SERVICE_STATE)
    unknown = [run for run, state in zip(runs, remembered, strict=True) if state is None]
    trusted = set() if exact_times else trusted_runs(context, unknown, first_look=first_look)
    states = iter(ask(context, [run for run in unknown if run not in trusted], _SERVICE_STATE))
    return [
        state or (_believed(run) if run in trusted else next(states))
        for run, state in zip(runs, remembered, strict=True)
    ]


_BELIEVED = "according to the service"


def is_believed(status: Status) -> bool:
    """Return whether a status is that of the listing of a service, without a proof."""
    return status.reason.endswith(_BELIEVED)


def known_states(context: ClientContext, runs: Sequence[RunRecord]) -> list[RunState | None]:
    """Return the states of runs that are remembered, or that the listing of a service says. Else None.

    Costs a request for each flow of a service whose last step is not known yet. Locally, reads nothing but the index.
    """
    if not context.provider.remote:
        return recalled(context, runs, _LOCAL_STATE)
    remembered = recalled(context, runs, _SERVICE_STATE)
    trusted = trusted_runs(context, [run for run, state in zip(runs, remembered, strict=True) if state is None])
    return [state or (_believed(run) if run in trusted else None) for run, state in zip(runs, remembered, strict=True)]


def _believed(run: RunRecord) -> RunState:
    status = Status(run.service_status, f"{run.service_status} {_BELIEVED}")
    if run.service_status == "completed":
        return RunState(status, run.heartbeat_ms, None)
    return RunState(status, None, None, run.heartbeat_ms if status == "failed" else None)


def run_state(snapshot: RunSnapshot) -> RunState:
    """Return the state of a run from its snapshot."""
    context, run = snapshot.context, snapshot.record
    if context.provider.remote:
        return _service_state(context, run)
    return _local_state(context, run, lambda: replace(snapshot, tasks=snapshot.tasks[::-1]))


def _read_local_state(context: ClientContext, run: RunRecord) -> RunState:
    return _local_state(
        context, run, lambda: load_tasks(context, run, run.path, context.provider.tasks(run), STATUS_FIELDS)
    )


def _state_to_json(state: RunState) -> list[Any] | None:
    """Return a state as JSON. None if it changes with time."""
    if state.status not in ("completed", "caught", "failed"):
        return None
    times = (state.finished_ms, state.origin_run_id, state.last_activity_ms)
    return [str(state.status), state.status.reason, *times]


def _state_from_json(run: RunRecord, content: list[Any]) -> RunState:  # noqa: ARG001 - a state says nothing about its run
    status, reason, finished_ms, origin, last_activity_ms = content
    return RunState(Status(status, reason), finished_ms, origin, last_activity_ms)


_LOCAL_STATE = Question("state", _read_local_state, _state_to_json, _state_from_json)


def _local_state(context: ClientContext, run: RunRecord, load: Callable[[], RunSnapshot]) -> RunState:
    problem = run.problem
    if not problem:
        try:
            return quick_success(context, run) or _state_of(load(), end_step(context, run))
        except CorruptFile as error:  # a folder of the run cannot be listed
            problem = str(error)
    return RunState(Status("unknown", problem), None, None)


def _state_of(snapshot: RunSnapshot, last: str) -> RunState:
    """Return the state of a run, from a snapshot of its tasks and the name of its last step."""
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
    times = (run.created_ms, run.heartbeat_ms or 0, *(state.last_sign_ms for state in states.values()))
    return RunState(status, finished_ms, origin, max(times))


def _service_state(context: ClientContext, run: RunRecord) -> RunState:
    if run.service_status in ("", "completed"):
        quick = quick_success(context, run)
        if quick:
            return quick
    return _checked_state(context, run)


_SERVICE_STATE = Question("state", _service_state, _state_to_json, _state_from_json)


def _checked_state(context: ClientContext, run: RunRecord) -> RunState:
    """Return the state of a run from its metadata, and from the results of its last step. Costs one or two requests."""
    events = context.provider.run_metadata(run)
    tasks = tasks_in_metadata(run, events)
    recorded = [str(event.value) for event in events if event.field == "end_step" and event.step == PARAMETERS]
    if not recorded and not any(task.step == "end" for task in tasks):
        recorded = [end_step(context, run)]
    last = recorded[0] if recorded else "end"
    where = _where_results_matter(run, events, last)
    results = context.provider.artifacts(where, STATUS_ARTIFACTS) if where else []
    return _state_of(RunSnapshot(context, run, run.path, tasks, events, results, {}), last)


def _where_results_matter(run: RunRecord, events: Iterable[MetadataRecord], last: str) -> PathPrefix | None:
    """Return the path of the tasks whose results say more than their metadata. None if there are none."""
    ends = [event for event in events if event.field == "attempt_ok"]
    if any(event.step == last and event.value == "True" for event in ends):
        return (*run.path, last)  # the results say whether it succeeded or was caught, and when
    if not ends and any(event.field == "attempt-done" for event in events):
        return run.path  # old versions recorded no attempt_ok
    return None


def tasks_in_metadata(run: RunRecord, events: Iterable[MetadataRecord]) -> list[TaskRecord]:
    """Return the tasks that have metadata. Their heartbeat is that of the run."""
    created: dict[TaskKey, int] = {}
    for event in stoppable(events):
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
    """Return the times of retries by pathspec. Reads the graph only if a task failed within a day."""
    if run.heartbeat_ms is not None and now - run.heartbeat_ms > HEARTBEAT_TIMEOUT_MS:
        return {}  # the scheduler is dead
    failed = {
        task: state
        for task, state in states.items()
        if state.status in ("failed", "killed") and not state.was_stopped and now - state.last_sign_ms < DAY
    }
    nodes = steps_of(context, run) if failed else {}
    due = {}
    for task, state in failed.items():
        times, wait_ms = retries_of(nodes.get(task.step, {}))
        if state.attempts and state.attempts[-1].number < times and not state.forbids_retry:
            due[state.pathspec] = (state.finished_ms or state.last_sign_ms) + wait_ms
    return due


def awaits_retry(context: ClientContext, task: TaskRecord, state: TaskState) -> bool:
    """Return whether another attempt of a failed task is allowed, and the run goes on.

    What ``@retry`` allows decides, not the time since the failure: a busy machine starts the next attempt late. The
    scheduler retries nothing any more after another task has failed for good.
    """
    run, now = context.provider.run(*task.run.path), now_ms()
    if run is None or not _retries_due(context, run, {task: state}, now):
        return False
    if context.provider.remote:
        events = context.provider.run_metadata(run)
        snapshot = RunSnapshot(context, run, run.path, tasks_in_metadata(run, events), events, [], {})
    else:
        snapshot = load_tasks(context, run, run.path, context.provider.tasks(run), STATUS_FIELDS)
    states = dict(zip(snapshot.tasks, task_states(snapshot), strict=True))
    due = _retries_due(context, run, states, now)
    return state.pathspec in due and all(
        other.pathspec in due for other in states.values() if other.status in ("failed", "killed")
    )
