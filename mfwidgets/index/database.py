"""The SQLite file of an index. It never raises: what cannot be read is not known, what cannot be written is forgotten.

Several processes share a file. A file that is damaged, or that is not ours, is replaced. A file that is locked is left
alone. It contains plain data: text in JSON, never a pickle.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TypeVar

from mfwidgets.private_folder import is_private_file, make_private

_FORMAT = 1
"""Files of other formats are replaced."""

_TABLES = (
    "CREATE TABLE runs (flow TEXT, run_id TEXT, stamp TEXT, facts TEXT, UNIQUE (flow, run_id))",
    "CREATE TABLE small_values (sha TEXT, encoding TEXT, value TEXT, UNIQUE (sha, encoding))",
)
"""A file with anything else is replaced: a view or a trigger could compute for ever."""

_SCHEMA = f"""
PRAGMA auto_vacuum = FULL;
BEGIN IMMEDIATE;
{";".join(table.replace("TABLE", "TABLE IF NOT EXISTS") for table in _TABLES)};
PRAGMA application_id = 0x6d667769;
PRAGMA user_version = {_FORMAT};
COMMIT;
"""
_FORM = """SELECT (SELECT user_version FROM pragma_user_version),
    (SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name LIMIT 100))
"""
"""One statement, because another process may be making the tables."""

_MAX_TEXT_BYTES = 4_000_000
"""SQLite reads no longer text or row. Facts about a run have some kilobytes."""

_MAX_ROW_CHARS = _MAX_TEXT_BYTES // 5
"""Longer rows are not written. A character takes up to four bytes."""

_MAX_GROWTH = 4
"""A file of more than this many times the maximum size is not ours. A write is added before room is made."""

_SIDE_FILES = ("-journal", "-wal", "-shm")
"""Endings of the files that SQLite opens next to a file, without a look at what they are."""

_WAIT_S = 0.1
"""How long a read or write waits for another process. Reading the runs again takes about as long."""

_PAUSE_S = 5.0
"""How long a file that cannot be used is left alone. A table asks for hundreds of batches."""

_MAX_VARIABLES = 500
"""SQLite limits the number of variables of a statement."""

Row = tuple[str, ...]
_Result = TypeVar("_Result")


class Database:
    """The file of one index.

    Parameters
    ----------
    file
        Its path. The file and its folder are made on the first write.
    max_bytes
        Above this size, the half that was written first is removed.
    """

    def __init__(self, file: Path, max_bytes: int) -> None:
        self.file, self._max_bytes = file, max_bytes
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._off = False
        self._rested_at = 0.0

    def runs(self, flow: str, run_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Return the stamps and facts of runs, by their id."""
        found = self._selected("SELECT run_id, stamp, facts FROM runs WHERE flow = ? AND run_id IN ({})", run_ids, flow)
        return {run_id: (stamp, facts) for run_id, stamp, facts in found}

    def values(self, hashes: Sequence[str]) -> dict[tuple[str, str], str]:
        """Return small values by hash and encoding."""
        found = self._selected("SELECT sha, encoding, value FROM small_values WHERE sha IN ({})", hashes)
        return {(sha, encoding): value for sha, encoding, value in found}

    def write(self, runs: Iterable[Row], values: Iterable[Row]) -> bool:
        """Write rows of flow, run id, stamp and facts, and rows of hash, encoding and value. Replaces older rows.

        Returns
        -------
        bool
            False if the file was locked or cannot be written.
        """

        def write(connection: sqlite3.Connection) -> bool:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?)", _small(runs))
                connection.executemany("INSERT OR REPLACE INTO small_values VALUES (?, ?, ?)", _small(values))
                self._make_room(connection)
            return True

        return self._with_connection(write, False, create=True)  # noqa: FBT003 - the default result

    def count(self) -> int:
        """Return the number of runs."""
        return self._with_connection(lambda connection: int(_number(connection, "SELECT count(*) FROM runs")), 0)

    def remove(self) -> None:
        """Remove the file."""
        with self._lock:
            self._replace()
            self._off, self._rested_at = False, 0.0

    @property
    def rests(self) -> bool:
        """Whether the file could not be used a moment ago. Until it has rested, nothing is read or written."""
        return time.monotonic() < self._rested_at

    def rested(self) -> "Database":
        """Return the same file, which the next question may use although it was locked a moment ago."""
        self._rested_at = 0.0
        return self

    def close(self) -> None:
        """Close the file. The next question opens it again."""
        with self._lock:
            self._close()

    def __del__(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _make_room(self, connection: sqlite3.Connection) -> None:
        used = _number(connection, "PRAGMA page_count") - _number(connection, "PRAGMA freelist_count")
        if used * _number(connection, "PRAGMA page_size") > self._max_bytes:
            for table in ("runs", "small_values"):
                half = f"SELECT (min(rowid) + max(rowid)) / 2 FROM {table}"  # noqa: S608 - our own names
                connection.execute(f"DELETE FROM {table} WHERE rowid <= ({half})")  # noqa: S608 - as above

    def _selected(self, statement: str, keys: Sequence[str], *before: str) -> Iterator[Row]:
        remaining = iter(keys)
        while batch := list(islice(remaining, _MAX_VARIABLES)):
            filled = statement.format(",".join("?" * len(batch)))
            found: list[Row] = []
            yield from self._with_connection(_query(filled, (*before, *batch)), found)

    def _with_connection(
        self, work: Callable[[sqlite3.Connection], _Result], default: _Result, *, create: bool = False
    ) -> _Result:
        with self._lock:
            if self.rests:
                return default
            try:
                connection = self._opened(create=create)
                return default if connection is None else work(connection)
            except sqlite3.OperationalError as error:
                # Other tables or columns. Text that is not UTF-8 has no code.
                if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) == sqlite3.SQLITE_ERROR:
                    self._replace()
                self._close()  # locked, read-only, full, or removed
                self._rested_at = time.monotonic() + _PAUSE_S
                return default
            except OSError:
                self._rested_at = time.monotonic() + _PAUSE_S
                return default
            except (sqlite3.Error, sqlite3.Warning, UnicodeError, ValueError, TypeError, OverflowError):
                self._replace()
                return default

    def _opened(self, *, create: bool) -> sqlite3.Connection | None:
        """Return the open file. None if there is none, or it must not be used."""
        if self._off:
            return None
        identity = self._identity_now()
        if self._connection is not None and identity == self._identity:
            return self._connection
        self._close()
        if identity is None and not (create and self._made()):
            return None
        if not is_private_file(self.file):
            return None
        self._check_files()
        self._connection = self._checked(sqlite3.connect(self.file, timeout=_WAIT_S, check_same_thread=False))
        self._identity = self._identity_now()
        return self._connection

    def _identity_now(self) -> tuple[int, int] | None:
        """Return the inode of the file and this process. A forked process opens the file again."""
        try:
            return self.file.lstat().st_ino, os.getpid()
        except OSError:
            return None

    def _made(self) -> bool:
        """Make an empty file that only the user can read. Return whether it is there."""
        if not make_private(self.file.parent):
            return False
        with suppress(FileExistsError):
            os.close(os.open(self.file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        return True

    def _check_files(self) -> None:
        """Check the size of the file, and remove what is not a file where SQLite would open one: a pipe, a link.

        Raises
        ------
        OSError
            It cannot be removed.
        sqlite3.DatabaseError
            The file is too large to be ours.
        """
        for ending in _SIDE_FILES:
            side_file = self.file.with_name(self.file.name + ending)
            if os.path.lexists(side_file) and not is_private_file(side_file):
                side_file.unlink(missing_ok=True)
        if self.file.stat().st_size > _MAX_GROWTH * max(self._max_bytes, _MAX_TEXT_BYTES):
            raise sqlite3.DatabaseError("too large")

    def _checked(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """Return a connection to a file of our format, and make its tables if it is empty."""
        try:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_TEXT_BYTES)
            connection.isolation_level = None  # transactions are written out
            # A file that a crash damages is replaced, so waiting for the disk protects nothing.
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA trusted_schema = OFF")
            if _is_new(connection):
                connection.executescript(_SCHEMA)
        except BaseException:
            connection.close()
            raise
        return connection

    def _replace(self) -> None:
        """Remove the file. If that fails, use none."""
        self._close()
        try:
            if is_private_file(self.file):
                self.file.unlink()
                for ending in _SIDE_FILES:
                    self.file.with_name(self.file.name + ending).unlink(missing_ok=True)
        except OSError:
            self._off = True

    def _close(self) -> None:
        if self._connection is not None and self._identity is not None and self._identity[1] == os.getpid():
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = self._identity = None


def _is_new(connection: sqlite3.Connection) -> bool:
    """Return whether a file has no tables yet.

    Raises
    ------
    sqlite3.DatabaseError
        It has another format.
    """
    form, tables = connection.execute(_FORM).fetchone()
    if (tables or form == _FORMAT) and (form != _FORMAT or tables != ";".join(_TABLES)):
        raise sqlite3.DatabaseError("another format")
    return bool(form != _FORMAT)


def _small(rows: Iterable[Row]) -> Iterator[Row]:
    """Return the rows that can be read again."""
    return (row for row in rows if sum(map(len, row)) <= _MAX_ROW_CHARS)


def _query(statement: str, values: Sequence[str]) -> Callable[[sqlite3.Connection], list[Row]]:
    return lambda connection: connection.execute(statement, values).fetchall()


def _number(connection: sqlite3.Connection, statement: str) -> int:
    return int(connection.execute(statement).fetchone()[0])
