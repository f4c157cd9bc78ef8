"""Removes secrets from text that is quoted from services, URLs and configuration.

A key, a header value, a password or a token must not reach a message, a display, a log or a file. There are two means:

- Known secrets are removed literally, in all forms in which they are sent. :func:`remember_secrets` makes them known.
- Everything that looks like a secret is removed: names and passwords in URLs, queries, and values with telling names.
"""

import base64
import binascii
import html
import json
import re
import threading
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, quote, quote_plus, unquote

HIDDEN = "***"

_SCHEME = r"[A-Za-z][\w+.\-]{1,30}:[/\\]{1,3}"
"""One letter is a drive of Windows. People and libraries write one or three slashes, too."""

_NO_PORT = r"(?!\d{1,5}(?![^\s/?#'\"<>(),;:.\]]))"

_CREDENTIALS = re.compile(rf"({_SCHEME})[^\s/\\@:'\"<>\[]{{0,200}}:{_NO_PORT}[^\n]*@")
"""``https://ann:PASSWORD@``. A password can have blanks and quotes."""

_URL = re.compile(rf"({_SCHEME}[^\s'\"<>]*?)([.,;:!?)\]}}…]*)(?=[\s'\"<>]|\Z)")
"""A URL in a string, and the punctuation after it."""

_PASSWORD = re.compile(r"[^\s/\\@:'\"<>]{1,200}:[^\s'\"<>]*@")
"""``ann:PASSWORD@``, without a scheme."""

_NAMED = re.compile(
    r"""([\w.\-]{0,40}(?:key|token|secret|passw|pwd|passphrase|signature|\bsig|credential|auth(?!or(?!i[sz]ation))|cookie)"""
    r"""[\w.\-]{0,40}["']?\s{0,2}[=:]\s{0,2}["']?)(?:(?:bearer|basic|token|digest|negotiate)\s+)?[^\s"'&;,<>)}\]]+""",
    re.IGNORECASE,
)
"""``x-api-key: KEY``, ``token=TOKEN``, ``"password": "PASSWORD"``."""

_JSON_WEB_TOKEN = re.compile(r"\beyJ[\w\-]{8,}\.[\w\-]+\.[\w\-]*")

_BEFORE_PLACE = re.compile(rf"({_SCHEME})?(.*)\Z", re.DOTALL)
_NOT_A_PORT = re.compile(r":(?!\d{0,5}\Z).*\Z", re.DOTALL)
_HOST_AND_PORT = re.compile(r"[\w.\-\[\]:]+:\d+\Z")

_SECRET_VARIABLE = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|HEADERS|CREDENTIAL")

_PUBLIC_HEADERS = frozenset(
    ("user-agent", "accept", "accept-encoding", "connection", "content-type", "content-length", "host")
)
_PUBLIC_WORDS = frozenset(("bearer", "basic", "token", "digest", "negotiate", "application/json"))

_MAX_CHARS = 10_000
"""The most characters of a quoted text. The patterns take a second for more, if somebody chose it so."""

_MIN_CHARS = 4
"""Shorter values occur everywhere."""

_COMMON_WORD = re.compile(r".{0,7}|[a-z]+")
"""Our own messages contain words and names of runs. Such a secret is likely to be a part of one."""

_MAX_REMEMBERED = 1_000
"""Tokens expire, and new ones come. The oldest are forgotten first."""

_remembered: dict[str, None] = {}
_longest_first: tuple[str, ...] = ()
_lock = threading.Lock()


# -- known secrets ------------------------------------------------------------------------------------------------------


def remember_secrets(secrets: Iterable[str]) -> None:
    """Remove these secrets from all text from now on, in this process."""
    global _longest_first  # noqa: PLW0603 - replaced as a whole, so that readers need no lock
    with _lock:
        for secret in secrets:
            if len(secret) >= _MIN_CHARS and secret.lower() not in _PUBLIC_WORDS:
                for form in _forms(secret):
                    _remembered.pop(form, None)
                    _remembered[form] = None
        while len(_remembered) > _MAX_REMEMBERED:
            del _remembered[next(iter(_remembered))]
        _longest_first = tuple(sorted(_remembered, key=len, reverse=True))


