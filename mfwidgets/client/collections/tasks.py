"""The tasks of a step or a run, and the artifacts of many tasks, as collections."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mfwidgets.client.artifact import DataArtifact
from mfwidgets.client.collections.base import Collection
from mfwidgets.client.task import Task
from mfwidgets.providers.records import ArtifactRecord, RunRecord, TaskRecord
from mfwidgets.queries.artifact_rows import ArtifactRow, bare_row, rows_of
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.task_graph import critical_tasks, load_task_graph
from mfwidgets.queries.rows import TaskRow, task_rows
from mfwidgets.queries.run_snapshot import RunSnapshot, load_run_snapshot, load_tasks
from mfwidgets.queries.snapshot_provider import outline_context
from mfwidgets.queries.tag_rules import has_tags, tag_filter
from mfwidgets.queries.values.reading import SMALL_VALUE_BYTES, Reading
from mfwidgets.queries.values.task_results import columns_of_tasks
from mfwidgets.queries.values.value_columns import Columns, check_names, task_columns
from mfwidgets.tables import to_dicts, to_frame

if TYPE_CHECKING:
    import pandas as pd

    from mfwidgets.client.plots.task_plots import TaskPlots


class Artifacts(Collection[DataArtifact]):
    """The artifacts of many tasks, without their values.

    Parameters
    ----------
    context
        The context of the run.
    title
        A description for users.
    records
        A function that starts a new iteration over the records.
    table
        A function that starts a new iteration over the rows of a table, with or without types and sizes.
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
        """Yield their rows, task by task. Types and sizes are included only with details: one small read per task."""
        return self._table(details)

    def to_pandas(self, *, details: bool = False) -> "pd.DataFrame":
        """Return a table of the artifacts, without their values.

        Parameters
        ----------
        details
            Whether to read types and sizes, with one small read per task. Local runs always have them.

        Returns
        -------
        pandas.DataFrame
            One row per artifact: ``pathspec``, ``step``, ``task_id``, ``attempt``, ``name``, ``type``, ``size``
            (serialized bytes), ``sha`` and ``encoding``. Costs one bulk request, and for local runs one small read per
            task.

        Examples
        --------
        >>> run = Flow("ForecastFlow").latest_run
        >>> run.find_artifacts("worst").to_pandas()[["step", "name", "type", "size"]]
              step   name type  size
        0  compare  worst  str    21
        1      end  worst  str    21
        """
        return to_frame("artifacts", list(self._rows(details=details)))

    def to_dicts(self, *, details: bool = False) -> list[dict[str, Any]]:
        """Return the rows of :meth:`to_pandas` as dicts.

        Parameters
        ----------
        details
            As in :meth:`to_pandas`.

        Returns
        -------
        list of dict
            One dict per artifact. Costs what :meth:`to_pandas` costs.
        """
        return to_dicts("artifacts", list(self._rows(details=details)))


