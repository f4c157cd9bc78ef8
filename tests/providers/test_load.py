"""The load on a metadata service, counted by the service: simultaneous requests, and requests after giving up."""

import os
import signal
import threading
import time

import pytest
from service.running import TABLES, running
from waiting import PATIENCE_S

from mfwidgets import Metaflow
from mfwidgets.concurrency import call_with_timeout, in_background, parallel_map
from mfwidgets.errors import DeadlineExceeded
from mfwidgets.render.view import View
from mfwidgets.views import show
from mfwidgets.views.build_view import build_view


@pytest.fixture(scope="module")
def server():
    with running(tables=TABLES) as found:
        yield found


@pytest.fixture
def client(server):
    server.faults([])
    server.latency(0.0)
    client = Metaflow(metadata=server.url, namespace=None)
    assert client.flows  # after its first answer, the timeout of a service is longer
    server.latency(0.02)
    server.reset()
    yield client
    server.latency(0.0)
    server.faults([])


def ask_much(client, outer=20, inner=20):
    """Nest many calls in many calls, like a table of runs with values."""
    provider = client._context.provider
    run = client.get("ForeachWideFlow/3")._record

    def ask(number):
        return parallel_map(lambda _: len(provider.tasks(run)), range(inner))

    return parallel_map(ask, range(outer))


class Expensive:
    """An object whose display needs hundreds of requests."""

    def __init__(self, client):
        self.client = client


@build_view.register
def _(shown: Expensive, limits) -> View:
    return View("Expensive", str(ask_much(shown.client, 100, 100)))


def settled(server):
    """Wait until no request comes for a second. Return the number of requests."""
    until, count, since = time.monotonic() + PATIENCE_S, -1, time.monotonic()
    while time.monotonic() - since < 1.0:
        assert time.monotonic() < until, "requests never end"
        time.sleep(0.1)
        now = len(server.requests())
        if now != count:
            count, since = now, time.monotonic()
    return count


def test_nested_calls_send_at_most_16_requests_at_once(client, server):
    steps = len(list(client.get("ForeachWideFlow/3")))
    assert ask_much(client, 17, 3) == [[53] * 3] * 17
    assert len(server.requests()) >= 17 * 3 * (1 + steps)
    now, most = server.load()
    assert now == 0
    assert 2 <= most <= 16


def test_all_clients_of_a_service_share_the_limit(client, server):
    other = Metaflow(metadata=server.url, namespace="user:bob")
    assert other._context.provider is not client._context.provider
    asked = [in_background(lambda one=one: ask_much(one, 17, 1), "test") for one in (client, client, other)]
    asked.append(in_background(lambda: client["TaggedFlow"].runs().to_pandas(), "test"))
    for one in asked:
        assert len(one.result(4 * PATIENCE_S)) >= 15
    assert 2 <= server.load()[1] <= 16


@pytest.mark.parametrize(
    ("shown", "said"), [(Expensive, "timed out"), (lambda client: client, "Not all flows were searched in time")]
)
def test_a_display_that_was_given_up_sends_no_more_requests(client, server, shown, said):
    server.latency(0.3 if shown is not Expensive else 0.02)
    bundle = show.mimebundle(shown(client), seconds=0.2)
    assert said in bundle["text/plain"]
    before = len(server.requests())
    assert settled(server) <= before + 16


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_call_sends_no_more_requests(client, server):
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        ask_much(client, 1000, 1000)
    before = len(server.requests())
    assert settled(server) <= before + 16


def test_hanging_requests_end_with_their_deadline(client, server):
    server.faults([{"match": "ForeachWideFlow/runs/3/steps", "times": None, "kind": "hang"}])
    with pytest.raises(DeadlineExceeded):
        call_with_timeout(0.3, lambda: ask_much(client))
    until = time.monotonic() + PATIENCE_S  # without a deadline they would take a minute
    while any(thread.name in ("mfwidgets-show", "mfwidgets-worker") for thread in threading.enumerate()):
        assert time.monotonic() < until
        time.sleep(0.05)
    assert len(server.requests()) <= 1 + 16


@pytest.mark.usefixtures("interruptible")
def test_hanging_requests_do_not_block_the_next_call(client, server):
    server.faults([{"match": "ForeachWideFlow/runs/3/steps", "times": None, "kind": "hang"}])
    threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        ask_much(client)
    server.faults([])
    with_limit = call_with_timeout(PATIENCE_S, lambda: ask_much(client, 2, 2))  # hanging requests would take a minute
    assert with_limit == [[53] * 2] * 2


def test_a_response_that_the_deadline_ends_is_not_the_fault_of_the_service(client, server):
    server.faults([{"match": "^/flows$", "times": None, "kind": "drip"}])
    with pytest.raises(DeadlineExceeded):
        call_with_timeout(0.5, client._context.provider.flows)
