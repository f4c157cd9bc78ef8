"""From an artifact's bytes to its value: the one place that unpickles, and only because the user asked for the value."""

import io
import pickle
from typing import Any

from mfwidgets.errors import UnloadableArtifact
from mfwidgets.pickles.metaflow_types import METAFLOW_TYPES

PICKLES = frozenset({"pickle-v2", "pickle-v4", "gzip+pickle-v2", "gzip+pickle-v4"})
"""The encodings of Metaflow itself; the gzip in a name is the blob's, undone when the blob was read."""


class _Unpickler(pickle.Unpickler):
    """Finds Metaflow's own classes among our stand-ins, all others where they are installed."""

    def find_class(self, module: str, name: str) -> Any:
        stand_in = METAFLOW_TYPES.get((module, name))
        if stand_in:
            return stand_in
        try:
            return super().find_class(module, name)
        except (ImportError, AttributeError) as error:
            raise _CannotImport(module, name, error) from error


class _CannotImport(Exception):
    def __init__(self, module: str, name: str, error: Exception) -> None:
        self.module, self.name, self.error = module, name, error


def load_value(content: bytes, encoding: str, owner: str) -> Any:
    """Turn an artifact's bytes into its value.

    Unpickling runs what the pickle says: it is done for ``.data`` and its kin alone.

    Raises
    ------
    UnloadableArtifact
        The encoding is an extension's, a class cannot be imported here, or the bytes are no pickle.
    """
    if encoding not in PICKLES:
        raise UnloadableArtifact(
            f"{owner} was serialized as '{encoding}' by an extension of Metaflow, which mfwidgets does not know. "
            "Its bytes are at .raw()."
        )
    try:
        return _Unpickler(io.BytesIO(content)).load()
    except _CannotImport as missing:
        where = f"'{missing.name}' of module '{missing.module}'"
        way_out = (
            "Define or import it in __main__ first"
            if missing.module == "__main__"
            else (f"Install or put on sys.path what provides '{missing.module}'")
        )
        raise UnloadableArtifact(
            f"{owner} holds an object of {where}, which cannot be imported here ({missing.error}). "
            f"{way_out}; its bytes are at .raw()."
        ) from missing
    except Exception as error:
        # Anything can be raised here: the constructors and __setstate__ of the user's classes run.
        raise UnloadableArtifact(
            f"{owner} cannot be unpickled here: {type(error).__name__}: {error}. Its bytes are at .raw()."
        ) from error
