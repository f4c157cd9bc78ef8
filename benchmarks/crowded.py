"""Measures a flow of 100,000 local runs, and how long the first display of a notebook takes.

The newest 60 runs are complete, the others have only their own record, since these questions read no more. A listing of the
folder is the floor. The figures are CPU milliseconds in new processes: the first look ever, then those of a new process with
the index, and a later look. For the first display, ``%load_ext`` and the display of a run of the sample are measured in new
processes whose kernel has IPython loaded. Python's bytecode and the compiled templates are kept from an earlier process.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from worlds import ENVIRONMENT, crowded_flow

RUNS, REPEATS = 100_000, 5

QUESTIONS = {
    "count()": "flow.runs().count()",
    "the display of the flow": "len(render_to_fit(flow)['text/html']) > 0",
    "the first page of the explorer": "[row.record.run_id for row in next(flow.runs()._row_pages(50))]",
}

PROGRAM = """
import json, os, statistics, sys, time
import jinja2, mfwidgets, sqlite3
from mfwidgets.render.html import load_templates
from mfwidgets.views.show import render_to_fit
import mfwidgets.index.run_index
load_templates()
folder, name, code, remember = sys.argv[1:]
mfwidgets.options.remember = remember == "True"
flow = mfwidgets.Metaflow(metadata=folder, namespace=None)[name]
question = compile(code, "question", "eval")
def seconds(ask):
    began = time.process_time()
    answer = ask()
    return time.process_time() - began, answer
def list_all():
    return len(sorted(os.listdir(f"{folder}/.metaflow/{name}")))
list_all()
first, answer = seconds(lambda: eval(question))
looks = [(seconds(list_all)[0], *seconds(lambda: eval(question))) for _ in range(5)]
if {json.dumps(found) for *_, found in looks} != {json.dumps(answer)}:
    raise SystemExit("the answers differ")
listing, later, _ = zip(*looks)
print(json.dumps([statistics.median(listing), first, statistics.median(later), answer]))
"""

FIRST_DISPLAY = """
import time
import ipykernel.ipkernel, ipykernel.zmqshell
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell("1 + 1", silent=True)
began = time.process_time()
shell.run_line_magic("load_ext", "mfwidgets")
loaded = time.process_time()
import mfwidgets
mfwidgets.metadata(FOLDER)
mfwidgets.namespace(None)
shell.display_formatter.format(shell.run_line_magic("mflow", "ForecastFlow/latest"))
print(loaded - began, time.process_time() - began)
"""


def python(code: str, *arguments: str, **environ: str) -> str:
    """Return the last line that a new process prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=ENVIRONMENT | environ, check=True, stdout=-1, text=True
    )
    return done.stdout.splitlines()[-1]


def measure_runs(folder: Path, flow: str, cache: Path) -> None:
    """Print one line per question about many runs."""
    for name, code in QUESTIONS.items():
        answers = []
        looks = {}
        for look in ("without", "first", "new process"):
            arguments = (str(folder), flow, code, str(look != "without"))
            listing, *times, answer = json.loads(python(PROGRAM, *arguments, METAFLOW_CLIENT_CACHE_PATH=str(cache)))
            looks[look] = times
            answers.append(answer)
        if answers.count(answers[0]) != len(answers):
            raise SystemExit(f"{name}: the answers differ")
        figures = (looks["without"][0], looks["first"][0], looks["new process"][0], looks["new process"][1], listing)
        print(f"{name:34}" + "".join(f"{1000 * seconds:>13.1f}" for seconds in figures))


def measure_first_display(cache: str) -> None:
    """Print how long the first display of a notebook takes. The first process writes the bytecode."""
    code = FIRST_DISPLAY.replace("FOLDER", repr(sample(cache)))
    environ = {"PYTHONPYCACHEPREFIX": cache, "PYTHONDONTWRITEBYTECODE": "", "XDG_CACHE_HOME": cache}
    times = [python(code, **environ).split() for _ in range(REPEATS + 1)][1:]
    loaded, shown = (1000 * statistics.median(map(float, column)) for column in zip(*times, strict=True))
    print(f"\n%load_ext mfwidgets: {loaded:.1f} ms of CPU; until the first display of a run: {shown:.0f} ms")


def sample(cache: str) -> str:
    """Return a copy of the sample runs."""
    code = "import mfwidgets; mfwidgets.sample(); print(mfwidgets.get_metadata())"
    return python(code, XDG_CACHE_HOME=cache)


def main() -> None:
    """Print the measurements."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "runs"
        flow = crowded_flow(folder, RUNS)
        print(f"\n{RUNS:,} local runs, CPU milliseconds")
        print(f"{'':34}{'no index':>13}{'first look':>13}{'new process':>13}{'later':>13}{'listing':>13}")
        measure_runs(folder, flow, Path(made) / "cache")
        measure_first_display(os.fspath(Path(made) / "bytecode"))


if __name__ == "__main__":
    main()
