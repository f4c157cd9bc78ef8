"""Waiting for the end of a run: outcomes, time limits, intervals, failures, interrupts, event loops."""

import asyncio
import re
import shutil
import threading
import time
from datetime import timedelta

import pytest
from running_flow import running_flow
from waiting import PATIENCE_S, interrupt_when, waits_for

from mfwidgets import Metaflow
from mfwidgets.client.answers import waiting
from mfwidgets.client.answers.run_poller import RunPoller
from mfwidgets.client.answers.waiting import LOST_MS, MAX_POLL_S, Clock, wait_for
from mfwidgets.display_options import options
from mfwidgets.errors import MetaflowException, MetaflowInvalidArgument, MetaflowNotFound, ServiceException, WaitTimeout
from mfwidgets.times import parse_duration_s


class FastClock(Clock):
    """A clock that a sleep moves. It never waits."""

    def __init__(self, *, now_ms=lambda: 0, on_sleep=lambda _: None):
        self.seconds, self.pauses = 0.0, []

        def sleep(seconds):
            self.seconds += seconds
            self.pauses.append(seconds)
            on_sleep(self)

        super().__init__(monotonic=lambda: self.seconds, sleep=sleep, now_ms=now_ms)

    __setattr__ = object.__setattr__  # a Clock is frozen


@pytest.fixture
def abandoned(client, runs, monkeypatch):
    """A run that never ended. Here it counts as running, or as lost if ``status`` is changed."""
    run = client.get(runs["abandoned"])
    row = run._row()
    known = {"status": "running"}

    class Row:
        record, last_activity_ms = row.record, 1_000_000

        @property
        def status(self):
            return type(row.status)(known["status"], "attempt 0 started 5 s ago")

    class Polled:
        def _row(self):
            return Row()

    monkeypatch.setattr(RunPoller, "poll", lambda _: Polled())
    run.known = known
    return run


@pytest.mark.parametrize("name", ["linear", "failing", "foreach"])
def test_an_ended_run_is_returned_at_once(client, runs, name):
    run = client.get(runs[name])
    clock = FastClock()
    ended = wait_for(run, 0, 1.0, clock)
    assert (ended, ended.status, clock.pauses) == (run, run.status, [])
    assert ended.user_tags == run.user_tags


def test_a_service_gives_the_same(on_service):
    there, service = on_service
    client = Metaflow(metadata=service.url, namespace=None)
    assert client.get(there["failing"]).wait(60).status == "failed"
    assert client.get(there["linear"]).wait(timedelta(minutes=1)).status == "completed"


def test_a_run_is_waited_for(tmp_path):
    with running_flow(tmp_path) as running:
        run = Metaflow(metadata=str(tmp_path), namespace=None).get(running.run)
        with pytest.raises(WaitTimeout, match=r"has not ended within 0 ms: running, .* The run goes on\.") as caught:
            run.wait(timeout=0)
        threading.Timer(0.5, running.go).start()
        ended = run.wait(timeout=PATIENCE_S, poll=0.2)
    assert ended.status == "completed"
    assert isinstance(caught.value, TimeoutError | MetaflowException)
    assert caught.value.pathspec == run.pathspec


def test_intervals_grow_to_a_limit_and_end_with_the_time(abandoned):
    clock = FastClock()
    with pytest.raises(WaitTimeout, match="within 2 m 00 s: running, attempt 0 started 5 s ago"):
        wait_for(abandoned, "2m", 1.0, clock)
    *grown, last = clock.pauses
    assert grown[0] == 1.0
    assert grown == sorted(grown)
    assert max(grown) == MAX_POLL_S
    assert sum(grown) + last == pytest.approx(120)


def test_a_line_says_what_the_run_is_doing(abandoned, capsys):
    with options(progress_bars=True), pytest.raises(WaitTimeout):
        wait_for(abandoned, 5, 1.0, FastClock())
    assert f"{abandoned.pathspec}: running, attempt 0 started 5 s ago" in capsys.readouterr().err
    with options(progress_bars=False), pytest.raises(WaitTimeout):
        wait_for(abandoned, 5, 1.0, FastClock())
    assert capsys.readouterr().err == ""


def test_an_interval_longer_than_the_limit_stays(abandoned):
    clock = FastClock()
    with pytest.raises(WaitTimeout):
        wait_for(abandoned, 300, 100, clock)
    assert clock.pauses == [100, 100, 100]


