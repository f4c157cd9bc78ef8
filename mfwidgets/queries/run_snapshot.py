"""The snapshot of a run: its records, loaded once. Functions for statuses, rows and graphs take it as an argument."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from mfwidgets.datastore.task_files import AttemptFiles, attempt_files
from mfwidgets.providers.base import PathPrefix
from mfwidgets.providers.records import ArtifactRecord, MetadataRecord, RunRecord, TaskKey, TaskRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.foreach import FOREACH_FIELDS
from mfwidgets.queries.run_memory import note_folder
from mfwidgets.queries.snapshot_provider import snapshot_context
from mfwidgets.queries.task_metadata import TRIGGERS

STATUS_FIELDS = frozenset({"attempt", "attempt_ok", "attempt-done", "origin-run-id", "origin-task-id"})
"""The metadata that determines the status of a task."""

STATUS_ARTIFACTS = frozenset({"_task_ok", "_success"})
"""The artifacts that determine the status of a task."""

ROW_FIELDS = STATUS_FIELDS | FOREACH_FIELDS
"""The metadata in the row of a task."""


@dataclass(frozen=True, slots=True)
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
        The attempts of local tasks, read from files. They include attempts that ended before they recorded metadata.
    complete
        Whether ``tasks`` are all tasks of the part. Else nothing is known about whole steps.
    """

    context: ClientContext
    record: RunRecord
    where: PathPrefix
    tasks: Sequence[TaskRecord]
    metadata: Sequence[MetadataRecord]
    artifacts: Sequence[ArtifactRecord]
    files: Mapping[TaskKey, Mapping[int, AttemptFiles]]
    complete: bool = True


def load_run_snapshot(context: ClientContext, run: RunRecord) -> RunSnapshot:
    """Load the records that a display of a run needs.

    The context of the snapshot reads no file twice and sends no request twice. With a service, costs two requests, and
    one for each step. Locally, reads the metadata and the status artifacts of each task.
    """
    context = snapshot_context(context, run)
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
    """Load the records of tasks below one path. Costs two requests.

    Unless ``fields`` contains :data:`STATUS_FIELDS`, the artifacts and files for statuses are not loaded.
    """
    names = STATUS_ARTIFACTS if set(fields) >= STATUS_FIELDS else frozenset[str]()
    metadata, artifacts = context.provider.metadata_and_artifacts(where, fields, names)
    files = load_attempt_files(context, tasks) if names else {}
    return RunSnapshot(context, run, where, tasks, metadata, artifacts, files)


def load_attempt_files(
    context: ClientContext, tasks: Sequence[TaskRecord]
) -> Mapping[TaskKey, Mapping[int, AttemptFiles]]:
    """Return the attempts of local tasks, from their files. Empty for a metadata service."""
    if context.provider.local_root is None:
        return {}
    datastore = context.datastore("local", "")
    for task in tasks:
        note_folder(context, task.path)
    return {task.key: attempt_files(datastore, task.path) for task in tasks}
