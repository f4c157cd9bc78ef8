"""Services that answer wrongly, endlessly or with secrets: each question has an answer or a ServiceException."""

import json
import signal
import subprocess
import sys
import threading
import traceback
import tracemalloc
import warnings

import hostile_service as hostile
import pytest
from waiting import PROMPT_S, waits_for

from mfwidgets import Metaflow
from mfwidgets.config import read_configuration
from mfwidgets.deadline import Deadline
from mfwidgets.errors import DeadlineExceeded, KeysRedirected, MetaflowException, ServiceException
from mfwidgets.providers import service_http
from mfwidgets.providers.factory import open_provider
from mfwidgets.redaction import redact, redact_url, secrets_in_headers, secrets_in_url

SECRET = "pa55-SECRET"
LOGIN = b"<!DOCTYPE html><html><head><title>Sign in\n to X</title></head><body>Password</body></html>"


@pytest.fixture(autouse=True)
def _one_attempt(monkeypatch):
    monkeypatch.setenv("METAFLOW_SERVICE_RETRY_COUNT", "1")


def _ask(client):
    """Ask all kinds of questions. Errors must be ours. Return what can be shown."""
    questions = {
        "flows": lambda: client.flows,
        "flow": lambda: client["F"],
        "runs": lambda: [run.id for run in client["F"].runs(limit=3)],
        "table": lambda: client["F"].runs(limit=3).to_pandas().to_string(),
        "run": lambda: client.get("F/1")._repr_mimebundle_()["text/plain"],
        "task": lambda: client.get("F/1/start/1")._repr_mimebundle_()["text/plain"],
        "artifact": lambda: client.get("F/1/start/1/x"),
        "display": lambda: client._repr_mimebundle_()["text/plain"],
    }
    answers = {}
    for name, question in questions.items():
        try:
            answers[name] = str(question())
        except MetaflowException as error:
            answers[name] = "".join(traceback.format_exception(error))
    return answers


@pytest.mark.parametrize("way", [way for way in hostile.WAYS if way != "short body"])
def test_each_question_is_answered_or_refused(way):
    with hostile.serving(hostile.WAYS[way]) as service:
        answers = _ask(Metaflow(metadata=service.url, namespace=None))
    assert all(answers.values())


@pytest.mark.parametrize(
    ("way", "message"),
    [
        (hostile.slow_head, "has not begun after 1 s"),
        (hostile.slow_body, "is too slow"),
        (hostile.WAYS["html"], "but the server answered with a web page \\(HTML\\)"),
        (hostile.says(LOGIN), r"answered with a login page \(HTML\) titled 'Sign in to X'"),
        (hostile.says(LOGIN.decode().encode("utf-16")), r"answered with a login page \(HTML\) titled 'Sign in to X'"),
        (hostile.says(b"\xef\xbb\xbf\n" + LOGIN, 403), "answers 403: a login page"),
        (hostile.WAYS["short body"], "ends too early"),
        (hostile.WAYS["no http"], "connection closed by the server|the response is not HTTP"),
        (hostile.says(b"[]", Content_Encoding="br"), "which was not requested"),
        (hostile.WAYS["bad packing"], "not what its Content-Encoding says"),
        (hostile.WAYS["scalar"], "Expected a list from the metadata service, got int"),
        (hostile.WAYS["empty rows"], "Expected an object with flow_id"),
        (hostile.WAYS["bad location"], "its URL, or the one that it redirects to, is not valid"),
    ],
)
def test_the_message_says_what_happened(monkeypatch, way, message):
    monkeypatch.setattr(service_http, "_CONNECT_TIMEOUT_S", 0.1)
    http = service_http.ServiceHttp("http://127.0.0.1:9", timeout_s=1.0, max_attempts=1)
    with hostile.serving(way) as service:
        client = Metaflow(metadata=service.url, namespace=None)
        http._url = service.url
        client._context.provider._requests._http = http
        with pytest.raises(ServiceException, match=message):
            client.flows  # noqa: B018 - it raises


def test_a_repeated_page_ends():
    with hostile.serving(hostile.same_cursor) as service:
        client = Metaflow(metadata=service.url, namespace=None)
        with pytest.raises(ServiceException, match="repeats a page of flows/F/runs"):
            list(client._context.provider.runs("F"))


@pytest.mark.parametrize("way", [hostile.bomb(), hostile.bomb(times=2), hostile.endless])
def test_a_response_has_a_limit_after_decompression(way):
    with hostile.serving(way) as service:
        client = Metaflow(metadata=service.url, namespace=None)
        tracemalloc.start()
        try:
            with pytest.raises(ServiceException, match=r"more than 50,000,000 bytes|not requested"):
                client.flows  # noqa: B018 - it raises
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 250_000_000


def test_giving_up_closes_the_connection():
    with hostile.serving(hostile.slow_head) as service:
        client = Metaflow(metadata=service.url, namespace=None)
        deadline, errors = Deadline(), []

        def ask():
            with deadline.apply():
                try:
                    client.flows  # noqa: B018 - it raises
                except DeadlineExceeded as error:
                    errors.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        assert waits_for(lambda: service.asked)
        deadline.cancel()
        thread.join(20)
    assert errors


