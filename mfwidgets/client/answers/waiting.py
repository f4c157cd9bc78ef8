"""Waits until a run has ended, in the caller's thread or in an event loop."""

import asyncio
import math
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mfwidgets.client.answers.run_poller import RunPoller
from mfwidgets.client.run import Run
from mfwidgets.concurrency import call_with_timeout, in_background, run_interruptible
from mfwidgets.deadline import Deadline
from mfwidgets.display_options import options
from mfwidgets.errors import MetaflowException, MetaflowInvalidArgument, MetaflowNotFound, WaitTimeout
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.queries.rows import RunRow
from mfwidgets.render.sanitize import single_line
from mfwidgets.safe_repr import repr_of
from mfwidgets.times import MINUTE, SECOND, duration_text, now_ms, parse_duration_s

if TYPE_CHECKING:
    from tqdm import tqdm

MAX_POLL_S, BACKOFF = 15.0, 1.4
"""The longest interval between two polls, unless the first one is longer, and the factor of its growth."""

MAX_FAILED_POLLS = 8
"""After this many failed polls in a row, the last error is raised. That takes about half a minute by default."""

LOST_MS = 10 * MINUTE
"""A run without a sign of life for this long counts as ended. A task can wait for a free machine for minutes."""

_MAX_PROGRESS_CHARS = 150

_LAST_POLL_S = 10.0
"""A poll may take this long, even if less time is left: the answer to ``timeout=0`` is one poll."""

_WAIT_PER_POLL = 10
"""The interval is at least this many times as long as a poll, so that waiting takes at most a tenth of a service's time."""


@fast_dataclass(frozen=True, slots=True)
class Clock:
    """The time that waiting depends on. Tests pass their own.

    Attributes
    ----------
    monotonic
        Returns seconds that never run backwards.
    sleep
        Sleeps for seconds. An interrupt ends it.
    now_ms
        Returns milliseconds since the epoch.
    """

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now_ms: Callable[[], int] = now_ms


SYSTEM_CLOCK = Clock()


def has_ended(row: RunRow, now_ms: int) -> bool:
    """Return whether a run has ended. One without a sign of life for ten minutes counts as ended."""
    if row.status != "unknown":
        return row.status != "running"
    return now_ms - (row.last_activity_ms or row.record.created_ms) >= LOST_MS


class Waiting:
    """A run that somebody waits for.

    Parameters
    ----------
    run
        The run.
    timeout
        The time limit: seconds, a timedelta, a str such as ``2h``. None means no limit.
    poll
        The first interval between two polls, in seconds.
    clock
        The time.

    Attributes
    ----------
    state
        The status of the last poll with its reason, or the problem that prevented the poll.

    Raises
    ------
    MetaflowInvalidArgument
        The time limit or the interval is invalid.
    """

    def __init__(self, run: Run, timeout: object, poll: object, clock: Clock = SYSTEM_CLOCK) -> None:
        self._run, self._clock = run, clock
        self._timeout_s = _seconds(timeout)
        if not isinstance(poll, int | float) or isinstance(poll, bool) or not 0 < poll < math.inf:
            raise MetaflowInvalidArgument(f"Expected poll= to be a number of seconds above 0, got {repr_of(poll, 40)}.")
        self._interval_s, self._longest_s = float(poll), max(float(poll), MAX_POLL_S)
        self._poller = RunPoller(run)
        self._began = clock.monotonic()
        self._took_s = 0.0
        self._failures = 0
        self.state = "it was not read yet"

    def poll(self) -> Run | None:
        """Return the run if it has ended, else None.

        Raises
        ------
        MetaflowNotFound
            The run was deleted.
        MetaflowException
            Many polls in a row have failed.
        """
        began = self._clock.monotonic()
        left_s = self._left_s()
        try:
            look = self._poller.poll
            row = (
                run_interruptible(lambda: look()._row())
                if left_s == math.inf
                else call_with_timeout(max(left_s, _LAST_POLL_S), lambda: look()._row())
            )
        except MetaflowNotFound:
            raise
        except MetaflowException as error:
            self._failures += 1
            if self._failures >= MAX_FAILED_POLLS:
                raise
            self.state = f"the last poll failed: {error}"
            return None
        finally:
            self._took_s = self._clock.monotonic() - began
        self._failures = 0
        self.state = f"{row.status}, {row.status.reason}" if row.status.reason else str(row.status)
        return Run._of(self._run._context, row.record) if has_ended(row, self._clock.now_ms()) else None

    def pause_s(self) -> float:
        """Return how long to wait for the next poll. The next pause is longer.

        Raises
        ------
        WaitTimeout
            The time is over.
        """
        left_s = self._left_s()
        if left_s <= 0:
            raise WaitTimeout(
                f"{self._run!r} has not ended within {duration_text(round(self._timeout_s * SECOND))}: {self.state}. "
                "The run goes on.",
                pathspec=self._run.pathspec,
            )
        pause = min(max(self._interval_s, _WAIT_PER_POLL * self._took_s), left_s)
        self._interval_s = min(self._interval_s * BACKOFF, self._longest_s)
        return pause

    def _left_s(self) -> float:
        return self._timeout_s - (self._clock.monotonic() - self._began)


def wait_for(run: Run, timeout: object, poll: object, clock: Clock = SYSTEM_CLOCK) -> Run:
    """Poll a run until it has ended, and return it. See :meth:`Run.wait`."""
    waiting = Waiting(run, timeout, poll, clock)
    with ExitStack() as stack:
        bar: tqdm[Any] | None = None
        while (ended := waiting.poll()) is None:
            pause = waiting.pause_s()
            if bar is None and options.progress_bars and threading.current_thread() is threading.main_thread():
                bar = stack.enter_context(_progress_line())
            if bar is not None:
                bar.set_description_str(single_line(f"{run.pathspec}: {waiting.state}", _MAX_PROGRESS_CHARS))
            clock.sleep(pause)
    return ended


def _progress_line() -> "tqdm[Any]":
    """Return a line that says what the run is doing. It disappears at the end. CI that expects output gets some."""
    from tqdm.auto import tqdm

    return tqdm(bar_format="{desc} [{elapsed}]", leave=False)


async def wait_for_async(run: Run, timeout: object, poll: object, clock: Clock = SYSTEM_CLOCK) -> Run:  # noqa: ASYNC109 - the same arguments as wait_for()
    """Poll a run in threads until it has ended, and return it. If the task is cancelled, the poll stops soon."""
    waiting = Waiting(run, timeout, poll, clock)
    with Deadline().apply():
        while True:
            ended = await asyncio.wrap_future(in_background(waiting.poll, "wait"))
            if ended is not None:
                return ended
            await asyncio.sleep(waiting.pause_s())


def _seconds(timeout: object) -> float:
    """Return a time limit in seconds.

    Raises
    ------
    MetaflowInvalidArgument
        It is not a time limit.
    """
    if timeout is None:
        return math.inf
    try:
        if isinstance(timeout, str):
            return parse_duration_s(timeout)
        seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
        if isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 <= seconds < math.inf:
            return float(seconds)
    except (ValueError, OverflowError):
        pass
    raise MetaflowInvalidArgument(
        f"Expected timeout= to be seconds, a timedelta or a str such as '90s' or '2h', got {repr_of(timeout, 40)}."
    )
