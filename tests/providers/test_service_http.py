"""Failures of the connection to the service: one clear error within a time limit, then normal work again."""

import json
import pickle
import socket
import time

import pytest
import requests
from service.running import TABLES, running
from waiting import PROMPT_S, interrupt_when

from mfwidgets import Metaflow
from mfwidgets.errors import ServiceException
from mfwidgets.providers.service_http import ServiceHttp

SECRET = "s3cr3t-key"


@pytest.fixture(scope="module")
def server():
    with running(tables=TABLES) as found:
        yield found


@pytest.fixture(autouse=True)
def _fresh(server):
    server.reset()
    server.faults([])


def http(url, **options):
    return ServiceHttp(url, {"x-api-key": SECRET}, **{"timeout_s": 1.0, **options})


def fails(ask):
    """Return the message of the error and the seconds until it was raised. Check that it contains no secret."""
    began = time.monotonic()
    with pytest.raises(ServiceException) as caught:
        ask()
    message = str(caught.value)
    assert SECRET not in message + repr(caught.value) + repr(caught.value.__cause__)
    assert "\n" not in message
    return message, time.monotonic() - began


def test_no_server():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    message, seconds = fails(lambda: http(url).get(("flows",)))
    assert (
        f"The metadata service at {url} cannot be reached: connection refused at {url.removeprefix('http://')}"
        in message
    )
    assert "METAFLOW_SERVICE_URL" in message
    assert seconds < PROMPT_S


def test_an_unknown_host():
    message, seconds = fails(lambda: http("http://no-such-host.invalid").get(("flows",)))
    assert "cannot be reached" in message
    assert seconds < PROMPT_S


def test_a_host_that_never_answers(server):
    server.faults([{"match": "flows", "kind": "hang"}])
    message, seconds = fails(lambda: http(server.url).get(("flows",)))
    assert "it accepts the request, but does not answer" in message
    assert seconds < PROMPT_S


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"status": 500, "body": '{"traceback": "...", "detail": "boom", "status": 500}'}, "answers 500: 'boom'"),
        ({"status": 500, "body": "oh no"}, "answers 500: 'oh no'"),
        ({"status": 500, "body": '"{\\"err_msg\\": \\"inner\\"}"'}, "answers 500: 'inner'"),
        ({"status": 400, "body": '"Invalid cursor"'}, "answers 400: 'Invalid cursor'"),
        ({"status": 401, "body": "{}"}, "It needs other credentials. See METAFLOW_SERVICE_AUTH_KEY"),
        ({"status": 403, "body": ""}, "answers 403: nothing. It needs other credentials"),
        ({"status": 404, "body": "404: Not Found"}, "answers 404: '404: Not Found'"),
        ({"status": 503, "body": ""}, "it answers 503"),
        ({"status": 503, "headers": {"Retry-After": "3600"}, "body": ""}, "asks to wait 3600 s"),
        ({"status": 429, "headers": {"Retry-After": "9"}, "body": ""}, "asks to wait 9 s"),
        ({"kind": "html"}, "Expected a metadata service at"),
        ({"status": 200, "body": '[{"flow_id": '}, "Expected a metadata service at"),
        ({"kind": "truncate"}, "its response ends too early"),
        ({"kind": "reset"}, "cannot be reached: "),
        ({"kind": "drip"}, "its response is too slow"),
        ({"kind": "redirect", "location": "http://elsewhere.invalid/flows"}, "redirects to another host (http://elsewhere.invalid/flows)"),
    ],
)  # fmt: skip
def test_unusable_responses(fault, said, server):
    server.faults([{"match": "flows", "times": None, **fault}])
    asked = http(server.url)
    message, seconds = fails(lambda: asked.get(("flows",)))
    assert said in message
    assert seconds < PROMPT_S
    server.faults([])
    assert len(asked.get(("flows",)).content) > 5  # the next request works


@pytest.mark.parametrize("fault", [{"status": 503, "body": ""}, {"status": 502, "body": "x"}, {"kind": "reset"}])
def test_a_temporary_failure_is_retried(fault, server):
    server.faults([{"match": "flows", "times": 2, **fault}])
    assert len(http(server.url, timeout_s=60.0).get(("flows",)).content) > 5


