"""Facts that are remembered about runs, and the cost of a second look."""

import os
import shutil
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from local_world import World

import mfwidgets
from mfwidgets import Metaflow, options
from mfwidgets.index import deployments
from mfwidgets.index.database import Database
from mfwidgets.index.deployments import index_files, index_folder
from mfwidgets.queries.status import states
from mfwidgets.times import DAY, HOUR


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache of this test alone. The folder of the indexes, which does not exist yet."""
    monkeypatch.setenv("METAFLOW_CLIENT_CACHE_PATH", str(tmp_path / "cache"))
    yield tmp_path / "cache" / "mfwidgets" / "index"
    deployments.forget_all()


@pytest.fixture
def old_runs(own_runs):
    """Runs that changed long ago."""
    age(own_runs.folder)
    return own_runs


def age(folder, ns=1_700_000_000_000_000_007):
    """Set the times of files and folders into the past."""
    for path in (folder, *folder.rglob("*")):
        os.utime(path, ns=(ns, ns))


def new_process():
    """Forget what is in memory. The files stay."""
    deployments._open.clear()


def client(folder):
    return Metaflow(metadata=f"local@{folder}", namespace=None)


def look(folder, flow):
    return [
        (row["run_id"], row["status"], row["reason"], row["user_tags"]) for row in client(folder).get(flow).to_dicts()
    ]


def opened_files(question):
    """Return the names of the files that a question opens or lists."""
    seen = []

    def hook(event, arguments):
        if event in ("open", "os.listdir", "os.scandir") and recording:
            seen.append(str(arguments[0]))

    recording = True
    sys.addaudithook(hook)
    try:
        question()
    finally:
        recording = False
    return seen


FLOWS = ("LinearFlow", "FailingFlow", "RetryFlow")


@pytest.mark.parametrize("flow", FLOWS)
def test_a_second_look_opens_no_file_of_a_run(old_runs, cache, flow):
    first = look(old_runs.folder, flow)
    for forget in (lambda: None, new_process):
        forget()
        opened = opened_files(lambda: look(old_runs.folder, flow))
        assert [path for path in opened if path.startswith(str(old_runs.root / flow / "1"))] == []
        assert look(old_runs.folder, flow) == first


def test_parameters_and_artifacts_are_remembered_too(old_runs, cache):
    flow = client(old_runs.folder).get("LinearFlow")

    def question():
        table = flow.runs().to_dicts(params=True, artifacts=["x"])
        found = list(flow.runs().where(alpha=lambda value: value > 0.2))
        return table, found, flow.runs().timings().to_dicts()

    first = question()
    new_process()
    opened = opened_files(question)
    opened = [path for path in opened if not path.endswith("LinearFlow/data/_meta/_self.json")]  # is it a run?
    assert len([path for path in opened if "/data/" in path or "/1" in path]) <= 1  # the graph of the flow
    assert question() == first


def test_a_second_look_at_a_service_is_one_request(on_service, cache):
    _, service = on_service
    for flow in FLOWS:
        runs = Metaflow(metadata=f"service@{service.url}", namespace=None).get(flow).runs()
        first = runs.to_dicts(times=True)
        assert all(row["finished_at"] for row in first if row["status"] == "completed")
        new_process()
        before = len(service.requests())
        assert runs.to_dicts(times=True) == first
        assert len(service.requests()) == before + 1


def test_what_changed_just_now_is_not_remembered(own_runs, cache, monkeypatch):
    run = next((own_runs.root / "LinearFlow").glob("1*"))
    now = time.time_ns()
    age(own_runs.folder, now)
    monkeypatch.setattr("mfwidgets.index.run_index.time.time_ns", lambda: now + 1_000_000)
    index = client(own_runs.folder)._context.index
    index._clock = lambda: now + 1_000_000
    look(own_runs.folder, "LinearFlow")
    assert index.count() == 0
    index._clock = lambda: now + 3_000_000_000
    look(own_runs.folder, "LinearFlow")
    assert index.count() == len(list(run.parent.glob("1*")))


def test_a_run_that_runs_is_asked_again(tmp_path, cache, monkeypatch):
    """Its status depends on the time, although no file changes."""
    world = World(tmp_path)
    world.run("OpenFlow", "1735689600000000")
    task = world.task("OpenFlow", "1735689600000000")
    for file in (*task.glob("*"), *task.glob("_meta/*")):
        if file.is_file() and ("attempt-done" in file.name or "_artifact_" in file.name or "DONE" in file.name):
            file.unlink()
    age(tmp_path)
    begun = 1735689600000
    seen = []
    for later in (HOUR, 2 * DAY):
        monkeypatch.setattr(states, "now_ms", lambda later=later: begun + later)
        seen.append(look(tmp_path, "OpenFlow")[0][1])
    assert seen == ["running", "unknown"]


def test_a_folder_that_is_not_a_run_is_not_counted(old_runs, cache):
    runs = client(old_runs.folder).get("LinearFlow").runs()
    number = runs.count()
    (old_runs.root / "LinearFlow" / "0000000000000001").mkdir()
    assert runs.count() == number
    newest = max((old_runs.root / "LinearFlow").glob("1*"))
    shutil.rmtree(newest)
    assert runs.count() == number - 1
    meta = old_runs.root / "LinearFlow" / "0000000000000001" / "_meta"
    meta.mkdir()
    (meta / "_self.json").write_text("{}")
    assert runs.count() == number


# -- the file ----------------------------------------------------------------------------------------------------------


def damaged(file):
    file.write_bytes(b"SQLite format 3\0" + bytes(500))


def truncated(file):
    file.write_bytes(file.read_bytes()[:5_000])


def foreign_text(file):
    file.write_text("not a database")


def other_tables(file):
    file.unlink()
    subprocess.run([sys.executable, "-c", OTHER, str(file)], check=True)


OTHER = """
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as connection:
    connection.execute("PRAGMA user_version = 1")
    connection.execute("CREATE TABLE runs (other)")
