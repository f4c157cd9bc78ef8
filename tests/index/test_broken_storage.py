"""An index on storage that fails: full disks, read-only folders, file systems without working locks."""

import os
import sqlite3
import subprocess
import sys

import pytest

from mfwidgets import Metaflow
from mfwidgets.index import database, deployments
from mfwidgets.index.deployments import index_files

FAILURES = {
    "full": (sqlite3.SQLITE_FULL, "database or disk is full"),
    "read-only": (sqlite3.SQLITE_READONLY, "attempt to write a readonly database"),
    "unreadable": (sqlite3.SQLITE_CANTOPEN, "unable to open database file"),
    "locked": (sqlite3.SQLITE_BUSY, "database is locked"),
    "no locks": (sqlite3.SQLITE_IOERR_LOCK, "disk I/O error"),  # NFS without a lock daemon
    "lost lock": (sqlite3.SQLITE_IOERR_UNLOCK, "disk I/O error"),
    "stale handle": (sqlite3.SQLITE_IOERR_FSTAT, "disk I/O error"),
    "protocol": (sqlite3.SQLITE_PROTOCOL, "locking protocol"),
}
MOMENTS = {"open": "SELECT", "read": "SELECT run_id", "write": "BEGIN", "insert": "INSERT", "commit": "COMMIT"}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache of this test alone."""
    monkeypatch.setenv("METAFLOW_CLIENT_CACHE_PATH", str(tmp_path / "cache"))
    yield tmp_path / "cache" / "mfwidgets" / "index"
    deployments.forget_all()


@pytest.fixture
def old_runs(own_runs):
    """Runs that changed long ago."""
    for path in (own_runs.folder, *own_runs.folder.rglob("*")):
        os.utime(path, ns=(1_700_000_000_000_000_007, 1_700_000_000_000_000_007))
    return own_runs


def look(folder):
    client = Metaflow(metadata=f"local@{folder}", namespace=None)
    return [
        (row["run_id"], row["status"], row["reason"])
        for flow in ("LinearFlow", "FailingFlow")
        for row in client.get(flow).to_dicts()
    ]


class Failing(sqlite3.Connection):
    """A connection whose statements of one kind fail."""

    failure, beginning, failed = (0, ""), "-", 0

    def execute(self, statement, *values):
        self._check(statement)
        return super().execute(statement, *values)

    def executemany(self, statement, rows):
        self._check(statement)
        return super().executemany(statement, rows)

    def commit(self):
        self._check("COMMIT")
        super().commit()

    def __exit__(self, *problem):
        if problem[0] is None:
            self._check("COMMIT")
        return super().__exit__(*problem)

    def _check(self, statement):
        if statement.startswith(self.beginning):
            Failing.failed += 1
            code, words = self.failure
            error = sqlite3.OperationalError(words)
            error.sqlite_errorcode = code
            raise error


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_failure_changes_no_answer(old_runs, cache, monkeypatch, failure, moment):
    first = look(old_runs.folder)
    (file,) = index_files(cache)
    deployments._open.clear()
    if moment in ("write", "insert", "commit"):
        file.unlink()  # so that there is something to write
    monkeypatch.setattr(Failing, "failure", FAILURES[failure])
    monkeypatch.setattr(Failing, "beginning", MOMENTS[moment])
    monkeypatch.setattr(Failing, "failed", 0)
    connect = sqlite3.connect
    with monkeypatch.context() as patched:
        patched.setattr(database.sqlite3, "connect", lambda *args, **more: connect(*args, factory=Failing, **more))
        for _ in range(2):
            assert look(old_runs.folder) == first
        assert [index.close() for index in deployments._indexes()] == [None]
    assert Failing.failed
    assert file.exists()  # what another process can still use is not removed
    deployments._open.clear()
    assert look(old_runs.folder) == first


SMALL_FILES = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)  # Python ignores the signal, so that writing fails
import mfwidgets
flow = mfwidgets.Metaflow(metadata=sys.argv[1], namespace=None)["LinearFlow"]
for _ in range(2):
    print([(row["run_id"], str(row["status"])) for row in flow.runs().to_dicts(params=True)])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of processes")
@pytest.mark.parametrize("size", [0, 5_000, 100_000_000])
def test_a_disk_that_is_full(old_runs, cache, size):
    command = [sys.executable, "-W", "error", "-c", SMALL_FILES, f"local@{old_runs.folder}", str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    linear = {path.name for path in (old_runs.root / "LinearFlow").iterdir()}
    expected = str([(run_id, str(status)) for run_id, status, _ in look(old_runs.folder) if run_id in linear])
    assert done.stdout.splitlines() == [expected] * 2


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("mode", [0o400, 0o000])
def test_a_file_without_permission(old_runs, cache, mode):
    first = look(old_runs.folder)
    (file,) = index_files(cache)
    deployments._open.clear()
    file.chmod(mode)
    assert look(old_runs.folder) == first
    file.chmod(0o600)