def test_retry_after_is_respected(server):
    server.faults([{"match": "flows", "times": 1, "status": 429, "headers": {"Retry-After": "1"}, "body": ""}])
    began = time.monotonic()
    assert http(server.url, timeout_s=60.0).get(("flows",)).content
    assert time.monotonic() - began >= 1


def test_no_more_attempts_than_configured(server):
    server.faults([{"match": "flows", "times": None, "status": 503, "body": ""}])
    fails(lambda: http(server.url, max_attempts=2, timeout_s=60.0).get(("flows",)))
    assert len(server.requests()) == 2


def test_a_redirect_on_the_same_host_is_followed(server):
    server.faults([{"match": "^/flows/Old", "times": 1, "kind": "redirect", "location": "/flows"}])
    assert len(http(server.url).get(("flows", "Old")).content) > 5


def test_headers_are_computed_for_each_request(server):
    tokens = iter(["one", "two"])
    asked = ServiceHttp(server.url, lambda: {"Authorization": next(tokens)})
    asked.get(("flows",))
    asked.get(("flows",))
    sent = [{key.lower(): value for key, value in request["headers"].items()} for request in server.requests()]
    assert [headers["authorization"] for headers in sent] == ["one", "two"]


def test_an_own_session(server):
    session = requests.Session()
    session.headers["X-Team"] = "blue"
    Metaflow(metadata=server.url, namespace=None, session=session, headers={"X-Other": "1"})["TaggedFlow"]
    sent = {key.lower(): value for key, value in server.requests()[0]["headers"].items()}
    assert (sent["x-team"], sent["x-other"]) == ("blue", "1")


def test_secrets_stay_secret(server, monkeypatch):
    monkeypatch.setenv("METAFLOW_SERVICE_AUTH_KEY", SECRET)
    url = server.url.replace("http://", f"http://ann:{SECRET}@")
    client = Metaflow(metadata=f"service@{url}", namespace=None)
    flow = client["TaggedFlow"]
    assert server.requests()[-1]["headers"]
    told = [repr(client), client.metadata, repr(flow._context), repr(flow._context.provider), flow._repr_html_()]
    told += [repr(vars(flow._context.provider)), str(pickle.dumps(flow))]
    assert not any(SECRET in text for text in told)
    assert client.metadata == f"service@{server.url}"


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_ends_a_request(server):
    server.faults([{"match": "flows", "times": None, "kind": "hang"}])
    with interrupt_when(server.requests), pytest.raises(KeyboardInterrupt):
        http(server.url, timeout_s=60.0).get(("flows",))


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_ends_many_requests(server):
    flow = Metaflow(metadata=server.url, namespace=None)["TaggedFlow"]
    server.faults([{"match": "artifacts", "times": None, "kind": "hang"}])
    with interrupt_when(lambda: server.was_asked("artifacts")), pytest.raises(KeyboardInterrupt):
        flow.to_pandas()


def test_a_large_listing_and_an_empty_one(server):
    rows = [
        {"flow_id": f"Flow{number:06}", "ts_epoch": 1_700_000_000_000, "tags": [], "note": "x" * 300}
        for number in range(80_000)
    ]
    server.faults([{"match": r"^/flows(\?|$)", "times": None, "status": 200, "body": json.dumps(rows)}])
    client = Metaflow(metadata=server.url, namespace=None)
    assert len(client.flows) == 80_000  # 30 MB
    server.faults([{"match": "^/flows$", "times": None, "status": 200, "body": "[]"}])
    assert client.flows == []
    assert "There are no flows in" in client._repr_html_()
    server.faults([{"match": "^/flows/TaggedFlow/runs", "times": None, "status": 200, "body": "[]"}])
    flow = client["TaggedFlow"]
    assert list(flow) == []
    assert flow.latest_run is None
    assert flow.latest_successful_run is None
    assert flow.to_pandas().empty
    assert "TaggedFlow has no runs." in flow._repr_html_()
