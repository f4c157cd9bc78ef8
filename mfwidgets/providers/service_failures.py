"""Says in plain words why a request failed, and what a service answered. The libraries name their classes and the URL."""

import re
import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping
from http.client import HTTPException, IncompleteRead, RemoteDisconnected
from typing import Any
from urllib.parse import urlsplit

from mfwidgets.errors import MetaflowConfigurationError
from mfwidgets.files import parse_json
from mfwidgets.redaction import redact

_MAX_CHARS = 200
"""The most characters of an answer that a message quotes."""

_MAX_BYTES = 20_000
"""The part of an answer that is searched for a message."""

_MARKS = b"\xef\xbb\xbf\xfe\xff \t\r\n"
"""Byte order marks and blanks before a page."""

_TITLE = re.compile(rb"<title[^>]{0,200}>([^<]{0,500})", re.IGNORECASE)
_LOGIN = re.compile(rb"log ?in|sign ?in|log ?on|password|\bsso\b|oauth|saml", re.IGNORECASE)

# -- failed requests ----------------------------------------------------------------------------------------------------


def cause_of(error: BaseException, url: str) -> str:
    """Return a short reason for a failed request to a URL that contains no secrets."""
    import requests

    if isinstance(error, requests.ConnectTimeout):
        return "no connection within 3 s"
    if isinstance(error, requests.ReadTimeout):
        return "it accepts the request, but does not answer"
    if isinstance(error, requests.exceptions.ProxyError):
        return f"the proxy of this machine does not connect ({_words(error, '') or 'see HTTP_PROXY'})"
    if isinstance(error, ValueError):
        return "its URL, or the one that it redirects to, is not valid"
    return _words(error, url) or "the request cannot be sent"


def _words(error: BaseException, url: str) -> str:
    words = (_words_of(cause, url) for cause in _causes(error))
    return next(filter(None, words), "")


def _words_of(cause: BaseException, url: str) -> str:
    match cause:
        case socket.gaierror():
            words = f"the name {_place(url)[0]} does not resolve" if url else "its name does not resolve"
        case ssl.SSLError():
            words = _words_of_tls(cause)
        case ConnectionRefusedError():
            words = f"connection refused at {':'.join(_place(url))}" if url else "it refuses connections"
        case RemoteDisconnected() | ConnectionError() | IncompleteRead():
            words = "connection closed by the server"
        case HTTPException():
            words = "the response is not HTTP"
        case OSError():
            words = cause.strerror or ("the file of certificates is missing" if "CA cert" in str(cause) else "")
        case _:
            words = ""
    return words


def _words_of_tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"TLS failed: its certificate is not accepted ({error.verify_message})"
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return "TLS failed: connection closed by the server"
    return "TLS failed: it does not speak TLS, or another version of it"


def _place(url: str) -> tuple[str, str]:
    """Return the host and the port of a valid URL."""
    parts = urlsplit(url)
    return parts.hostname or "", str(parts.port or (443 if parts.scheme == "https" else 80))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and its causes, the innermost first."""
    chain: list[BaseException] = []
    cause: Any = error
    while isinstance(cause, BaseException) and cause not in chain:
        chain.append(cause)
        inner = [part for part in (getattr(cause, "reason", None), *cause.args) if isinstance(part, BaseException)]
        cause = cause.__cause__ or cause.__context__ or next(iter(inner), None)
    return reversed(chain)


def is_permanent(error: BaseException) -> bool:
    """Return whether a retry cannot help: invalid URLs or certificates, or a read that has already taken long."""
    import requests

    return isinstance(
        error, requests.exceptions.SSLError | requests.exceptions.InvalidURL | requests.ReadTimeout | ValueError
    )


# -- answers ------------------------------------------------------------------------------------------------------------


def parse_body(body: bytes) -> Any:
    """Return a parsed JSON body. None if it is not JSON."""
    try:
        return parse_json(body)
    except ValueError:
        return None


def quoted_message(body: bytes, secrets: Iterable[str]) -> str:
    """Return what a service answered in one short line, without secrets: its error message, or the title of a page."""
    start = body[:_MAX_BYTES].replace(b"\0", b"").lstrip(_MARKS)  # UTF-16 becomes readable
    if start.startswith(b"<"):
        title = _TITLE.search(start)
        words = _in_one_line(title[1].decode("utf-8", "replace"), secrets) if title else ""
        return f"a {'login' if _LOGIN.search(start) else 'web'} page (HTML){f' titled {words}' if words else ''}"
    content = parse_body(body)
    if isinstance(content, str) and content.startswith("{"):  # JSON in JSON
        content = parse_body(content.encode("utf-8", "replace")) or content
    if isinstance(content, dict):
        content = content.get("err_msg") or content.get("detail") or content.get("message") or content
    shown = content if isinstance(content, str | dict | list) else start.decode("utf-8", "replace")
    return _in_one_line(f"{shown!s:.2000}", secrets) or "nothing"


def _in_one_line(text: str, secrets: Iterable[str]) -> str:
    line = " ".join(redact(text, secrets).split())
    return repr(line[:_MAX_CHARS]) if line else ""


# -- requests -----------------------------------------------------------------------------------------------------------


def checked_headers(headers: object) -> dict[str, str]:
    """Return the headers of a request.

    Raises
    ------
    MetaflowConfigurationError
        They cannot be sent. The message does not quote them, because they can contain a key.
    """
    if not isinstance(headers, Mapping):
        raise MetaflowConfigurationError(
            f"Expected a dict as the headers of the metadata service, got {type(headers).__name__}."
        )
    for name, value in headers.items():
        if not isinstance(name, str) or not isinstance(value, str) or not _can_be_sent(name + value):
            raise MetaflowConfigurationError(
                f"Expected headers of one line of Latin letters for the metadata service, got another value of type "
                f"{type(value).__name__}. Check METAFLOW_SERVICE_HEADERS, METAFLOW_SERVICE_AUTH_KEY and headers=."
            )
    return dict(headers)


def _can_be_sent(text: str) -> bool:
    return all(" " <= character <= "\xff" and character != "\x7f" for character in text.replace("\t", " "))
