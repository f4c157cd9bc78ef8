"""Sends requests to the metadata service, with timeouts and retries. Errors contain no secrets.

The retries are our own, not urllib3's. They are limited by the number of attempts and also by their total time.
"""

import json
import random
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlencode, urljoin, urlsplit

from mfwidgets.deadline import check_deadline, seconds_within_deadline, sleep
from mfwidgets.errors import MetaflowException, ServiceException
from mfwidgets.providers.base import Headers
from mfwidgets.providers.late_answers import LateAnswers
from mfwidgets.providers.row_stream import RowStream
from mfwidgets.providers.service_body import ENCODINGS, BodyError, read_body
from mfwidgets.providers.service_failures import cause_of, checked_headers, is_permanent, parse_body, quoted_message
from mfwidgets.providers.service_replies import Failure, Reply, Response
from mfwidgets.providers.service_session import Exchange, exchange_for, ignore_netrc, make_watchable, new_session
from mfwidgets.redaction import (
    redact,
    redact_url,
    remember_secrets,
    secrets_in_headers,
    secrets_in_url,
    secrets_in_variables,
)
from mfwidgets.request_limit import request_limit

if TYPE_CHECKING:
    import requests

Query = Sequence[tuple[str, str]]

Kept = TypeVar("Kept")

_RETRY_STATUS_CODES = {429, 502, 503, 504}
"""Statuses for which a retry can help."""

_REDIRECTS = {301, 302, 303, 307, 308}
_NOT_FOUND, _CONFLICT = 404, 409
_OK = range(200, 300)
_CONNECT_TIMEOUT_S = 3.05
_READ_TIMEOUT_S = 60.0
"""A service that has answered before may take this long until the first byte of a response."""

_MAX_DIGITS = 18
"""A longer number in a header is not shown."""

_MAX_REDIRECTS = 2

_MAX_QUOTED_CHARS = 100
"""The most characters of a header that a message quotes."""