def test_slow_polls_are_rarer(abandoned, monkeypatch):
    clock = FastClock()
    poll = RunPoller.poll

    def slow(poller):
        clock.seconds += 3
        return poll(poller)

    monkeypatch.setattr(RunPoller, "poll", slow)
    with pytest.raises(WaitTimeout):
        wait_for(abandoned, 120, 1.0, clock)
    assert clock.pauses[:3] == [30, 30, 30]


def test_a_lost_run_ends_the_waiting_after_a_while(abandoned):
    abandoned.known["status"] = "unknown"
    clock = FastClock(now_ms=lambda: 1_000_000 + LOST_MS - 60_000 + int(clock.seconds * 1000))
    wait_for(abandoned, None, 1.0, clock)
    assert 60 <= sum(clock.pauses) <= 60 + MAX_POLL_S


def test_polls_that_fail_are_repeated(abandoned, monkeypatch):
    polls = []

    def fail(_):
        polls.append(len(polls))
        raise ServiceException("the service is restarting")

    monkeypatch.setattr(RunPoller, "poll", fail)
    with pytest.raises(ServiceException, match="restarting"):
        wait_for(abandoned, None, 1.0, FastClock())
    assert len(polls) == waiting.MAX_FAILED_POLLS
    with pytest.raises(WaitTimeout, match="the last poll failed: the service is restarting"):
        wait_for(abandoned, 2, 1.0, FastClock())


def test_a_deleted_run_is_not_waited_for(own_client, own_runs):
    run = own_client.get(own_runs["failing"])
    shutil.rmtree(own_runs.root / own_runs["failing"])
    with pytest.raises(MetaflowNotFound, match="does not exist any more"):
        run.wait()


@pytest.mark.parametrize("timeout", [-1, "soon", "1y", True, object(), float("nan"), float("inf"), timedelta(days=-1)])
def test_invalid_time_limits(client, runs, timeout):
    with pytest.raises(MetaflowInvalidArgument, match="Expected timeout="):
        client.get(runs["linear"]).wait(timeout)


@pytest.mark.parametrize("poll", [0, -1, "1s", None, True, float("inf")])
def test_invalid_intervals(client, runs, poll):
    with pytest.raises(MetaflowInvalidArgument, match="Expected poll="):
        client.get(runs["linear"]).wait(poll=poll)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), (" 1.5 m ", 90), ("2h", 7200), ("1d", 86400), ("1w", 604800)]
)
def test_durations(text, seconds):
    assert parse_duration_s(text) == seconds


@pytest.mark.parametrize("text", ["x", "h", "1 year", "1e9", "-1s", "٣s x"])
def test_texts_that_are_no_duration(text):
    with pytest.raises(ValueError, match=re.escape(text)):
        parse_duration_s(text)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_ends_the_waiting(abandoned):
    polls = []
    clock = Clock(sleep=lambda seconds: (polls.append(seconds), time.sleep(60)))
    with interrupt_when(lambda: bool(polls)), pytest.raises(KeyboardInterrupt):
        wait_for(abandoned, None, 1.0, clock)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_ends_a_poll_that_hangs(abandoned, monkeypatch):
    polls, released = [], threading.Event()
    monkeypatch.setattr(RunPoller, "poll", lambda _: (polls.append(1), released.wait(PATIENCE_S)))
    try:
        with interrupt_when(lambda: bool(polls)), pytest.raises(KeyboardInterrupt):
            abandoned.wait()
    finally:
        released.set()


def test_other_tasks_go_on_while_one_waits(tmp_path):
    with running_flow(tmp_path) as running:
        run = Metaflow(metadata=str(tmp_path), namespace=None).get(running.run)

        async def both():
            waiting_for_it = asyncio.create_task(run.wait_async(timeout=PATIENCE_S, poll=0.2))
            await asyncio.sleep(0.5)
            assert not waiting_for_it.done()
            running.go()
            return await waiting_for_it

        assert asyncio.run(both()).status == "completed"


def test_an_event_loop_times_out_and_cancels(abandoned):
    async def waits():
        with pytest.raises(WaitTimeout):
            await abandoned.wait_async(0)
        task = asyncio.create_task(abandoned.wait_async())
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(waits())
    assert waits_for(lambda: not [thread for thread in threading.enumerate() if thread.name == "mfwidgets-wait"])
