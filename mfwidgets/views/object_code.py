"""The Python expression that returns an object of the Client API, for lines that people run."""

from typing import Any

from mfwidgets.code_lines import string_literal
from mfwidgets.errors import MetaflowException
from mfwidgets.queries.context import current_context


def object_code(target: Any) -> str:
    """Return an expression that returns an object: ``Run('HelloFlow/2')``.

    It names metadata and namespace if they are not the current ones.

    Parameters
    ----------
    target
        An object with a pathspec.

    Examples
    --------
    >>> object_code(Run("HelloFlow/1795378926761243"))
    "Run('HelloFlow/1795378926761243')"
    """
    if _is_current(target):
        return f"{type(target).__name__}({string_literal(target.pathspec)})"
    context = target._context
    namespace = None if context.namespace is None else string_literal(context.namespace)
    client = f"Metaflow({string_literal(context.provider.address)}, {namespace})"
    return f"{client}.get({string_literal(target.pathspec)})"


def _is_current(target: Any) -> bool:
    """Return whether metadata and namespace of an object are the current ones."""
    try:
        here, there = current_context(), target._context
        same = (there.provider.address, there.namespace) == (here.provider.address, here.namespace)
    except MetaflowException:  # the current provider cannot be opened, or there is no default namespace
        return False
    return same
