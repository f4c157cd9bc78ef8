"""From a metadata selector (``local@/home/ann/project``) to the provider that it names."""

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
    """Return the provider that a selector names; None is the configured default.

    Parameters
    ----------
    selector
        ``local``, ``local@<folder that holds .metaflow>``, or that folder alone; ``spin`` or ``spin@<folder>`` for
        spins; or a path. ``~`` is the home folder, and the ``.metaflow`` folder itself will do as well. ``service``,
        ``service@<URL>`` or the URL alone is a metadata service.
    configuration
        Says what the default is.
    headers, session
        For a service: headers beside those that are configured, and a session of the caller's own.

    Raises
    ------
    InvalidSelector
        Nothing there can be read; the message says what was looked for.
    """
    if selector is None:
        selector = configuration.default_metadata
    if isinstance(selector, os.PathLike):
        selector = os.fspath(selector)
    if not isinstance(selector, str):
        raise InvalidSelector(f"A metadata selector is a text like 'local@/path', not {type(selector).__name__}.")
    kind, _, info = selector.partition("@")
    if selector.startswith("http"):
        kind, info = "service", selector  # a URL may have an @ of its own
    if kind == "service":
        return _open_service(info, configuration, headers, session)
    if kind not in LOCAL_DIRS:
        kind, info = "local", selector  # any other text is a path, as in Metaflow
    if not info:
        return LocalProvider(None, configuration, kind=kind)
    folder = Path(info).expanduser().absolute()  # the working folder may change, what was chosen may not
    if folder.name == LOCAL_DIRS[kind]:
        return LocalProvider(_existing(folder, selector), configuration, kind=kind)
    return LocalProvider(_existing(folder / LOCAL_DIRS[kind], selector), configuration, given=info, kind=kind)


def _open_service(
    url: str, configuration: Configuration, headers: Headers | None, session: "requests.Session | None"
) -> ServiceProvider:
    url = url or configuration.get("SERVICE_URL") or ""
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        given = f"{url.rpartition('@')[2]!r:.80} is no URL" if url else "there is none"
        raise InvalidSelector(
            f"A metadata service needs a URL, and {given}: set METAFLOW_SERVICE_URL, choose a profile with "
            "METAFLOW_PROFILE, or say metadata('service@https://HOST')."
        )
    configured = configuration.service_headers()

    def all_headers() -> dict[str, str]:
        return {**configured, **((headers() if callable(headers) else headers) or {})}

    return ServiceProvider(ServiceHttp(url, all_headers, session, configuration.number("SERVICE_RETRY_COUNT", 5)))


def _existing(root: Path, selector: str) -> Path:
    if "\0" in selector or not root.is_dir():
        raise InvalidSelector(
            f"The metadata selector {selector!r} names no runs: there is no folder {root}. Expected "
            f"'local@FOLDER', where FOLDER holds the {root.name} that Metaflow wrote."
        )
    return root
