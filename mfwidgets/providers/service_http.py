"""Asks the metadata service over HTTP: bounded in time, again where that helps, with nothing secret in an error.

The repeating is our own, not urllib3's, since what a person waits is counted in seconds and not in tries.
"""

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urljoin, urlsplit, urlunsplit

from mfwidgets.deadline import check_deadline, seconds_within_deadline, sleep
from mfwidgets.errors import ServiceException
from mfwidgets.request_limit import MAX_REQUESTS, request_limit

if TYPE_CHECKING:
    import requests

Headers = Mapping[str, str] | Callable[[], Mapping[str, str]]
"""Headers to send along, or what gives them anew for each request (for tokens that expire)."""

Query = Sequence[tuple[str, str]]

_RETRY_STATUS_CODES = {429, 502, 503, 504}
"""Answers that may be others in a moment."""

_REDIRECTS = {301, 302, 303, 307, 308}
_NOT_FOUND, _CONFLICT = 404, 409
_OK = range(200, 300)
_CONNECT_TIMEOUT_S = 3.05
_READ_TIMEOUT_S = 60.0
"""Seconds that a service which has answered before may take for the beginning of an answer."""

_MIN_BYTES_PER_SECOND = 1_000
"""Bytes a second; an answer that comes slower is given up."""

_MAX_REDIRECTS = 2


@dataclass(frozen=True, slots=True)
class Response:
    """An answer of the service.

    Attributes
    ----------
    content
        The parsed body.
    limit, cursor
        ``X-Limit`` and ``X-Next-Cursor``: the size of the page, when this is one, and where the next begins.
    too_large
        It has more bytes than were asked for, and was not read.
    """

    content: Any
    limit: str | None = None
    cursor: str | None = None
    too_large: bool = False


@dataclass(frozen=True, slots=True)
class _Reply:
    """What came back: the status, the headers, and the body (None if it is larger than asked for)."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why an attempt got no reply that counts.

    Attributes
    ----------
    reason
        In a few words.
    permanent
        Whether trying again cannot help.
    retry_after_s
        Seconds that the service asks to wait.
    """

    reason: str
    permanent: bool = False
    retry_after_s: float | None = None


