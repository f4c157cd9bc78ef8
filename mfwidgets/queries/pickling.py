"""Rules for pickling a client. Headers are never pickled, only the name of a function that returns them."""

import sys
from importlib import import_module
from types import FunctionType

from mfwidgets.errors import NotPicklableError
from mfwidgets.providers.base import Headers


def headers_reference(headers: Headers) -> str:
    """Return ``module:name`` of a function that returns headers.

    Raises
    ------
    NotPicklableError
        ``headers`` is not a function, or a function that cannot be imported by name.
    """
    if isinstance(headers, FunctionType) and headers.__module__ != "__main__":
        target: object = sys.modules.get(headers.__module__)
        for part in headers.__qualname__.split("."):
            target = getattr(target, part, None)
        if target is headers:
            return f"{headers.__module__}:{headers.__qualname__}"
    raise NotPicklableError(
        "Cannot pickle a client with headers=, because they may contain a key. Pass a function of an importable module "
        "instead, or set METAFLOW_SERVICE_HEADERS where the pickle is loaded."
    )


def headers_from_reference(name: str) -> Headers:
    """Return the function with a name from :func:`headers_reference`."""
    module, _, path = name.partition(":")
    target: object = import_module(module)
    for part in path.split("."):
        target = getattr(target, part)
    return target  # type: ignore[return-value]


def session_not_picklable() -> NotPicklableError:
    """Return the error for a client with ``session=``."""
    return NotPicklableError(
        "Cannot pickle a client with session=. Leave it out, and set METAFLOW_SERVICE_HEADERS, REQUESTS_CA_BUNDLE or "
        "HTTPS_PROXY where the pickle is loaded."
    )
