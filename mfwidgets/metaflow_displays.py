"""Displays Metaflow's own objects as ours: ``metaflow.Run('HelloFlow/2')``, or the result of a ``Runner``, in a cell.

IPython's formatters are registered by class name, so metaflow is neither imported nor patched. The pickled state of
an object has its pathspec, its attempt, the metadata selector and the namespace in which it was made.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_OBJECTS = (
    *(("metaflow.client.core", name) for name in ("Metaflow", "Flow", "Run", "Step", "Task", "DataArtifact")),
    ("metaflow.runner.metaflow_runner", "ExecutingRun"),
    ("metaflow.runner.metaflow_runner", "ExecutingTask"),
    ("metaflow.runner.deployer", "TriggeredRun"),
)
"""The classes of objects that are displayed as ours, by module and name. IPython also finds their subclasses."""


def bundle(theirs: Any) -> dict[str, str] | None:
    """Return the display of one of Metaflow's objects, or None after any error: IPython then shows Metaflow's repr."""
    from mfwidgets.client.metaflow_objects import ours  # with the first display, not when the extension is loaded
    from mfwidgets.concurrency import call_with_timeout
    from mfwidgets.display_options import options
    from mfwidgets.render.html import load_templates
    from mfwidgets.views.show import render_to_fit

    load_templates()
    try:
        return call_with_timeout(options.display_timeout_s, lambda: render_to_fit(ours(theirs)))
    except Exception:  # an error in our display must not hide the user's object
        import logging

        logging.getLogger(__name__).debug("no display for metaflow's %s", type(theirs).__name__, exc_info=True)
        return None


def load(ipython: "InteractiveShell") -> None:
    """Register the displays. This works before metaflow is imported."""
    for module, name in _OBJECTS:
        _formatter(ipython).for_type_by_name(module, name, bundle)


def unload(ipython: "InteractiveShell") -> None:
    """Remove the displays."""
    for module, name in _OBJECTS:
        _formatter(ipython).pop(f"{module}.{name}", None)


def _formatter(ipython: "InteractiveShell") -> Any:
    assert ipython.display_formatter
    return ipython.display_formatter.mimebundle_formatter
