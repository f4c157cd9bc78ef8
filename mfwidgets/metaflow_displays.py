"""Displays Metaflow's own client objects as ours: ``metaflow.Run('HelloFlow/2')`` in a cell.

IPython's formatters are registered by class name, so metaflow is neither imported nor patched. The pickled state of
an object has its pathspec, its attempt, the metadata selector and the namespace in which it was made.
"""

import logging
import sys
from typing import TYPE_CHECKING, Any

from mfwidgets.client.base import class_of
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.concurrency import call_with_timeout
from mfwidgets.display import Displayable
from mfwidgets.display_options import options
from mfwidgets.pathspec import kind_of, parse
from mfwidgets.queries.context import new_context
from mfwidgets.render.html import load_templates
from mfwidgets.views.show import render_to_fit

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_MODULE = "metaflow.client.core"
_OBJECTS = ("Metaflow", "Flow", "Run", "Step", "Task", "DataArtifact")


def from_metaflow(theirs: Any) -> Displayable:
    """Return our object for one of Metaflow's. Reads its record; Metaflow's own context does not change."""
    if type(theirs).__name__ == "Metaflow":
        # Metaflow's root object has no namespace attribute. Its namespace is a variable of its module.
        module = sys.modules[type(theirs).__module__]
        return Metaflow(theirs.metadata.metadata_str(), module.get_namespace())
    pathspec, attempt, selector, namespace, checked = theirs.__getstate__()["data"]
    path = parse(pathspec)
    return class_of(kind_of(path))._in_context(new_context(selector, namespace if checked else None), path, attempt)


def bundle(theirs: Any) -> dict[str, str] | None:
    """Return the display of one of Metaflow's objects, or None after any error: IPython then shows Metaflow's repr."""
    load_templates()
    try:
        return call_with_timeout(options.display_timeout_s, lambda: render_to_fit(from_metaflow(theirs)))
    except Exception:  # an error in our display must not hide the user's object
        logging.getLogger(__name__).debug("no display for metaflow's %s", type(theirs).__name__, exc_info=True)
        return None


def load(ipython: "InteractiveShell") -> None:
    """Register the displays. This works before metaflow is imported."""
    for name in _OBJECTS:
        _formatter(ipython).for_type_by_name(_MODULE, name, bundle)


def unload(ipython: "InteractiveShell") -> None:
    """Remove the displays."""
    for name in _OBJECTS:
        _formatter(ipython).pop(f"{_MODULE}.{name}", None)


def _formatter(ipython: "InteractiveShell") -> Any:
    assert ipython.display_formatter
    return ipython.display_formatter.mimebundle_formatter