class ServiceHttp:
    """The connection to one metadata service; threads may share it.

    Parameters
    ----------
    url
        Its base, such as ``https://metadata.example.org/service``; a name and password in it are never shown.
    headers
        Sent with each request.
    session
        A session of the caller's own, for certificates, proxies and the like.
    max_attempts
        How often a request is sent at most (``METAFLOW_SERVICE_RETRY_COUNT``).
    timeout_s
        Seconds after which a service that does not answer is given up.
    """

    def __init__(
        self,
        url: str,
        headers: Headers | None = None,
        session: "requests.Session | None" = None,
        max_attempts: int = 5,
        timeout_s: float = 5.0,
    ) -> None:
        self._url = url.rstrip("/")
        self._headers = headers or {}
        self._session = session or _new_session()
        self._max_attempts, self._timeout_s = max(max_attempts, 1), timeout_s
        self._answered = False
        self.shown = _redact(self._url)
        self._limit = request_limit(self.shown)

    def __repr__(self) -> str:
        return f"<ServiceHttp {self.shown}>"

    def get(self, path: Sequence[str], query: Query = (), max_bytes: int | None = None) -> Response | None:
        """Return what is at a path, given as its parts; None where there is no such thing.

        Parameters
        ----------
        path, query
            What to ask for.
        max_bytes
            A larger answer is not read.

        Raises
        ------
        ServiceException
            The service does not answer, or not as a metadata service does.
        """
        reply = self._ask("GET", path, query, max_bytes=max_bytes)
        if reply.body is None:
            return Response(None, too_large=True)
        if reply.status == _NOT_FOUND and _parse_json(reply.body) == {}:  # the service's own words; a proxy has others
            return None
        return Response(self._content(reply), reply.headers.get("X-Limit"), reply.headers.get("X-Next-Cursor"))

    def version(self) -> str:
        """Return the version that the service tells when it is pinged.

        Raises
        ------
        ServiceException
            It does not answer.
        """
        reply = self._ask("GET", ("ping",), ())
        if reply.status not in _OK:
            raise self._refused(reply)
        return reply.headers.get("METADATA_SERVICE_VERSION") or "unknown"

    def patch(self, path: Sequence[str], body: Mapping[str, Any]) -> Response | None:
        """Change what is at a path; None when somebody else is changing it just now (409).

        Raises
        ------
        ServiceException
            The service does not answer, or refuses.
        """
        reply = self._ask("PATCH", path, (), json.dumps(body).encode())
        return None if reply.status == _CONFLICT else Response(self._content(reply))

    # -- asking -----------------------------------------------------------------------------------------------------

    def _ask(
        self, method: str, path: Sequence[str], query: Query, body: bytes | None = None, max_bytes: int | None = None
    ) -> _Reply:
        """Send a request until a reply counts; each attempt takes one of the slots that all threads share.

        Raises
        ------
        ServiceException
            No reply counts, and trying again does not help or takes too long.
        DeadlineExceeded
            The work was given up.
        """
        url, seconds = self._address(path, query), 0.0  # waiting for a slot does not count: the service is not to blame
        for number, pause_s in _retry_delays():
            with self._limit.slot():
                began = time.monotonic()
                outcome = self._attempt(method, url, body, max_bytes)
                seconds += time.monotonic() - began
            if isinstance(outcome, _Reply):
                self._answered = True
                return outcome
            pause = pause_s if outcome.retry_after_s is None else outcome.retry_after_s
            if outcome.permanent or number >= self._max_attempts or seconds + pause > self._timeout_s:
                raise ServiceException(self._no_answer(outcome.reason, number, seconds))
            sleep(pause)
            seconds += pause
        raise AssertionError  # the pauses have no end

    def _address(self, path: Sequence[str], query: Query) -> str:
        url = f"{self._url}/{'/'.join(quote(part, safe='') for part in path)}"
        return f"{url}?{urlencode(query, safe=':,')}" if query else url

    def _attempt(self, method: str, url: str, body: bytes | None, max_bytes: int | None) -> _Reply | _Failure:
        """Send a request once, and read the reply."""
        import requests

        try:
            response = self._send(method, url, body)
            content = self._read(response, max_bytes)
        except requests.RequestException as error:
            check_deadline()  # a deadline that cut the request short is not the service's fault
            return _Failure(_cause(error), _is_permanent(error))
        if response.status_code not in _RETRY_STATUS_CODES:
            return _Reply(response.status_code, response.headers, content)
        reason = f"it answers {response.status_code} {response.reason}"
        asked = response.headers.get("Retry-After", "")
        if asked.isdecimal():
            return _Failure(f"{reason} and asks to wait {asked} s", retry_after_s=float(asked))
        return _Failure(reason)

    def _send(self, method: str, url: str, body: bytes | None) -> "requests.Response":
        """Send a request, and follow redirects on this host only: other hosts must not see the headers."""
        for _ in range(1 + _MAX_REDIRECTS):
            response = self._send_once(method, url, body)
            if response.status_code not in _REDIRECTS:
                return response
            response.close()
            target = urljoin(url, response.headers.get("Location", ""))
            if urlsplit(target)[:2] != urlsplit(url)[:2]:
                raise ServiceException(
                    f"The metadata service at {self.shown} redirects to another host ({_redact(target)}), "
                    "which is not followed, since the headers may hold a key: give that URL instead if it is right."
                )
            url = target
        raise ServiceException(f"The metadata service at {self.shown} redirects in circles.")

    def _send_once(self, method: str, url: str, body: bytes | None) -> "requests.Response":
        """Send a request and wait for the headers of the reply, not much longer than the deadline."""
        check_deadline()
        given = self._headers() if callable(self._headers) else self._headers
        kind = {"Content-Type": "application/json"} if body else {}
        wait_s = _READ_TIMEOUT_S if self._answered else self._timeout_s
        return self._session.request(
            method,
            url,
            data=body,
            headers={**given, **kind},
            timeout=(seconds_within_deadline(_CONNECT_TIMEOUT_S), seconds_within_deadline(wait_s)),
            allow_redirects=False,
            stream=True,
        )

    def _read(self, response: "requests.Response", max_bytes: int | None) -> bytes | None:
        """Read the body piece by piece, so that one that trickles can be given up; None if it is too large."""
        import requests
        import urllib3

        began, content = time.monotonic(), bytearray()
        with response:
            if max_bytes is not None and int(response.headers.get("Content-Length", 0)) > max_bytes:
                return None
            try:
                while chunk := response.raw.read1(1 << 20, decode_content=True):
                    content += chunk
                    if max_bytes is not None and len(content) > max_bytes:  # compressed or chunked: not announced
                        return None
                    self._check_speed(len(content), time.monotonic() - began)
            except urllib3.exceptions.HTTPError as error:
                raise requests.ConnectionError("its answer breaks off") from error
        return bytes(content)

    def _check_speed(self, size: int, seconds: float) -> None:
        """Give up a body that nobody waits for any more, or that trickles."""
        import requests

        check_deadline()
        if seconds > self._timeout_s and size < seconds * _MIN_BYTES_PER_SECOND:
            raise requests.ReadTimeout(f"its answer trickles: {size} bytes in {seconds:.0f} s")

    # -- what is said -----------------------------------------------------------------------------------------------

    def _content(self, reply: _Reply) -> Any:
        """Return the parsed body of a reply that is no refusal."""
        if reply.status not in _OK:
            raise self._refused(reply)
        body = reply.body or b""
        content = _parse_json(body)
        if content is None:
            raise ServiceException(
                f"{self.shown} does not answer as a metadata service does, but with {_service_message(body)}. A login page or a "
                "proxy may stand before it: check METAFLOW_SERVICE_URL, and what headers it wants."
            )
        return content

    def _refused(self, reply: _Reply) -> ServiceException:
        hint = ""
        if reply.status in (401, 403):
            hint = " It wants other credentials: see METAFLOW_SERVICE_AUTH_KEY and METAFLOW_SERVICE_HEADERS."
        said = _service_message(reply.body or b"")
        return ServiceException(
            f"The metadata service at {self.shown} answers {reply.status}: {said}.{hint}", reply.status
        )

    def _no_answer(self, reason: str, attempts: int, seconds: float) -> str:
        times = f"{attempts} tries in {seconds:.1f} s" if attempts > 1 else f"after {seconds:.1f} s"
        return (
            f"The metadata service at {self.shown} cannot be asked: {reason} ({times}). Is the URL right "
            "(METAFLOW_SERVICE_URL), and the service up and in reach?"
        )


