"""Measures looks at local runs with many tasks: displays, watching, and the comparison of two runs.

Each question has its own process, without any memory and then again with it. The figures are CPU milliseconds without
the imports: the first look and the median of later ones. The floor is a bare script that reads the records of all tasks for a
status. The answers with and without memory are compared.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from worlds import ENVIRONMENT, widened_runs

TASKS, MANY_TASKS = 500, 5_000
VALUES = "60"
REPEATS = 5
BENCHMARKS = Path(__file__).parent

# name: (tasks, code). The result is a str.
QUESTIONS = {
    f"the display of a run of {TASKS} tasks": (TASKS, "mimebundle(run)['text/html']"),
    f"the display of a run of {MANY_TASKS:,} tasks": (MANY_TASKS, "mimebundle(run)['text/html']"),
    f"a look of watch() at a run of {TASKS} tasks": (TASKS, "repr(display.draw(poller.poll()).facts)"),
    f"compare() of 2 x {TASKS} tasks x 70 artifacts": (TASKS, "repr(mfwidgets.compare(*runs).to_dicts())"),
}

PROGRAM = """
import hashlib, json, statistics, sys, time
import mfwidgets
from mfwidgets.client.answers.run_poller import RunPoller
from mfwidgets.views.cells import Limits
from mfwidgets.views import watched_run
from mfwidgets.views.show import mimebundle
import mfwidgets.client.answers.comparison, mfwidgets.index.run_index, sqlite3, jinja2
import mfwidgets.views.run, mfwidgets.render.html, floor
mfwidgets.render.html.load_templates()
watched_run._ENDED = ()  # the display of a run that goes on
display = watched_run.WatchedDisplay(Limits(rows=12))
mfwidgets.options.display_timeout_s = 60
folder, code, repeats, remember = sys.argv[1:]
mfwidgets.options.remember = remember == "True"
runs = list(mfwidgets.Metaflow(metadata=folder, namespace=None)["WideFlow"])
run, poller = runs[0], RunPoller(runs[0])
question = compile(code, "question", "eval")
def seconds(ask):
    began = time.process_time()
    ask()
    return time.process_time() - began
def answer():
    return eval(question)
first = seconds(answer)
later = statistics.median(seconds(answer) for _ in range(int(repeats)))
bare = statistics.median(seconds(lambda: floor.tasks(folder, *run.path_components)) for _ in range(3))
print(json.dumps([first, later, bare, hashlib.sha1(answer().encode()).hexdigest()]))
"""


def asked(folder: Path, code: str, *, remember: bool) -> list[float]:
    """Return the seconds of the first and of later looks of a new process, the floor, and a hash of the answer."""
    path = f"{BENCHMARKS}:{ENVIRONMENT.get('PYTHONPATH', '')}"
    command = [sys.executable, "-c", PROGRAM, str(folder), code, str(REPEATS), str(remember)]
    done = subprocess.run(command, env=ENVIRONMENT | {"PYTHONPATH": path}, check=True, stdout=-1, text=True)
    answer: list[float] = json.loads(done.stdout)
    return answer


def main() -> None:
    """Print one line per question."""
    with tempfile.TemporaryDirectory() as made:
        folders = {}
        for tasks, runs, values in ((TASKS, 2, VALUES), (MANY_TASKS, 1, "2")):
            folders[tasks] = Path(made) / str(tasks)
            folders[tasks].mkdir()
            widened_runs(folders[tasks], tasks, runs, VALUES=values)
        print(f"{'CPU milliseconds':46}{'without memory':>16}{'first look':>12}{'later looks':>13}{'floor':>8}")
        for name, (tasks, code) in QUESTIONS.items():
            _, without, _, expected = asked(folders[tasks], code, remember=False)
            first, later, bare, answer = asked(folders[tasks], code, remember=True)
            if answer != expected:
                raise SystemExit(f"{name}: the answers differ")
            floor = "" if "compare" in name else f"{bare * 1000:.1f}"  # a comparison needs other records
            print(f"{name:46}{without * 1000:>16.1f}{first * 1000:>12.1f}{later * 1000:>13.1f}{floor:>8}")


if __name__ == "__main__":
    main()
