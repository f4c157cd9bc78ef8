"""Deadlines and request limits, which all threads of a call share."""

import threading
import time

import pytest
from waiting import PATIENCE_S, Gauge

from mfwidgets import concurrency
from mfwidgets.concurrency import parallel_map
from mfwidgets.deadline import Deadline, check_deadline, current_deadline, seconds_within_deadline, sleep
from mfwidgets.errors import DeadlineExceeded, MetaflowException
from mfwidgets.request_limit import RequestLimit, request_limit


class Clock:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self):
        return self.now


def test_a_deadline_ends_when_its_time_has_passed():
    clock = Clock()
    deadline = Deadline(2.0, clock=clock)
    with deadline.apply():
        check_deadline()
        assert current_deadline() is deadline
        clock.now += 1.5
        assert deadline.remaining_s() == 0.5
        assert seconds_within_deadline(60.0) == pytest.approx(0.6)
        assert seconds_within_deadline(0.2) == 0.2
        inner = Deadline(60.0)
        assert inner.remaining_s() == 0.5  # never later than the outer one
        clock.now += 0.5
        assert deadline.expired
        assert inner.expired
        assert not deadline.cancelled
        assert seconds_within_deadline(60.0) > 0
        with pytest.raises(DeadlineExceeded) as caught:
            check_deadline()
        deadline.cancel()
    assert isinstance(caught.value, TimeoutError)
    assert isinstance(caught.value, MetaflowException)
    check_deadline()  # there is no deadline outside
    assert seconds_within_deadline(60.0) == 60.0


def test_cancelling_wakes_sleepers_and_ends_inner_deadlines():
    outer, woken = Deadline(), threading.Event()
    with outer.apply():

        def nap():
            with Deadline().apply(), pytest.raises(DeadlineExceeded):
                sleep(10 * PATIENCE_S)
            woken.set()

        assert concurrency.start_thread(nap, "test")
    outer.cancel()
    assert woken.wait(PATIENCE_S)


def test_a_block_that_raises_cancels_its_deadline_and_no_other():
    with Deadline().apply() as outer:
        with pytest.raises(KeyboardInterrupt), Deadline().apply() as inner:
            raise KeyboardInterrupt
        assert inner.cancelled
        assert not outer.cancelled


def test_callbacks_are_called_once_and_only_inside():
    called = []
    deadline = Deadline()
    with deadline.on_cancel(lambda: called.append("outside")):
        pass
    with deadline.on_cancel(lambda: called.append("inside")):
        deadline.cancel()
        deadline.cancel()
    with deadline.on_cancel(lambda: called.append("after")):
        pass
    assert called == ["inside", "after"]


# -- requests -----------------------------------------------------------------------------------------------------------


def test_requests_wait_for_a_slot():
    limit, gauge = RequestLimit(3), Gauge()

    def ask(number):
        with limit.slot(), gauge:
            time.sleep(0.005)

    parallel_map(ask, range(30))
    assert gauge.most == 3


def test_a_cancelled_request_frees_its_slot():
    limit, hanging, end = RequestLimit(1), threading.Event(), threading.Event()

    def hang():
        with limit.slot():
            hanging.set()
            end.wait(PATIENCE_S)

    deadline = Deadline()
    with deadline.apply():
        asked = concurrency.in_background(hang, "test")
    assert hanging.wait(PATIENCE_S)
    with Deadline(0.2).apply(), pytest.raises(DeadlineExceeded), limit.slot():
        pass  # the slot is taken
    deadline.cancel()
    with Deadline(PATIENCE_S).apply(), limit.slot():
        end.set()
        asked.result(PATIENCE_S)
        with Deadline(0.2).apply(), pytest.raises(DeadlineExceeded), limit.slot():
            pass  # the end of a cancelled request frees no second slot
    with Deadline(0).apply(), pytest.raises(DeadlineExceeded), limit.slot():
        pytest.fail("what is over asks nothing")


def test_one_address_has_one_limit():
    one = request_limit("service@http://a")
    assert request_limit("service@http://a") is one
    assert request_limit("service@http://b") is not one
