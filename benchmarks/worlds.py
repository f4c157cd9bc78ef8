"""The folders that the benchmarks read: real runs, one of them copied many times."""

import gzip
import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from corpus import corpus

RUNS = 500
ENVIRONMENT = os.environ | {"METAFLOW_USER": "ann", "METAFLOW_HOME": tempfile.gettempdir(), "TZ": "UTC"}


def many_runs(folder: Path, copies: int = RUNS) -> str:
    """Copy one real run many times and return the name of its flow."""
    runs = corpus()
    flow, run_id = runs["linear"].split("/")
    target = folder / ".metaflow" / flow
    for part in ("_meta", "data"):
        shutil.copytree(runs.root / flow / part, target / part)
    for number in range(copies):
        copy = str(int(run_id) + number)
        shutil.copytree(runs.root / flow / run_id, target / copy)
        # Metaflow reads the id from the files. The times must differ too, or any order is right.
        for file in (target / copy).rglob("_meta/*.json"):
            content = json.loads(file.read_text().replace(run_id, copy).replace(str(runs.folder), str(folder)))
            file.write_text(json.dumps(content | {"ts_epoch": content["ts_epoch"] + number}))
    return flow


def big_log(folder: Path, flow: str, megabytes: int = 10) -> None:
    """Write a log of this many megabytes for the start task of the newest run, in Metaflow's format."""
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


def wide_run(folder: Path) -> str:
    """Create a run of 50 tasks and their join, and return the name of its flow."""
    flow = Path(__file__).parent / "wide_flow.py"
    subprocess.run(
        [sys.executable, str(flow), "run", "--max-workers", "4"],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        check=True,
    )
    return "WideFlow"


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
