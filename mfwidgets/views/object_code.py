"""The Python expression that returns an object of the Client API, for lines that people run."""

from typing import Any

from mfwidgets.code_lines import is_quotable, mflow_line, string_literal
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
    return f"{client_code(target)}.get({string_literal(target.pathspec)})"


def client_code(target: Any) -> str:
    """Return an expression that returns the client of an object: ``Metaflow()`` if it is the current one."""
    if _is_current(target):
        return "Metaflow()"
    context = target._context
    namespace = None if context.namespace is None else string_literal(context.namespace)
    return f"Metaflow({string_literal(context.provider.address)}, {namespace})"


def _is_current(target: Any) -> bool:
    """Return whether metadata and namespace of an object are the current ones."""
    try:
        here, there = current_context(), target._context
        same = (there.provider.address, there.namespace) == (here.provider.address, here.namespace)
    except MetaflowException:  # the current provider cannot be opened, or there is no default namespace
        return False
    return same


def why_line(run: Any) -> str:
    """Return the line that explains why a run failed: of ``%mflow``, or of Python if that reads somewhere else.

    Empty if its name has hidden characters.
    """
    if not _is_current(run):
        return f"{object_code(run)}.why()" if is_quotable(run.pathspec) else ""
    return mflow_line("why", run.pathspec)
