"""The rules for the status of tasks, steps and runs. They read nothing.

Every status has a reason. A run is ``completed`` exactly if Metaflow's ``successful`` is True.
"""

import signal
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Self

from mfwidgets.datastore.task_files import ProcessEnd
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.times import DAY, MINUTE, duration_text, time_text


class StatusName(StrEnum):
    """The names of statuses. A member equals its str: ``StatusName.FAILED == "failed"``. A run is never ``killed``.

    Examples
    --------
    >>> [name.value for name in StatusName]
    ['completed', 'caught', 'failed', 'killed', 'running', 'unknown']
    """

    COMPLETED = "completed"
    CAUGHT = "caught"
    FAILED = "failed"
    KILLED = "killed"
    RUNNING = "running"
    UNKNOWN = "unknown"


STATUSES = tuple(name.value for name in StatusName)
"""The names of statuses as str."""

OPEN_ATTEMPT_TIMEOUT_MS = DAY
"""Local metadata has no heartbeat: an attempt without an end counts as running for this long."""

HEARTBEAT_TIMEOUT_MS = 6 * MINUTE
"""Heartbeats come every ten seconds. The metadata service treats a task as dead after this much silence."""

_CODES_WITHOUT_RETRY = (0, 202)
"""Exit codes after which Metaflow does not retry: that of ``sys.exit()``, and its own for such a failure."""

SCHEDULER_PAUSE_MS = MINUTE
"""While the scheduler starts the next task, a run has no open attempt. It counts as running for this long."""


class Status(str):
    """A status: a str that equals a :class:`StatusName`, with a reason.

    Parameters
    ----------
    status
        The name of the status.
    reason
        The attempt, the time and the event: ``attempt 1 failed at 2026-01-02 03:04:05``. The time is in the zone of
        ``options.time_zone``.

    Attributes
    ----------
    name
        The member of :class:`StatusName` that it equals.
    reason
        The parameter ``reason``.

    Examples
    --------
    >>> status = Flow("HelloFlow").latest_run.status
    >>> status == "completed", status.name
    (True, <StatusName.COMPLETED: 'completed'>)
    >>> status.reason
    'end task HelloFlow/1795378926761243/end/2: attempt 0 succeeded at 2026-11-22 20:22:07'
    """

    __slots__ = ("reason",)

    reason: str

    def __new__(cls, status: str, reason: str) -> Self:
        """Make a status.

        Raises
        ------
        ValueError
            ``status`` is not a :class:`StatusName`.
        """
        instance = super().__new__(cls, StatusName(status).value)
        instance.reason = reason
        return instance

    @property
    def name(self) -> StatusName:
        """The member of :class:`StatusName` that it equals."""
        return StatusName(self)

    def __reduce__(self) -> tuple[type[Self], tuple[str, str]]:
        """Pickle with the reason."""
        return type(self), (str(self), self.reason)


@fast_dataclass(frozen=True, slots=True)
class Attempt:
    """The recorded facts about one attempt of a task.

    Attributes
    ----------
    number
        The number of the attempt, from 0.
    begun_ms
        When its process registered (the ``attempt`` record). None if the process ended before it registered,
        and for ``_parameters``.
    done_ms
        When its end was recorded (``attempt-done``). None while it runs. None if it was killed.
    ok
        Whether the step ended normally (``attempt_ok``). True also for a failure that ``@catch`` handled.
    success
        Whether the step's code ended without an error (``_success``). None if no result was recorded, for example after
        a kill.
    finished_ms
        When its result was recorded (the ``_task_ok`` artifact): Metaflow's ``finished_at``.
    stored
        Whether there is a ``DONE.lock``.
    end
        How its process ended, as the local scheduler recorded it.
    """

    number: int
    begun_ms: int | None = None
    done_ms: int | None = None
    ok: bool | None = None
    success: bool | None = None
    finished_ms: int | None = None
    stored: bool = False
    end: ProcessEnd | None = None

    @property
    def over(self) -> bool:
        """Whether any record says that the attempt has ended."""
        return self.done_ms is not None or self.stored or self.end is not None or self.ok is False

    @property
    def ended_ms(self) -> int | None:
        """When it ended. None if that was not recorded."""
        return self.finished_ms or self.done_ms


