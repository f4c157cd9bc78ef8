"""Tasks: one execution of a step, in one or more attempts."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from mfwidgets.client.answers.logs import Logs
from mfwidgets.client.artifact import DataArtifact, MetaflowArtifacts, MetaflowData
from mfwidgets.client.base import MetaflowObject
from mfwidgets.client.code import MetaflowCode
from mfwidgets.datastore.logs import STREAMS, UNKNOWN_TIME, log_key, read_log
from mfwidgets.errors import DataException
from mfwidgets.pathspec import PathComponents
from mfwidgets.pickles.safe_loads import KNOWN_HASHES, known_bool, safe_loads
from mfwidgets.providers.records import ArtifactRecord, RunRecord, TaskRecord
from mfwidgets.queries.artifact_rows import ArtifactRow, artifact_rows
from mfwidgets.queries.lineage.graph import FOREACH_FIELDS, OUTSIDE, Item, items_of
from mfwidgets.queries.lineage.task_graph import child_tasks, parent_tasks
from mfwidgets.queries.rows import TaskRow, runtime_name
from mfwidgets.queries.run_snapshot import STATUS_FIELDS, load_tasks
from mfwidgets.queries.status.rules import Status, TaskState
from mfwidgets.queries.status.states import awaits_retry, task_states
from mfwidgets.queries.task_metadata import (
    ORIGIN_FIELDS,
    Metadata,
    newest_values,
    of_attempt,
    task_datastore,
    task_metadata,
)
from mfwidgets.tables import to_dicts, to_frame
from mfwidgets.times import SECOND, as_timedelta, local_datetime, now_ms

if TYPE_CHECKING:
    import pandas as pd

    from mfwidgets.client.collections.tasks import RelatedTasks
    from mfwidgets.client.step import Step


LOG_DELAY_MS = 30 * SECOND
"""How long after its task ended a log may come: the local scheduler writes it, on a busy machine some seconds later."""


class Task(MetaflowObject, kind="task"):
    """A task: ``Task('HelloFlow/2/start/1')``, or one attempt of it with ``attempt=``.

    Without an attempt, artifacts are those of the newest attempt that is done, and logs those of the newest one that
    began, as in Metaflow's client.
    """

    _record: TaskRecord

    def _find(self, run: RunRecord, path: PathComponents) -> TaskRecord | None:
        return self._context.provider.task(run, *path[2:])

    def _run_record(self) -> RunRecord:
        return self._record.run

    def _child(self, name: str) -> DataArtifact | None:
        found = self._context.provider.artifact(self._record.path, name, self._attempt)
        return DataArtifact._of(self._context, found, self._attempt) if found else None

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
        """Its step."""
        return cast("Step", super().parent)

    @property
    def data(self) -> MetaflowData:
        """Its artifacts as attributes; listed at once, each value is read when it is asked for."""
        return MetaflowData(self._context, self.pathspec, self._public_artifacts(), self._attempt)

    @property
    def artifacts(self) -> MetaflowArtifacts:
        """Its artifacts as a tuple of :class:`DataArtifact`, by name; no value is read."""
        return MetaflowArtifacts(self)

    # -- metadata ---------------------------------------------------------------------------------------------------

    @property
    def metadata(self) -> list[Metadata]:
        """Its metadata events: of all attempts, or of the one that was asked for; a clone has its origin's as well.

        One question, and one more for each origin of a clone. Times are milliseconds since the epoch, UTC.
        """
        records = task_metadata(self._context, self._record, self._attempt)
        return [Metadata(record.field, record.value, record.created_ms, record.type, self) for record in records]

    @property
    def metadata_dict(self) -> dict[str, Any]:
        """The newest value of each metadata field."""
        return newest_values(task_metadata(self._context, self._record, self._attempt))

    @property
    def index(self) -> int | None:
        """Which item of the innermost foreach it works on, counted from 0; None outside a foreach."""
        try:
            stack = self._foreach_stack()
        except DataException:  # the datastore is out of reach; metadata tell it, too
            return self._item().index
        return cast("int | None", stack[-1].index) if stack else None

    @property
    def foreach_values(self) -> tuple[str, ...]:
        """The items it works on, the outermost foreach first; Metaflow keeps 30 characters of each."""
        try:
            return tuple(str(frame.value) for frame in self._foreach_stack())
        except DataException:
            return self._item().values  # noqa: PD011 - no pandas here

    def _item(self) -> Item:
        events = self._context.provider.metadata(self._record.path, FOREACH_FIELDS)
        items = items_of(self._context, self._record.path, events)
        return items.get(self._record.key, OUTSIDE)

    def _foreach_stack(self) -> list[Any]:
        """Return Metaflow's ``ForeachFrame`` for each level; nothing of the user's is unpickled."""
        artifact = self._child("_foreach_stack")
        stack = safe_loads(artifact.raw()) if artifact else []
        return stack if isinstance(stack, list) else []

    @property
    def exception(self) -> Any:
        """The exception that ended it, as Metaflow recorded it (message, type, stacktrace); None for none.

        A failure that ``@catch`` handled is at ``task["_catch_exception"].data``.
        """
        artifact = self._child("_exception")
        return artifact.data if artifact else None

    # -- before and after -------------------------------------------------------------------------------------------

    @property
    def parent_tasks(self) -> Iterator["Task"]:
        """The tasks that led to this one, oldest first, in whatever namespace.

        Costs two bulk questions for each step before it, and one small read for each switch before it.
        """
        return (Task._of(self._context, record) for record in parent_tasks(self._context, self._record))

    @property
    def child_tasks(self) -> Iterator["Task"]:
        """The tasks that this one led to, oldest first; costs as :attr:`parent_tasks`."""
        return (Task._of(self._context, record) for record in child_tasks(self._context, self._record))

    def ancestors(self) -> "RelatedTasks":
        """Return all tasks that led to this one, near or far, oldest first.

        Costs five bulk questions about the run, whatever its size, when used.
        """
        from mfwidgets.client.collections.tasks import ancestors

        return ancestors(self._context, self._record)

    def descendants(self) -> "RelatedTasks":
        """Return all tasks that this one led to, near or far, oldest first; costs as :meth:`ancestors`."""
        from mfwidgets.client.collections.tasks import descendants

        return descendants(self._context, self._record)

    @property
    def parent_task_pathspecs(self) -> Iterator[str]:
        """The pathspecs of :attr:`parent_tasks`."""
        return (task.pathspec for task in self.parent_tasks)

    @property
    def child_task_pathspecs(self) -> Iterator[str]:
        """The pathspecs of :attr:`child_tasks`."""
        return (task.pathspec for task in self.child_tasks)

    @property
    def origin_pathspec(self) -> str | None:
        """The task that this one was taken over from; None for a task that is no clone."""
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
        """The code that it ran, where Metaflow stored a package of it: for remote steps, or when told to; else None."""
        recorded = self.metadata_dict.get("code-package")
        return MetaflowCode(self._context, self._record.run.flow, str(recorded)) if recorded else None

    @property
    def environment_info(self) -> Any:
        """What is known of its environment: a text, or a dict for conda and PyPI environments; None without a package."""
        code = self.code
        return code._environment(self.metadata_dict) if code else None

    # -- what became of it ------------------------------------------------------------------------------------------

    def _row(self) -> TaskRow:
        record, now = self._record, now_ms()
        state = task_states(load_tasks(self._context, record.run, record.path, [record], STATUS_FIELDS))[0]
        return TaskRow(record, state if self._attempt is None else state.at_attempt(self._attempt, now), OUTSIDE, now)

    @property
    def attempts(self) -> list["Task"]:
        """Its attempts, oldest first: this task with ``attempt=`` set, so that each has its own status and logs."""
        return [Task._of(self._context, self._record, attempt.number) for attempt in self._row().attempts]

    @property
    def status(self) -> Status:
        """``completed``, ``caught``, ``failed``, ``killed``, ``running`` or ``unknown``, of its newest attempt.

        A text, with the reason at ``.reason``. Two bulk questions about this task; no value is unpickled.
        """
        return self._row().status

    def _goes_on(self) -> bool:
        """Return whether its log may still grow: it runs, its log is being written, or it is to be tried again."""
        state = self._row().state
        if state.status == "running" or self._awaits_log(state):
            return True
        return self._attempt is None and awaits_retry(self._context, self._record, state)

    def _awaits_log(self, state: TaskState) -> bool:
        """Return whether it ended just now and has no log yet: the local scheduler writes the log of stderr last."""
        if self._context.provider.local_root is None or not state.attempts:
            return False
        if now_ms() - state.last_sign_ms > LOG_DELAY_MS:
            return False
        key = log_key(self._record.path, state.attempts[-1].number, "runtime", "stderr")
        return task_datastore(self._context, self._record).size(key) is None

    @property
    def successful(self) -> bool | None:
        """Whether its code did not fail (``_success``); False while nothing is recorded, as in Metaflow's client."""
        return self._recorded_truth("_success")

    @property
    def finished(self) -> bool | None:
        """Whether it ended as it should (``_task_ok``): a failed task is *not* finished, as in Metaflow's client.

        :attr:`status` tells failed from running.
        """
        return self._recorded_truth("_task_ok")

    def _recorded_truth(self, name: str) -> bool | None:
        artifact = self._child(name)
        if artifact is None:
            return False
        if artifact.sha in KNOWN_HASHES:
            return known_bool(artifact.sha)
        return cast("bool | None", safe_loads(artifact.raw()))  # another pickle protocol

    @property
    def finished_at(self) -> datetime | None:
        """When its newest attempt ended, well or not; naive local time. None while it runs, or if nothing recorded it."""
        finished_ms = self._row().finished_ms
        return local_datetime(finished_ms) if finished_ms else None

    @property
    def started_at(self) -> datetime | None:
        """When its newest attempt began; naive local time (``created_at`` is when it was queued)."""
        started_ms = self._row().started_ms
        return local_datetime(started_ms) if started_ms else None

    @property
    def duration(self) -> timedelta | None:
        """How long its newest attempt took, from its start to its end; None while it runs: see :attr:`elapsed`."""
        return as_timedelta(self._row().duration_ms)

    @property
    def elapsed(self) -> timedelta | None:
        """The time since its newest attempt began, while that runs; None when it is over, or waits to begin."""
        return as_timedelta(self._row().elapsed_ms)

    @property
    def current_attempt(self) -> int:
        """The attempt that was asked for, else the newest that began (0 when none did)."""
        if self._attempt is not None:
            return self._attempt
        events = self._context.provider.metadata(self._record.path, {"attempt"})
        return max((int(str(event.value)) for event in events if str(event.value).isdecimal()), default=0)

    @property
    def runtime_name(self) -> str | None:
        """What ran it, such as ``dev`` or ``argo-workflows``."""
        return runtime_name(self._record.run)

    # -- logs -------------------------------------------------------------------------------------------------------

    def logs(self, stream: str = "stdout", tail: int | None = None) -> Logs:
        """Return the log of a stream: shows itself, iterates line by line, and is its text as ``str()``.

        Parameters
        ----------
        stream
            ``stdout``, ``stderr``, or ``both``, merged by time.
        tail
            Only that many last lines; None gives all, of which a display shows the last 200.
        """
        return Logs(self._context, self._record, self.current_attempt, stream, tail)

    @property
    def stdout(self) -> str:
        """All it printed, of the newest attempt that began (at most two files are read)."""
        return str(self.logs("stdout"))

    @property
    def stderr(self) -> str:
        """All it printed to standard error."""
        return str(self.logs("stderr"))

    @property
    def stdout_size(self) -> int:
        """Stored bytes of its standard output, the header of each line included; the log is not read."""
        return self.logs("stdout").size()

    @property
    def stderr_size(self) -> int:
        """Stored bytes of its standard error, the header of each line included; the log is not read."""
        return self.logs("stderr").size()

    def loglines(self, stream: str, as_unicode: bool = True) -> Iterator[tuple[datetime, str | bytes]]:  # noqa: FBT001, FBT002 - Metaflow's signature
        """Yield ``(time, line)`` for each line of a log.

        Parameters
        ----------
        stream
            ``stdout`` or ``stderr``; any other has no lines.
        as_unicode
            Give text, in which bytes that are no UTF-8 are U+FFFD; otherwise the bytes as they were written.

        Yields
        ------
        tuple
            Time (naive, UTC: unlike all other times of the client), and the line without its end. A line that carries
            no time, such as the end of a crash, has that of its neighbour.
        """
        if stream in STREAMS:
            log = read_log(task_datastore(self._context, self._record), self._record.path, self.current_attempt, stream)
            moments = (datetime.fromisoformat(time) if time else UNKNOWN_TIME for time in log.times)
            yield from zip(moments, log.messages() if as_unicode else log.raw, strict=True)

    # -- conversion -------------------------------------------------------------------------------------------------

    def to_pandas(self) -> "pd.DataFrame":
        """Return its artifacts, private ones left out; no value is read.

        Returns
        -------
        pandas.DataFrame
            ``pathspec``, ``step``, ``task_id``, ``attempt``, ``name``, ``type``, ``size`` (bytes, serialized), ``sha``,
            ``encoding``. Costs one bulk question and one small read.
        """
        return to_frame("artifacts", list(self._artifact_rows()))

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the same as plain data, a dict an artifact."""
        return to_dicts("artifacts", list(self._artifact_rows()))

    def _artifact_rows(self) -> Iterator[ArtifactRow]:
        """Yield what is recorded of its artifacts, private ones left out."""
        return artifact_rows(self._context, self._record.path, self._attempt)
