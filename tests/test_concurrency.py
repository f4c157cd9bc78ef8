"""Concurrent calls: order, errors and threads, deadlines and limits, and Python without threads."""

import ast
import contextvars
import threading
import time
from pathlib import Path

import pytest
from waiting import PATIENCE_S, Gauge, waits_for

import mfwidgets
from mfwidgets import concurrency, options
from mfwidgets.concurrency import LatestTask, call_with_timeout, parallel_map, run_interruptible
from mfwidgets.deadline import check_deadline, sleep
from mfwidgets.errors import DeadlineExceeded
from mfwidgets.magic.completion_sources import AnswerCache


def slowly(number):
    time.sleep(0.02)
    return 2 * number


@pytest.fixture
def no_threads(monkeypatch):
    """A Python that cannot start threads, as in Pyodide."""

    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)


# -- many items ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("max_concurrency", [1, 4])
def test_results_come_in_order(max_concurrency):
    assert parallel_map(slowly, range(6), max_concurrency=max_concurrency) == [0, 2, 4, 6, 8, 10]


def test_the_first_error_in_order_is_raised():
    def fail(number):
        if number == 1:
            time.sleep(0.1)
        if number:
            raise ValueError(number)

    with pytest.raises(ValueError, match="1"):
        parallel_map(fail, range(6))


@pytest.mark.parametrize("max_concurrency", [1, 3])
def test_after_an_error_no_item_starts(max_concurrency):
    begun = []

    def fail(number):
        begun.append(number)
        raise ValueError(number)

    with pytest.raises(ValueError, match="0"):
        parallel_map(fail, range(100), max_concurrency=max_concurrency)
    time.sleep(0.1)
    assert len(begun) <= 2 * max_concurrency


def test_after_an_error_started_items_are_given_up():
    begun, stopped = threading.Event(), threading.Event()

    def work(number):
        if number == 0:
            assert begun.wait(PATIENCE_S)
            raise ValueError(number)
        begun.set()
        try:
            sleep(PATIENCE_S)
        except DeadlineExceeded:
            stopped.set()
            raise

    with pytest.raises(ValueError, match="0"):
        parallel_map(work, range(3))
    assert stopped.wait(PATIENCE_S / 2)


def test_a_progress_bar_shows_after_a_delay(monkeypatch, capsys):
    monkeypatch.setattr(concurrency, "PROGRESS_DELAY_S", PATIENCE_S)
    parallel_map(slowly, range(20), title="runs")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(concurrency, "PROGRESS_DELAY_S", 0.01)
    parallel_map(slowly, range(40), title="runs")
    assert "runs:" in capsys.readouterr().err
    with options(progress_bars=False):
        parallel_map(slowly, range(40), title="runs")
    assert capsys.readouterr().err == ""


def test_nested_calls_share_the_threads_of_the_outermost():
    gauge = Gauge()

    def inner(number):
        with gauge:
            time.sleep(0.002)
        return number

    def middle(number):
        return sum(parallel_map(inner, range(number, number + 5)))

    def outer(number):
        return sum(parallel_map(middle, range(number, number + 20)))

    assert parallel_map(outer, range(20)) == [sum(sum(range(m, m + 5)) for m in range(n, n + 20)) for n in range(20)]
    assert 2 <= gauge.most <= concurrency.MAX_WORKERS


def test_a_nested_call_uses_the_threads_that_are_free():
    together = threading.Barrier(8)  # opens only if all eight wait at the same time

    def outer(number):
        return parallel_map(lambda _: together.wait(PATIENCE_S) >= 0, range(4))

    assert parallel_map(outer, range(2)) == [[True] * 4] * 2


