"""What is recorded of a run, loaded once: the functions that tell statuses, rows and graphs take it and read nothing twice."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from mfwidgets.datastore.task_files import AttemptFiles, attempt_files
from mfwidgets.providers.base import PathPrefix
from mfwidgets.providers.records import ArtifactRecord, MetadataRecord, RunRecord, TaskKey, TaskRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import FOREACH_FIELDS
from mfwidgets.queries.snapshot_provider import snapshot_context

STATUS_FIELDS = frozenset({"attempt", "attempt_ok", "attempt-done", "origin-run-id", "origin-task-id"})
"""The metadata that a task's status is made of."""

STATUS_ARTIFACTS = frozenset({"_task_ok", "_success"})
"""The artifacts that a task's status is made of."""

ROW_FIELDS = STATUS_FIELDS | FOREACH_FIELDS
"""The metadata that a row of a task is made of."""


@dataclass(frozen=True, slots=True)
class RunSnapshot:
    """What is recorded of a run, or of a part of it.

    Attributes
    ----------
    context
        Where it was loaded, and where more is asked.
    record
        The run.
    where
        The part of the tree that it is about.
    tasks
        The tasks in that part, oldest first as a rule.
    metadata
        At least the fields of their metadata that were asked for.
    artifacts
        At least :data:`STATUS_ARTIFACTS` of their newest attempts, if the status was asked for.
    files
        What the files of local tasks tell of their attempts: metadata miss those that died too early or too hard.
    """

    context: ClientContext
    record: RunRecord
    where: PathPrefix
    tasks: Sequence[TaskRecord]
    metadata: Sequence[MetadataRecord]
    artifacts: Sequence[ArtifactRecord]
    files: Mapping[TaskKey, Mapping[int, AttemptFiles]]


def load_run_snapshot(context: ClientContext, run: RunRecord) -> RunSnapshot:
    """Load what a display of a run needs; its context reads no file twice and makes no request twice.

    Costs two requests to a metadata service and one a step; of local files the tasks, and of each the metadata and the
    artifacts that tell its status.
    """
    context = snapshot_context(context, run)
    return load_tasks(context, run, run.path, run_tasks(context, run))


def run_tasks(context: ClientContext, run: RunRecord) -> list[TaskRecord]:
    """Return the tasks of a run, oldest first, without those of private steps."""
    return [task for task in context.provider.tasks(run)[::-1] if not task.step.startswith("_")]


def load_tasks(
    context: ClientContext,
    run: RunRecord,
    where: PathPrefix,
    tasks: Sequence[TaskRecord],
    fields: Collection[str] = ROW_FIELDS,
) -> RunSnapshot:
    """Load what is recorded of tasks that all lie in one part of the tree (two bulk questions).

    Without :data:`STATUS_FIELDS` among the fields nothing is loaded that only a status needs.
    """
    names = STATUS_ARTIFACTS if set(fields) >= STATUS_FIELDS else frozenset[str]()
    metadata, artifacts = context.provider.metadata_and_artifacts(where, fields, names)
    files = load_attempt_files(context, tasks) if names else {}
    return RunSnapshot(context, run, where, tasks, metadata, artifacts, files)


def load_attempt_files(
    context: ClientContext, tasks: Sequence[TaskRecord]
) -> Mapping[TaskKey, Mapping[int, AttemptFiles]]:
    """Return what the files of local tasks tell of their attempts; nothing of a metadata service."""
    if context.provider.local_root is None:
        return {}
    datastore = context.datastore("local", "")
    return {task.key: attempt_files(datastore, task.path) for task in tasks}
