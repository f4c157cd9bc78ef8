"""Opens the provider that a metadata selector such as ``local@/home/ann/project`` names."""

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mfwidgets.config import LOCAL_DIRS, Configuration
from mfwidgets.errors import InvalidSelector
from mfwidgets.providers.base import MetadataProvider
from mfwidgets.providers.local import LocalProvider
from mfwidgets.providers.service import ServiceProvider
from mfwidgets.providers.service_http import Headers, ServiceHttp

if TYPE_CHECKING:
    import requests


def open_provider(
    selector: str | os.PathLike[str] | None,
    configuration: Configuration,
    headers: Headers | None = None,
    session: "requests.Session | None" = None,
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
    kind, _, info = selector.partition("@")
    if selector.startswith("http"):
        kind, info = "service", selector  # a URL may contain an @
    if kind == "service":
        return _open_service(info, configuration, headers, session)
    if kind not in LOCAL_DIRS:
        kind, info = "local", selector  # any other string is a path, as in Metaflow
    if not info:
        return LocalProvider(None, configuration, kind=kind)
    folder = Path(info).expanduser().absolute()  # stays valid if the working folder changes
    if folder.name == LOCAL_DIRS[kind]:
        return LocalProvider(_existing(folder, selector), configuration, kind=kind)
    return LocalProvider(_existing(folder / LOCAL_DIRS[kind], selector), configuration, given=info, kind=kind)


def _open_service(
    url: str, configuration: Configuration, headers: Headers | None, session: "requests.Session | None"
) -> ServiceProvider:
    url = url or configuration.get("SERVICE_URL") or ""
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        given = f"{url.rpartition('@')[2]!r:.80}" if url else "none"
        raise InvalidSelector(
            f"Expected the URL of a metadata service, got {given}. Set METAFLOW_SERVICE_URL, choose a profile with "
            "METAFLOW_PROFILE, or try metadata('service@https://HOST')."
        )
    configured = configuration.service_headers()

    def all_headers() -> dict[str, str]:
        return {**configured, **((headers() if callable(headers) else headers) or {})}

    return ServiceProvider(ServiceHttp(url, all_headers, session, configuration.number("SERVICE_RETRY_COUNT", 5)))


def _existing(root: Path, selector: str) -> Path:
    if "\0" in selector or not root.is_dir():
        raise InvalidSelector(
            f"The metadata selector {selector!r} names no runs: there is no folder {root}. Expected "
            f"'local@FOLDER', with a FOLDER that contains the {root.name} that Metaflow wrote."
        )
    return root
