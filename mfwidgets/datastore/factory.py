"""From what a record says about its datastore to the datastore itself."""

import re
from pathlib import Path

from mfwidgets.config import Configuration
from mfwidgets.datastore.base import Datastore
from mfwidgets.datastore.cloud import CLOUDS, open_cloud
from mfwidgets.datastore.local import LocalDatastore
from mfwidgets.errors import DataException

_LEGACY_BLOB = re.compile(r"/data/[0-9a-f]{2}/(?:r_)?[0-9a-f]{40}\Z")


class Datastores:
    """The datastores that one configuration leads to, each opened once.

    Parameters
    ----------
    configuration
        Where the clouds' endpoints stand. Whoever reads the configuration again makes new datastores.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self._opened: dict[tuple[str, str, Path | None], Datastore] = {}

    def get(self, ds_type: str, root: str, home: Path | None) -> Datastore:
        """Return a datastore. The parameters are those of :func:`open_datastore`, which is called on first use."""
        key = (ds_type, root, home)
        if key not in self._opened:
            # Two threads may open the same one. Both then take the first.
            self._opened.setdefault(key, open_datastore(ds_type, root, home, self.configuration))
        return self._opened[key]


def open_datastore(ds_type: str, root: str, home: Path | None, configuration: Configuration) -> Datastore:
    """Return the datastore that records name.

    Parameters
    ----------
    ds_type
        Metaflow's name of the kind, such as ``local``.
    root
        The recorded root; empty when nothing recorded one.
    home
        The ``.metaflow`` folder whose metadata is being read, if it is one; asked first for local data.
    configuration
        Where the clouds' endpoints stand.

    Raises
    ------
    DataException
        This kind cannot be read.
    """
    if ds_type in CLOUDS:
        return open_cloud(ds_type, root, configuration)
    if ds_type not in ("local", "spin", ""):
        known = ", ".join(["local", *CLOUDS])
        raise DataException(
            f"The data of this object lie in a datastore of type {ds_type!r:.40} ({root}), which is none of {known}; "
            "its metadata can be shown."
        )
    roots = [home] if home else []
    if root and Path(root) != home:
        roots.append(Path(root))
    return LocalDatastore(tuple(roots))


def root_of_location(location: str, flow: str) -> str:
    """Return the datastore root in an artifact's ``location``: ``:root:<root>``, or an old full URL of the blob."""
    if location.startswith(":root:"):
        return location.removeprefix(":root:")
    blob = _LEGACY_BLOB.search(location)
    return location[: blob.start()].removesuffix(f"/{flow}") if blob else ""
