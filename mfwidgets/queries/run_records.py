"""The records of a run of a service, requested for one display: all of them, or an outline of a very large run.

All records of a run of thousands of tasks take a service seconds, in which it answers nobody else. The outline has the tasks
of each step and whether they succeeded. Only the steps with few tasks, and some of the tasks that did not succeed, are read
in detail.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple, TypeVar

from mfwidgets.concurrency import parallel_map
from mfwidgets.providers.base import MetadataProvider, PathPrefix
from mfwidgets.providers.records import ArtifactRecord, MetadataRecord, RunRecord, TaskKey, TaskRecord
from mfwidgets.queries.status.rules import Status, task_status
from mfwidgets.times import now_ms

MAX_TASKS_READ = 1_000
"""If a run of a service has more tasks, its displays show an outline."""

MAX_TASKS_READ_ONE_BY_ONE = 150
"""The same for a service that has no listings of a whole run: each task costs two requests."""

_FEW_TASKS = 20
"""A step with at most this many tasks is read in detail."""

_MAX_DETAILED = 100
"""The most tasks of all such steps that are read in detail."""

_MAX_OPEN_DETAILED = 20
"""The most tasks that did not succeed, or were retried, that are read in detail. They cost two requests each."""

_SUCCEEDED = Status("completed", "succeeded")

_First = TypeVar("_First")
_Second = TypeVar("_Second")


class RunRecords(NamedTuple):
    """The records of a run, or of one of its steps.

    Attributes
    ----------
    metadata
        The metadata of the tasks.
    artifacts
        The artifacts of the newest attempts of the tasks.
    tasks
        The tasks, without private steps.
    counted
        The statuses of the tasks whose metadata and artifacts were not read. Empty if all was read.
    """

    metadata: list[MetadataRecord]
    artifacts: list[ArtifactRecord]
    tasks: list[TaskRecord]
    counted: Mapping[TaskKey, Status] = {}


def load_records(provider: MetadataProvider, run: RunRecord, *, outline: bool) -> RunRecords:
    """Request the records of a run. Costs two requests, and one per step.

    Parameters
    ----------
    provider
        A metadata service.
    run
        The run.
    outline
        Whether an outline is enough if the run is very large. It costs about three requests per step, and two for each task
        that is read in detail. The tasks are counted first, also if other runs of the flow were small.
    """

    def records() -> tuple[list[MetadataRecord], list[ArtifactRecord]]:
        return _both(lambda: provider.metadata(run.path), lambda: provider.artifacts(run.path))

    if not outline:
        (events, artifacts), tasks = _both(records, lambda: provider.tasks(run))
        return RunRecords(events, artifacts, tasks)
    tasks = provider.tasks(run)
    return outline_of(provider, run.path, tasks) if is_large(provider, tasks) else RunRecords(*records(), tasks)


def is_large(provider: MetadataProvider, tasks: Collection[TaskRecord]) -> bool:
    """Return whether tasks of a service are too many to read them all for a display."""
    limit = MAX_TASKS_READ_ONE_BY_ONE if provider.lacks_bulk_routes else MAX_TASKS_READ
    return provider.remote and len(tasks) > limit


def outline_of(provider: MetadataProvider, run: PathPrefix, tasks: list[TaskRecord]) -> RunRecords:
    """Request an outline of a run or of a step with these tasks."""
    by_step: dict[str, list[TaskRecord]] = defaultdict(list)
    for task in tasks:
        by_step[task.step].append(task)
    detailed: list[TaskRecord] = []
    for same_step in sorted(by_step.values(), key=len):
        if len(same_step) <= _FEW_TASKS and len(detailed) + len(same_step) <= _MAX_DETAILED:
            detailed += same_step
    detailed_steps = {task.step for task in detailed}
    wide = [(*run, step) for step in by_step if step not in detailed_steps]
    successful, retried = _both(
        lambda: _with(provider, wide, "attempt_ok", "^True$"), lambda: _with(provider, wide, "attempt", "^[1-9]")
    )
    many = [task for task in tasks if task.step not in detailed_steps]
    if successful is not None:
        telling = [task for task in many if task.key not in successful or task.key in (retried or ())]
        telling.sort(key=lambda task: (task.key in successful, task.created_ms))
        detailed += telling[:_MAX_OPEN_DETAILED]
    read = {task.key for task in detailed}
    rest = [task for task in many if task.key not in read]
    is_open = successful is not None and any(task.key not in successful for task in rest)
    failed = _with(provider, wide, "attempt_ok", "^False$") if is_open else None
    now = now_ms()
    counted = {task.key: _counted(task, successful, failed or set(), now) for task in rest}
    events, artifacts = _both(
        lambda: parallel_map(provider.metadata, [task.path for task in detailed]),
        lambda: parallel_map(provider.artifacts, [task.path for task in detailed]),
    )
    return RunRecords(
        [event for found in events for event in found],
        [record for found in artifacts for record in found],
        tasks,
        counted,
    )


def _with(provider: MetadataProvider, steps: list[PathPrefix], field: str, pattern: str) -> set[TaskKey] | None:
    """Return the tasks of steps with a matching metadata value. None if the service cannot say."""
    sets = parallel_map(lambda step: provider.tasks_with(step, field, pattern), steps)
    keys: set[TaskKey] = set()
    for step, ids in zip(steps, sets, strict=True):
        if ids is None:
            return None
        keys.update((step[-1], task_id) for task_id in ids)
    return keys


def _counted(task: TaskRecord, successful: set[TaskKey] | None, failed: set[TaskKey], now: int) -> Status:
    """Return the status of a task whose details are not read."""
    if successful is None:
        return Status("unknown", "its outcome was not read, because the service cannot filter tasks")
    if task.key in successful:
        return _SUCCEEDED
    if task.key in failed:
        return Status("failed", "failed")
    return task_status((), task.created_ms, now, heartbeat_ms=task.heartbeat_ms)


def _both(first: Callable[[], _First], second: Callable[[], _Second]) -> tuple[_First, _Second]:
    """Return two answers that are requested at the same time."""
    reads: list[Callable[[], Any]] = [first, second]
    one, other = parallel_map(lambda read: read(), reads)
    return one, other
