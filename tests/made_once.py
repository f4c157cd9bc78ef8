"""Lets one process make a folder of runs, while others that need it wait."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def made_once(folder: Path, *parts: str) -> Iterator[bool]:
    """Yield whether the folder has to be made, because a part is missing. It is then empty.

    Runs that two processes make in one folder break each other: the second one removes what the first has begun.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # ends with the file
        is_made = all((folder / part).is_file() for part in parts)
        if not is_made:
            shutil.rmtree(folder, ignore_errors=True)
            (folder / ".metaflow").mkdir(parents=True)  # two flows that start at once would both make it
        yield not is_made
