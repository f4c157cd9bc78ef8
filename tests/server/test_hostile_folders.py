"""The server goes on if folders hang, refuses odd questions with a message, and ends at once."""

import json
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request

import pytest
from local_world import World, instead
from waiting import waits_for

from mfwidgets.server.routes import MAX_THREADS, MAX_THREADS_PER_FOLDER, FolderThreads


def test_each_folder_has_its_share_of_threads(tmp_path):
    threads, go_on = FolderThreads(), threading.Event()

    def hang():
        go_on.wait()
        return {}

    assert [bool(threads.submit(tmp_path / "bad", hang)) for _ in range(5)] == [True] * MAX_THREADS_PER_FOLDER + [
        False
    ] * 2
    assert threads.submit(tmp_path / "good", lambda: {"a": 1}).result(60) == {"a": 1}
    others = [threads.submit(tmp_path / str(number), hang) for number in range(MAX_THREADS)]
    assert others[-1] is None
    go_on.set()
    for future in filter(None, others):
        future.result(60)
    assert waits_for(lambda: threads.submit(tmp_path / "bad", dict) is not None)


PROGRAM = """
import sys
from jupyter_server.serverapp import ServerApp
ServerApp.launch_instance(argv=[
    "--no-browser", "--allow-root", "--ServerApp.token=x", "--ServerApp.port=0", "--ServerApp.root_dir=" + sys.argv[1],
    "--ServerApp.jpserver_extensions={'mfwidgets.server': True}",
])
"""


@pytest.fixture
def server(tmp_path):
    """Return a function that asks a real server about a folder, and its process."""
    World(tmp_path / "root").task("Good")
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "root")], stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    lines = iter(process.stderr.readline, "")
    url = next(line for line in lines if "http://" in line and "token=" in line).rpartition(" ")[2].partition("?")[0]
    drain = threading.Thread(target=lambda: list(lines), daemon=True)
    drain.start()
    base = url[: url.index("/", len("http://"))]

    def ask(**query):
        address = f"{base}/mfwidgets/api/tree?{urllib.parse.urlencode({'namespace': 'none', **query, 'token': 'x'})}"
        try:
            with urllib.request.urlopen(address, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    yield ask, process
    process.kill()
    process.wait(60)
    drain.join(60)
    process.stderr.close()


def test_a_real_server(server, tmp_path):
    ask, process = server
    bad = World(tmp_path / "root" / "bad")
    bad.task("F")
    instead(bad.root / "F/1/_meta/_self.json", "fifo")
    for _ in range(5):
        code, _ = ask(folder="bad", pathspec="F")
        assert code == 200
    code, answer = ask()
    assert code == 200
    assert [item["name"] for item in answer["items"]] == ["Good"]
    odd = [
        {"pathspec": "F\0"}, {"pathspec": "F/" + "x" * 300}, {"pathspec": "F/1/2/3/4/5/6"}, {"pathspec": "F/latest~9999999"}, {"pathspec": "\ud800".encode("utf-8", "surrogatepass")},
        {"offset": "9" * 5000}, {"offset": str(2**63)}, {"offset": str(2**63), "pathspec": "Good"}, {"offset": "-1"}, {"offset": "²"},
        {"folder": "\0"}, {"folder": "../.."}, {"folder": "x" * 5000}, {"text": "\0" * 100}, {"namespace": "\0"},
    ]  # fmt: skip
    for query in odd:
        code, answer = ask(**query)
        assert code in (200, 400, 403, 404), (query, answer)
        assert code == 200 or answer["message"]
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) is not None
