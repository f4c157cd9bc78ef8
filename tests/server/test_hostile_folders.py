"""The server goes on if folders hang, refuses odd questions with a message, and ends at once."""

import json
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from local_world import World, instead
from waiting import PATIENCE_S, PROMPT_S, waits_for

from mfwidgets.server import folder_threads
from mfwidgets.server.folder_threads import MAX_THREADS, MAX_THREADS_PER_FOLDER, FolderThreads


@pytest.fixture
def hang():
    """Work that hangs until the test ends."""
    go_on = threading.Event()

    def work():
        go_on.wait(PATIENCE_S)
        return {}

    yield work
    go_on.set()


def test_each_folder_has_its_share_of_threads(hang):
    threads = FolderThreads()
    bad = [threads.submit("bad", hang) for _ in range(5)]
    assert [job.started for job in bad] == [True] * MAX_THREADS_PER_FOLDER + [False] * 2
    assert threads.submit("good", lambda: {"a": 1}).future.result(PATIENCE_S) == {"a": 1}
    others = [threads.submit(str(number), hang) for number in range(MAX_THREADS)]
    assert sum(job.started for job in (*bad, *others)) == MAX_THREADS


def test_jobs_of_a_folder_wait_for_its_threads():
    threads, step = FolderThreads(), threading.Semaphore(0)

    def work():
        assert step.acquire(timeout=PATIENCE_S)
        return {}

    jobs = [threads.submit("here", work) for _ in range(10)]
    assert sum(job.started for job in jobs) == MAX_THREADS_PER_FOLDER
    for _ in jobs:
        step.release()
    assert [job.future.result(PATIENCE_S) for job in jobs] == [{}] * 10


def test_threads_that_hang_count_for_their_folder_only(hang, monkeypatch):
    threads = FolderThreads()
    hanging = [threads.submit(str(number), hang) for number in range(MAX_THREADS)]
    waiting = threads.submit("good", lambda: {"a": 1})
    assert not waiting.started
    threads.give_up(hanging[0])
    assert waiting.future.result(PATIENCE_S) == {"a": 1}
    for job in hanging:
        threads.give_up(job)
    assert threads.submit("good", lambda: {"a": 1}).future.result(PATIENCE_S) == {"a": 1}
    same = [threads.submit("0", hang) for _ in range(MAX_THREADS_PER_FOLDER)]
    assert [job.started for job in same] == [True] * (MAX_THREADS_PER_FOLDER - 1) + [False]
    monkeypatch.setattr(folder_threads, "MAX_HANGING_THREADS", MAX_THREADS)
    assert not threads.submit("good", hang).started


def test_jobs_that_nobody_waits_for_do_not_start(hang, monkeypatch):
    monkeypatch.setattr(folder_threads, "MAX_WAITING_PER_FOLDER", 2)
    threads = FolderThreads()
    jobs = [threads.submit("bad", hang) for _ in range(MAX_THREADS_PER_FOLDER + 2)]
    assert threads.submit("bad", hang) is None
    threads.give_up(jobs[-1])
    assert threads.submit("bad", hang) is not None
    assert not jobs[-1].started


def test_an_error_is_the_result_of_its_job():
    job = FolderThreads().submit("", lambda: {}["a"])
    assert isinstance(job.future.exception(PATIENCE_S), KeyError)


HANGING = """
import os, time
def hang(function):
    # As the files of a network file system that is gone. A signal does not end that wait either.
    def call(file, *rest, **named):
        if "dead" in str(file):
            time.sleep(10_000)
        return function(file, *rest, **named)
    return call
for name in ("open", "stat", "lstat", "listdir", "scandir"):
    setattr(os, name, hang(getattr(os, name)))
"""

PROGRAM = """
import sys
from jupyter_server.serverapp import ServerApp
import mfwidgets.server.routes as routes
routes.TIMEOUT_S = float(sys.argv[2])
ServerApp.launch_instance(argv=[
    "--no-browser", "--allow-root", "--ServerApp.token=x", "--ServerApp.port=0", "--ServerApp.root_dir=" + sys.argv[1],
    "--ServerApp.jpserver_extensions={'mfwidgets.server': True}",
])
"""


