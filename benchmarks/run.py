"""Measures mfwidgets and Metaflow's own client on the same questions about the same runs, one after the other.

Each client runs in its own process and is warmed up once. The figures are CPU time, medians of five measurements of at least 50 ms.
The answers are compared. Nothing is remembered between two questions (see remembered.py). Only the ratios carry over to other
machines. Peak memory is that of the whole process, with all libraries.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from worlds import ENVIRONMENT, big_log, many_runs, own_values, wide_run

REPEATS = 5
BENCHMARKS = Path(__file__).parent

# The code of each client. `m` is the package, `flow` the name of a flow. The result goes into `answer`.
QUESTIONS = {
    "the frame of 500 runs": (
        "many",
        """rows = m.Flow(flow).runs().to_pandas().itertuples()
answer = sorted(
    [row.run_id, row.status == "completed", row.created_at.timestamp(), row.finished_at.timestamp(),
     row.user_tags, row.system_tags, not isinstance(row.origin_run_id, str)]
    for row in rows
)""",
        """import pandas
rows = pandas.DataFrame(
    [run.id, run.successful, run.created_at, run.finished_at, sorted(run.user_tags), sorted(run.system_tags),
     run.origin_pathspec]
    for run in m.Flow(flow)
).itertuples(index=False)
answer = sorted(
    [row[0], row[1], row[2].timestamp(), row[3].timestamp(), row[4], row[5], row[6].endswith("/None")] for row in rows
)""",
    ),
    "latest_successful_run": (
        "many",
        "answer = m.Flow(flow).latest_successful_run.pathspec",
        "answer = m.Flow(flow).latest_successful_run.pathspec",
    ),
    "successful, of each of 500 runs": (
        "many",
        "answer = sorted((run.id, run.successful) for run in m.Flow(flow))",
        "answer = sorted((run.id, run.successful) for run in m.Flow(flow))",
    ),
    "stdout of 10 MB": (
        "many",
        "answer = hash_of(m.Flow(flow).latest_run['start'].task.stdout)",
        "answer = hash_of(m.Flow(flow).latest_run['start'].task.stdout)",
    ),
    "loglines of 10 MB": (
        "many",
        "answer = sum(len(line) for _, line in m.Flow(flow).latest_run['start'].task.loglines('stdout'))",
        "answer = sum(len(line) for _, line in m.Flow(flow).latest_run['start'].task.loglines('stdout'))",
    ),
    "all artifacts of a run of 53 tasks": (
        "wide",
        """frame = m.Flow(flow).latest_run.artifacts().to_pandas()
answer = sorted(zip(frame.pathspec, frame.type, frame["size"].astype(object)))""",
        """import pandas
frame = pandas.DataFrame(
    [artifact.pathspec, type(artifact.data).__name__, artifact.size]
    for step in m.Flow(flow).latest_run for task in step for artifact in task
)
answer = sorted(zip(*(frame[column].astype(object) for column in frame)))""",
    ),
    "parameters, 2 artifacts of 500 runs": (
        "values",
        """rows = m.Flow(flow).runs().to_pandas(params=True, artifacts=["x", "text"]).itertuples(index=False)
answer = sorted([row.run_id, row.status == "completed", *row[-4:]] for row in rows)""",
        """import pandas
rows = []
for run in m.Flow(flow):
    given, end = run["_parameters"].task.data, run.data
    rows.append(
        [run.id, run.successful, run.created_at, run.finished_at, sorted(run.tags), given.alpha, given.label, end.x, end.text]
    )
answer = sorted([row[0], row[1], *row[5:]] for row in pandas.DataFrame(rows).itertuples(index=False))""",
    ),
    "where(alpha=) over 500 runs": (
        "values",
        "answer = sorted(run.id for run in m.Flow(flow).runs().where(alpha=0.3))",
        "answer = sorted(run.id for run in m.Flow(flow) if run.data.alpha == 0.3)",
    ),
    "the parents of a join of 50": (
        "wide",
        "answer = sorted(task.pathspec for task in m.Flow(flow).latest_run['join'].task.parent_tasks)",
        "answer = sorted(task.pathspec for task in m.Flow(flow).latest_run['join'].task.parent_tasks)",
    ),
}

FLOORS = {"the frame of 500 runs": "runs", "the parents of a join of 50": "parents"}
"""The functions of the bare script that reads the same files."""

PROGRAM = """
import hashlib, json, sys, time
{prepare}
hash_of = lambda text: hashlib.sha1(text.encode()).hexdigest()
flow, folder = sys.argv[1:]
{choose}
def ask():
{code}
    return answer
