"""The states of tasks: facts from a snapshot, rules from :mod:`mfwidgets.queries.status.rules`."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from mfwidgets.datastore.task_files import AttemptFiles
from mfwidgets.pickles.safe_loads import known_bool
from mfwidgets.providers.records import ArtifactRecord, MetadataRecord, TaskKey, TaskRecord
from mfwidgets.queries.run_snapshot import STATUS_ARTIFACTS, RunSnapshot
from mfwidgets.queries.status.rules import Attempt, Status, TaskState, task_status
from mfwidgets.times import now_ms

_DIGITS = 4


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
