"""Gathers what became of tasks, in bulk: facts from the provider, rules from :mod:`mfwidgets.queries.status.rules`."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from mfwidgets.datastore.task_files import AttemptFiles, attempt_files
from mfwidgets.pickles.known_hashes import known_bool
from mfwidgets.providers.base import PathPrefix
from mfwidgets.providers.records import ArtifactRecord, MetadataRecord, TaskRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.status.rules import Attempt, Status, TaskState, task_status
from mfwidgets.times import now_ms

STATUS_FIELDS = frozenset({"attempt", "attempt_ok", "attempt-done", "origin-run-id", "origin-task-id"})
"""The metadata that a task's status is made of."""

STATUS_ARTIFACTS = frozenset({"_task_ok", "_success"})
"""The artifacts that a task's status is made of."""

_DIGITS = 4

TaskKey = tuple[str, str]
"""Step name and task id."""


def task_states(context: ClientContext, where: PathPrefix, tasks: Sequence[TaskRecord]) -> list[TaskState]:
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
    return task_states_from(
        context, tasks, *context.provider.metadata_and_artifacts(where, STATUS_FIELDS, STATUS_ARTIFACTS)
    )


def task_states_from(
    context: ClientContext,
    tasks: Sequence[TaskRecord],
    metadata: Iterable[MetadataRecord],
    artifacts: Iterable[ArtifactRecord],
) -> list[TaskState]:
    """Return what became of tasks, from facts at hand: at least :data:`STATUS_FIELDS` and :data:`STATUS_ARTIFACTS`."""
    events: dict[TaskKey, list[MetadataRecord]] = defaultdict(list)
    for event in metadata:
        events[event.step, event.task_id].append(event)
    results: dict[TaskKey, list[ArtifactRecord]] = defaultdict(list)
    for record in artifacts:
        results[record.step, record.task_id].append(record)
    now = now_ms()
    return [
        _task_state(task, events[task.step, task.task_id], results[task.step, task.task_id], _files(context, task), now)
        for task in tasks
    ]


def newest_task(tasks: Sequence[TaskRecord]) -> TaskRecord | None:
    """Return the task that speaks for its step: the newest."""
    return max(tasks, key=lambda task: task.created_ms, default=None)


def _files(context: ClientContext, task: TaskRecord) -> Mapping[int, AttemptFiles]:
    """Return what the files of a local task tell that its metadata does not: attempts that died too early or too hard."""
    if context.provider.local_root is None:
        return {}
    return attempt_files(context.datastore("local", ""), task.path)


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