def named_artifacts(context: ClientContext, title: str, records: Callable[[], Iterable[ArtifactRecord]]) -> Artifacts:
    """Return the artifacts of a search by name, without those of private steps."""

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
    context
        The context of the run.
    run
        The record of the run.
    step
        The name of the step. None means all steps except private ones.
    tags
        Tags that the run must have. If the run lacks one of them, the collection is empty.
    limit
        The maximum number of tasks.
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

    @property
    def plot(self) -> "TaskPlots":
        """Charts of the tasks: ``tasks.plot.scatter("lr", "rmse")``, ``tasks.plot.heatmap("lr", "depth", "rmse")``. Reads nothing.

        Examples
        --------
        >>> Flow("SweepFlow").latest_run["fit"].tasks().plot.scatter("lr", "rmse", color="optimizer")
        <chart of tasks of SweepFlow/1795719073341196/fit: rmse by lr>
        """
        from mfwidgets.client.plots.task_plots import TaskPlots

        return TaskPlots(self)

    def _records(self, context: ClientContext | None = None) -> list[TaskRecord]:
        """Return their records, newest first. Costs one bulk request."""
        if not has_tags(self._run, self._tags) or not self._context.includes(self._run):
            return []
        records = (context or self._context).provider.tasks(self._run, self._step)
        return [task for task in records if self._step is not None or not task.step.startswith("_")][: self._limit]

    def _snapshot(self, context: ClientContext, *, outline: bool = False) -> RunSnapshot:
        """Load a snapshot of them, oldest first, or only an outline if they are many. Costs three bulk requests."""
        records = self._records(context)[::-1]
        if outline and self._limit is None:
            context = outline_context(context, self._run, self._where, records)
        snapshot = load_tasks(context, self._run, self._where, records)
        return replace(snapshot, complete=self._limit is None)

    def _rows(self) -> list[TaskRow]:
        """Return their rows, oldest first. Costs three bulk requests."""
        return task_rows(self._snapshot(self._context))

    def _tasks(self) -> Iterator[Task]:
        return (Task._of(self._context, record) for record in self._records())

    def to_pandas(
        self,
        *,
        artifacts: Sequence[str] = (),
        items: bool = False,
        results: bool = False,
        max_bytes: int = SMALL_VALUE_BYTES,
        unpickle: bool = False,
        executor: Executor | None = None,
    ) -> "pd.DataFrame":
        """Return a table of the tasks, oldest first.

        Costs three bulk requests. Artifacts cost one more, and one read for each distinct value. Items cost the graph and
        one read for each list that was split. Results cost one request for each step and each step before it, and one
        read for each distinct value.

        Parameters
        ----------
        artifacts
            Names of artifacts. Each adds a column ``artifact.<name>``, so the results of a foreach become a table.
        items
            Whether to add the whole foreach items: a column ``item``, or ``item.<key>`` for each key of dicts and
            ``item.<place>`` for each place of short tuples. The items of outer foreaches are ``item.<step>``, named after
            their first step.
        results
            Whether to add a column ``artifact.<name>`` for each result: each number, bool and short text that the task
            itself made, and each number in its small dicts (``artifact.metrics.auc``). What it inherited, parameters and
            copies of its item are not results.
        max_bytes, unpickle, executor
            Which values are read and where, as in :meth:`Runs.to_pandas`.

        Returns
        -------
        pandas.DataFrame
            One row per task: ``pathspec``, ``flow``, ``run_id``, ``step``, ``task_id``, ``status`` (category),
            ``reason``, ``attempt`` (the newest), ``attempts`` (their number), ``created_at`` (UTC, when it was queued),
            ``started_at``, ``finished_at`` (UTC), ``duration``, ``elapsed`` (while it runs), ``earlier_attempts`` (time
            spent in attempts before the newest), ``foreach_index``, ``foreach_value`` (at most 30 characters) and
            ``runtime``. Times and durations are those of the newest attempt.

        Raises
        ------
        NotPicklableError
            The client cannot be sent to the executor.

        Warns
        -----
        ValuesNotRead
            Values were too large or not plain values. They are missing.

        Examples
        --------
        >>> tasks = Flow("ForecastFlow").latest_run["fit"].tasks()
        >>> tasks.to_pandas(artifacts=["error"])[["foreach_value", "artifact.error"]].head(3)
          foreach_value  artifact.error
        0         Espoo        4.567228
        1     Amsterdam        3.670034
        2          Łódź        3.907003
        >>> sweep = Flow("SweepFlow").latest_run["fit"].tasks().to_pandas(items=True, results=True)
        >>> best = sweep.nsmallest(2, "artifact.rmse")
        >>> best[["item.lr", "item.depth", "item.optimizer", "artifact.rmse"]].round(3)
            item.lr  item.depth item.optimizer  artifact.rmse
        16    0.003           3           adam          0.360
        15    0.003           2           adam          0.362
        """
        reading = Reading(max_bytes, unpickle, executor)
        rows, values = self._table(check_names(artifacts), reading, items=items, results=results)
        return to_frame("tasks", rows, values)

    def to_dicts(
        self,
        *,
        artifacts: Sequence[str] = (),
        items: bool = False,
        results: bool = False,
        max_bytes: int = SMALL_VALUE_BYTES,
        unpickle: bool = False,
        executor: Executor | None = None,
    ) -> list[dict[str, Any]]:
        """Return the rows of :meth:`to_pandas` as dicts.

        Parameters
        ----------
        artifacts, items, results, max_bytes, unpickle, executor
            As in :meth:`to_pandas`.

        Returns
        -------
        list of dict
            One dict per task. Costs what :meth:`to_pandas` costs.
        """
        reading = Reading(max_bytes, unpickle, executor)
        rows, values = self._table(check_names(artifacts), reading, items=items, results=results)
        return to_dicts("tasks", rows, values)

    def _table(
        self, artifacts: tuple[str, ...], reading: Reading, *, items: bool, results: bool
    ) -> tuple[list[TaskRow], Columns]:
        rows = self._rows()
        values = columns_of_tasks(self._context, rows, items=items, results=results)
        return rows, values | task_columns(self._context, self._where, [row.record for row in rows], artifacts, reading)


class RelatedTasks(Tasks):
    """Related tasks of one run, oldest first: ancestors, descendants or the critical path.

    Each use looks them up again.

    Parameters
    ----------
    context
        The context of the run.
    run
        The record of the run.
    title
        A description for users, such as ``ancestors of HelloFlow/2/end/3``.
    find
        A function from a context to their records, oldest first.
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

    def _snapshot(self, context: ClientContext, *, outline: bool = False) -> RunSnapshot:  # noqa: ARG002 - never many
        """Load a snapshot of them, oldest first. Costs three more bulk requests."""
        snapshot = load_tasks(context, self._run, self._where, self._records(context))
        return replace(snapshot, complete=False)


def ancestors(context: ClientContext, task: TaskRecord) -> RelatedTasks:
    """Return all tasks before a task."""
    title = f"ancestors of {'/'.join(task.path)}"
    return RelatedTasks(context, task.run, title, lambda reading: load_task_graph(reading, task.run).before(task.key))


def descendants(context: ClientContext, task: TaskRecord) -> RelatedTasks:
    """Return all tasks after a task."""
    title = f"descendants of {'/'.join(task.path)}"
    return RelatedTasks(context, task.run, title, lambda reading: load_task_graph(reading, task.run).after(task.key))


def critical_path(context: ClientContext, run: RunRecord) -> RelatedTasks:
    """Return the tasks that determine the duration of a run."""
    return RelatedTasks(
        context,
        run,
        f"critical path of {'/'.join(run.path)}",
        lambda reading: critical_tasks(load_run_snapshot(reading, run)),
    )