def task_status(
    attempts: Sequence[Attempt],
    created_ms: int,
    now_ms: int,
    cloned_from: str = "",
    heartbeat_ms: int | None = None,
) -> Status:
    """Return the status of a task.

    Parameters
    ----------
    attempts
        Its attempts, oldest first. Empty if it was only queued.
    created_ms
        When it was queued.
    now_ms
        The current time.
    cloned_from
        The pathspec of the original task, if the task is a clone in a resumed run. Otherwise empty.
    heartbeat_ms
        Its last heartbeat. None if the provider has no heartbeats.
    """
    if not attempts:
        return _alive_or_unknown("no attempt has started", "queued", created_ms, now_ms, heartbeat_ms)
    newest = attempts[-1]
    name = f"attempt {newest.number}"
    if not newest.over:
        since_ms = newest.begun_ms or created_ms
        return _alive_or_unknown(f"{name} has not ended", f"{name} started", since_ms, now_ms, heartbeat_ms)
    # The result can be unread, or not yet recorded. Then attempt_ok is enough.
    if newest.success or (newest.success is None and newest.ok and newest.done_ms is not None):
        before = f" after {_counted(len(attempts) - 1, 'failed attempt')}" if len(attempts) > 1 else ""
        origin = f", cloned from {cloned_from}" if cloned_from else ""
        return Status("completed", f"{name} succeeded{_at(newest.ended_ms)}{before}{origin}")
    if newest.ok and newest.success is False:
        return Status("caught", f"{name} failed{_at(newest.ended_ms)}, handled by @catch")
    return _failure(newest)


def _failure(attempt: Attempt) -> Status:
    """Return the status of an attempt that failed: from its recorded result, otherwise from the end of its process."""
    name = f"attempt {attempt.number}"
    code = (attempt.end.return_code or 0) if attempt.end else 0
    if attempt.end and attempt.end.killed:
        return Status("killed", f"{name} was killed by the scheduler{_at(attempt.ended_ms)}")
    if code < 0:
        return Status("killed", f"{name} was killed by {_signal_text(-code)}")
    if attempt.end and attempt.ok is None:
        when = "before the step started" if attempt.begun_ms is None else "without a result"
        return Status("failed", f"{name} exited with code {code} {when}")
    return Status("failed", f"{name} failed{_at(attempt.ended_ms)}")


def attempt_statuses(attempts: Sequence[Attempt], created_ms: int, now_ms: int) -> list[Status]:
    """Return the status of each attempt of a task, oldest first. An attempt that was replaced is not running."""
    statuses = [task_status([attempt], created_ms, now_ms) for attempt in attempts]
    for number, attempt in enumerate(attempts[:-1]):
        if not attempt.over:
            newer = attempts[number + 1].number
            statuses[number] = Status("failed", f"attempt {attempt.number} has no result, replaced by attempt {newer}")
    return statuses


@fast_dataclass(frozen=True, slots=True)
class TaskState:
    """The status and times of a task."""

    pathspec: str
    status: Status
    attempts: tuple[Attempt, ...]
    created_ms: int

    @property
    def started_ms(self) -> int | None:
        """When its newest attempt began. For ``_parameters``, which has no attempt record: when it was registered."""
        if not self.attempts:
            return None
        newest = self.attempts[-1]
        return newest.begun_ms or (self.created_ms if newest.success else None)

    @property
    def first_started_ms(self) -> int | None:
        """When its first recorded attempt began."""
        begun = [attempt.begun_ms for attempt in self.attempts if attempt.begun_ms is not None]
        return begun[0] if begun else self.started_ms

    @property
    def finished_ms(self) -> int | None:
        """When its newest attempt ended."""
        return self.attempts[-1].ended_ms if self.attempts else None

    @property
    def was_stopped(self) -> bool:
        """Whether the scheduler ended its newest attempt."""
        end = self.attempts[-1].end if self.attempts else None
        return bool(end and end.killed)

    @property
    def forbids_retry(self) -> bool:
        """Whether the scheduler never retries it, because of the exit code of its newest attempt."""
        end = self.attempts[-1].end if self.attempts else None
        return bool(end and end.return_code in _CODES_WITHOUT_RETRY and not end.killed)

    def at_attempt(self, number: int, now_ms: int) -> "TaskState":
        """Return the state of one attempt. If there was no such attempt, return a state without attempts."""
        if self.attempts and self.attempts[-1].number == number:
            return TaskState(self.pathspec, self.status, self.attempts[-1:], self.created_ms)
        statuses = attempt_statuses(self.attempts, self.created_ms, now_ms)
        for attempt, status in zip(self.attempts, statuses, strict=True):
            if attempt.number == number:
                return TaskState(self.pathspec, status, (attempt,), self.created_ms)
        return TaskState(self.pathspec, Status("unknown", f"there is no attempt {number}"), (), self.created_ms)

    @property
    def last_sign_ms(self) -> int:
        """The newest time that was recorded for it."""
        times = [self.created_ms]
        for attempt in self.attempts:
            times += [time for time in (attempt.begun_ms, attempt.done_ms, attempt.finished_ms) if time]
        return max(times)


