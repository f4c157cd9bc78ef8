"""Requests to Outerbounds: small JSON objects, within limits of time and size. Keys go to the named host only."""

import time
from collections.abc import Mapping
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from mfwidgets.deadline import check_deadline, seconds_within_deadline, sleep
from mfwidgets.errors import DeadlineExceeded, ServiceException
from mfwidgets.providers.service_body import ENCODINGS, BodyError, read_body
from mfwidgets.providers.service_failures import cause_of, checked_headers, is_permanent, parse_body, quoted_message
from mfwidgets.providers.service_session import Exchange, exchange_for, ignore_netrc, make_watchable, new_session
from mfwidgets.redaction import redact, redact_url, remember_secrets, secrets_in_headers, secrets_in_url

if TYPE_CHECKING:
    import requests

MAX_BYTES = 1_000_000
"""A configuration has some kilobytes, a token less."""

TIMEOUT_S = 10.0
"""The time for all attempts together."""

_CONNECT_TIMEOUT_S = 3.05
_PAUSES_S = (0.2, 0.8)
"""The wait before the second and the third attempt."""

_RETRY_STATUS_CODES = {429, 502, 503, 504}
_REDIRECTS = {301, 302, 303, 307, 308}
_MAX_REDIRECTS = 2
_REFUSED = {401, 403}
_OK = range(200, 300)


class _Again(Exception):
    """An attempt failed, and another one can help."""


def get_object(url: str, headers: Mapping[str, str], what: str, advice: str) -> dict[str, Any]:
    """Return the JSON object at a URL.

    Parameters
    ----------
    url
        The URL.
    headers
        The headers with the key. They are sent to the host of the URL only.
    what
        What is requested and where, for messages.
    advice
        What to do if the key is refused (status 401 or 403).

    Raises
    ------
    ServiceException
        There is no such answer. ``http_code`` is its status.
    DeadlineExceeded
        The caller has given up.
    """
    try:
        return _object_at(url, headers, what, advice)
    except DeadlineExceeded:
        raise DeadlineExceeded(f"{what} was given up: it has not answered in time. Try again later.") from None


def _object_at(url: str, headers: Mapping[str, str], what: str, advice: str) -> dict[str, Any]:
    """Send the request until there is an answer, or no time or hope is left."""
    sent = {**checked_headers(headers), "Accept-Encoding": ENCODINGS}
    remember_secrets(secrets_in_headers(sent) | secrets_in_url(url))
    until = time.monotonic() + TIMEOUT_S
    for pause_s in (*_PAUSES_S, None):
        try:
            status, body = _answer(url, sent, what, until)
        except _Again as failure:
            if pause_s is None or time.monotonic() + pause_s > until:
                raise ServiceException(f"{what} cannot be read: {failure}. Try again later.") from None
            sleep(pause_s)
        else:
            return _object(status, body, what, advice, secrets_in_headers(sent))
    raise AssertionError  # the last attempt returns or raises


def is_url(url: str) -> bool:
    """Return whether a URL can be requested: it is complete, unambiguous and has no password."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - it raises for a malformed port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in url and url.isprintable()


def _answer(url: str, headers: Mapping[str, str], what: str, until: float) -> tuple[int, bytes]:
    """Send a request once. Return the status and the body of the answer."""
    import requests
    import urllib3

    wait_s = max(until - time.monotonic(), 0.1)
    with new_session() as session, exchange_for(_CONNECT_TIMEOUT_S + wait_s) as exchange:
        make_watchable(session)
        ignore_netrc(session, url)
        try:
            response = _send(session, url, headers, what, wait_s)
            return response.status_code, _body(response, exchange)
        except BodyError as error:
            reason, permanent = str(error), error.permanent
        except (requests.RequestException, HTTPException, OSError, ValueError, urllib3.exceptions.HTTPError) as error:
            check_deadline()  # if the deadline ended the request, it is not the server's fault
            reason, permanent = cause_of(error, redact_url(url)), is_permanent(error)
            if exchange.ended:
                reason, permanent = f"it has not answered within {wait_s:.0f} s", True
    if permanent:
        raise ServiceException(f"{what} cannot be read: {reason}. Check the URL and the network.")
    raise _Again(reason)


def _send(
    session: "requests.Session", url: str, headers: Mapping[str, str], what: str, wait_s: float
) -> "requests.Response":
    """Send a request. Follow redirects on the same host only."""
    for _ in range(1 + _MAX_REDIRECTS):
        check_deadline()
        timeout = (seconds_within_deadline(_CONNECT_TIMEOUT_S), seconds_within_deadline(wait_s))
        response = session.get(url, headers=headers, timeout=timeout, allow_redirects=False, stream=True)
        if response.status_code not in _REDIRECTS:
            return response
        response.close()
        target = urljoin(url, response.headers.get("Location", ""))
        if urlsplit(target)[:2] != urlsplit(url)[:2]:
            shown = redact(redact_url(target), secrets_in_headers(headers))
            raise ServiceException(
                f"{what} redirects to another host ({shown:.200}). Such redirects are not followed, because the request "
                "contains a key. If that host is right, use its URL.",
                response.status_code,
            )
        url = target
    raise ServiceException(f"{what} redirects in circles. Check its URL.")


def _body(response: "requests.Response", exchange: Exchange) -> bytes:
    if response.status_code in _RETRY_STATUS_CODES:
        response.close()
        raise BodyError(f"it answers {response.status_code}", permanent=False)
    body = read_body(response, exchange, MAX_BYTES, TIMEOUT_S)
    if body is None:
        raise BodyError(f"the answer has more than {MAX_BYTES:,} bytes")
    return body


def _object(status: int, body: bytes, what: str, advice: str, secrets: set[str]) -> dict[str, Any]:
    if status not in _OK:
        if status not in _REFUSED:
            advice = "Check the URL, or ask the support of Outerbounds."
        raise ServiceException(
            f"{what} is refused with status {status}: {quoted_message(body, secrets)}. {advice}", status
        )
    content = parse_body(body)
    if not isinstance(content, dict):
        raise ServiceException(
            f"Expected a JSON object as {what}, got {quoted_message(body, secrets)}. Check the URL.", status
        )
    return content
