"""Tasks: one execution of a step, in one or more attempts."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from mfwidgets.client.artifact import DataArtifact, MetaflowArtifacts, MetaflowData
from mfwidgets.client.base import MetaflowObject
from mfwidgets.client.code import MetaflowCode
from mfwidgets.client.task_logs import TaskLogs
from mfwidgets.client.task_outcome import TaskOutcome
from mfwidgets.errors import DataException
from mfwidgets.pathspec import PathComponents
from mfwidgets.pickles.metaflow_types import ForeachFrame
from mfwidgets.pickles.safe_loads import safe_loads
from mfwidgets.providers.records import ArtifactRecord, RunRecord, TaskRecord
from mfwidgets.queries.artifact_rows import ArtifactRow, artifact_rows
from mfwidgets.queries.lineage.foreach import FOREACH_FIELDS, OUTSIDE, STACK, Item, item_in_stack, items_of
from mfwidgets.queries.lineage.task_graph import child_tasks, parent_tasks
from mfwidgets.queries.status.recorded_exceptions import RecordedException, recorded_exception
from mfwidgets.queries.task_metadata import (
    ORIGIN_FIELDS,
    Metadata,
    newest_values,
    of_attempt,
    task_metadata,
)
from mfwidgets.tables import to_dicts, to_frame

if TYPE_CHECKING:
    import pandas as pd

    from mfwidgets.client.cards import CardContainer
    from mfwidgets.client.collections.tasks import RelatedTasks
    from mfwidgets.client.step import Step


class Task(TaskOutcome, TaskLogs, MetaflowObject, kind="task"):
    """A task: ``Task('HelloFlow/2/start/1')``, or one attempt of it with ``attempt=``.

    Without ``attempt=``, the artifacts come from the newest attempt that is done. The logs come from the newest attempt
    that began. Metaflow's client does the same. Iterating yields the public artifacts.

    Constructing a task costs two requests.

    Parameters
    ----------
    pathspec
        The address of the task, such as ``HelloFlow/2/start/1``.
    attempt
        The number of an attempt, from 0. None means the newest attempt.

    Examples
    --------
    >>> task = Task("HelloFlow/1795378926761243/start/1")
    >>> task["message"]
    DataArtifact('HelloFlow/1795378926761243/start/1/message')
    >>> task.data.message
    'Grüezi, Metaflow!'
    """

    _record: TaskRecord

    def _find(self, run: RunRecord, path: PathComponents) -> TaskRecord | None:
        return self._context.provider.task(run, *path[2:])

    def _run_record(self) -> RunRecord:
        return self._record.run

    def _child(self, name: str) -> DataArtifact | None:
        record = self._context.provider.artifact(self._record.path, name, self._attempt)
        return DataArtifact._of(self._context, record, self._attempt) if record else None

    def _child_names(self) -> list[str]:
        return [record.name for record in self._public_artifacts()]

    def _public_artifacts(self) -> list[ArtifactRecord]:
        return self._context.provider.artifacts(self._record.path, None, self._attempt, public_only=True)

    def __getitem__(self, name: str) -> DataArtifact:
        return cast("DataArtifact", super().__getitem__(name))

    def __iter__(self) -> Iterator[DataArtifact]:
        for record in self._public_artifacts():
            yield DataArtifact._of(self._context, record, self._attempt)

    @property
    def parent(self) -> "Step":
        """Its step. Costs two requests."""
        return cast("Step", super().parent)

    @property
    def data(self) -> MetaflowData:
        """Its public artifacts as attributes.

        Costs one bulk request for the list of artifacts. Each attribute reads one value.

        Examples
        --------
        >>> Task("HelloFlow/1795378926761243/start/1").data
        <MetaflowData: greeting, message, name>
        """
        return MetaflowData(self._context, self.pathspec, self._public_artifacts(), self._attempt)

    @property
    def artifacts(self) -> MetaflowArtifacts:
        """Its public artifacts as a named tuple of :class:`DataArtifact`. Values are not read. Costs one bulk request.

        Examples
        --------
        >>> task = Task("HelloFlow/1795378926761243/start/1")
        >>> task.artifacts.message
        DataArtifact('HelloFlow/1795378926761243/start/1/message')
        """
        return MetaflowArtifacts(self)

    # -- metadata ---------------------------------------------------------------------------------------------------

    @property
    def metadata(self) -> list[Metadata]:
        """The metadata events of all attempts, or of the attempt given with ``attempt=``.

        A clone also has the events of its origin. Times are milliseconds since the epoch, UTC. Costs one request, and
        three more for each origin of a clone.

        Examples
        --------
        >>> [(event.name, event.value) for event in Task("HelloFlow/1795378926761243/start/1").metadata][:2]
        [('attempt-done', '0'), ('attempt', '0')]
        """
        records = task_metadata(self._context, self._record, self._attempt)
        return [Metadata(record.field, record.value, record.created_ms, record.type, self) for record in records]

    @property
    def metadata_dict(self) -> dict[str, Any]:
        """The newest value of each metadata field. Costs what :attr:`metadata` costs.

        Examples
        --------
        >>> Task("HelloFlow/1795378926761243/start/1").metadata_dict["metaflow_version"]
        '2.19.39'
        """
        return newest_values(task_metadata(self._context, self._record, self._attempt))

    @property
    def index(self) -> int | None:
        """The index of its item in the innermost foreach, from 0. None outside a foreach.

        Costs one request and one small read.
        """
        try:
            stack = self._foreach_stack()
        except DataException:  # the datastore is out of reach, but metadata contains the item, too
            return self._item().index
        return cast("int | None", stack[-1].index) if stack else None

    @property
    def foreach_values(self) -> tuple[str, ...]:
        """The items that it works on, from the outermost foreach to the innermost, with at most 30 characters each.

        Empty outside a foreach, and for runs of old versions of Metaflow, which stored only indexes. Costs one request and
        one small read, or two requests if the task has stored nothing yet.

        Examples
        --------
        >>> Task("ForecastFlow/1795378900338660/fit/9").foreach_values
        ('Hamburg',)
        """
        try:
            stack = self._foreach_stack()
        except DataException:
            stack = None
        item = self._item() if stack is None else item_in_stack(stack) or OUTSIDE
        return item.values  # noqa: PD011 - no pandas here

    def _item(self) -> Item:
        events = self._context.provider.metadata(self._record.path, FOREACH_FIELDS)
        items = items_of(self._context, self._record.run, self._record.path, events)
        return items.get(self._record.key, OUTSIDE)

    def _foreach_stack(self) -> list[Any] | None:
        """Return Metaflow's ``ForeachFrame`` of each level. None if not stored yet. No class of the user is unpickled."""
        artifact = self._child(STACK)
        if artifact is None:
            return None
        stack = safe_loads(artifact._small_bytes())
        return [frame for frame in stack if isinstance(frame, ForeachFrame)] if isinstance(stack, list) else []

    @property
    def exception(self) -> Any:
        """The exception that ended the task, as Metaflow recorded it: message, type, stacktrace. None if there is none.

        If ``@catch`` handled the failure, the exception is at ``task["_catch_exception"].data``. Costs one request and
        one read of a blob, which is unpickled. :attr:`recorded_exception` has the same facts without unpickling.

        Examples
        --------
        >>> task = Task("ForecastFlow/1795378913725406/fit/9")
        >>> task.exception.exception
        'Hamburg reports a negative demand in week 17: the sensor is broken'
        """
        artifact = self._child("_exception")
        return artifact.data if artifact else None

    @property
    def recorded_exception(self) -> RecordedException | None:
        """The exception that ended the task, or that ``@catch`` handled, as plain data. None if there is none.

        It has ``type``, ``message``, ``traceback`` and ``where`` (the place in the user's code). Costs one request and one
        read of a blob. Nothing is unpickled.

        Examples
        --------
        >>> exception = Task("ForecastFlow/1795378913725406/fit/9").recorded_exception
        >>> exception.type, exception.where.function
        ('ValueError', 'fit')
        """
        return recorded_exception(self._context, self._record, self._attempt)

    # -- before and after -------------------------------------------------------------------------------------------

    @property
    def parent_tasks(self) -> Iterator["Task"]:
        """The tasks that this task follows directly, oldest first, in any namespace.

        Costs one request and one small read for the graph, two bulk requests for each step before it, and one small
        read for each switch before it.

        Examples
        --------
        >>> list(Task("ForecastFlow/1795378900338660/fit/9").parent_tasks)
        [Task('ForecastFlow/1795378900338660/start/1')]
        """
        return (Task._of(self._context, record) for record in parent_tasks(self._context, self._record))

    @property
    def child_tasks(self) -> Iterator["Task"]:
        """The tasks that follow this task directly, oldest first. Costs what :attr:`parent_tasks` costs."""
        return (Task._of(self._context, record) for record in child_tasks(self._context, self._record))

    def ancestors(self) -> "RelatedTasks":
        """Return the parents of the task, their parents, and so on, oldest first.

        Returns
        -------
        RelatedTasks
            A lazy collection. Reads nothing until it is used. The tasks cost five bulk requests about the run.

        Examples
        --------
        >>> Task("ForecastFlow/1795378900338660/compare/14").ancestors().count()
        13
        """
        from mfwidgets.client.collections.tasks import ancestors

        return ancestors(self._context, self._record)

    def descendants(self) -> "RelatedTasks":
        """Return the children of the task, their children, and so on, oldest first.

        Returns
        -------
        RelatedTasks
            A lazy collection. Costs what :meth:`ancestors` costs.

        Examples
        --------
        >>> [task.id for task in Task("ForecastFlow/1795378900338660/fit/9").descendants()]
        ['14', '15']
        """
        from mfwidgets.client.collections.tasks import descendants

        return descendants(self._context, self._record)

    @property
    def parent_task_pathspecs(self) -> Iterator[str]:
        """The pathspecs of :attr:`parent_tasks`. Costs what :attr:`parent_tasks` costs."""
        return (task.pathspec for task in self.parent_tasks)

    @property
    def child_task_pathspecs(self) -> Iterator[str]:
        """The pathspecs of :attr:`child_tasks`. Costs what :attr:`child_tasks` costs."""
        return (task.pathspec for task in self.child_tasks)

    @property
    def origin_pathspec(self) -> str | None:
        """The original task, if a resumed run cloned this task. None if the task is not a clone. Costs one request.

        Examples
        --------
        >>> Task("ForecastFlow/1795378919475034/start/10").origin_pathspec
        'ForecastFlow/1795378913725406/start/1'
        """
        events = self._context.provider.metadata(self._record.path, ORIGIN_FIELDS)
        values = newest_values(events if self._attempt is None else of_attempt(events, self._attempt))
        if "origin-task-id" not in values:
            return None
        return "/".join(
            (self._record.run.flow, str(values.get("origin-run-id")), self._record.step, str(values["origin-task-id"]))
        )

    # -- code -------------------------------------------------------------------------------------------------------

    @property
    def code(self) -> MetaflowCode | None:
        """The code package of the task. None if Metaflow stored no package.

        Metaflow stores one for remote steps, or if configured. Costs what :attr:`metadata` costs.
        """
        recorded = self.metadata_dict.get("code-package")
        record = self._record
        return MetaflowCode(self._context, record.run.flow, str(recorded), record.step) if recorded else None

    @property
    def environment_info(self) -> Any:
        """Facts about its environment: a str, or a dict for conda and PyPI environments. None without a code package.

        Costs what :attr:`metadata` costs and one download of the code package.
        """
        code = self.code
        return code._environment(self.metadata_dict) if code else None

    def cards(self, id: str | None = None, type: str | None = None) -> "CardContainer":  # noqa: A002 - as in get_cards
        """Return the cards of the task.

        Parameters
        ----------
        id
            Return only cards with this id.
        type
            Return only cards of this type.

        Returns
        -------
        CardContainer
            A sequence of cards that displays itself. Empty if there are none. Costs what
            :func:`mfwidgets.get_cards` costs.
        """
        from mfwidgets.client.cards import cards_of_task

        return cards_of_task(self, id, type)

    @property
    def attempts(self) -> list["Task"]:
        """Its attempts, oldest first. Each is this task with ``attempt=`` set, with its own status and logs.

        Costs two bulk requests about the task.

        Examples
        --------
        >>> [attempt.status.reason for attempt in Task("ImportFlow/1795378924251567/fetch/2").attempts]
        ['attempt 0 failed at 2026-11-22 20:22:04', 'attempt 1 failed at ...', 'attempt 2 failed at ...']
        """
        return [Task._of(self._context, self._record, attempt.number) for attempt in self._row().attempts]

    # -- conversion -------------------------------------------------------------------------------------------------

    def to_pandas(self) -> "pd.DataFrame":
        """Return a table of the public artifacts, without their values.

        Returns
        -------
        pandas.DataFrame
            One row per artifact: ``pathspec``, ``step``, ``task_id``, ``attempt``, ``name``, ``type``, ``size``
            (serialized bytes), ``sha`` and ``encoding``. Costs one bulk request and one small read.

        Examples
        --------
        >>> Task("HelloFlow/1795378926761243/start/1").to_pandas()[["name", "type", "size"]]
               name type  size
        0  greeting  str    22
        1   message  str    33
        2      name  str    24
        """
        return to_frame("artifacts", list(self._artifact_rows()))

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows of :meth:`to_pandas` as dicts.

        Returns
        -------
        list of dict
            One dict per artifact. Costs what :meth:`to_pandas` costs.
        """
        return to_dicts("artifacts", list(self._artifact_rows()))

    def _artifact_rows(self) -> Iterator[ArtifactRow]:
        """Yield the rows of its public artifacts."""
        return artifact_rows(self._context, self._record.path, self._attempt)