class Server:
    """A real server in another process, with a good folder."""

    def __init__(self, folder, *, preamble="", seconds=60):
        self.root = folder / "root"
        World(self.root).task("Good")
        self.process = subprocess.Popen(
            [sys.executable, "-c", preamble + PROGRAM, str(self.root), str(seconds)],
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
        )
        self.log = []
        lines = iter(self.process.stderr.readline, "")
        url = next(line for line in lines if "http://" in line and "token=" in line).rpartition(" ")[2]
        self._url = url[: url.index("/", len("http://"))]
        self._drain = threading.Thread(target=lambda: self.log.extend(lines), daemon=True)
        self._drain.start()
        assert waits_for(self._listens)  # it prints its address first

    def _listens(self):
        place = urllib.parse.urlsplit(self._url)
        try:
            socket.create_connection((place.hostname, place.port), timeout=5).close()
        except OSError:
            return False
        return True

    def ask(self, **query):
        query = urllib.parse.urlencode({"namespace": "none", **query, "token": "x"})
        try:
            with urllib.request.urlopen(f"{self._url}/mfwidgets/api/tree?{query}", timeout=PATIENCE_S) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def names(self, **query):
        code, answer = self.ask(**query)
        assert code == 200, answer
        return [item["name"] for item in answer["items"]]

    def end(self):
        self.process.kill()
        self.process.wait(PATIENCE_S)
        self._drain.join(PATIENCE_S)
        self.process.stderr.close()


@pytest.fixture
def server(tmp_path):
    made = []

    def start(**more):
        made.append(Server(tmp_path, **more))
        return made[0]

    yield start
    made[0].end()


def test_a_folder_that_hangs_stops_nobody_else_and_not_the_end(server):
    server = server(preamble=HANGING, seconds=3)
    (server.root / "dead").mkdir()
    with ThreadPoolExecutor() as pool:
        asked = [pool.submit(server.ask, folder=f"dead/{number % 2}") for number in range(12)]
        assert server.names() == ["Good"]
        answers = [one.result() for one in asked]
    assert {code for code, _ in answers} == {503, 504}
    messages = {answer["message"] for _, answer in answers}
    assert messages == {
        "There was no answer within 3 s. Try again later.",
        "Too many requests wait for this folder, which does not answer. Try again later.",
    }
    assert server.names() == ["Good"]
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(PROMPT_S)


ODD = [
    *({"pathspec": text} for text in ("F\0", "F/" + "x" * 300, "F/1/2/3/4/5/6", "F/latest~9999999", "Good/latest~9999999", "Good/latest~1", "Good/latest-ok~3/start")),
    *({"pathspec": text} for text in ("/", "//", "Good/", "/Good", "..", "Good/../Good", "Good/1/../1", "*", "Good/*", "Good/1/[s]tart", " ", "\n", "x" * 5000, "x/" * 2000, "~", "Good/latest~")),
    *({"pathspec": text} for text in ("F/1", "F/1/start", "F/1/start/1", "F/1/start/1/x", "Good/1/start/1/x", "Good/_meta", "Good/1/_parameters", "Good/1/_parameters/0", "Good/data")),
    *({"pathspec": text} for text in (b"\xff", b"\xed\xa0\x80", "\u202e", "\x1b[2J", "é")),
    *({"offset": text} for text in ("9" * 5000, str(2**63), str(2**63 - 1), "10000000", "10000001", "-1", "²", "1.5", "1e3", "", " 1", "0x1", "\uff11", "NaN")),
    *({"offset": text, "pathspec": "Good"} for text in (str(2**63), "10000000", "99999")),
    *({"folder": text} for text in ("\0", "../..", "..", "/etc", "/", "x" * 5000, "x/" * 2000, "~", "loop", "loop/x", "fifo", "fifo/x", "zero", "Good", "gone/away", b"\xff")),
    *({"folder": text} for text in ("broken", "deep", "typed", "secretive")),
    *({"text": text} for text in ("\0" * 100, "(a+)+$", "x" * 50_000, "\u202e", b"\xff", "[")),
    *({"namespace": text} for text in ("\0", "", "x" * 50_000, "user:", "none ", "None", b"\xff")),
    {"unknown": "1"}, {"pathspec": "Good", "namespace": "user:nobody"},
]  # fmt: skip


def test_odd_questions_are_answered_or_refused_with_a_message(server):
    server = server()
    bad = World(server.root / "bad")
    bad.task("F")
    instead(bad.root / "F/1/_meta/_self.json", "fifo")
    for special in ("loop", "fifo", "zero"):
        instead(server.root / special, special)
    for name, content in {"broken": "[", "deep": "[" * 99_999, "typed": '{"METAFLOW_SERVICE_URL": []}'}.items():
        folder = server.root / name / ".metaflow"
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(content)
    instead(server.root / "secretive" / ".metaflow" / "config.json", "fifo")
    for query in ODD:
        code, answer = server.ask(**query)
        assert code in (200, 400, 403, 404), (query, answer)
        assert code == 200 or answer["message"]
    for pathspec in ("", "F", "F/1", "F/1/start", "F/1/start/1"):
        code, _ = server.ask(folder="bad", pathspec=pathspec)
        assert code in (200, 400, 404)
    assert server.names() == ["Good"]
    assert not [line for line in server.log if "Traceback" in line]
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(PROMPT_S)
    assert waits_for(lambda: server.process.poll() is not None)