# -- secrets ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        f"http://ann:{SECRET}@127.0.0.1:9", f"http://ann:x/{SECRET}@127.0.0.1:9", f"http://ann:{SECRET}#y@127.0.0.1:9",
        f"http://ann:{SECRET}?y@127.0.0.1:9", f"http://ann:x@{SECRET}@127.0.0.1:9", f"http://ann:{SECRET}@127.0.0.1:port",
        f"ann:{SECRET}@127.0.0.1:9", f"http://ann:{SECRET}@[::1", f"ftp://ann:{SECRET}@127.0.0.1:9", f"http://127.0.0.1:9/?token={SECRET}",
        f"http://127.0.0.1:9/x?key={SECRET}#z", f"http://{SECRET}@127.0.0.1:9", f"https://ann:%70{SECRET}@[::1]:9/x",
    ],
)  # fmt: skip
def test_no_form_of_a_url_shows_its_secret(url):
    assert SECRET not in redact_url(url)
    assert SECRET not in redact(f"cannot open {url!r}, try {url} again")
    assert "127.0.0.1" in redact_url(url) or "::1" in redact_url(url)
    try:
        texts = _ask(Metaflow(metadata=f"service@{url}", namespace=None)).values()
    except MetaflowException as error:
        texts = traceback.format_exception(error)
    assert SECRET not in "".join(texts)


def test_a_service_that_repeats_the_request_shows_no_key():
    with hostile.serving(hostile.echo(500)) as service:
        url = service.url.replace("http://", f"http://ann:{SECRET}@")
        answers = _ask(
            Metaflow(
                metadata=url, namespace=None, headers={"Authorization": "Bearer HDR-SECRET", "X-Key": "K3Y-SECRET"}
            )
        )
    text = "".join(answers.values())
    assert "you sent" in text
    assert not any(secret in text for secret in ("HDR-SECRET", "K3Y-SECRET", SECRET))


@pytest.mark.parametrize(
    "headers",
    [
        {"x": ["HDR-SECRET"]},
        {"x": "HDR-SECRET\u0142"},
        {"x": "HDR-SECRET\r\nY: z"},
        "HDR-SECRET",
        {"x": b"HDR-SECRET"},
        {5: "HDR-SECRET"},
    ],
)
def test_headers_that_cannot_be_sent_are_not_quoted(headers):
    for text in _ask(Metaflow(metadata="http://127.0.0.1:9", namespace=None, headers=headers)).values():
        assert "HDR-SECRET" not in text
        assert "Expected" in text


def test_secrets_are_found_in_headers_and_urls():
    assert secrets_in_headers({"Authorization": "Bearer abc", "Accept": "*/*", "X": b"key1"}) == {
        "Bearer abc",
        "Bearer",
        "abc",
        "key1",
    }
    assert secrets_in_url("http://ann:p%40ss@host") == {"p%40ss", "p@ss", "YW5uOnBAc3M="}
    assert secrets_in_url("http://host") == set()
    assert redact("key=k%C3%A9y1 ké y", ["kéy1"]) == "key=*** ké y"


# -- keys and hosts -----------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    """Return a folder whose own configuration names a service, and the environment with the user's key."""

    def make(url, **more):
        (tmp_path / ".metaflow").mkdir()
        configured = {"METAFLOW_DEFAULT_METADATA": "service", "METAFLOW_SERVICE_URL": url, **more}
        (tmp_path / ".metaflow" / "config.json").write_text(json.dumps(configured))
        return tmp_path

    return make


@pytest.mark.parametrize("name", ["METAFLOW_SERVICE_AUTH_KEY", "METAFLOW_SERVICE_HEADERS"])
def test_a_folder_cannot_redirect_the_keys_of_a_program_that_opens_it(folder, name):
    value = "K3Y-SECRET" if name.endswith("KEY") else '{"x-own": "K3Y-SECRET"}'
    with hostile.serving(hostile.says([])) as service:
        where = folder(service.url)
        configuration = read_configuration({name: value}, where, separate_keys=True)
        open_provider(None, configuration).flows()
        assert "K3Y-SECRET" not in str(service.asked)
        assert service.asked


def test_a_folder_may_use_its_own_key_and_the_user_a_service_of_his_choice(folder):
    with hostile.serving(hostile.says([])) as service:
        where = folder(service.url, METAFLOW_SERVICE_AUTH_KEY="its-own")
        open_provider(None, read_configuration({}, where, separate_keys=True)).flows()
        assert "its-own" in str(service.asked)
        chosen = read_configuration({"METAFLOW_SERVICE_AUTH_KEY": "mine"}, where, separate_keys=True)
        open_provider(f"service@{service.url}", chosen).flows()
        assert "mine" in str(service.asked)


def test_in_a_kernel_the_key_is_sent_as_in_metaflow_with_one_notice(folder):
    with hostile.serving(hostile.says([])) as service:
        configuration = read_configuration({"METAFLOW_SERVICE_AUTH_KEY": "K3Y-SECRET"}, folder(service.url))
        with pytest.warns(KeysRedirected) as notices:
            open_provider(None, configuration).flows()
        (notice,) = notices
        assert service.url in str(notice.message)
        assert "config.json names this host" in str(notice.message)
        assert "K3Y-SECRET" not in str(notice.message)
        assert "K3Y-SECRET" in str(service.asked)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            open_provider(None, configuration)


INTERRUPTED = """
import signal, sys
from mfwidgets import Metaflow
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background ignores interrupts
try:
    Metaflow(metadata=sys.argv[1], namespace=None).flows
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_the_process_ends_after_an_interrupt():
    with hostile.serving(hostile.slow_head) as service:
        process = subprocess.Popen([sys.executable, "-c", INTERRUPTED, service.url], stdout=subprocess.PIPE, text=True)
        assert waits_for(lambda: service.asked)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=PROMPT_S)  # the service would hold the request for longer
    assert output == "interrupted\n"