def test_an_error_comes_out_of_nested_calls():
    with pytest.raises(ZeroDivisionError):
        parallel_map(lambda outer: parallel_map(lambda inner: 1 // (19 - inner), range(20)), range(20))


def test_threads_inherit_the_context_of_their_caller():
    colour = contextvars.ContextVar("colour", default="none")
    colour.set("blue")
    assert parallel_map(lambda _: colour.get(), range(3)) == ["blue"] * 3
    assert run_interruptible(colour.get) == call_with_timeout(PATIENCE_S, colour.get) == "blue"


def test_work_that_times_out_is_cancelled():
    gauge, begun = Gauge(), []

    def read(number):
        begun.append(number)
        with gauge:
            sleep(0.02)

    with pytest.raises(DeadlineExceeded, match=r"longer than 0\.2 s"):
        call_with_timeout(0.2, lambda: parallel_map(lambda _: parallel_map(read, range(1000)), range(1000)))
    assert waits_for(lambda: gauge.now == 0)
    count = len(begun)
    time.sleep(0.3)
    assert len(begun) == count < 1_000_000


def test_an_error_of_the_work_is_raised():
    with pytest.raises(ZeroDivisionError):
        call_with_timeout(PATIENCE_S, lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run_interruptible(lambda: 1 / 0)


# -- without threads ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_threads")
def test_without_threads_everything_runs_in_the_caller():
    here = threading.current_thread()
    assert parallel_map(lambda _: threading.current_thread(), range(40)) == [here] * 40
    assert parallel_map(lambda n: parallel_map(lambda m: n * m, range(3)), range(3)) == [
        [0, 0, 0],
        [0, 1, 2],
        [0, 2, 4],
    ]
    assert run_interruptible(threading.current_thread) is here
    assert call_with_timeout(60, threading.current_thread) is here
    assert concurrency.in_background(threading.current_thread, "test").result() is here
    with pytest.raises(ZeroDivisionError):
        parallel_map(lambda n: 1 // n, range(3))
    with pytest.raises(ZeroDivisionError):
        call_with_timeout(60, lambda: 1 // 0)
    done = []
    concurrency.call_later(60, lambda: done.append("later"))()
    assert done == ["later"]


@pytest.mark.usefixtures("no_threads")
def test_without_threads_work_is_cancelled_at_its_next_read():
    read = []

    def work():
        for number in range(1000):
            sleep(0.01)
            read.append(number)

    with pytest.raises(DeadlineExceeded):
        call_with_timeout(0.1, work)
    assert len(read) <= 10


@pytest.mark.usefixtures("no_threads")
def test_without_threads_panes_and_completions_answer():
    received = []
    task = LatestTask(lambda: received.append("wait"))
    task.ask(lambda: 2, received.append, received.append)
    task.ask(lambda: 1 / 0, received.append, lambda error: received.append(type(error).__name__))
    assert task.wait(0)
    assert received == ["wait", 2, "wait", "ZeroDivisionError"]
    cache = AnswerCache()
    assert cache.get(("key",), lambda: ["a"], 0.0) == cache.get(("key",), list, 0.0) == ["a"]


@pytest.mark.usefixtures("no_threads")
def test_without_threads_a_run_is_shown_but_not_watched(client, runs):
    watch = mfwidgets.watch(client.get(runs["linear"]))
    assert watch.wait(0)
    assert "The run is completed" in repr(watch)
    watch.close()


@pytest.mark.usefixtures("no_threads")
def test_without_threads_a_log_is_read_but_not_followed(client, runs):
    viewer = client.get(runs["linear"])["start"].task.logs().view()
    assert viewer.wait(0)
    viewer.follow(on=True)
    assert "Following needs a thread" in viewer._message.value
    viewer.close()


def test_threads_are_started_in_one_place():
    starters = {"Thread", "Timer", "ThreadPoolExecutor", "ProcessPoolExecutor", "start_new_thread", "to_thread"}
    root = Path(mfwidgets.__file__).parent
    found = set()
    for file in root.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute | ast.Name | ast.alias):
                name = (
                    node.attr
                    if isinstance(node, ast.Attribute)
                    else node.id
                    if isinstance(node, ast.Name)
                    else node.name
                )
                if name in starters:
                    found.add(str(file.relative_to(root)))
    assert found == {"concurrency.py"}


# -- the newest request -------------------------------------------------------------------------------------------------


def test_a_newer_request_cancels_the_older():
    task, begun, ended = LatestTask(), threading.Event(), []

    def older():
        begun.set()
        try:
            sleep(PATIENCE_S)
        except DeadlineExceeded:
            ended.append("given up")
            raise

    received = []
    task.ask(older, received.append, received.append)
    assert begun.wait(PATIENCE_S)
    task.ask(lambda: "newer", received.append, received.append)
    assert task.wait(PATIENCE_S)
    assert waits_for(lambda: ended == ["given up"])
    assert received == ["newer"]
    begun.clear()
    task.ask(older, received.append, received.append)
    assert begun.wait(PATIENCE_S)
    task.close()
    assert waits_for(lambda: ended == ["given up"] * 2)
    assert received == ["newer"]


def test_requests_that_change_something_are_finished():
    task, begun, go_on, ended = LatestTask(finish_all=True), threading.Event(), threading.Event(), []

    def change():
        begun.set()
        go_on.wait(PATIENCE_S)
        check_deadline()
        ended.append("changed")

    task.ask(change, ended.append, ended.append)
    assert begun.wait(PATIENCE_S)
    task.close()
    go_on.set()
    assert waits_for(lambda: ended == ["changed"])
