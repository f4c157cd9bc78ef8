"""Removes secrets from text that is quoted from services, URLs and configuration.

A key, a header value or a password must not reach a message, a display, a log or a file. What looks like a
secret is removed, too.
"""

import base64
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote

HIDDEN = "***"

_URL = re.compile(r"[A-Za-z][\w+.\-]*://[^\s'\"<>]+")
_USER_INFO = re.compile(r"[^\s/@:'\"<>]+:[^\s'\"<>]*@(?=[\w.\[])")
"""A name and a password in an address without a scheme."""

_PUBLIC_HEADERS = frozenset(
    ("user-agent", "accept", "accept-encoding", "connection", "content-type", "content-length", "host")
)

_MIN_SECRET_CHARS = 4
"""Shorter values occur everywhere."""


def redact_url(url: str) -> str:
    """Return a URL without name, password, query and fragment. It may be malformed.

    A password can contain any character, also ``/``, ``#`` and ``@``. So everything before the last ``@`` is removed.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme, rest = "", url
    place = rest.rpartition("@")[2]
    return f"{scheme}{separator}{re.split(r'[?#;]', place, maxsplit=1)[0]}"


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return text without the secrets, and without names, passwords and queries in its URLs.

    Parameters
    ----------
    text
        The text, such as the message of a service.
    secrets
        Known secrets. Their percent-encoded and escaped forms are removed, too.
    """
    for secret in sorted(_forms(secrets), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return _USER_INFO.sub(f"{HIDDEN}@", _URL.sub(lambda match: redact_url(match[0]), text))


def secrets_in_headers(headers: Mapping[str, object]) -> set[str]:
    """Return the values of headers that can be secret, and the words in them (``Bearer KEY``)."""
    values = {_as_text(value) for name, value in headers.items() if str(name).lower() not in _PUBLIC_HEADERS}
    return values | {word for value in values for word in re.split(r"[\s=,;]+", value)}


def secrets_in_url(url: str) -> set[str]:
    """Return the password in a URL, and the forms in which it is sent."""
    user_info = url.partition("://")[2].rpartition("@")[0]
    password = user_info.partition(":")[2]
    if not password:
        return set()
    sent = base64.b64encode(unquote(user_info).encode()).decode()
    return {password, unquote(password), sent}


def _as_text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _forms(secrets: Iterable[str]) -> set[str]:
    plain = {secret for secret in secrets if len(secret) >= _MIN_SECRET_CHARS}
    escaped = {secret.encode("unicode_escape").decode() for secret in plain}
    return plain | escaped | {quote(secret, safe="", errors="replace") for secret in plain}
