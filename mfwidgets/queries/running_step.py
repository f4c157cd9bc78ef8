"""What Metaflow set for the step that runs in this process: its namespace and its metadata provider.

Inside of a step, ``--namespace`` and ``--metadata`` of the run hold, not the configuration. Metaflow keeps both in
variables of its modules, which a process that runs a step has imported. Nothing is imported here.
"""

import sys
from collections.abc import Callable
from typing import Any


def _current() -> Any:
    """Return Metaflow's ``current`` if this process runs a step, otherwise None."""
    current = getattr(sys.modules.get("metaflow.metaflow_current"), "current", None)
    return current if getattr(current, "is_running_flow", False) is True else None


def step_namespace(default: Callable[[], str]) -> str | None:
    """Return the namespace that Metaflow's client has in the running step. None selects all runs.

    Parameters
    ----------
    default
        Returns the default namespace. Called outside of a step, or if Metaflow's client has its default namespace there.
    """
    # False is the value before Metaflow's client has looked up its default.
    core = sys.modules.get("metaflow.client.core") if is_in_step() else None
    namespace = getattr(core, "current_namespace", False)
    return namespace if namespace is None or isinstance(namespace, str) else default()


def step_metadata() -> str | None:
    """Return the selector of the metadata provider of the running step. None outside of a step."""
    selector = getattr(_current(), "_metadata_str", None)
    return selector if isinstance(selector, str) and selector else None


def is_in_step() -> bool:
    """Return whether this process runs a step of a flow."""
    return _current() is not None
