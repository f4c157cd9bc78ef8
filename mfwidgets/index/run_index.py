"""The memory of one deployment, in this process and on disk.

Facts are remembered with the stamps of the files or the row that they came from, and believed while these are the same. So
an answer from the index equals the answer without it. What cannot be decoded is not known.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar

from mfwidgets.index.database import Database, Row
from mfwidgets.providers.folder_memory import FolderMemory
from mfwidgets.providers.records import RunRecord, RunStamp
from mfwidgets.stamps import Clock, Stamp, is_settled, stamp_of

_Fact = TypeVar("_Fact")

_MAX_ENTRIES = 100_000
"""Runs that are kept in memory, about 150 MB. Beyond, the memory is emptied and read again from disk."""

_MAX_PENDING = 1_000
"""Runs that are written at once while a question goes on."""

_MAX_WAITING = 20_000
"""Runs that wait for a locked file. Beyond, they are not written."""

_MAX_FOLDERS = 2_000
"""Facts that depend on more folders are not remembered: checking them takes as long as a look at the run."""

_MAX_ANSWERS = 16
"""Answers that are remembered about a run. Beyond, the oldest is forgotten."""

_FLOW = ""
"""The key of facts about a flow. No run has this id."""

Folders = Mapping[str, Stamp]
"""Stamps of the folders that an answer depends on, by path."""


@dataclass(slots=True)
class _Answer:
    """An answer as JSON, and the object that it means once that was made."""

    content: Any
    folders: dict[str, Stamp]
    fact: Any = None


@dataclass(slots=True)
class _Entry:
    """The facts about a run while its stamp is the same."""

    stamp: RunStamp
    record: list[Any] | None = None
    made: RunRecord | None = None
    answers: dict[str, _Answer] = field(default_factory=dict)


class RunIndex:
    """The memory of one deployment: a folder of runs, or a metadata service.

    Parameters
    ----------
    database
        The file.
    root
        The folder of the runs. Paths of folders are kept relative to it. None for a service.
    clock
        Returns the time in nanoseconds.

    Attributes
    ----------
    folders
        What displays read from the folders of tasks. It is in this process only.
    """

    def __init__(self, database: Database, root: Path | None = None, clock: Clock = time.time_ns) -> None:
        self._database, self._clock = database, clock
        self.folders = FolderMemory(clock)
        self._prefix = f"{root}/" if root else ""
        self._entries: dict[tuple[str, str], _Entry] = {}
        self._asked: set[tuple[str, str]] = set()
        self._pending: dict[tuple[str, str], _Entry] = {}
        self._values: dict[tuple[str, str], str] = {}
        self._pending_values: dict[tuple[str, str], str] = {}
        self._lock = RLock()

    # -- records ----------------------------------------------------------------------------------------------------

    def prepare(self, flow: str, run_ids: Sequence[str]) -> None:
        """Read what the file knows about these runs, at once."""
        with self._lock:
            unknown = [run_id for run_id in run_ids if (flow, run_id) not in self._asked]
            if not unknown:
                return
            if len(self._entries) + len(unknown) > _MAX_ENTRIES:
                self.flush()
                self._entries.clear()
                self._asked.clear()
                unknown = list(run_ids)
            self._asked.update((flow, run_id) for run_id in unknown)
            stored = [run_id for run_id in unknown if _storable(flow, run_id)]
            for run_id, (stamp, facts) in self._database.runs(flow, stored).items():
                entry = _decoded(stamp, facts)
                if entry is not None:
                    self._entries.setdefault((flow, run_id), entry)

    def record(self, flow: str, run_id: str, stamp: RunStamp) -> RunRecord | None:
        """Return the record of a run, if it is remembered with this stamp."""
        entry = self._entries.get((flow, run_id))
        if entry is None or entry.stamp != stamp:
            return None
        if entry.made is None and entry.record is not None:
            entry.made = _made_record(flow, run_id, entry)
        return entry.made

    def keep_record(self, run: RunRecord) -> None:
        """Remember the record of a local run, unless its file changed just now."""
        stamp = run.stamp
        if is_settled((0, 0, int(stamp[-1])), self._clock):
            entry = self._entry(run)
            entry.record = [run.created_ms, run.user, sorted(run.user_tags), sorted(run.system_tags)]
            entry.made = run
            self._changed(run.path, entry)

    # -- flows ------------------------------------------------------------------------------------------------------

    def flow_fact(self, flow: str, name: str) -> Any:
        """Return a remembered fact about a flow as JSON. It may have any form. None if it is not remembered."""
        self.prepare(flow, [_FLOW])
        entry = self._entries.get((flow, _FLOW))
        return entry.answers[name].content if entry and name in entry.answers else None

    def keep_flow_fact(self, flow: str, name: str, content: Any) -> None:
        """Remember a fact about a flow as JSON. Nobody checks it. The caller must, when it is used."""
        with self._lock:
            entry = self._entries.setdefault((flow, _FLOW), _Entry(()))
            entry.answers[name] = _Answer(content, {}, None)
            self._changed((flow, _FLOW), entry)

    # -- answers ----------------------------------------------------------------------------------------------------

    def recall(self, run: RunRecord, question: str, decode: Callable[[RunRecord, Any], _Fact]) -> _Fact | None:
        """Return the answer to a question about a run. None if it is not remembered, or a folder has changed.

        Parameters
        ----------
        run
            The run, with the stamp of its newest record.
        question
            Any text that :meth:`keep` got.
        decode
            Makes the fact about the run from its JSON. It may raise any error.
        """
        entry = self._entries.get((run.flow, run.run_id))
        if entry is None or entry.stamp != run.stamp:
            return None
        answer = entry.answers.get(question)
        if answer is None:
            return None
        for folder, stamp in answer.folders.items():
            if stamp_of(self._prefix + folder) != stamp:
                return None
        if answer.fact is None:
            try:
                answer.fact = decode(run, answer.content)
            except Exception:  # noqa: BLE001 - the file can contain anything
                del entry.answers[question]
                return None
        fact: _Fact = answer.fact
        return fact

    def keep(self, run: RunRecord, question: str, fact: object, content: Any, folders: Folders) -> None:
        """Remember the answer to a question about a run.

        Parameters
        ----------
        run
            The run, with the stamp of the record that the answer used.
        question
            Any text.
        fact
            The answer.
        content
            The same as JSON.
        folders
            The stamps of the folders that the answer used, from before they were read. If one changed just now, nothing is
            remembered.
        """
        if len(folders) > _MAX_FOLDERS or not all(is_settled(stamp, self._clock) for stamp in folders.values()):
            return
        relative = {folder.removeprefix(self._prefix): stamp for folder, stamp in folders.items()}
        with self._lock:
            entry = self._entry(run)
            entry.answers.pop(question, None)
            entry.answers[question] = _Answer(content, relative, fact)
            while len(entry.answers) > _MAX_ANSWERS:
                del entry.answers[next(iter(entry.answers))]
            self._changed(run.path, entry)

    # -- values -----------------------------------------------------------------------------------------------------

    def values(self, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """Return remembered values as JSON, by hash and encoding."""
        wanted = set(keys)
        with self._lock:
            unknown = [sha for sha, encoding in wanted if (sha, encoding) not in self._values]
            if unknown:
                self._values.update(self._database.values(unknown))
            return {key: self._values[key] for key in wanted if key in self._values}

    def keep_values(self, values: Mapping[tuple[str, str], str]) -> None:
        """Remember values as JSON, by hash and encoding."""
        with self._lock:
            self._values.update(values)
            self._pending_values.update(values)

    # -- disk -------------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write what is new. If the file is locked, the next call tries again."""
        with self._lock:
            if self._database.rests or (not self._pending and not self._pending_values):
                return
            rows = [_row(path, entry) for path, entry in self._pending.items() if _storable(*path)]
            values = [(*key, value) for key, value in self._pending_values.items()]
            if self._database.write(rows, values):
                self._pending, self._pending_values = {}, {}

    def close(self) -> None:
        """Write what is new, also if the file was locked a moment ago."""
        self._database.rested()
        self.flush()
        self._database.close()

    def count(self) -> int:
        """Return the number of runs in the file."""
        self.close()
        return self._database.count()

    def clear(self) -> None:
        """Forget everything, and remove the file."""
        self.folders.clear()
        with self._lock:
            for known in (self._entries, self._pending, self._values, self._pending_values):
                known.clear()
            self._asked.clear()
            self._database.remove()

    def _entry(self, run: RunRecord) -> _Entry:
        """Return the entry of a run. It is empty if the run has changed."""
        with self._lock:
            entry = self._entries.get((run.flow, run.run_id))
            if entry is None or entry.stamp != run.stamp:
                entry = self._entries[run.flow, run.run_id] = _Entry(run.stamp)
            return entry

    def _changed(self, path: tuple[str, ...], entry: _Entry) -> None:
        with self._lock:
            self._pending[path[0], path[1]] = entry
            if len(self._pending) >= _MAX_PENDING:
                self.flush()
            if len(self._pending) > _MAX_WAITING:
                self._pending.clear()