answer = ask()
times = []
for _ in range({repeats}):
    asked, began = 0, time.process_time()
    while time.process_time() - began < 0.05:
        ask()
        asked += 1
    times.append((time.process_time() - began) / asked)
# getrusage() would return the peak of the parent process if that is higher.
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([times, int(peak) / 1024, answer]))
"""
CLIENT = "m.metadata(folder)\nm.namespace(None)"

LARGE_LOG = """
import os, sys
import mfwidgets as m
def kilobytes(name):
    return int(next(line.split()[1] for line in open("/proc/self/status") if line.startswith(name)))
task = m.Metaflow(metadata=sys.argv[2], namespace=None)[sys.argv[1]].latest_run["start"].task
before = kilobytes("VmRSS")
text = task.stdout
print(kilobytes("VmHWM") - before)
"""
"""Prints how many kilobytes a log takes at most."""


@dataclass(frozen=True)
class Measured:
    """The result of a question: median seconds, peak memory in MB, the answer."""

    seconds: float
    megabytes: float
    answer: object


def ask(prepare: str, choose: str, code: str, flow: str, folder: Path) -> Measured:
    """Ask a question in its own process."""
    body = "\n".join(f"    {line}" for line in code.splitlines())
    program = PROGRAM.format(prepare=prepare, choose=choose, code=body, repeats=REPEATS)
    times, megabytes, answer = json.loads(_python("-c", program, flow, str(folder)))
    return Measured(statistics.median(times), megabytes, answer)


def seconds_to_import(package: str) -> float:
    """Return the median seconds to import a package, without the start of Python."""
    program = "import time; began = time.process_time(); import {0}; print(time.process_time() - began)"
    return statistics.median(float(_python("-c", program.format(package))) for _ in range(REPEATS))


def _python(*arguments: str) -> str:
    environment = ENVIRONMENT | {"PYTHONPATH": os.pathsep.join((str(BENCHMARKS), ENVIRONMENT.get("PYTHONPATH", "")))}
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=True, env=environment
    ).stdout


def main() -> None:
    """Print one line per question."""
    print(f"{'':36}{'mfwidgets':>20}{'Metaflow':>22}{'faster':>9}")
    with tempfile.TemporaryDirectory() as made:
        folders = {world: Path(made) / world for world in ("many", "wide", "values")}
        for folder in folders.values():
            folder.mkdir()
        flows = {world: many_runs(folders[world]) for world in ("many", "values")}
        flows["wide"] = wide_run(folders["wide"])
        big_log(folders["many"], flows["many"])
        own_values(folders["values"], flows["values"])
        measured = {}
        for name, (world, ours, theirs) in QUESTIONS.items():
            place = (flows[world], folders[world])
            measured[name] = ask("import mfwidgets as m\nm.options.remember = False", CLIENT, ours, *place)
            other = ask("import metaflow as m", CLIENT, theirs, *place)
            _same(name, measured[name], other)
            _line(name, measured[name], other)
        floors = []
        for name, bare in FLOORS.items():
            world = QUESTIONS[name][0]
            floor = ask("import floor", "", f"answer = floor.{bare}(flow, folder)", flows[world], folders[world])
            _same(f"the floor of {name}", measured[name], floor)
            floors.append((name, measured[name].seconds / floor.seconds, floor.seconds))
        log = big_log(folders["values"], flows["values"], megabytes=200)
        kilobytes = int(_python("-c", LARGE_LOG, flows["values"], str(folders["values"])))
        times_size = 1024 * kilobytes / log.stat().st_size
    print(f"{'import':36}", end="")
    ours, theirs = seconds_to_import("mfwidgets"), seconds_to_import("metaflow")
    print(f"{ours * 1000:>9.1f} ms{'':8}{theirs * 1000:>11.1f} ms{'':8}{theirs / ours:>8.1f}x")
    for name, ratio, seconds in floors:
        print(f"{name} takes {ratio:.2f} times the floor ({seconds * 1000:.1f} ms).")
    print(f"stdout of 200 MB takes {times_size:.2f} times its size in memory.")


def _same(name: str, ours: Measured, theirs: Measured) -> None:
    if ours.answer != theirs.answer:
        raise SystemExit(f"{name}: the answers differ: {ours.answer!s:.300} and {theirs.answer!s:.300}")


def _line(name: str, ours: Measured, theirs: Measured) -> None:
    print(
        f"{name:36}{ours.seconds * 1000:>9.1f} ms{ours.megabytes:>5.0f} MB"
        f"{theirs.seconds * 1000:>11.1f} ms{theirs.megabytes:>5.0f} MB{theirs.seconds / ours.seconds:>8.1f}x"
    )


if __name__ == "__main__":
    main()
