"""Files that others left in the folder of an index: none hangs, costs much, or is written through."""

import os
import sqlite3
import subprocess
import sys

import pytest

from mfwidgets.index.database import Database

ROW = ("Flow", "1", "stamp", "facts")
KNOWN = {"1": ("stamp", "facts")}

FOR_EVER = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers) SELECT n, n, n, n FROM numbers"

SCRIPTS = {
    "view": f"DROP TABLE runs; CREATE VIEW runs (flow, run_id, stamp, facts) AS {FOR_EVER};",
    "trigger": f"CREATE TRIGGER t AFTER INSERT ON runs BEGIN INSERT INTO small_values SELECT n, n, n FROM ({FOR_EVER}); END;",
    "generated": "ALTER TABLE runs RENAME TO old; CREATE TABLE runs (flow, run_id, stamp, more, "
    "facts AS (printf('%.*c', 900000000, 'x'))); INSERT INTO runs VALUES ('Flow', '1', 'stamp', '');",
    "large": "UPDATE runs SET facts = CAST(zeroblob(50000000) AS TEXT);",
    "not UTF-8": "UPDATE runs SET facts = CAST(x'ff00ff' AS TEXT);",
    "bytes": "UPDATE runs SET facts = x'ff00ff', stamp = NULL;",
    "empty": "DROP TABLE runs; DROP TABLE small_values;",
}

READ = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
from mfwidgets.index.database import Database
database = Database(Path(sys.argv[1]), 10_000_000)
print(len(database.runs("Flow", ["1", "2"])), database.write([("Flow", "2", "stamp", "facts")], []))
"""

needs_posix = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")


@pytest.fixture
def file(tmp_path):
    """An index that knows one run."""
    file = tmp_path / "index" / "x.sqlite"
    database = Database(file, 10_000_000)
    assert database.write([ROW], [])
    database.close()
    return file


def ask(file):
    """Ask in another process, which can be stopped."""
    done = subprocess.run(
        [sys.executable, "-c", READ, str(file)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""
    return done.stdout.split()


@needs_posix
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_foreign_or_damaged_file_is_replaced(file, script):
    connection = sqlite3.connect(file)
    connection.executescript(SCRIPTS[script])
    connection.close()
    ask(file)
    database = Database(file, 10_000_000)
    assert database.write([ROW], [])
    assert database.runs("Flow", ["1"]) == KNOWN


@needs_posix
@pytest.mark.parametrize("ending", ["-journal", "-wal", "-shm"])
@pytest.mark.parametrize("kind", ["pipe", "link"])
def test_what_lies_where_sqlite_opens_its_own_files(file, tmp_path, ending, kind):
    victim, beside = tmp_path / "victim", file.with_name(file.name + ending)
    victim.write_text("precious")
    if ending != "-journal":
        connection = sqlite3.connect(file)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.close()
    os.mkfifo(beside) if kind == "pipe" else beside.symlink_to(victim)
    assert ask(file) == ["1", "True"]
    assert victim.read_text() == "precious"


def test_a_row_that_would_not_be_read_is_not_written(file):
    database = Database(file, 10_000_000)
    assert database.write([("Flow", "2", "stamp", "x" * 3_000_000)], [("sha", "", "\u20ac" * 3_000_000)])
    assert database.runs("Flow", ["1", "2"]) == KNOWN
    assert database.values(["sha"]) == {}
