"""The snapshot of a run: its records, loaded once. Functions for statuses, rows and graphs take it as an argument."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field
from functools import partial

from mfwidgets.datastore.task_files import AttemptFiles, attempt_files
from mfwidgets.deadline import stoppable
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.pickles.safe_loads import known_bool
from mfwidgets.providers.base import PathPrefix
from mfwidgets.providers.local import LocalProvider
from mfwidgets.providers.records import ArtifactRecord, MetadataRecord, RunRecord, TaskKey, TaskRecord, attempt_number
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.foreach import FOREACH_FIELDS
from mfwidgets.queries.snapshot_provider import SnapshotProvider, snapshot_context
from mfwidgets.queries.status.rules import Status
from mfwidgets.queries.task_metadata import TRIGGERS

STATUS_FIELDS = frozenset({"attempt", "attempt_ok", "attempt-done", "origin-run-id", "origin-task-id"})
"""The metadata that determines the status of a task."""

_ATTEMPT_FIELDS = frozenset({"attempt", "attempt-done"})
"""The metadata whose value is the number of an attempt."""

STATUS_ARTIFACTS = frozenset({"_task_ok", "_success"})
"""The artifacts that determine the status of a task."""

ROW_FIELDS = STATUS_FIELDS | FOREACH_FIELDS
"""The metadata in the row of a task."""


@fast_dataclass(frozen=True, slots=True)
class RunSnapshot:
    """The records of a run, or of a part of it.

    Attributes
    ----------
    context
        The context that loaded it, for more reads.
    record
        The run.
    where
        The path of the part: a run, a step or a task.
    tasks
        The tasks in that part, usually oldest first.
    metadata
        The metadata of the tasks, with at least the requested fields.
    artifacts
        The artifacts of the newest attempts. If the status was requested, at least :data:`STATUS_ARTIFACTS`.
    files
        The attempts of local tasks, read from files. They include attempts that ended before they recorded metadata. Without
        tasks whose first attempt succeeded: no attempt follows, and the end of its process says no more.
    complete
        Whether ``tasks`` are all tasks of the part. Else nothing is known about whole steps.
    counted
        The statuses of the tasks of a very large run of a service whose metadata and artifacts were not read.
    """

    context: ClientContext
    record: RunRecord
    where: PathPrefix
    tasks: Sequence[TaskRecord]
    metadata: Sequence[MetadataRecord]
    artifacts: Sequence[ArtifactRecord]
    files: Mapping[TaskKey, Mapping[int, AttemptFiles]]
    complete: bool = True
    counted: Mapping[TaskKey, Status] = field(default_factory=dict)


def load_run_snapshot(context: ClientContext, run: RunRecord, *, outline: bool = False) -> RunSnapshot:
    """Load the records that a display of a run needs.

    The context of the snapshot reads no file twice and sends no request twice. With a service, costs two requests, and
    one for each step. Locally, reads the metadata and the status artifacts of each task.

    Parameters
    ----------
    context, run
        The context to read from, and the run.
    outline
        Whether an outline of a very large run of a service is enough (see :mod:`mfwidgets.queries.run_records`).
    """
    context = snapshot_context(context, run, outline=outline)
    return load_tasks(context, run, run.path, run_tasks(context, run), ROW_FIELDS | {TRIGGERS})


def run_tasks(context: ClientContext, run: RunRecord) -> list[TaskRecord]:
    """Return the tasks of a run, oldest first, without private steps."""
    return [task for task in context.provider.tasks(run)[::-1] if not task.step.startswith("_")]


def load_tasks(
    context: ClientContext,
    run: RunRecord,
    where: PathPrefix,
    tasks: Sequence[TaskRecord],
    fields: Collection[str] = ROW_FIELDS,
) -> RunSnapshot:
    """Load the records of tasks below one path. Costs two requests. Locally, reads the folders of these tasks only.

    Unless ``fields`` contains :data:`STATUS_FIELDS`, the artifacts and files for statuses are not loaded.
    """
    names = STATUS_ARTIFACTS if set(fields) >= STATUS_FIELDS else frozenset[str]()
    provider = context.provider
    if isinstance(provider, LocalProvider):
        metadata, artifacts = provider.records_of(where, tasks, fields, names)
    else:
        metadata, artifacts = provider.metadata_and_artifacts(where, fields, names)
    files = load_attempt_files(context, tasks, metadata, artifacts) if names else {}
    counted = provider.counted(where) if isinstance(provider, SnapshotProvider) else {}
    return RunSnapshot(context, run, where, tasks, metadata, artifacts, files, counted=counted)


def load_attempt_files(
    context: ClientContext,
    tasks: Sequence[TaskRecord],
    metadata: Iterable[MetadataRecord],
    artifacts: Iterable[ArtifactRecord],
) -> Mapping[TaskKey, Mapping[int, AttemptFiles]]:
    """Return the attempts of local tasks, from their files. Empty for a metadata service.

    Nothing is read for a task whose first attempt succeeded, as nearly always. How the process of a later attempt ended is
    not read if its artifacts say that it succeeded.
    """
    provider = context.provider
    if not isinstance(provider, LocalProvider) or provider.local_root is None:
        return {}
    datastore = context.datastore("local", "")
    succeeded: dict[TaskKey, set[int]] = defaultdict(set)
    for record in artifacts:
        if record.name == "_success" and known_bool(record.sha):
            succeeded[record.key].add(record.attempt)

    later = {event.key for event in metadata if event.field in _ATTEMPT_FIELDS and attempt_number(event.value) != 0}
    done = {event.key for event in metadata if event.field == "attempt-done"}

    def succeeded_at_once(task: TaskRecord) -> bool:
        return 0 in succeeded.get(task.key, ()) and task.key in done and task.key not in later

    def files(task: TaskRecord) -> Mapping[int, AttemptFiles]:
        numbers = frozenset(succeeded.get(task.key, ()))
        read = partial(attempt_files, datastore, task.path, numbers)
        return provider.remembered(task.path, numbers, read, _all_read)

    return {task.key: files(task) for task in stoppable(tasks) if not succeeded_at_once(task)}


def _all_read(files: Mapping[int, AttemptFiles]) -> bool:
    """Return whether there are files and all could be read. Permissions can change although the folder does not."""
    return bool(files) and all(attempt.end is None or attempt.end.return_code is not None for attempt in files.values())
