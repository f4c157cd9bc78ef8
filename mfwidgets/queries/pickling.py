"""What of an explicit client may travel in a pickle: headers never, only the name of a function that gives them."""

import sys
from importlib import import_module
from types import FunctionType

from mfwidgets.errors import NotPicklableError
from mfwidgets.providers.service_http import Headers


def headers_reference(headers: Headers) -> str:
    """Return ``module:name`` of a function that gives headers.

    Raises
    ------
    NotPicklableError
        They are headers themselves, or a function that cannot be imported elsewhere.
    """
    if isinstance(headers, FunctionType) and headers.__module__ != "__main__":
        found: object = sys.modules.get(headers.__module__)
        for part in headers.__qualname__.split("."):
            found = getattr(found, part, None)
        if found is headers:
            return f"{headers.__module__}:{headers.__qualname__}"
    raise NotPicklableError(
        "This client was made with headers=, which may hold a key and so are never written into a pickle. Give a function "
        "of an importable module instead, or leave them out and set METAFLOW_SERVICE_HEADERS where the pickle is read."
    )


def headers_from_reference(name: str) -> Headers:
    """Return the function of a name that :func:`headers_reference` gave."""
    module, _, path = name.partition(":")
    found: object = import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return found  # type: ignore[return-value]


def session_not_picklable() -> NotPicklableError:
    """Return the error for a client with a session of the caller's own."""
    return NotPicklableError(
        "This client was made with session=, which cannot be written into a pickle: leave it out, and set what it needs "
        "(METAFLOW_SERVICE_HEADERS, REQUESTS_CA_BUNDLE, HTTPS_PROXY) where the pickle is read."
    )
