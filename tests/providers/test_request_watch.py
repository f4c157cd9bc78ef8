"""One thread ends all requests whose time is over."""

import math
import subprocess
import sys
import threading
import time

import hostile_service as hostile
import pytest
from waiting import PROMPT_S, waits_for

from mfwidgets.providers.request_watch import RequestWatch
from mfwidgets.providers.service_http import ServiceHttp


class Request:
    """A request that remembers its end."""

    def __init__(self, end_at: float) -> None:
        self.end_at = end_at
        self.ended = threading.Event()

    def end(self) -> None:
        self.ended.set()


@pytest.fixture
def watch():
    return RequestWatch()


def test_only_late_requests_end(watch):
    waiting = [Request(math.inf), Request(time.monotonic() + 1000)]
    late = [Request(time.monotonic() - 1), Request(time.monotonic() + 0.1)]
    for request in (*waiting, *late):
        watch.add(request)
    assert all(request.ended.wait(PROMPT_S) for request in late)
    assert not any(request.ended.is_set() for request in waiting)


def test_an_end_can_become_sooner(watch):
    request = Request(time.monotonic() + 1000)
    watch.add(request)
    request.end_at = time.monotonic()
    watch.notice(request)
    assert request.ended.wait(PROMPT_S)


def test_a_removed_request_is_left_alone(watch):
    gone, late = Request(time.monotonic() + 0.2), Request(time.monotonic() + 0.3)
    watch.add(gone)
    watch.remove(gone)
    watch.add(late)
    assert late.ended.wait(PROMPT_S)
    assert not gone.ended.is_set()


def test_many_requests_start_one_thread():
    with hostile.serving(hostile.says([])) as service:
        http = ServiceHttp(service.url)
        http.get(("flows",))
        started, init = [], threading.Thread.start

        def start(thread: threading.Thread) -> None:
            if not thread.name.startswith("Thread-"):  # the service's own
                started.append(thread.name)
            init(thread)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(threading.Thread, "start", start)
            for _ in range(20):
                http.get(("flows",))
    assert started == []


FORKED = """
import os, sys
from mfwidgets.errors import ServiceException
from mfwidgets.providers.service_http import ServiceHttp
def ask():
    try:
        ServiceHttp(sys.argv[1], timeout_s=0.5, max_attempts=1).get(("flows",))
    except ServiceException as error:
        return "cannot be reached" in str(error)
ask()
child = os.fork()
if child == 0:
    os._exit(3 if ask() else 4)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="processes are not forked there")
def test_a_forked_process_watches_its_own_requests():
    with hostile.serving(hostile.slow_head) as service:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", FORKED, service.url], stdout=subprocess.PIPE, text=True
        )
        assert waits_for(lambda: process.poll() is not None)
        assert process.communicate()[0].strip() == "3"
