"""The contexts of client objects that are in artifacts: Metaflow pickles the address of an object, not the object."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace

from mfwidgets.errors import InvalidSelector
from mfwidgets.pickles.metaflow_types import ClientState
from mfwidgets.queries.context import ClientContext, current_context, new_context

_reading: ContextVar[ClientContext | None] = ContextVar("mfwidgets_reading", default=None)


@contextmanager
def reading_in(context: ClientContext) -> Iterator[None]:
    """While a value is unpickled, let the client objects in it belong to the context of its artifact.

    Without it, an object in an artifact of an explicit client would be looked up without the client's headers.
    """
    token = _reading.set(context)
    try:
        yield
    finally:
        _reading.reset(token)


def reading_context() -> ClientContext:
    """Return the context of the artifact that is being unpickled, otherwise the current context."""
    return _reading.get() or current_context()


def context_of_stored(state: ClientState) -> ClientContext:
    """Return the context of an object of Metaflow's client from its pickled state.

    Its provider is the recorded one. If that folder does not exist here, the ``.metaflow`` folder was moved or copied. Then
    it is the provider of the artifact.
    """
    context = reading_context()
    namespace = context.namespace_setting if state.is_in_current_namespace else state.namespace
    if state.selector in (None, context.provider.selector, context.provider.address):
        return replace(context, namespace_setting=namespace)
    try:
        return new_context(state.selector, namespace)
    except InvalidSelector:
        return replace(context, namespace_setting=namespace)
