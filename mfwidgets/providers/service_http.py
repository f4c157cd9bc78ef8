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

from mfwidgets.errors import ServiceException

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

_POOL_SIZE = 32


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
        It has more bytes than were wanted, and was not read.
    """

    content: Any
    limit: str | None = None
    cursor: str | None = None
    too_large: bool = False


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
    tries
        How often a request is sent at most (``METAFLOW_SERVICE_RETRY_COUNT``).
    patience
        Seconds after which a service that does not answer is given up.
    """

    def __init__(
        self,
        url: str,
        headers: Headers | None = None,
        session: "requests.Session | None" = None,
        tries: int = 5,
        patience: float = 5.0,
    ) -> None:
        self._url = url.rstrip("/")
        self._headers = headers or {}
        self._session = session
        self._tries, self._patience = max(tries, 1), patience
        self._answered = False
        self.shown = _redact(self._url)

    def __repr__(self) -> str:
        return f"<ServiceHttp {self.shown}>"

    def get(self, path: Sequence[str], query: Query = (), most: int | None = None) -> Response | None:
        """Return what is at a path, given as its parts; None where there is no such thing.

        Parameters
        ----------
        path, query
            What to ask for.
        most
            Bytes; an answer that is larger is given up, at once where it announces that.

        Raises
        ------
        ServiceException
            The service does not answer, or not as a metadata service does.
        """
        status, body, headers = self._ask("GET", path, query, most=most)
        if body is None:
            return Response(None, too_large=True)
        if (
            status == _NOT_FOUND and _parse_json(body) == {}
        ):  # what the service itself says of a thing that is not there
            return None
        if status not in _OK:
            raise self._refused(status, body)
        return Response(self._content(body), headers.get("X-Limit"), headers.get("X-Next-Cursor"))

    def version(self) -> str:
        """Return the version that the service tells when it is pinged.

        Raises
        ------
        ServiceException
            It does not answer.
        """
        status, body, headers = self._ask("GET", ("ping",), ())
        if status not in _OK:
            raise self._refused(status, body or b"")
        return headers.get("METADATA_SERVICE_VERSION") or "unknown"

    def patch(self, path: Sequence[str], body: Mapping[str, Any]) -> Response | None:
        """Change what is at a path; None when somebody else is changing it just now (409).

        Raises
        ------
        ServiceException
            The service does not answer, or refuses.
        """
        status, content, _ = self._ask("PATCH", path, (), json.dumps(body).encode())
        answer = content or b""
        if status == _CONFLICT:
            return None
        if status not in _OK:
            raise self._refused(status, answer)
        return Response(self._content(answer))

    # -- asking -----------------------------------------------------------------------------------------------------

    def _ask(
        self, method: str, path: Sequence[str], query: Query, body: bytes | None = None, most: int | None = None
    ) -> tuple[int, bytes | None, Mapping[str, str]]:
        import requests

        url = f"{self._url}/{'/'.join(quote(part, safe='') for part in path)}"
        if query:
            url += f"?{urlencode(query, safe=':,')}"
        began = time.monotonic()
        for number, pause in _retry_delays():
            try:
                response = self._send(method, url, body)
                status, content = response.status_code, self._read(response, most)
            except requests.RequestException as error:
                problem, lasting = _cause(error), _is_permanent(error)
            else:
                if status not in _RETRY_STATUS_CODES:
                    self._answered = True
                    return status, content, response.headers
                asked = response.headers.get("Retry-After", "")
                problem, lasting = f"it answers {status} {response.reason}", False
                if asked.isdecimal():
                    problem, pause = f"{problem} and asks to wait {asked} s", float(asked)  # noqa: PLW2901
            waited = time.monotonic() - began
            if lasting or number >= self._tries or waited + pause > self._patience:
                raise ServiceException(self._no_answer(problem, number, waited))
            time.sleep(pause)
        raise AssertionError  # the pauses have no end

    def _send(self, method: str, url: str, body: bytes | None) -> "requests.Response":
        """Send a request, and follow redirects on this host only: elsewhere the headers are nobody's business."""
        given = self._headers() if callable(self._headers) else self._headers
        kind = {"Content-Type": "application/json"} if body else {}
        for _ in range(3):
            response = self._own_session().request(
                method,
                url,
                data=body,
                headers={**given, **kind},
                timeout=(_CONNECT_TIMEOUT_S, _READ_TIMEOUT_S if self._answered else self._patience),
                allow_redirects=False,
                stream=True,
            )
            target = urljoin(url, response.headers.get("Location", ""))
            if response.status_code not in _REDIRECTS:
                return response
            response.close()
            if urlsplit(target)[:2] != urlsplit(url)[:2]:
                raise ServiceException(
                    f"The metadata service at {self.shown} redirects to another host ({_redact(target)}), "
                    "which is not followed, since the headers may hold a key: give that URL instead if it is right."
                )
            url = target
        raise ServiceException(f"The metadata service at {self.shown} redirects in circles.")

    def _read(self, response: "requests.Response", most: int | None) -> bytes | None:
        """Read the body piece by piece, so that one that trickles can be given up; None when it is too large."""
        import requests
        import urllib3

        began, chunks, size = time.monotonic(), [], 0
        with response:
            if most is not None and int(response.headers.get("Content-Length", 0)) > most:
                return None
            try:
                while chunk := response.raw.read1(1 << 20, decode_content=True):
                    chunks.append(chunk)
                    size += len(chunk)
                    if most is not None and size > most:  # packed or in pieces, so that nothing was announced
                        return None
                    seconds = time.monotonic() - began
                    if seconds > self._patience and size < seconds * _MIN_BYTES_PER_SECOND:
                        raise requests.ReadTimeout(f"its answer trickles: {size} bytes in {seconds:.0f} s")
            except urllib3.exceptions.HTTPError as error:
                raise requests.ConnectionError("its answer breaks off") from error
        return b"".join(chunks)

    def _own_session(self) -> "requests.Session":
        if self._session is None:
            import requests
            from requests.adapters import HTTPAdapter

            session = requests.Session()
            for scheme in ("http://", "https://"):
                session.mount(scheme, HTTPAdapter(pool_maxsize=_POOL_SIZE))
            self._session = session
        return self._session

    # -- what is said -----------------------------------------------------------------------------------------------

    def _content(self, body: bytes) -> Any:
        content = _parse_json(body)
        if content is None:
            raise ServiceException(
                f"{self.shown} does not answer as a metadata service does, but with {_service_message(body)}. A login page or a "
                "proxy may stand before it: check METAFLOW_SERVICE_URL, and what headers it wants."
            )
        return content

    def _refused(self, status: int, body: bytes) -> ServiceException:
        hint = ""
        if status in (401, 403):
            hint = " It wants other credentials: see METAFLOW_SERVICE_AUTH_KEY and METAFLOW_SERVICE_HEADERS."
        return ServiceException(
            f"The metadata service at {self.shown} answers {status}: {_service_message(body)}.{hint}", status
        )

    def _no_answer(self, problem: str, tries: int, seconds: float) -> str:
        times = f"{tries} tries in {seconds:.1f} s" if tries > 1 else f"after {seconds:.1f} s"
        return (
            f"The metadata service at {self.shown} cannot be asked: {problem} ({times}). Is the URL right "
            "(METAFLOW_SERVICE_URL), and the service up and in reach?"
        )


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
