"""Look at Metaflow runs in a notebook.

The Client API of Metaflow (``Metaflow``, ``Flow``, ``Run``, ``Step``, ``Task``, ``DataArtifact``), without metaflow:
its objects show themselves in cells, turn into DataFrames, and answer to one magic (``%load_ext mfwidgets``, then
``%mflow``).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from mfwidgets.client.artifact import DataArtifact, MetaflowArtifacts, MetaflowData
    from mfwidgets.client.caching import cache_info, clear_cache
    from mfwidgets.client.cards import get_cards
    from mfwidgets.client.code import MetaflowCode
    from mfwidgets.client.comparison import compare
    from mfwidgets.client.flow import Flow
    from mfwidgets.client.metaflow import Metaflow
    from mfwidgets.client.run import Run
    from mfwidgets.client.scope import (
        default_metadata,
        default_namespace,
        get_metadata,
        get_namespace,
        inspect_spin,
        metadata,
        namespace,
    )
    from mfwidgets.client.step import Step
    from mfwidgets.client.task import Task
    from mfwidgets.client.task_metadata import Metadata
    from mfwidgets.client.trigger import Trigger
    from mfwidgets.display_options import options
    from mfwidgets.sample_runs import sample
    from mfwidgets.widgets.opening import explore, watch

__version__ = "0.1.0"

__all__ = [
    "DataArtifact",
    "Flow",
    "Metadata",
    "Metaflow",
    "MetaflowArtifacts",
    "MetaflowCode",
    "MetaflowData",
    "Run",
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
    "Metadata": "client.task_metadata",
    "Metaflow": "client.metaflow",
    "MetaflowArtifacts": "client.artifact",
    "MetaflowCode": "client.code",
    "MetaflowData": "client.artifact",
    "Run": "client.run",
    "Step": "client.step",
    "Task": "client.task",
    "Trigger": "client.trigger",
    "cache_info": "client.caching",
    "clear_cache": "client.caching",
    "compare": "client.comparison",
    "default_metadata": "client.scope",
    "default_namespace": "client.scope",
    "explore": "widgets.opening",
    "get_cards": "client.cards",
    "get_metadata": "client.scope",
    "get_namespace": "client.scope",
    "inspect_spin": "client.scope",
    "metadata": "client.scope",
    "namespace": "client.scope",
    "options": "display_options",
    "sample": "sample_runs",
    "watch": "widgets.opening",
}
"""Where each public name lives; it is imported when it is first used (PEP 562)."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mfwidgets' has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(f"mfwidgets.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(ipython: "InteractiveShell") -> None:
    """Give a shell ``%mflow``, and Metaflow's own objects our display (``%load_ext mfwidgets``)."""
    from mfwidgets import metaflow_objects
    from mfwidgets.magic import shell

    shell.load(ipython)
    metaflow_objects.load(ipython)


def unload_ipython_extension(ipython: "InteractiveShell") -> None:
    """Take back what loading gave (``%unload_ext mfwidgets``)."""
    from mfwidgets import metaflow_objects
    from mfwidgets.magic import shell

    shell.unload(ipython)
    metaflow_objects.unload(ipython)
