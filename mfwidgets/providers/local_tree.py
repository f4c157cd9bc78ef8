"""Where the objects are in a ``.metaflow`` folder: their folders, what is below them, and their own entries."""

from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path

from mfwidgets.config import Configuration
from mfwidgets.errors import CorruptFile
from mfwidgets.providers.base import PathPrefix
from mfwidgets.providers.local_files import Json, LocalFiles, folder_of

_TASK = 4
"""Components of the path of a task."""


class LocalTree:
    """The folders of a ``.metaflow`` folder.

    An object exists if and only if its ``_meta/_self.json`` exists. Names are always taken literally, without globbing. A
    name that is not a plain file name (``..``, ``a/b``) matches no object.

    Parameters
    ----------
    root
        The folder itself. None means: search for it upward from the configuration's folder. As long as there is none,
        each call searches again, because the first run may be about to start.
    configuration
        Contains the folder where the search starts.
    kind
        ``local`` or ``spin``. Metaflow keeps spins in another folder with the same layout.
    files
        Reads the files.
    """

    def __init__(
        self, root: Path | None, configuration: Configuration, kind: str = "local", files: LocalFiles | None = None
    ) -> None:
        self._root = root
        self._configuration = configuration
        self.kind = kind
        self.files = files or LocalFiles()

    def reading_with(self, files: LocalFiles) -> "LocalTree":
        """Return a copy that reads the files in another way."""
        return LocalTree(self._root, self._configuration, self.kind, files)

    @property
    def root(self) -> Path | None:
        """The ``.metaflow`` folder, or None while there is none."""
        if self._root is None:
            self._root = self._configuration.local_root(self.kind)
        return self._root

    def folder(self, path: PathPrefix) -> str | None:
        """Return the folder of an object. None if it cannot have one."""
        root = self.root
        return folder_of(root, path) if root else None

    def children(self, path: PathPrefix) -> list[str]:
        """Return the names of the folders below an object (one listing). Only those with a ``_self.json`` are objects."""
        names = self.files.names(self.folder(path), only_folders=True)
        place = bisect_left(names, "_meta")
        names = names.copy()  # a display keeps the listing
        if names[place : place + 1] == ["_meta"]:
            del names[place]
        return names

    def task_paths(self, where: PathPrefix) -> Iterator[PathPrefix]:
        """Yield the path of every folder of a task at or below an object. Leaves out what cannot be listed."""
        if len(where) == _TASK:
            yield where
            return
        try:
            names = self.children(where)
        except CorruptFile:  # others are still shown
            return
        for name in names:
            yield from self.task_paths((*where, name))

    def entry(self, path: PathPrefix, *, tolerant: bool = False) -> Json | None:
        """Return an object's own entry (one file read), or None if it is missing.

        Parameters
        ----------
        tolerant
            Whether a broken entry counts as empty.

        Raises
        ------
        CorruptFile
            The entry is broken.
        """
        folder = self.folder(path)
        if folder is None:
            return None
        try:
            return self.files.json(f"{folder}/_meta/_self.json")
        except CorruptFile:
            if not tolerant:
                raise
            return {}