"""


def hostile_rows(file):
    subprocess.run([sys.executable, "-c", HOSTILE, str(file)], check=True)


HOSTILE = """
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as connection:
    for number, (rowid,) in enumerate(connection.execute("SELECT rowid FROM runs").fetchall()):
        facts = ['[]', '{"record": 5, "answers": {"state": [5, {}]}}', '{' * 100000, '{"record": null, "answers": 7}'][number % 4]
        connection.execute("UPDATE runs SET facts = ? WHERE rowid = ?", (facts, rowid))
"""


def readable_by_all(file):
    file.parent.chmod(0o777)


def a_link(file):
    target = file.with_name("elsewhere")
    file.rename(target)
    file.symlink_to(target)


def a_pipe(file):
    file.unlink()
    os.mkfifo(file)


def a_folder(file):
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize(
    "harm",
    [damaged, truncated, foreign_text, other_tables, hostile_rows, readable_by_all, a_link, a_pipe, a_folder],
)
def test_a_file_that_cannot_be_used_changes_no_answer(old_runs, cache, harm):
    first = {flow: look(old_runs.folder, flow) for flow in FLOWS}
    file = index_files(cache)[0]
    new_process()
    harm(file)
    for _ in range(2):
        assert {flow: look(old_runs.folder, flow) for flow in FLOWS} == first
        new_process()
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    if harm is a_link:
        assert (cache / "elsewhere").is_file()


def test_a_cache_that_cannot_be_made(old_runs, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("METAFLOW_CLIENT_CACHE_PATH", str(tmp_path / "file"))
    assert look(old_runs.folder, "LinearFlow") == look(old_runs.folder, "LinearFlow")


def test_a_locked_file_is_left_alone(old_runs, cache):
    import sqlite3

    first = look(old_runs.folder, "LinearFlow")
    file = index_files(cache)[0]
    new_process()
    with closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert look(old_runs.folder, "LinearFlow") == first
        assert look(old_runs.folder, "FailingFlow")
        other.rollback()
    assert index_files(cache) == [file]
    before = mfwidgets.cache_info().runs  # writes what had to wait
    assert before == len(first) + len(look(old_runs.folder, "FailingFlow"))


WRITER = """
import sys
import mfwidgets
client = mfwidgets.Metaflow(metadata=sys.argv[1], namespace=None)
for flow in client:
    rows = flow.runs().to_dicts(params=True)
    print(flow.id, [(row["run_id"], str(row["status"])) for row in rows])
