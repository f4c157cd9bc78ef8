"""Measures what remembering saves: the first look, a second look, and the first look of a new process.

Each question is measured without the index, with it in the process that made it, and with its file in a new process. The figures
are CPU seconds, medians of several measurements, without the start of Python and the imports. The answers are compared, but the
comparison is not measured. The floor is a bare script that reads the needed files. Questions about all runs are measured with
10,000 runs, too.
"""

import hashlib
import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import floor
from worlds import ENVIRONMENT, many_runs, own_values

REPEATS = 5
RUNS, MANY_RUNS = 500, 10_000
BENCHMARKS = Path(__file__).parent

QUESTIONS = {
    "the frame": "flow.runs().to_pandas()",
    "parameters and 2 artifacts": 'flow.runs().to_dicts(params=True, artifacts=["x", "text"])',
    "where(alpha=0.3)": "[run.id for run in flow.runs().where(alpha=0.3)]",
    'runs(status="failed")': '[run.id for run in flow.runs(status="failed")]',
    'runs(status="running")': '[run.id for run in flow.runs(status="running")]',
    "latest_successful_run": "repr(flow.latest_successful_run)",
    "timings()": "flow.runs().timings().to_dicts()",
    "count()": "flow.runs().count()",
}

ABOUT_ALL = ("the frame", 'runs(status="failed")', 'runs(status="running")', "count()")

FLOORS = {
    "parameters and 2 artifacts": floor.values,
    "where(alpha=0.3)": floor.where,
    "timings()": floor.timings,
    "latest_successful_run": floor.latest_successful,
}
"""The functions of the bare script. The others need what a table of runs needs."""

AT_THE_END = "latest_successful_run"
"""Measured again with runs of which only the oldest succeeded."""

PROGRAM = """
import json, statistics, sys, time
import numpy, pandas
import floor, mfwidgets, sqlite3
import mfwidgets.client.collections.runs, mfwidgets.index.run_index, mfwidgets.queries.values.value_filter
mfwidgets.options.remember = sys.argv[4] == "True"
name, folder = sys.argv[1:3]
flow = mfwidgets.Metaflow(metadata=folder, namespace=None)[name]
def ask():
    return {code}
def bare():
    floor.{bare}(name, folder)
def seconds(question):
    began = time.process_time()
    question()
    return time.process_time() - began
first = seconds(ask)
later = statistics.median(seconds(ask) for _ in range(int(sys.argv[3])))
print(json.dumps([first, later, statistics.median(seconds(bare) for _ in range(min(int(sys.argv[3]), 3))), hash_of(ask())]))
"""
HASH = """
import hashlib
def hash_of(answer):
    if hasattr(answer, "itertuples"):
        answer = [list(map(str, row)) for row in answer.itertuples(index=False)]
    return hashlib.sha1(repr(answer).encode()).hexdigest()
"""


def asked(name: str, flow: str, folder: Path, cache: Path, *, remember: bool, repeats: int = REPEATS) -> list[float]:
    """Return the seconds of the first and of later looks of a new process, the floor, and a hash of the answer."""
    environment = ENVIRONMENT | {
        "METAFLOW_CLIENT_CACHE_PATH": str(cache),
        "PYTHONPATH": os.pathsep.join((str(BENCHMARKS), ENVIRONMENT.get("PYTHONPATH", ""))),
    }
    program = HASH + PROGRAM.replace("{code}", QUESTIONS[name]).replace("{bare}", FLOORS.get(name, floor.runs).__name__)
    command = [sys.executable, "-c", program, flow, str(folder), str(repeats), str(remember)]
    answer: list[float] = json.loads(subprocess.run(command, env=environment, check=True, stdout=-1, text=True).stdout)
    return answer


def rows(
    questions: dict[str, str], flow: str, folder: Path, cache: Path, repeats: int
) -> Iterator[tuple[str, list[float]]]:
    """Yield each question with its seconds: without the index, with it, in a new process, and the floor."""
    for name in questions:
        without = asked(name, flow, folder, cache, remember=False, repeats=min(repeats, 2))
        made = asked(name, flow, folder, cache, remember=True, repeats=repeats)
        new = [asked(name, flow, folder, cache, remember=True, repeats=1) for _ in range(min(repeats, 3))]
        if len({without[-1], made[-1], *(measured[-1] for measured in new)}) != 1:
            raise SystemExit(f"{name}: the answers differ")
        first = statistics.median(measured[0] for measured in new)
        yield name, [without[1], made[1], first, without[2]]


def fail(flow: Path, share: int) -> None:
    """Let the end of every n-th run fail."""
    runs = sorted(path for path in flow.iterdir() if path.name.isdecimal())
    false = hashlib.sha1(pickle.dumps(obj=False, protocol=4)).hexdigest()
    for run in runs[1::share]:
        for pattern, change in (
            ("*_artifact__success", {"sha": false}),
            ("*_artifact__task_ok", {"sha": false}),
            ("sysmeta_attempt_ok*", {"value": "False"}),
        ):
            for file in run.glob(f"end/*/_meta/{pattern}.json"):
                file.write_text(json.dumps(json.loads(file.read_text()) | change))


def main() -> None:
    """Print one line per question."""
    measure(RUNS, QUESTIONS, REPEATS)
    measure(RUNS, {AT_THE_END: QUESTIONS[AT_THE_END]}, REPEATS, share=1)
    measure(MANY_RUNS, {name: QUESTIONS[name] for name in ABOUT_ALL}, 1)


def measure(count: int, questions: dict[str, str], repeats: int, share: int = 8) -> None:
    """Print one line per question about this many runs, of which every n-th failed. If all did, the oldest succeeded."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "runs"
        flow = many_runs(folder, count)
        if len(questions) == len(QUESTIONS):
            own_values(folder, flow)
        fail(folder / ".metaflow" / flow, share)
        failed = "all but the oldest" if share == 1 else f"every {share}th"
        print(f"\n{count:,} runs, {failed} failed; CPU milliseconds")
        print(f"{'':30}{'without':>9}{'second':>9}{'ratio':>7}{'new process':>13}{'ratio':>7}{'floor':>9}")
        for name, (without, second, first, bare) in rows(questions, flow, folder, Path(made) / "cache", repeats):
            print(
                f"{name:30}{without * 1000:>9.1f}{second * 1000:>9.1f}{second / without:>7.2f}"
                f"{first * 1000:>13.1f}{first / without:>7.2f}{bare * 1000:>9.1f}"
            )


if __name__ == "__main__":
    main()
