"""The members of a task about its status and its times."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from mfwidgets.datastore.logs import log_key
from mfwidgets.pickles.safe_loads import KNOWN_HASHES, known_bool, safe_loads
from mfwidgets.providers.records import TaskRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.foreach import OUTSIDE
from mfwidgets.queries.rows import TaskRow, runtime_name
from mfwidgets.queries.run_snapshot import STATUS_FIELDS, load_tasks
from mfwidgets.queries.status.rules import Status, TaskState
from mfwidgets.queries.status.states import awaits_retry, task_states
from mfwidgets.queries.task_metadata import (
    task_datastore,
)
from mfwidgets.times import SECOND, as_timedelta, local_datetime, now_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from mfwidgets.client.artifact import DataArtifact


LOG_DELAY_MS = 30 * SECOND
"""The local scheduler writes the log after the task has ended. The log can appear this much later."""


class TaskOutcome:
    """The status and the times of a task."""

    _context: ClientContext
    _record: TaskRecord
    _attempt: int | None
    _child: "Callable[[str], DataArtifact | None]"

    def _row(self) -> TaskRow:
        record, now = self._record, now_ms()
        state = task_states(load_tasks(self._context, record.run, record.path, [record], STATUS_FIELDS))[0]
        return TaskRow(record, state if self._attempt is None else state.at_attempt(self._attempt, now), OUTSIDE, now)

    @property
    def status(self) -> Status:
        """``completed``, ``caught``, ``failed``, ``killed``, ``running`` or ``unknown``, of the newest attempt.

        The attribute ``reason`` explains the status. Costs two bulk requests about the task. No value is unpickled.

        Examples
        --------
        >>> status = Task("ForecastFlow/1795378913725406/fit/9").status
        >>> status
        'failed'
        >>> status.reason
        'attempt 0 failed at 2026-11-22 20:21:57'
        """
        return self._row().status

    def _goes_on(self) -> bool:
        """Return whether its log may still grow: the task runs, its log is being written, or it will be retried."""
        state = self._row().state
        if state.status == "running" or self._awaits_log(state):
            return True
        return self._attempt is None and awaits_retry(self._context, self._record, state)

    def _awaits_log(self, state: TaskState) -> bool:
        """Return whether the task ended recently and has no log yet. The local scheduler writes the log last."""
        if self._context.provider.local_root is None or not state.attempts:
            return False
        if now_ms() - state.last_sign_ms > LOG_DELAY_MS:
            return False
        key = log_key(self._record.path, state.attempts[-1].number, "runtime", "stderr")
        return task_datastore(self._context, self._record).size(key) is None

    @property
    def successful(self) -> bool | None:
        """Whether its code ended without an error (``_success``). False if no result is recorded, as in Metaflow.

        Costs one request and at most one small read.
        """
        return self._recorded_truth("_success")

    @property
    def finished(self) -> bool | None:
        """Whether it ended normally (``_task_ok``). As in Metaflow's client, this is False for a failed task.

        Use :attr:`status` to distinguish failed from running. Costs one request and at most one small read.
        """
        return self._recorded_truth("_task_ok")

    def _recorded_truth(self, name: str) -> bool | None:
        artifact = self._child(name)
        if artifact is None:
            return False
        if artifact.sha in KNOWN_HASHES:
            return known_bool(artifact.sha)
        return cast("bool | None", safe_loads(artifact._small_bytes()))  # another pickle protocol

    @property
    def finished_at(self) -> datetime | None:
        """The time when its newest attempt ended, in naive local time. None while it runs, or if no end was recorded.

        Costs what :attr:`status` costs.
        """
        finished_ms = self._row().finished_ms
        return local_datetime(finished_ms) if finished_ms else None

    @property
    def started_at(self) -> datetime | None:
        """The time when its newest attempt began, in naive local time. ``created_at`` is when the task was queued.

        Costs what :attr:`status` costs.
        """
        started_ms = self._row().started_ms
        return local_datetime(started_ms) if started_ms else None

    @property
    def duration(self) -> timedelta | None:
        """The time from the start of its newest attempt to its end. None while it runs: see :attr:`elapsed`.

        Costs what :attr:`status` costs.
        """
        return as_timedelta(self._row().duration_ms)

    @property
    def elapsed(self) -> timedelta | None:
        """The time since its newest attempt began. None if the attempt has ended or not begun.

        Costs what :attr:`status` costs.
        """
        return as_timedelta(self._row().elapsed_ms)

    @property
    def runtime_name(self) -> str | None:
        """The runtime, such as ``dev`` or ``argo-workflows``, from the tags of the run."""
        return runtime_name(self._record.run)