class ServiceHttp:
    """The connection to one metadata service. Threads can share it.

    Parameters
    ----------
    url
        Its base URL, such as ``https://metadata.example.org/service``. Name and password in it are never shown.
    headers
        Sent with each request.
    session
        The caller's own session, for certificates or proxies.
    max_attempts
        The maximum number of attempts per request (``METAFLOW_SERVICE_RETRY_COUNT``).
    timeout_s
        A service that does not answer is given up after this time.
    hint
        A sentence for the message if the service refuses the request: why keys of the user are not sent. Then those in
        ``.netrc`` are not sent, either.
    """

    def __init__(
        self,
        url: str,
        headers: Headers | None = None,
        session: "requests.Session | None" = None,
        max_attempts: int = 5,
        timeout_s: float = 5.0,
        hint: str = "",
    ) -> None:
        self._url = url.rstrip("/")
        self._headers: Headers = headers or {}
        self._remembered: Mapping[str, str] = {}
        self._session = session or new_session()
        self._max_attempts, self._timeout_s = max(max_attempts, 1), timeout_s
        self._hint = f" {hint}" if hint else ""
        self._answered = False
        self._late: LateAnswers[Reply | Failure] = LateAnswers()
        make_watchable(self._session)
        if hint:
            ignore_netrc(self._session, url)
        remember_secrets(secrets_in_url(url) | secrets_in_variables(self._session.proxies))
        self.shown = redact_url(self._url)
        self._limit = request_limit(self.shown)

    def __repr__(self) -> str:
        return f"<ServiceHttp {self.shown}>"

    def get(self, path: Sequence[str], query: Query = (), max_bytes: int | None = None) -> Response | None:
        """Return the object or page at a path. None if there is no such object.

        Parameters
        ----------
        path
            The parts of the path.
        query
            Names and values of the query.
        max_bytes
            A larger response is not read.

        Raises
        ------
        ServiceException
            The service does not answer, or its response does not come from a metadata service.
        """
        reply = self._request("GET", path, query, max_bytes=max_bytes)
        if reply.too_large:
            return Response(None, too_large=True)
        if _is_missing(reply):
            return None
        return Response(self._content(reply), reply.headers.get("X-Limit"), reply.headers.get("X-Next-Cursor"))

    def get_rows(
        self, path: Sequence[str], keep: Callable[[list[Any]], list[Kept]], key: Hashable
    ) -> list[Kept] | None:
        """Return a whole listing, of any size. None if there is no such object.

        If the work is given up, the listing is still read, and the next call with the same key gets it.

        Parameters
        ----------
        path
            The parts of the path.
        keep
            Takes some rows, returns what is kept of them.
        key
            Names what ``keep`` keeps.

        Raises
        ------
        ServiceException
            The service does not answer, or its response does not come from a metadata service.
        """
        late = self._late.take((path, key))
        reply = (
            late
            if isinstance(late, Reply)
            else self._request("GET", path, new_rows=lambda: RowStream(keep), late_key=(path, key))
        )
        if _is_missing(reply):
            return None
        rows = reply.rows.finish(reply.body) if reply.rows else reply.body
        return rows if isinstance(rows, list) else keep(self._content(replace(reply, body=rows)))

    def version(self) -> str:
        """Return the version of the service (one request).

        Raises
        ------
        ServiceException
            The service does not answer.
        """
        reply = self._request("GET", ("ping",))
        if reply.status not in _OK:
            raise self._refused(reply)
        version = reply.headers.get("METADATA_SERVICE_VERSION") or "unknown"
        return redact(version, secrets_in_headers(reply.sent))[:_MAX_QUOTED_CHARS]

    def patch(self, path: Sequence[str], body: Mapping[str, Any]) -> Response | None:
        """Change the object at a path. None if another client is changing it (409).

        Raises
        ------
        ServiceException
            The service does not answer, or refuses the change.
        """
        reply = self._request("PATCH", path, (), json.dumps(body).encode())
        return None if reply.status == _CONFLICT else Response(self._content(reply))

    # -- requests ---------------------------------------------------------------------------------------------------

    def _request(
        self,
        method: str,
        path: Sequence[str],
        query: Query = (),
        body: bytes | None = None,
        max_bytes: int | None = None,
        new_rows: Callable[[], RowStream[Any]] | None = None,
        late_key: Hashable = None,
    ) -> Reply:
        """Send a request until there is a usable reply. Each attempt waits for a slot. All threads share the slots.

        Raises
        ------
        ServiceException
            There is no usable reply, and a retry cannot help or would take too long.
        DeadlineExceeded
            The deadline of the caller has passed or was cancelled.
        """
        # The seconds do not include the wait for a slot, because that wait is not the service's fault.
        url, seconds = self._address(path, query), 0.0
        for number, pause_s in _retry_delays():
            with self._limit.slot():
                began = time.monotonic()
                attempt = partial(self._attempt, method, url, body, max_bytes, new_rows() if new_rows else None)
                outcome = self._late.ask(late_key, attempt) if late_key else attempt()
                seconds += time.monotonic() - began
            if isinstance(outcome, Reply):
                self._answered = True
                return outcome
            pause = pause_s if outcome.retry_after_s is None else outcome.retry_after_s
            if outcome.permanent or number >= self._max_attempts or seconds + pause > self._timeout_s:
                raise ServiceException(self._no_answer(outcome.reason, number, seconds))
            sleep(pause)
            seconds += pause
        raise AssertionError  # _retry_delays() is endless

    def _address(self, path: Sequence[str], query: Query) -> str:
        url = f"{self._url}/{'/'.join(quote(part, safe='', errors='replace') for part in path)}"
        return f"{url}?{urlencode(query, safe=':,')}" if query else url

    def _attempt(
        self, method: str, url: str, body: bytes | None, max_bytes: int | None, rows: RowStream[Any] | None
    ) -> Reply | Failure:
        """Send a request once and read the reply, or begin to read its rows."""
        import requests
        import urllib3

        wait_s = _READ_TIMEOUT_S if self._answered else self._timeout_s
        try:
            with exchange_for(_CONNECT_TIMEOUT_S + wait_s) as exchange:
                response = self._send(method, url, body, exchange, wait_s)
                rows = rows if response.status_code in _OK else None
                content = self._read(response, exchange, max_bytes, rows)
        except MetaflowException:
            raise
        except BodyError as error:
            return Failure(str(error), error.permanent)
        except (requests.RequestException, HTTPException, OSError, ValueError, urllib3.exceptions.HTTPError) as error:
            check_deadline()  # if the deadline ended the request, it is not the service's fault
            if exchange.ended:
                return Failure(f"its response has not begun after {wait_s:.0f} s", permanent=True)
            return Failure(cause_of(error, self.shown), is_permanent(error))
        sent = getattr(response.request, "headers", {})
        if response.status_code not in _RETRY_STATUS_CODES:
            return Reply(response.status_code, response.headers, content or b"", sent, rows, content is None)
        return _temporary(response, secrets_in_headers(sent))

    def _send(
        self, method: str, url: str, body: bytes | None, exchange: Exchange, wait_s: float
    ) -> "requests.Response":
        """Send a request. Follow redirects on the same host only, because other hosts must not get the headers."""
        for _ in range(1 + _MAX_REDIRECTS):
            exchange.allow(_CONNECT_TIMEOUT_S + wait_s)
            response = self._send_once(method, url, body, wait_s)
            if exchange.ended:  # in the middle of the headers: http.client takes the closed connection for their end
                response.close()
                raise TimeoutError
            if response.status_code not in _REDIRECTS:
                return response
            response.close()
            target = _target(url, response.headers.get("Location", ""))
            if target is None or urlsplit(target)[:2] != urlsplit(url)[:2]:
                shown = redact(redact_url(target or "a malformed URL"), secrets_in_headers(response.request.headers))
                raise ServiceException(
                    f"The metadata service at {self.shown} redirects to another host ({shown:.{_MAX_QUOTED_CHARS}}). "
                    "Such redirects are not followed, because the headers can contain a key. If that host is right, use its "
                    "URL. A login page means that the request needs other headers."
                )
            url = target
        raise ServiceException(f"The metadata service at {self.shown} redirects in circles.")

    def _send_once(self, method: str, url: str, body: bytes | None, wait_s: float) -> "requests.Response":
        """Send a request and wait for the headers of the reply."""
        check_deadline()
        content_type = {"Content-Type": "application/json"} if body else {}
        return self._session.request(
            method,
            url,
            data=body,
            headers={**self._current_headers(), "Accept-Encoding": ENCODINGS, **content_type},
            timeout=(seconds_within_deadline(_CONNECT_TIMEOUT_S), seconds_within_deadline(wait_s)),
            allow_redirects=False,
            stream=True,
        )

    def _current_headers(self) -> dict[str, str]:
        headers = checked_headers(self._headers() if callable(self._headers) else self._headers)
        if headers != self._remembered:
            remember_secrets(secrets_in_headers(headers))
            self._remembered = headers
        return headers

    def _read(
        self, response: "requests.Response", exchange: Exchange, max_bytes: int | None, rows: RowStream[Any] | None
    ) -> bytes | None:
        """Read the body, or the last piece of it if it has rows. None if it is too large, or says so."""
        announced = response.headers.get("Content-Length", "")
        if announced and not announced.isdecimal():  # the end of the body would be unknown
            response.close()
            raise BodyError("its response has a Content-Length that is not a number")
        if max_bytes is not None and (len(announced) > _MAX_DIGITS or int(announced or 0) > max_bytes):
            response.close()
            return None
        return read_body(response, exchange, max_bytes, self._timeout_s, rows)

    # -- replies and errors -----------------------------------------------------------------------------------------

    def _content(self, reply: Reply) -> Any:
        """Return the parsed body of a successful reply."""
        if reply.status not in _OK:
            raise self._refused(reply)
        content = parse_body(reply.body)
        if content is None:
            raise ServiceException(
                f"Expected a metadata service at {self.shown}, but the server answered with {self._quoted(reply)}. Check "
                f"METAFLOW_SERVICE_URL and the required headers.{self._hint}"
            )
        return content

    def _quoted(self, reply: Reply) -> str:
        return quoted_message(reply.body, secrets_in_headers(reply.sent))

    def _refused(self, reply: Reply) -> ServiceException:
        hint = ""
        if reply.status in (401, 403):
            keys = " It needs other credentials. See METAFLOW_SERVICE_AUTH_KEY and METAFLOW_SERVICE_HEADERS."
            hint = self._hint or keys
        return ServiceException(
            f"The metadata service at {self.shown} answers {reply.status}: {self._quoted(reply)}.{hint}", reply.status
        )

    def _no_answer(self, reason: str, attempts: int, seconds: float) -> str:
        times = f"{attempts} attempts in {seconds:.1f} s" if attempts > 1 else f"after {seconds:.1f} s"
        return (
            f"The metadata service at {self.shown} cannot be reached: {reason} ({times}). Check the URL "
            "(METAFLOW_SERVICE_URL), and whether the service runs."
        )


