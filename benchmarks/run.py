"""Measures mfwidgets against Metaflow's own client: the same questions, the same runs, one after the other.

Each side runs in a process of its own, warmed up once; the figures are medians of five. Answers are compared: a faster
wrong answer is none. Ratios matter, seconds are this machine's.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from corpus import corpus

REPEATS = 5

# What each side does; `m` is the package, `flow` the name of a flow with many runs. Each prints what it found.
QUESTIONS = {
    "the frame of 500 runs": (
        """rows = m.Flow(flow).runs().to_pandas().itertuples()
answer = sorted(
    [row.run_id, row.status == "completed", row.created_at.timestamp(), row.finished_at.timestamp(),
     row.user_tags, row.system_tags, not isinstance(row.origin_run_id, str)]
    for row in rows
)""",
        """answer = sorted(
    [run.id, run.successful, run.created_at.timestamp(), run.finished_at.timestamp(),
     sorted(run.user_tags), sorted(run.system_tags), run.origin_pathspec.endswith("/None")]
    for run in m.Flow(flow)
)""",
    ),
    "latest_successful_run": (
        "answer = m.Flow(flow).latest_successful_run.pathspec",
        "answer = m.Flow(flow).latest_successful_run.pathspec",
    ),
    "successful, of each of 500 runs": (
        "answer = sorted((run.id, run.successful) for run in m.Flow(flow))",
        "answer = sorted((run.id, run.successful) for run in m.Flow(flow))",
    ),
    "stdout of 10 MB": (
        "answer = hash_of(m.Flow(flow).latest_run['start'].task.stdout)",
        "answer = hash_of(m.Flow(flow).latest_run['start'].task.stdout)",
    ),
    "loglines of 10 MB": (
        "answer = sum(len(line) for _, line in m.Flow(flow).latest_run['start'].task.loglines('stdout'))",
        "answer = sum(len(line) for _, line in m.Flow(flow).latest_run['start'].task.loglines('stdout'))",
    ),
}

PROGRAM = """
import hashlib, json, sys, time
import {package} as m
hash_of = lambda text: hashlib.sha1(text.encode()).hexdigest()
flow, folder = sys.argv[1:]
m.metadata(folder)
m.namespace(None)
times = []
for _ in range({repeats} + 1):
    began = time.perf_counter()
{code}
    times.append(time.perf_counter() - began)
print(json.dumps([times[1:], answer]))
"""


def many_runs(folder: Path, copies: int = 500) -> str:
    """Copy one real run many times, and return the name of its flow."""
    found = corpus()
    flow, run_id = found["linear"].split("/")
    target = folder / ".metaflow" / flow
    for part in ("_meta", "data"):
        shutil.copytree(found.root / flow / part, target / part)
    for number in range(copies):
        copy = str(int(run_id) + number)
        shutil.copytree(found.root / flow / run_id, target / copy)
        # Metaflow reads the id from the files; the time has to differ as well, or any order is right.
        for file in (target / copy).rglob("_meta/*.json"):
            content = json.loads(file.read_text().replace(run_id, copy).replace(str(found.folder), str(folder)))
            file.write_text(json.dumps(content | {"ts_epoch": content["ts_epoch"] + number}))
    return flow


def big_log(folder: Path, flow: str, megabytes: int = 10) -> None:
    """Give the newest run's start task a log of so many megabytes, in Metaflow's format."""
    newest = max(path for path in (folder / ".metaflow" / flow).iterdir() if path.name.isdecimal())
    task = next(path for path in newest.glob("start/*") if path.name.isdecimal())
    log = task / "0.runtime_stdout.log"
    identity = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
    with log.open("w") as stream:
        number = 0
        while stream.tell() < megabytes * 1_000_000:
            stamp = f"2026-01-01T{number // 3_600_000:02}:{number // 60_000 % 60:02}:{number // 1000 % 60:02}.{number % 1000:03}000"
            stream.write(f"[MFLOG|0|{stamp}Z|runtime|{identity}]epoch {number} loss {1 / (number + 1):.6f}\n")
            number += 1


def ask(package: str, code: str, flow: str, folder: Path) -> tuple[float, object]:
    """Return the median seconds of a question, and its answer."""
    body = "\n".join(f"    {line}" for line in code.splitlines())
    program = PROGRAM.format(package=package, repeats=REPEATS, code=body)
    times, answer = json.loads(_python("-c", program, flow, str(folder)))
    return statistics.median(times), answer


def seconds_to_import(package: str) -> float:
    """Return the median seconds of importing a package, less those of a bare Python."""
    program = "import time; began = time.perf_counter(); import {0}; print(time.perf_counter() - began)"
    return statistics.median(float(_python("-c", program.format(package))) for _ in range(REPEATS))


def _python(*arguments: str) -> str:
    environment = os.environ | {"METAFLOW_USER": "ann", "METAFLOW_HOME": tempfile.gettempdir(), "TZ": "UTC"}
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=True, env=environment
    ).stdout


def main() -> None:
    """Print a line for each question."""
    print(f"{'':36}{'mfwidgets':>12}{'metaflow':>12}{'ratio':>9}")
    with tempfile.TemporaryDirectory() as folder:
        flow = many_runs(Path(folder))
        big_log(Path(folder), flow)
        for name, (ours, theirs) in QUESTIONS.items():
            our_time, our_answer = ask("mfwidgets", ours, flow, Path(folder))
            their_time, their_answer = ask("metaflow", theirs, flow, Path(folder))
            if our_answer != their_answer:
                raise SystemExit(f"{name}: the answers differ: {our_answer!s:.200} and {their_answer!s:.200}")
            _line(name, our_time, their_time)
    _line("import", seconds_to_import("mfwidgets"), seconds_to_import("metaflow"))


def _line(name: str, ours: float, theirs: float) -> None:
    print(f"{name:36}{ours * 1000:>9.1f} ms{theirs * 1000:>9.1f} ms{theirs / ours:>8.1f}x")


if __name__ == "__main__":
    main()
