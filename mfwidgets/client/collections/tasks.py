"""The tasks of a step or a run, and the artifacts of a run, as collections."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from mfwidgets.client.artifact import DataArtifact
from mfwidgets.client.collections.base import Collection
from mfwidgets.client.task import Task
from mfwidgets.providers.records import ArtifactRecord, RunRecord, TaskRecord
from mfwidgets.queries.artifact_rows import ArtifactRow, bare_row, rows_of
from mfwidgets.queries.context import ClientContext, has_tags, tag_filter
from mfwidgets.queries.lineage.task_graph import critical_tasks, load_task_graph
from mfwidgets.queries.rows import TaskRow, task_rows
from mfwidgets.queries.run_snapshot import RunSnapshot, load_run_snapshot, load_tasks
from mfwidgets.queries.values.reading import SMALL_VALUE_BYTES, Reading
from mfwidgets.queries.values.value_columns import Columns, check_names, task_columns
from mfwidgets.tables import to_dicts, to_frame

if TYPE_CHECKING:
    import pandas as pd


class Artifacts(Collection[DataArtifact]):
    """Artifacts of many tasks; no value is read.

    Parameters
    ----------
    scope, title
        Where to read; what these are.
    records
        Starts a new iteration of their records.
    table
        Starts a new iteration of rows for a table, with or without types and sizes.
    """

    def __init__(
        self,
        context: ClientContext,
        title: str,
        records: Callable[[], Iterable[ArtifactRecord]],
        table: Callable[[bool], Iterator[ArtifactRow]],
    ) -> None:
        self._table = table
        super().__init__(title, lambda: (DataArtifact._of(context, record) for record in records()))

    def _rows(self, *, details: bool = True) -> Iterator[ArtifactRow]:
        """Yield what is recorded of them, task by task; types and sizes only with details, a small read a task."""
        return self._table(details)

    def to_pandas(self, *, details: bool = False) -> "pd.DataFrame":
        """Return a table of them; no value is read.

        Parameters
        ----------
        details
            Also read types and sizes: one small read for each task. Local runs have them in any case.

        Returns
        -------
        pandas.DataFrame
            ``pathspec``, ``step``, ``task_id``, ``attempt``, ``name``, ``type``, ``size`` (bytes, serialized), ``sha``,
            ``encoding``. Costs one bulk question, of local runs one small read a task.
        """
        return to_frame("artifacts", list(self._rows(details=details)))

    def to_dicts(self, *, details: bool = False) -> list[dict[str, Any]]:
        """Return the same as plain data, a dict an artifact."""
        return to_dicts("artifacts", list(self._rows(details=details)))


def found_artifacts(context: ClientContext, title: str, records: Callable[[], Iterable[ArtifactRecord]]) -> Artifacts:
    """Return artifacts that were asked for by name; those of private steps are left out."""

    def public() -> Iterator[ArtifactRecord]:
        return (record for record in records() if not record.step.startswith("_"))

    return Artifacts(
        context,
        title,
        public,
        lambda details: (
            rows_of(context, public()) if details or not context.provider.remote else map(bare_row, public())
        ),
    )


class Tasks(Collection[Task]):
    """The tasks of a step or of a run.

    Parameters
    ----------
    scope
        Where to read.
    run
        Their run.
    step
        Their step; None means all steps but the private ones.
    tags
        Tags that their run must have.
    limit
        The most tasks to give.
    """

    def __init__(
        self,
        context: ClientContext,
        run: RunRecord,
        step: str | None,
        tags: tuple[str, ...] = (),
        limit: int | None = None,
    ) -> None:
        self._context = context
        self._where = run.path if step is None else (*run.path, step)
        self._run, self._step, self._tags = run, step, tag_filter(tags)
        super().__init__(f"tasks of {'/'.join(self._where)}", self._tasks, limit)

    def _records(self, context: ClientContext | None = None) -> list[TaskRecord]:
        """Return their records, newest first (one bulk question)."""
        if not has_tags(self._run, self._tags) or not self._context.includes(self._run):
            return []
        found = (context or self._context).provider.tasks(self._run, self._step)
        return [task for task in found if self._step is not None or not task.step.startswith("_")][: self._limit]

    def _snapshot(self, context: ClientContext) -> RunSnapshot:
        """Load what is recorded of them, oldest first (three bulk questions)."""
        return load_tasks(context, self._run, self._where, self._records(context)[::-1])

    def _rows(self) -> list[TaskRow]:
        """Return what is known of them, oldest first (three bulk questions)."""
        return task_rows(self._snapshot(self._context))

    def _tasks(self) -> Iterator[Task]:
        return (Task._of(self._context, record) for record in self._records())

    def to_pandas(
        self,
        *,
        artifacts: Sequence[str] = (),
        max_bytes: int = SMALL_VALUE_BYTES,
        unpickle: bool = False,
        executor: Executor | None = None,
    ) -> "pd.DataFrame":
        """Return a table of them, oldest first.

        Parameters
        ----------
        artifacts
            Add a column ``artifact.<name>`` for each of these names: so the results of a foreach are a table.
        max_bytes, unpickle, executor
            What values are read and where, as in :meth:`Runs.to_pandas`.

        Returns
        -------
        pandas.DataFrame
            ``pathspec``, ``flow``, ``run_id``, ``step``, ``task_id``, ``status`` (category), ``reason``, ``attempt``
            (newest), ``attempts`` (count), ``created_at`` (queued), ``started_at``, ``finished_at`` (UTC), ``duration``,
            ``elapsed`` (while it runs; all of the newest attempt), ``earlier_attempts`` (time spent in those before it),
            ``foreach_index``, ``foreach_value`` (30 characters at most), ``runtime``. Costs three bulk questions; with
            artifacts one more, and one read for each distinct value.

        Raises
        ------
        NotPicklableError
            The client cannot go where the executor is.

        Warns
        -----
        ValuesNotRead
            Values were too large or no plain ones; they are missing.
        """
        rows, values = self._table(check_names(artifacts), Reading(max_bytes, unpickle, executor))
        return to_frame("tasks", rows, values)

    def to_dicts(
        self,
        *,
        artifacts: Sequence[str] = (),
        max_bytes: int = SMALL_VALUE_BYTES,
        unpickle: bool = False,
        executor: Executor | None = None,
    ) -> list[dict[str, Any]]:
        """Return the same as plain data, a dict a task; the parameters are those of :meth:`to_pandas`."""
        rows, values = self._table(check_names(artifacts), Reading(max_bytes, unpickle, executor))
        return to_dicts("tasks", rows, values)

    def _table(self, artifacts: tuple[str, ...], reading: Reading) -> tuple[list[TaskRow], Columns]:
        rows = self._rows()
        return rows, task_columns(self._context, self._where, [row.record for row in rows], artifacts, reading)


class RelatedTasks(Tasks):
    """Tasks of a run that belong together, oldest first; who belongs is asked anew at each use.

    Parameters
    ----------
    scope, run
        Where to read, and whose.
    title
        What these are: ``ancestors of HelloFlow/2/end/3``.
    find
        Returns their records, oldest first, from a context.
    """

    def __init__(
        self,
        context: ClientContext,
        run: RunRecord,
        title: str,
        find: Callable[[ClientContext], list[TaskRecord]],
    ) -> None:
        super().__init__(context, run, None)
        self._title, self._find = title, find

    def _records(self, context: ClientContext | None = None) -> list[TaskRecord]:
        """Return their records, oldest first."""
        return self._find(context or self._context)

    def _snapshot(self, context: ClientContext) -> RunSnapshot:
        """Load what is recorded of them, oldest first (three bulk questions more)."""
        return load_tasks(context, self._run, self._where, self._records(context))


def ancestors(context: ClientContext, task: TaskRecord) -> RelatedTasks:
    """Return all tasks that led to a task."""
    title = f"ancestors of {'/'.join(task.path)}"
    return RelatedTasks(context, task.run, title, lambda asked: load_task_graph(asked, task.run).before(task.key))


def descendants(context: ClientContext, task: TaskRecord) -> RelatedTasks:
    """Return all tasks that a task led to."""
    title = f"descendants of {'/'.join(task.path)}"
    return RelatedTasks(context, task.run, title, lambda asked: load_task_graph(asked, task.run).after(task.key))


def critical_path(context: ClientContext, run: RunRecord) -> RelatedTasks:
    """Return the tasks that the duration of a run hangs on."""
    return RelatedTasks(
        context,
        run,
        f"critical path of {'/'.join(run.path)}",
        lambda asked: critical_tasks(load_run_snapshot(asked, run)),
    )
