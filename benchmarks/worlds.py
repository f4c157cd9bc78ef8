"""The folders that the benchmarks read: real runs, one of them copied many times."""

import gzip
import hashlib
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from corpus import corpus
from wide import widen

RUNS = 500
ENVIRONMENT = os.environ | {"METAFLOW_USER": "ann", "METAFLOW_HOME": tempfile.gettempdir(), "TZ": "UTC"}


def many_runs(folder: Path, copies: int = RUNS) -> str:
    """Copy one real run many times and return the name of its flow."""
    runs = corpus()
    flow, run_id = runs["linear"].split("/")
    target = folder / ".metaflow" / flow
    for part in ("_meta", "data"):
        shutil.copytree(runs.root / flow / part, target / part)
    source = runs.root / flow / run_id
    folders = [str(path.relative_to(source)) for path in sorted(source.rglob("*")) if path.is_dir()]
    contents = {str(path.relative_to(source)): path.read_bytes() for path in source.rglob("*") if path.is_file()}
    contents = {name: text.replace(bytes(runs.folder), bytes(folder)) for name, text in contents.items()}
    times = {name: _TIME.search(text) for name, text in contents.items() if "_meta/" in name}
    for number in range(copies):
        copy = str(int(run_id) + number)
        for name in (".", *folders):
            os.makedirs(f"{target}/{copy}/{name}", exist_ok=True)
        for name, text in contents.items():
            # Metaflow reads the id from the files. The times must differ too, or any order is right.
            found, changed = times.get(name), text
            if found:
                changed = text[: found.start(1)] + b"%d" % (int(found[1]) + number) + text[found.end(1) :]
            with open(f"{target}/{copy}/{name}", "wb") as file:
                file.write(changed.replace(run_id.encode(), copy.encode()) if found else text)
    return flow


_TIME = re.compile(rb'"ts_epoch": (\d+)')


def crowded_flow(folder: Path, count: int, complete: int = 60) -> str:
    """Return the name of a flow with this many runs. The newest are complete, the others have only their own record."""
    flow = many_runs(folder, complete)
    root = folder / ".metaflow" / flow
    newest = min(int(path.name) for path in root.iterdir() if path.name.isdecimal())
    record = json.loads((root / str(newest) / "_meta" / "_self.json").read_text())
    for number in range(1, count - complete + 1):
        run_id, started_ms = newest - number * 1_000_000, record["ts_epoch"] - number * 1_000
        meta = f"{root}/{run_id}/_meta"
        os.makedirs(meta)
        with open(f"{meta}/_self.json", "w", encoding="utf-8") as file:
            json.dump(record | {"run_number": str(run_id), "ts_epoch": started_ms}, file)
    return flow


def big_log(folder: Path, flow: str, megabytes: int = 10) -> Path:
    """Write a log of this many megabytes for the start task of the newest run, in Metaflow's format. Return its file."""
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
    return log


def wide_run(folder: Path, **settings: str) -> str:
    """Create a run of 50 tasks and their join, and return the name of its flow. Settings are WIDTH and VALUES."""
    flow = Path(__file__).parent / "wide_flow.py"
    subprocess.run(
        [sys.executable, str(flow), "run", "--max-workers", "4"],
        cwd=folder,
        env=ENVIRONMENT | settings,
        capture_output=True,
        check=True,
    )
    return "WideFlow"


def widened_runs(folder: Path, tasks: int, runs: int = 1, **settings: str) -> str:
    """Create runs whose foreach has this many tasks, and return the name of their flow. One real run is copied."""
    flow = folder / ".metaflow" / wide_run(folder, WIDTH="4", **settings)
    run = next(path for path in flow.iterdir() if path.name.isdecimal())
    widen(run, "work", tasks)
    for number in range(1, runs):
        shutil.copytree(run, flow / str(int(run.name) - number))
    return flow.name


def own_values(folder: Path, flow: str) -> None:
    """Give each run its own values, as real runs have: different ``x`` and ``text`` at the end, one of ten ``alpha``."""
    runs = sorted(path for path in (folder / ".metaflow" / flow).iterdir() if path.name.isdecimal())
    for number, run in enumerate(runs):
        _replace(run, "*", "alpha", number % 10 / 10)
        _replace(run, "end", "x", number + 0.5)
        _replace(run, "end", "text", f"run {number}")


def _replace(run: Path, step: str, name: str, value: object) -> None:
    """Replace a value that Metaflow wrote: the blob, its ``_meta`` file and the record."""
    content = pickle.dumps(value, 4)
    sha = hashlib.sha1(content).hexdigest()
    for record in run.glob(f"{step}/*/_meta/0_artifact_{name}.json"):
        fields = json.loads(record.read_text())
        blobs = run.parent / "data"
        new, old = (blobs / key[:2] / key for key in (sha, fields["sha"]))
        if new != old:
            new.parent.mkdir(exist_ok=True)
            new.write_bytes(gzip.compress(content))
            shutil.copy(f"{old}_meta", f"{new}_meta")
        record.write_text(json.dumps(fields | {"sha": sha}))
