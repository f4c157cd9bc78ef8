"""Writes the tags of a local run: the one thing that this package ever writes into a ``.metaflow`` folder."""

import json
import os
import tempfile
import threading
import time
from pathlib import Path

from mfwidgets.errors import MetaflowTaggingError
from mfwidgets.providers.base import TagUpdate
from mfwidgets.providers.local_files import Json, read_json, texts

MAX_ATTEMPTS = 5
RETRY_DELAY_S = 0.3
"""Seconds between tries, as in Metaflow's own client."""

_own = threading.Lock()
"""Threads of this process take turns; other processes can only be noticed."""


def change_tags(entry: Path, change: TagUpdate) -> frozenset[str]:
    """Change the user tags in a run's ``_self.json``, and return them.

    Everything else in the entry stays as it is, time and user included. The file is replaced as a whole. Nothing locks
    it, and Metaflow's client writes it the same way: so it is read back, and changed again when somebody else won.

    Raises
    ------
    MetaflowTaggingError
        The rules forbid the change, the file cannot be written, or somebody else always wins.
    """
    for attempt in range(MAX_ATTEMPTS):
        if attempt:
            time.sleep(RETRY_DELAY_S)
        with _own:
            content = _read(entry)
            before, system = frozenset(texts(content, "tags")), frozenset(texts(content, "system_tags"))
            after = change(before, system)
            if after == before:
                return after
            _replace(entry, content | {"tags": sorted(after)})
            now = frozenset(texts(_read(entry), "tags"))
        if change(now, system) == now:
            return now
    raise MetaflowTaggingError(f"The tags in {entry} are being changed by somebody else all the time: try again later.")


def _read(entry: Path) -> Json:
    content = read_json(str(entry))
    if content is None:
        raise MetaflowTaggingError(f"The run is gone: there is no {entry}.")
    return content


def _replace(entry: Path, content: Json) -> None:
    try:
        # Metaflow's readers skip such names, and its own files have the same mode.
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=entry.parent, prefix="tmp", delete=False) as beside:
            json.dump(content, beside)
        os.replace(beside.name, entry)  # noqa: PTH105 - of two names, not of paths
    except OSError as error:
        raise MetaflowTaggingError(f"The tags in {entry} cannot be changed: {error.strerror or error}.") from error
