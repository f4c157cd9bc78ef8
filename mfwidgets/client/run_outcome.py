"""The members of a run about its status, its end and its times."""

from datetime import datetime, timedelta

from mfwidgets.client.task import Task
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import end_step
from mfwidgets.queries.rows import RunRow, run_rows
from mfwidgets.queries.status.rules import Status
from mfwidgets.queries.status.run_end import end_succeeded, quick_success
from mfwidgets.queries.status.states import newest_task
from mfwidgets.times import as_timedelta, local_datetime


class RunOutcome:
    """The status, the end task and the times of a run."""

    _context: ClientContext
    _record: RunRecord

    def _row(self) -> RunRow:
        return run_rows(self._context, [self._record])[0]

    @property
    def status(self) -> Status:
        """``completed``, ``caught``, ``failed``, ``running`` or ``unknown``. The attribute ``reason`` explains it.

        A run is ``completed`` if and only if :attr:`successful` is True. Costs one request for a completed run, and
        three bulk requests about all tasks for any other run.

        Examples
        --------
        >>> run = Flow("ImportFlow").latest_run
        >>> run.status
        'failed'
        >>> run.status.reason
        'ImportFlow/1795378924251567/fetch/2: attempt 2 failed at 2026-11-22 20:22:05'
        """
        return self._row().status

    @property
    def end_task(self) -> Task | None:
        """The task of the last step. None if the run did not get there. Costs two requests.

        Examples
        --------
        >>> Flow("ForecastFlow").latest_run.end_task
        Task('ForecastFlow/1795378919475034/end/15')
        """
        record = newest_task(self._context.provider.tasks(self._record, end_step(self._context, self._record)))
        return Task._of(self._context, record) if record else None

    @property
    def successful(self) -> bool | None:
        """Whether the end task succeeded. False if there is no end task.

        Costs one request for a completed run, and up to five for any other run.

        Examples
        --------
        >>> [run.successful for run in Flow("ForecastFlow").runs()]
        [True, False, True, True]
        """
        succeeded = end_succeeded(self._context, self._record)
        if succeeded is not None:
            return succeeded
        end = self.end_task
        return end.successful if end else False

    @property
    def finished(self) -> bool | None:
        """Whether the end task finished. As in Metaflow's client, this is False for a failed run.

        Use :attr:`status` to distinguish failed from running. Costs what :attr:`successful` costs.
        """
        if quick_success(self._context, self._record):
            return True
        end = self.end_task
        return end.finished if end else False

    @property
    def finished_at(self) -> datetime | None:
        """The time when the result of the end task was recorded, in naive local time. None if there is no end task.

        Costs what :attr:`successful` costs.
        """
        quick = quick_success(self._context, self._record)
        if quick and quick.finished_ms:
            return local_datetime(quick.finished_ms)
        end = self.end_task
        return end.finished_at if end else None

    @property
    def started_at(self) -> datetime:
        """The time when the run was registered, in naive local time. Equal to ``created_at``: only tasks queue."""
        return local_datetime(self._record.created_ms)

    @property
    def duration(self) -> timedelta | None:
        """The time from the start of the run to its end. None while it runs: see :attr:`elapsed`.

        The run ends with its end task. A run that failed or was lost ends with its last sign of activity. Costs what
        :attr:`status` costs.

        Examples
        --------
        >>> Flow("HelloFlow").latest_run.duration
        datetime.timedelta(microseconds=416000)
        """
        return as_timedelta(self._row().duration_ms)

    @property
    def elapsed(self) -> timedelta | None:
        """The time since the start of the run while it runs, otherwise None. Costs what :attr:`status` costs."""
        return as_timedelta(self._row().elapsed_ms)

    @property
    def user(self) -> str:
        """The user who started the run."""
        return self._record.user