def _is_missing(reply: Reply) -> bool:
    """Return whether a service says that there is no such object. The 404 of a proxy has another body."""
    return reply.status == _NOT_FOUND and parse_body(reply.body) == {}


def _retry_delays() -> Iterator[tuple[int, float]]:
    """Yield the number of each attempt and the seconds to wait after it, doubled each time, with jitter."""
    number, pause = 1, 0.1
    while True:
        yield number, pause * random.uniform(0.5, 1.5)  # noqa: S311 - jitter needs no cryptography
        number, pause = number + 1, min(2 * pause, 2.0)


def _temporary(response: "requests.Response", secrets: Iterable[str]) -> Failure:
    """Return the failure of a response that asks for a retry."""
    phrase = " ".join(redact(response.reason or "", secrets).split())
    reason = f"it answers {response.status_code} {phrase:.{_MAX_QUOTED_CHARS}}".rstrip()
    wait = response.headers.get("Retry-After", "")
    if not wait.isdecimal():
        return Failure(reason)
    shown = wait if len(wait) <= _MAX_DIGITS else "very long"
    return Failure(f"{reason} and asks to wait {shown} s", retry_after_s=float(wait))


def _target(url: str, location: str) -> str | None:
    """Return the URL to which a response redirects. None if it is malformed."""
    try:
        target = urljoin(url, location)
        urlsplit(target).port  # noqa: B018 - it raises for a malformed port
    except ValueError:
        return None
    return target
