"""The runs of a flow in a folder: their order, their records from memory, and their number."""

import hashlib
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from mfwidgets.deadline import check_deadline
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.files import file_size
from mfwidgets.providers.base import RecordMemory, RunQuery
from mfwidgets.providers.records import RunRecord
from mfwidgets.stamps import ABSENT, stamp_of
from mfwidgets.times import MINUTE

_DIGITS = 16

MICROSECONDS = re.compile(rf"[0-9]{{{_DIGITS}}}\Z")
"""A run id from Metaflow's local provider is its start time in microseconds."""

_FIRST_BATCH, _LARGEST_BATCH = 32, 500
"""Runs that are looked up in memory at once. The first batch is small, because most callers take few runs."""

_MAX_MISSING = 1_000
"""If a flow has more folders that are not runs, its number of runs is not remembered."""

_COUNTED = "counted"

Read = Callable[[str], RunRecord | None]
"""Reads the record of a run by its id. None if the folder is not a run."""


Names = tuple[list[str], list[str]]
"""The names in the folder of a flow: those that are start times, sorted, and the others. Nobody changes them."""


def names_in_time(names: Names, query: RunQuery) -> Names:
    """Return the names without those of runs whose id says that they started at another time.

    The start of a run is recorded a moment after the time in its id.
    """
    if not query.since_ms and not query.until_ms:
        return names
    numeric, others = names
    first = bisect_left(numeric, _id_at(query.since_ms - MINUTE + 1))
    end = bisect_left(numeric, _id_at(query.until_ms + 1)) if query.until_ms else len(numeric)
    return numeric[first:end], others


def _id_at(ms: int) -> str:
    """Return the id of a run that started at a time. Ids have the order of their times."""
    return f"{min(max(ms, 0) * 1000, 10**16 - 1):016d}"


def newest_start(names: Names) -> int | None:
    """Return a time after which no run with one of these names started. 0 without names, None if a name has no time.

    The start of a run is recorded a moment after the time in its id.
    """
    numeric, others = names
    if others not in ([], [_BLOBS]):
        return None
    return int(numeric[-1]) // 1000 + MINUTE if numeric else 0


_BLOBS = "data"
"""The folder of values, next to the runs of a flow."""


def newest_first(flow: str, folder: str, names: Names, read: Read, memory: RecordMemory | None) -> Iterator[RunRecord]:
    """Yield the runs in the folder of a flow, newest first.

    Reads only the runs that the caller takes, if their ids are start times. Others are all read first.

    Parameters
    ----------
    flow
        The name of the flow.
    folder
        Its folder.
    names
        The names in the folder.
    read
        Reads one run.
    memory
        Remembers records.
    """
    numeric, rest = names
    others = [run for name in rest if (run := read(name))]
    others.sort(key=lambda run: run.created_ms)
    # These names have the same length, so their order is that of the numbers.
    for batch in _batches(numeric):
        if memory:
            memory.prepare(flow, batch)
        for name in batch:
            while others and others[-1].created_ms > int(name) // 1000:
                yield others.pop()
            run = _remembered(flow, name, folder, read, memory) if memory else read(name)
            if run:
                yield run
        if memory:
            memory.flush()
    yield from reversed(others)


def split_names(names: Sequence[str]) -> Names:
    """Return sorted names, divided. Of 100,000, that takes a few milliseconds."""
    first, end = bisect_left(names, "0"), bisect_left(names, ":")  # names that begin with a digit
    numeric, others = list(names[first:end]), [*names[:first], *names[end:]]
    # No name has a slash. So all have the same length if and only if each part of this length is followed by one.
    text, count = "/".join(numeric), len(numeric)
    has_one_length = len(text) == max(count * (_DIGITS + 1) - 1, 0) and text[_DIGITS :: _DIGITS + 1] == "/" * (
        count - 1
    )
    if (
        has_one_length
        and text.count("/") == max(count - 1, 0)
        and text.isascii()
        and text.encode().replace(b"/", b"0").isdigit()
    ):
        return numeric, others
    others += [name for name in numeric if not MICROSECONDS.match(name)]
    return [name for name in numeric if MICROSECONDS.match(name)], others


def _remembered(flow: str, name: str, folder: str, read: Read, memory: RecordMemory) -> RunRecord | None:
    """Return the record of a run from memory, if its file is the same. Else read it."""
    stamp = stamp_of(f"{folder}/{name}/_meta/_self.json")
    run = memory.record(flow, name, stamp)
    if run is None:
        run = read(name)
        if run is not None and not run.problem and stamp is not ABSENT:
            run = replace(run, stamp=stamp)
            memory.keep_record(run)
    return run


def _batches(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield the names from the last to the first."""
    end, size = len(names), _FIRST_BATCH
    while end > 0:
        yield names[max(end - size, 0) : end][::-1]
        end, size = end - size, _LARGEST_BATCH


def count_runs(flow: str, folder: str, names: Sequence[str], memory: RecordMemory | None) -> int:
    """Return the number of runs in the folder of a flow. Checks each name that was not counted before."""
    if memory is None:
        return sum(_is_run(folder, name) for name in names)
    before = _Counted.of(memory.flow_fact(flow, _COUNTED), names)
    now = before.extended(names, folder)
    if now != before and len(now.missing) <= _MAX_MISSING:
        memory.keep_flow_fact(flow, _COUNTED, [now.last, now.digest, *now.missing])
        memory.flush()
    return len(names) - len(now.missing)


@fast_dataclass(frozen=True, slots=True)
class _Counted:
    """The names that were counted.

    Attributes
    ----------
    last
        The last of the sorted names.
    digest
        A hash of them.
    missing
        Those that were not runs. They are checked again.
    """

    last: str
    digest: str
    missing: tuple[str, ...]

    @classmethod
    def of(cls, content: Any, names: Sequence[str]) -> "_Counted":
        """Return what was counted, from JSON. Empty if other names are there now."""
        match content:
            case [str(last), str(digest), *missing] if digest == _digest(names[: bisect_right(names, last)]):
                return cls(last, digest, tuple(map(str, missing)))
        return cls("", "", ())

    def extended(self, names: Sequence[str], folder: str) -> "_Counted":
        """Return the count of all names."""
        new = names[bisect_right(names, self.last) :]
        missing = tuple(name for name in (*self.missing, *new) if not _is_run(folder, name))
        if not new:
            return replace(self, missing=missing)
        return _Counted(names[-1], _digest(names), missing)


def _is_run(folder: str, name: str) -> bool:
    check_deadline()
    return file_size(f"{folder}/{name}/_meta/_self.json") is not None


def _digest(names: Sequence[str]) -> str:
    return hashlib.sha1("/".join(names).encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()