def ended_run_status(end: TaskState) -> Status | None:
    """Return the status of a run whose end task succeeded or was caught. None for any other end task."""
    if end.status in ("completed", "caught"):
        return Status(str(end.status), f"end task {end.pathspec}: {end.status.reason}")
    return None


def open_run_status(
    tasks: Sequence[TaskState],
    created_ms: int,
    now_ms: int,
    retries_due: Mapping[str, int] | None = None,
    heartbeat_ms: int | None = None,
) -> Status:
    """Return the status of a run whose end task has not succeeded (see :func:`ended_run_status`).

    The run is running if a task runs or waits for a retry. Otherwise it failed if a task failed. Otherwise it is
    running if its last activity is recent. Otherwise it is unknown.

    Parameters
    ----------
    tasks
        All of its tasks.
    created_ms
        When it was registered.
    now_ms
        The current time.
    retries_due
        The times of the retries of failed tasks, in milliseconds, by pathspec.
    heartbeat_ms
        The last heartbeat of the run. None if the provider has no heartbeats.
    """
    running = [task for task in tasks if task.status == "running"]
    if running:
        first = running[0]
        more = f" and {_counted(len(running) - 1, 'other task')}" if len(running) > 1 else ""
        return Status("running", f"{first.pathspec}{more}: {first.status.reason}")
    for task in tasks:
        due_ms = (retries_due or {}).get(task.pathspec, 0)
        if now_ms < due_ms + SCHEDULER_PAUSE_MS:
            return Status("running", f"{task.pathspec}: {task.status.reason}, retry at {time_text(due_ms)}")
    failed = [task for task in tasks if task.status in ("failed", "killed")]
    if failed:
        # The scheduler kills tasks only after another task has failed. Name the task that failed first.
        first = min(failed, key=lambda task: (task.was_stopped, task.finished_ms or task.last_sign_ms))
        more = f", and {_counted(len(failed) - 1, 'other task')}" if len(failed) > 1 else ""
        return Status("failed", f"{first.pathspec}: {first.status.reason}{more}")
    last_ms = max([created_ms, heartbeat_ms or 0, *(task.last_sign_ms for task in tasks)])
    age = max(now_ms - last_ms, 0)
    if age < (SCHEDULER_PAUSE_MS if heartbeat_ms is None else HEARTBEAT_TIMEOUT_MS):
        return Status("running", f"last activity {duration_text(age)} ago")
    lost = next((task for task in tasks if task.status == "unknown"), None)
    if lost:
        return Status("unknown", f"{lost.pathspec}: {lost.status.reason}")
    return Status("unknown", f"the run has not ended and no task is running, last activity {duration_text(age)} ago")


def step_status(statuses: Collection[Status]) -> Status | None:
    """Return the status of several tasks together. None if there are no tasks.

    It is the first of ``running``, ``failed``, ``killed``, ``unknown``, ``caught`` and ``completed`` that any task has.
    """
    present = set(statuses)
    for name in ("running", "failed", "killed", "unknown", "caught", "completed"):
        if name in present:
            matching = [status for status in statuses if status == name]
            return Status(name, f"{len(matching):,} of {_counted(len(statuses), 'task')}{_reasons(matching)}")
    return None


def _reasons(statuses: Sequence[Status]) -> str:
    """Return the common reason of several tasks. If reasons differ, return an example, or nothing for successes."""
    first = statuses[0]
    if all(status.reason == first.reason for status in statuses):
        return f": {first.reason}"
    return "" if first == "completed" else f", for example: {first.reason}"


def _alive_or_unknown(open_reason: str, event: str, since_ms: int, now_ms: int, heartbeat_ms: int | None) -> Status:
    """Return the status of a task that has not ended: from its last heartbeat, or from its age if it has none."""
    age = max(now_ms - since_ms, 0)
    if heartbeat_ms is not None:
        silence = max(now_ms - max(heartbeat_ms, since_ms), 0)  # a new attempt may not have sent a heartbeat
        if silence < HEARTBEAT_TIMEOUT_MS:
            return Status("running", f"{event} {duration_text(age)} ago")
        return Status("killed", f"no heartbeat for {duration_text(silence)}")
    if age < OPEN_ATTEMPT_TIMEOUT_MS:
        return Status("running", f"{event} {duration_text(age)} ago")
    return Status("unknown", f"{open_reason} after {duration_text(age)}")


def _at(ms: int | None) -> str:
    return f" at {time_text(ms)}" if ms else ""


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _signal_text(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"