def _new_session() -> "requests.Session":
    import requests
    from requests.adapters import HTTPAdapter

    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=MAX_REQUESTS))
    return session


def _retry_delays() -> Iterator[tuple[int, float]]:
    """Yield the number of each try, and the seconds to wait after it: twice as long each time, with jitter."""
    number, pause = 1, 0.1
    while True:
        yield number, pause * random.uniform(0.5, 1.5)  # noqa: S311 - jitter is no secret
        number, pause = number + 1, min(2 * pause, 2.0)


def _parse_json(body: bytes) -> Any:
    """Return a JSON body; None where it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _service_message(body: bytes) -> str:
    """Return what the service says of an error, in one short line; it comes in several shapes."""
    content = _parse_json(body)
    if isinstance(content, str) and content.startswith("{"):  # JSON in JSON
        content = _parse_json(content.encode()) or content
    if isinstance(content, dict):
        content = content.get("err_msg") or content.get("detail") or content.get("message") or content
    text = " ".join(str(content if content is not None else body[:400].decode("utf-8", "replace")).split())
    return repr(text[:200]) if text else "nothing"


def _cause(error: BaseException) -> str:
    """Return the plainest reason for a failed request; never the text of requests, which holds the URL."""
    import requests

    if isinstance(error, requests.ConnectTimeout):
        return "no connection within 3 s"
    if isinstance(error, requests.ReadTimeout):
        return str(error) if str(error).startswith("its answer") else "it accepts the request, but does not answer"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__ or getattr(cause, "reason", None)
    return str(error) if str(error).startswith("its answer") else type(error).__name__


def _is_permanent(error: BaseException) -> bool:
    """Tell whether trying again cannot help: wrong URLs, certificates, and a wait that was long already."""
    import requests

    return isinstance(
        error, requests.exceptions.SSLError | requests.exceptions.InvalidURL | requests.ReadTimeout | ValueError
    )


def _redact(url: str) -> str:
    """Return a URL without name, password, query and fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
