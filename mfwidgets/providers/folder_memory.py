"""The records in the folders of tasks, kept in this process while the stamps of the folders are the same.

A display of a run reads six small files per task. The next display of the same run reads only the tasks that changed. What is
kept are records, without the contents of files, and nothing that depends on the time.
"""

import time
from collections.abc import Hashable
from threading import Lock
from typing import Any

from mfwidgets.stamps import ABSENT, Clock, Stamp, is_settled

_MAX_RECORDS = 300_000
"""About 100 MB: the records of 30,000 tasks. Beyond, all are forgotten."""


class FolderMemory:
    """Facts by folder.

    Parameters
    ----------
    clock
        Returns the time in nanoseconds.
    """

    def __init__(self, clock: Clock = time.time_ns) -> None:
        self._clock = clock
        self._facts: dict[str, tuple[Stamp, dict[Hashable, Any]]] = {}
        self._records = 0
        self._lock = Lock()

    def recall(self, folder: str, stamp: Stamp, question: Hashable) -> Any:
        """Return the answer to a question about a folder. None if it is not known, or the folder has another stamp."""
        entry = self._facts.get(folder)
        return None if entry is None or entry[0] != stamp else entry[1].get(question)

    def keep(self, folder: str, stamp: Stamp, question: Hashable, fact: object, records: int = 1) -> None:
        """Keep an answer, unless the folder changed just now or is missing.

        Parameters
        ----------
        folder
            The path of the folder.
        stamp
            Its stamp from before it was read.
        question
            Any name of the question.
        fact
            The answer, of a type that does not change, and not None.
        records
            The number of records in it. One is a small record of a few hundred bytes.
        """
        if stamp == ABSENT or not is_settled(stamp, self._clock):
            return
        with self._lock:
            if self._records + records > _MAX_RECORDS:
                self._facts.clear()
                self._records = 0
            self._records += records
            entry = self._facts.get(folder)
            if entry is None or entry[0] != stamp:
                entry = self._facts[folder] = (stamp, {})
            entry[1][question] = fact

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._facts.clear()
            self._records = 0