def secrets_in(value: object) -> set[str]:
    """Return the parts of a value that is secret as a whole: itself, and the words in it. It may be of any type."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return {secret for item in value for secret in secrets_in(item)}
    text = _as_text(value).strip()
    words = set(re.split(r"[\s\"'{}\[\],;]+", text))
    return {text, *words, *(password for word in words for password in _basic_password(word))} - {""}


def secrets_in_headers(headers: Mapping[str, object]) -> set[str]:
    """Return the values of headers that can be secret, the words in them (``Bearer KEY``), and what ``Basic`` encodes."""
    values = [value for name, value in headers.items() if str(name).lower() not in _PUBLIC_HEADERS]
    return {secret for value in values for secret in secrets_in(value)}


def secrets_in_url(url: str) -> set[str]:
    """Return the password and the values of the query of a URL, and the forms in which they are sent."""
    user_info = re.sub(rf"\A{_SCHEME}", "", url).rpartition("@")[0]
    password = user_info.partition(":")[2]
    secrets = {value for _, value in parse_qsl(url.partition("?")[2].partition("#")[0])}
    if password:
        sent = base64.b64encode(unquote(user_info).encode("utf-8", "replace")).decode()
        secrets |= {password, unquote(password), sent}
    return secrets


def secrets_in_variables(variables: Mapping[str, object]) -> set[str]:
    """Return the secrets in variables: the values of those with a telling name, and the passwords in URLs."""
    secrets: set[str] = set()
    for name, value in variables.items():
        if _SECRET_VARIABLE.search(name):
            secrets |= secrets_in(value)
        elif isinstance(value, str) and "@" in value:
            secrets |= secrets_in_url(value)
    return secrets


def _basic_password(word: str) -> set[str]:
    """Return the password in the value of ``Authorization: Basic``."""
    try:
        user, colon, password = base64.b64decode(word, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return set()
    return {password} if colon and user.isprintable() and password.isprintable() else set()


def _as_text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _forms(secret: str) -> set[str]:
    """Return the forms in which services repeat a secret."""
    escaped = {secret.encode("unicode_escape").decode(), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    quoted = {quote(secret, safe=safe, errors="replace") for safe in ("", "/")}
    return {secret, html.escape(secret), quote_plus(secret, errors="replace"), *escaped, *quoted}


# -- texts --------------------------------------------------------------------------------------------------------------


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return quoted text without known secrets, and without what looks like one.

    Parameters
    ----------
    text
        The text, such as the message of a service or the value of a variable.
    secrets
        Secrets that are known in addition to the remembered ones.
    """
    more = {form for secret in secrets if len(secret) >= _MIN_CHARS for form in _forms(secret)}
    for secret in (*sorted(more, key=len, reverse=True), *_longest_first):
        text = text.replace(secret, HIDDEN)
    text = _PASSWORD.sub(f"{HIDDEN}@", _without_urls(text[:_MAX_CHARS]))
    return _JSON_WEB_TOKEN.sub(HIDDEN, _NAMED.sub(rf"\1{HIDDEN}", text))


def redact_message(text: str) -> str:
    """Return a message of this package without known secrets, and without names, passwords and queries in its URLs.

    All errors and warnings of this package pass through it. :func:`redact` removes more, but it would also remove parts
    of tags such as ``user:ann@example.org``.
    """
    for secret in _longest_first:
        if secret in text and not _COMMON_WORD.fullmatch(secret):
            text = text.replace(secret, HIDDEN)
    return _without_urls(text)


def redact_url(url: str) -> str:
    """Return a URL without name, password, query and fragment. It may be malformed.

    A password can contain any character, also ``/``, ``#`` and ``@``. So everything before the last ``@`` is removed. Without
    an ``@``, what is written as a port and is not a number may be a password.
    """
    parts = _BEFORE_PLACE.match(url)
    assert parts is not None  # it matches anything
    place = re.split(r"[?#;&]", parts[2].rpartition("@")[2], maxsplit=1)[0]
    host, slash, path = place.partition("/")
    if not host.startswith("["):  # an IPv6 address
        host = _NOT_A_PORT.sub(f":{HIDDEN}", host)
    return f"{parts[1] or ''}{host}{slash}{path}"


def redact_selector(selector: str) -> str:
    """Return a metadata selector without secrets. It may be a URL, a path, or a mistake in either."""
    before, at, place = selector.rpartition("@")
    if re.search(r":[/\\]{1,3}", selector):
        url = selector.removeprefix("service@")
        shown = selector[: -len(url)] + redact_url(url) if re.match(_SCHEME, url) else redact(selector)
    elif at and (":" in before or _HOST_AND_PORT.match(place)):
        shown = f"{HIDDEN}@{place}"
    elif not at and "/" not in selector and "\\" not in selector:
        shown = _NOT_A_PORT.sub(f":{HIDDEN}", selector)
    else:
        shown = selector
    for secret in _longest_first:
        shown = shown.replace(secret, HIDDEN)
    return shown


def _without_urls(text: str) -> str:
    """Return text without names, passwords and queries in its URLs."""
    if ":/" not in text and ":\\" not in text:
        return text
    return _URL.sub(lambda match: redact_url(match[1]) + match[2], _CREDENTIALS.sub(r"\1", text))
