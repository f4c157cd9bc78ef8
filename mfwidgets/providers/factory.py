"""Opens the provider that a metadata selector such as ``local@/home/ann/project`` names."""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mfwidgets.config import LOCAL_DIRS, Configuration
from mfwidgets.config_values import expanded
from mfwidgets.entry_points import Extension, extensions
from mfwidgets.errors import InvalidSelector, KeysRedirected, MetaflowConfigurationError, warn
from mfwidgets.extensions import HEADERS, HeadersProvider
from mfwidgets.providers.base import Headers, Memories, MetadataProvider, no_memory
from mfwidgets.providers.local import LocalProvider
from mfwidgets.providers.local_tree import LocalTree
from mfwidgets.redaction import redact_selector, redact_url, remember_secrets, secrets_in_url

if TYPE_CHECKING:
    import requests

    from mfwidgets.providers.service import ServiceProvider

_LIKE_A_HOST = re.compile(r"://|\A[\w.\-]+:\d+(/|\Z)|\A[\w\-]+(\.[\w\-]+)+(/|\Z)")
"""``ftp://HOST``, ``HOST:8080`` and ``metaflow.example.org``."""


def open_provider(
    selector: str | os.PathLike[str] | None,
    configuration: Configuration,
    headers: Headers | None = None,
    session: "requests.Session | None" = None,
    memories: Memories = no_memory,
) -> MetadataProvider:
    """Return the provider that a selector names. None means the configured default.

    Parameters
    ----------
    selector
        ``local``, ``local@FOLDER`` or only ``FOLDER`` for a folder that contains ``.metaflow``; ``spin`` or
        ``spin@FOLDER`` for spins. ``FOLDER`` can also be the ``.metaflow`` folder itself, and ``~`` is the home folder.
        ``service``, ``service@URL`` or only the URL for a metadata service.
    configuration
        Contains the default.
    headers, session
        For a service: headers in addition to the configured ones, and the caller's own session.
    memories
        For a folder: opens the memory of its runs.

    Raises
    ------
    InvalidSelector
        The selector names nothing that can be read. The message says what was expected.
    """
    if selector is None:
        selector = configuration.default_metadata
    if isinstance(selector, os.PathLike):
        selector = os.fspath(selector)
    if not isinstance(selector, str):
        raise InvalidSelector(f"Expected a metadata selector such as 'local@/path', got {type(selector).__name__}.")
    remember_secrets(secrets_in_url(selector))
    kind, _, info = selector.partition("@")
    if selector.startswith("http"):
        kind, info = "service", selector  # a URL may contain an @
    if kind == "service":
        return _open_service(info, configuration, headers, session)
    if kind not in LOCAL_DIRS:
        kind, info = "local", selector  # any other string is a path, as in Metaflow
    if not info:
        return LocalProvider(LocalTree(None, configuration, kind), memories=memories)
    folder = expanded(info).absolute()  # stays valid if the working folder changes
    if folder.name == LOCAL_DIRS[kind]:
        return LocalProvider(LocalTree(_existing(folder, selector), configuration, kind), memories=memories)
    root = _existing(folder / LOCAL_DIRS[kind], selector)
    return LocalProvider(LocalTree(root, configuration, kind), given=info, memories=memories)


def is_folder(selector: object) -> bool:
    """Return whether a metadata selector names a folder or the nearest one: not None, and not a service."""
    if not isinstance(selector, str):
        return isinstance(selector, os.PathLike)
    return not selector.startswith("http") and selector.partition("@")[0] != "service"


def _open_service(
    url: str, configuration: Configuration, headers: Headers | None, session: "requests.Session | None"
) -> "ServiceProvider":
    # Reading folders does not need these modules.
    from mfwidgets.providers.service import ServiceProvider
    from mfwidgets.providers.service_failures import checked_headers
    from mfwidgets.providers.service_http import ServiceHttp

    explicit = bool(url)
    url = url or configuration.get("SERVICE_URL") or ""
    if not _is_service_url(url):
        given = f"{redact_url(url)!r:.80}" if url else "none"
        query = " without a query (keys belong in METAFLOW_SERVICE_HEADERS)" if "?" in url or "#" in url else ""
        raise InvalidSelector(
            f"Expected the URL of a metadata service{query}, got {given}. Set METAFLOW_SERVICE_URL, choose a profile with "
            "METAFLOW_PROFILE, or try metadata('service@https://HOST')."
        )
    configured = configuration.service_headers(explicit_url=explicit)
    keys = [] if explicit else configuration.keys_of_the_user()
    hint = _without_keys(configuration, keys, url) if keys else ""

    packages = () if not explicit and configuration.project_names_service else tuple(extensions(HEADERS))

    def all_headers() -> dict[str, str]:
        own = checked_headers((headers() if callable(headers) else headers) or {})
        return configured | _headers_of(packages, url, configuration) | own

    attempts = configuration.number("SERVICE_RETRY_COUNT", 5)
    return ServiceProvider(ServiceHttp(url, all_headers, session, attempts, hint=hint))


def _is_service_url(url: str) -> bool:
    """Return whether a URL is complete and unambiguous. A password must be percent-encoded. There is no query."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - it raises for a malformed port
    except ValueError:
        return False
    rest = url.partition("://")[2].removeprefix(parts.netloc)
    plain = url.isprintable() and not set("@?#;&=").intersection(rest) and parts.netloc.count("@") <= 1
    return parts.scheme in ("http", "https") and bool(parts.hostname) and plain


def _headers_of(
    packages: Iterable[Extension[HeadersProvider]], url: str, configuration: Configuration
) -> dict[str, str]:
    """Return the headers that installed packages add. Those of the first package count."""
    from mfwidgets.providers.service_failures import checked_headers

    found: dict[str, str] = {}
    for package in packages:
        headers = package.call(package.value.headers, url, configuration, expected=Mapping)
        try:
            found = checked_headers(headers or {}) | found
        except MetaflowConfigurationError:
            package.fail("headers() returns what cannot be sent")
    return found


_noticed: set[tuple[str, str]] = set()
"""The hosts and files of notices. Each is shown once in a process."""


def _without_keys(configuration: Configuration, names: list[str], url: str) -> str:
    """Return a hint that keys of the user are not sent. If they are, as in Metaflow, warn once and return no hint."""
    host, file, keys = redact_url(url), str(configuration.project_file), " and ".join(names)
    if configuration.separate_keys:
        return f"{keys} of the user {'are' if len(names) > 1 else 'is'} not sent there, because {file} names this host."
    if (host, file) not in _noticed:
        _noticed.add((host, file))
        warn(
            f"{keys} of the user will be sent to {host}, because {file} names this host. "
            "If that is not right, set METAFLOW_SERVICE_URL.",
            KeysRedirected,
        )
    return ""


def _existing(root: Path, selector: str) -> Path:
    if "\0" in selector or not root.is_dir():
        shown = redact_selector(selector)
        place = f" The folder {root!s:.200} does not exist." if shown == selector else ""
        other = " For a metadata service, try 'service@https://HOST'." if _LIKE_A_HOST.search(selector) else ""
        raise InvalidSelector(
            f"Expected a folder with runs, got the metadata selector {shown!r:.200}.{place} "
            f"Try 'local@FOLDER', with a FOLDER that contains the {root.name} that Metaflow wrote.{other}"
        )
    return root
