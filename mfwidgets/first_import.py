"""Imports modules on first use, as fast as possible.

A hundred modules make tens of thousands of objects that stay. Python's garbage collector looks through them fifty times
while they are imported, and finds nothing. That takes a sixth of the time, so it pauses here. This module is short because
everything that is imported on first use goes through it.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType


def first_import(name: str) -> ModuleType:
    """Return a module, and import it if that has not happened.

    Parameters
    ----------
    name
        The full name of the module.

    Raises
    ------
    ImportError
        The module cannot be imported.
    """
    if name in sys.modules:
        return import_module(name)  # waits if another thread imports it now
    with garbage_collection_paused():
        return import_module(name)


@contextmanager
def garbage_collection_paused() -> Iterator[None]:
    """Pause the garbage collector of this process, unless it is off."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
