"""Look at Metaflow runs in a notebook.

An implementation of Metaflow's Client API (``Metaflow``, ``Flow``, ``Run``, ``Step``, ``Task``, ``DataArtifact``) that
does not need metaflow. Its objects display themselves in cells and convert to DataFrames. ``%load_ext mfwidgets`` adds
the magic ``%mflow``.
"""

from typing import TYPE_CHECKING, Any

from mfwidgets import display
from mfwidgets.first_import import first_import

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from mfwidgets.client.answers.comparison import compare
    from mfwidgets.client.artifact import DataArtifact, MetaflowArtifacts, MetaflowData
    from mfwidgets.client.cards import get_cards
    from mfwidgets.client.code import MetaflowCode
    from mfwidgets.client.flow import Flow
    from mfwidgets.client.metaflow import Metaflow
    from mfwidgets.client.run import Run
    from mfwidgets.client.step import Step
    from mfwidgets.client.task import Task
    from mfwidgets.client.trigger import Trigger
    from mfwidgets.display_options import options
    from mfwidgets.index.cache import cache_info, clear_cache
    from mfwidgets.queries.context import (
        default_metadata,
        default_namespace,
        get_metadata,
        get_namespace,
        inspect_spin,
        metadata,
        namespace,
    )
    from mfwidgets.queries.status.rules import StatusName
    from mfwidgets.queries.task_metadata import Metadata
    from mfwidgets.sample_runs import sample
    from mfwidgets.widgets.api import explore, watch

__version__ = "0.2.0"

display.register(renderer="mfwidgets.views.show", explorer="mfwidgets.widgets.api")

__all__ = [
    "DataArtifact",
    "Flow",
    "Metadata",
    "Metaflow",
    "MetaflowArtifacts",
    "MetaflowCode",
    "MetaflowData",
    "Run",
    "StatusName",
    "Step",
    "Task",
    "Trigger",
    "cache_info",
    "clear_cache",
    "compare",
    "default_metadata",
    "default_namespace",
    "explore",
    "get_cards",
    "get_metadata",
    "get_namespace",
    "inspect_spin",
    "load_ipython_extension",
    "metadata",
    "namespace",
    "options",
    "sample",
    "unload_ipython_extension",
    "watch",
]

_HOMES = {
    "DataArtifact": "client.artifact",
    "Flow": "client.flow",
    "Metadata": "queries.task_metadata",
    "Metaflow": "client.metaflow",
    "MetaflowArtifacts": "client.artifact",
    "MetaflowCode": "client.code",
    "MetaflowData": "client.artifact",
    "Run": "client.run",
    "StatusName": "queries.status.rules",
    "Step": "client.step",
    "Task": "client.task",
    "Trigger": "client.trigger",
    "cache_info": "index.cache",
    "clear_cache": "index.cache",
    "compare": "client.answers.comparison",
    "default_metadata": "queries.context",
    "default_namespace": "queries.context",
    "explore": "widgets.api",
    "get_cards": "client.cards",
    "get_metadata": "queries.context",
    "get_namespace": "queries.context",
    "inspect_spin": "queries.context",
    "metadata": "queries.context",
    "namespace": "queries.context",
    "options": "display_options",
    "sample": "sample_runs",
    "watch": "widgets.api",
}
"""The module of each public name. It is imported on first use (PEP 562), so that ``import mfwidgets`` is fast."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mfwidgets' has no attribute {name!r}")
    member = getattr(first_import(f"mfwidgets.{_HOMES[name]}"), name)
    globals()[name] = member
    return member


def __dir__() -> list[str]:
    # Completion should not offer submodules and this module's own imports.
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})


def load_ipython_extension(ipython: "InteractiveShell") -> None:
    """Add ``%mflow`` to a shell, and displays to Metaflow's own objects.

    IPython calls this for ``%load_ext mfwidgets``. Reads nothing; metaflow is not imported.

    Parameters
    ----------
    ipython
        The shell. Loading twice has no further effect.

    Examples
    --------
    In a notebook::

        %load_ext mfwidgets
        %mflow HelloFlow/latest
    """
    from mfwidgets import metaflow_displays
    from mfwidgets.magic import ipython_extension

    ipython_extension.load(ipython)
    metaflow_displays.load(ipython)


def unload_ipython_extension(ipython: "InteractiveShell") -> None:
    """Remove ``%mflow`` and the displays of Metaflow's own objects.

    IPython calls this for ``%unload_ext mfwidgets``. Reads nothing.

    Parameters
    ----------
    ipython
        The shell.
    """
    from mfwidgets import metaflow_displays
    from mfwidgets.magic import ipython_extension

    ipython_extension.unload(ipython)
    metaflow_displays.unload(ipython)
