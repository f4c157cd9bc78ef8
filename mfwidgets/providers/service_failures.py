"""Says in plain words why a request failed. The messages of the libraries name their classes, and contain the URL."""

import socket
import ssl
from collections.abc import Iterator, Mapping
from http.client import IncompleteRead
from typing import Any

from mfwidgets.errors import MetaflowConfigurationError


def cause_of(error: BaseException, url: str) -> str:
    """Return a short reason for a failed request."""
    import requests

    if isinstance(error, requests.ConnectTimeout):
        return "no connection within 3 s"
    if isinstance(error, requests.ReadTimeout):
        return "it accepts the request, but does not answer"
    if isinstance(error, requests.exceptions.ProxyError):
        return f"the proxy of this machine does not connect ({_words(error, url) or 'see HTTP_PROXY'})"
    return _words(error, url) or "the request cannot be sent, or the response is not HTTP"


def _words(error: BaseException, url: str) -> str:
    words = (_words_of(cause, url) for cause in _causes(error))
    return next(filter(None, words), "")


def _words_of(cause: BaseException, url: str) -> str:
    match cause:
        case socket.gaierror():
            words = f"the name of the host in {url} does not resolve"
        case ssl.SSLCertVerificationError():
            words = f"its certificate is not accepted: {cause.verify_message}"
        case ssl.SSLError():
            words = "it does not speak TLS, or another version of it"
        case ConnectionRefusedError():
            words = "Connection refused: nothing listens there"
        case ConnectionError() | IncompleteRead():
            words = "it closed the connection"
        case OSError():
            words = cause.strerror or ""
        case _:
            words = ""
    return words


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