def _storable(flow: str, run_id: str) -> bool:
    """Return whether names are Unicode text. Names of files can be other bytes."""
    try:
        f"{flow}{run_id}".encode()
    except UnicodeEncodeError:
        return False
    return True


def _row(path: tuple[str, str], entry: _Entry) -> Row:
    answers = {question: [answer.content, answer.folders] for question, answer in entry.answers.items()}
    facts = {"record": entry.record, "answers": answers}
    return (*path, json.dumps(entry.stamp), json.dumps(facts, separators=(",", ":")))


def _decoded(stamp: str, facts: str) -> _Entry | None:
    """Return an entry from its row. None if it cannot be decoded."""
    try:
        content = json.loads(facts)
        answers = {
            question: _Answer(answer, {folder: (int(a), int(b), int(c)) for folder, (a, b, c) in folders.items()})
            for question, (answer, folders) in content["answers"].items()
        }
        return _Entry(tuple(json.loads(stamp)), content["record"], None, answers)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _made_record(flow: str, run_id: str, entry: _Entry) -> RunRecord | None:
    try:
        created_ms, user, tags, system_tags = entry.record or [0]
        return RunRecord(
            flow, run_id, int(created_ms), str(user), frozenset(tags), frozenset(system_tags), stamp=entry.stamp
        )
    except (ValueError, TypeError):
        return None
