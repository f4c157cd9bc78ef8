"""Unpickles the value of an artifact, when the user requests it. No other module unpickles artifacts."""

import io
import pickle
from importlib import import_module
from typing import Any

from mfwidgets.errors import (
    MetaflowNamespaceMismatch,
    MetaflowNotFound,
    UnloadableArtifact,
    UnloadableClass,
    UnloadableModule,
)
from mfwidgets.pickles.metaflow_types import METAFLOW_TYPES, WITHOUT_METAFLOW

PICKLES = frozenset({"pickle-v2", "pickle-v4", "gzip+pickle-v2", "gzip+pickle-v4"})
"""Metaflow's own encodings. The gzip in a name is undone when the blob is read."""


class _Unpickler(pickle.Unpickler):
    """Replaces Metaflow's own classes by our stand-ins, and imports all other classes."""

    def find_class(self, module: str, name: str) -> Any:
        stand_in = METAFLOW_TYPES.get((module, name))
        if stand_in:
            return stand_in
        try:
            return super().find_class(module, name)
        except (ImportError, AttributeError) as error:
            own = WITHOUT_METAFLOW.get((module, name))
            if own:
                return getattr(import_module(own[0]), own[1])
            raise _CannotImport(module, name, error) from error


class _CannotImport(Exception):
    def __init__(self, module: str, name: str, error: Exception) -> None:
        self.module, self.name, self.error = module, name, error


def load_value(content: bytes, encoding: str, owner: str) -> Any:
    """Return the value of an artifact from its bytes.

    Unpickling can run arbitrary code. Only calls that return values, such as ``.data``, do it.

    Parameters
    ----------
    content
        The bytes.
    encoding
        The encoding that the metadata records.
    owner
        The artifact, for messages.

    Raises
    ------
    UnloadableModule, UnloadableClass
        A class cannot be imported here, or unpickling raises an ImportError or an AttributeError. They are such errors, too,
        because code for Metaflow's client catches these.
    UnloadableArtifact
        The encoding is not Metaflow's own, or unpickling raises any other error.
    MetaflowNotFound, MetaflowNamespaceMismatch
        The value has an object of the Client API that does not exist or is in another namespace.
    """
    if encoding not in PICKLES:
        raise UnloadableArtifact(
            f"Expected one of Metaflow's own encodings for {owner}, got '{encoding}' of an extension. "
            "Try .raw() for the bytes."
        )
    try:
        return _Unpickler(io.BytesIO(content)).load()
    except _CannotImport as missing:
        advice = (
            "defining or importing it in __main__"
            if missing.module == "__main__"
            else f"installing the package of '{missing.module}' or adding it to sys.path"
        )
        raise _kind_of(missing.error)(
            f"{owner} has an object of '{missing.name}' of module '{missing.module}', which cannot be imported here "
            f"({missing.error}). Try {advice}, or .raw() for the bytes."
        ) from missing
    except (MetaflowNotFound, MetaflowNamespaceMismatch):
        raise
    except Exception as error:
        # Any error is possible: unpickling runs constructors and __setstate__ of the user's classes.
        raise _kind_of(error)(
            f"{owner} cannot be unpickled here: {type(error).__name__}: {error}. Try .raw() for the bytes."
        ) from error


def _kind_of(error: Exception) -> type[UnloadableArtifact]:
    if isinstance(error, ImportError):
        return UnloadableModule
    return UnloadableClass if isinstance(error, AttributeError) else UnloadableArtifact
