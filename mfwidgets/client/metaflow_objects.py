"""Takes Metaflow's own objects where ours are expected: runs and tasks of its client, and results of its runners.

Nothing is imported from metaflow: its classes are recognised by their names.
"""

import sys
from typing import Any

from mfwidgets.client.base import class_of
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.errors import MetaflowNotFound
from mfwidgets.pathspec import kind_of, parse
from mfwidgets.queries.context import new_context

_CLIENT_MODULE = "metaflow.client.core"
"""The module of Metaflow's client classes."""

_RUNNING = ("ExecutingRun", "ExecutingTask", "TriggeredRun")
"""Results of ``Runner`` and ``Deployer``. Their ``run`` or ``task`` is an object of the client, or None before it exists."""


def from_metaflow(theirs: Any) -> Any:
    """Return our object for one of Metaflow's client. Reads its record; Metaflow's own context does not change."""
    if type(theirs).__name__ == "Metaflow":
        # Metaflow's root object has no namespace attribute. Its namespace is a variable of its module.
        module = sys.modules[type(theirs).__module__]
        return Metaflow(theirs.metadata.metadata_str(), module.get_namespace())
    pathspec, attempt, selector, namespace, checked = theirs.__getstate__()["data"]
    path = parse(pathspec)
    return class_of(kind_of(path))._in_context(new_context(selector, namespace if checked else None), path, attempt)


def ours(value: Any) -> Any:
    """Return our object for one of Metaflow's. Return any other value unchanged.

    Raises
    ------
    MetaflowNotFound
        A result of a runner has no run yet.
    """
    classes = type(value).__mro__
    if any(base.__module__ == _CLIENT_MODULE for base in classes):
        return from_metaflow(value)
    name = next((base.__name__ for base in classes if base.__name__ in _RUNNING), None)
    if name is None or not type(value).__module__.startswith("metaflow"):
        return value
    started = value.task if name == "ExecutingTask" else value.run
    if started is None:
        raise MetaflowNotFound(f"Expected a run that has begun, got a {name} without one. Try again in a moment.")
    return from_metaflow(started)