"""


def test_four_processes_write_at_once(old_runs, cache):
    command = [sys.executable, "-W", "error", "-c", WRITER, f"local@{old_runs.folder}"]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    answers = {process.communicate()[0] for process in processes}
    assert [process.returncode for process in processes] == [0] * 4
    assert len(answers) == 1
    assert "LinearFlow" in answers.pop()
    assert mfwidgets.cache_info().runs >= 5


def test_no_secret_and_no_pickle_is_in_the_file(tmp_path, cache):
    world = World(tmp_path)
    world.task("SecretFlow", "1735689600000000", "_parameters", "0")
    values = {"api_token": "hunter2hunter2", "alpha": 0.25, "place": "s3://ann:swordfish@host/x", "blob": b"\x80\x04N."}
    for name, value in values.items():
        world.artifact("SecretFlow/1735689600000000/_parameters/0", name, value)
    age(tmp_path)
    rows = client(tmp_path).get("SecretFlow").runs().to_dicts(params=True)
    assert rows[0]["param.api_token"] == "hunter2hunter2"
    content = index_files(cache)[0].read_bytes()
    assert b"0x1.0000000000000p-2" in content
    for secret in (b"hunter2", b"swordfish", b"\x80\x04"):
        assert secret not in content


def test_nothing_is_remembered_by_choice(old_runs, cache):
    with options(remember=False):
        look(old_runs.folder, "LinearFlow")
    assert not cache.exists()


def test_the_cache_says_what_it_has_and_is_emptied(old_runs, cache):
    look(old_runs.folder, "LinearFlow")
    info = mfwidgets.cache_info()
    assert info.runs == len(look(old_runs.folder, "LinearFlow"))
    assert info.runs_size == sum(file.stat().st_size for file in cache.iterdir()) > 0
    (cache / "notes.txt").write_text("not ours")
    assert mfwidgets.clear_cache() == info
    assert [file.name for file in cache.iterdir()] == ["notes.txt"]
    assert (mfwidgets.cache_info().runs, mfwidgets.cache_info().runs_size) == (0, 0)


def test_the_size_is_bounded(tmp_path):
    database = Database(tmp_path / "index" / "a.sqlite", 200_000)
    for number in range(40):
        database.write([("F", str(number * 100 + run), "[]", "x" * 200) for run in range(100)], [])
    assert database.file.stat().st_size < 300_000
    assert list(database.runs("F", ["3999", "0"])) == ["3999"]


def test_old_files_of_other_deployments_make_room(old_runs, cache, monkeypatch):
    look(old_runs.folder, "LinearFlow")
    old = index_files(cache)[0]
    monkeypatch.setattr(deployments, "MAX_TOTAL_BYTES", 0)
    new_process()
    shutil.copytree(old_runs.folder, old_runs.folder / "other")
    look(old_runs.folder / "other", "LinearFlow")
    assert not old.exists()


def test_names_that_sqlite_cannot_keep(tmp_path, cache):
    world = World(tmp_path)
    for name in ("1735689600000000", "odd\udcff", "1" * 200):
        world.run("OddFlow\udcff", name)
    age(tmp_path)
    client(tmp_path)
    first = look(tmp_path, "OddFlow\udcff")
    assert len(first) == 3
    assert look(tmp_path, "OddFlow\udcff") == first


def test_the_folder_is_the_users_own(monkeypatch, tmp_path):
    from platformdirs import user_cache_path

    from mfwidgets.config import read_configuration

    monkeypatch.delenv("METAFLOW_CLIENT_CACHE_PATH")
    assert index_folder(read_configuration()) == Path(user_cache_path("mfwidgets", appauthor=False), "index")
