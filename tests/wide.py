"""Makes wide runs and long lists: it copies a task of a foreach, or a whole run, many times."""

import gzip
import hashlib
import json
import pickle
import re
import shutil
from pathlib import Path

from corpus import Corpus


def widen(run: Path, step: str, tasks: int) -> None:
    """Copy tasks of a local run's step until it has this many, each with its own item."""
    present = sorted(
        (path for path in (run / step).iterdir() if path.name.isdecimal()), key=lambda path: int(path.name)
    )
    first = 1 + max(int(path.name) for path in run.glob("*/*") if path.name.isdecimal())
    for number in range(len(present), tasks):
        task = run / step / str(first + number)
        shutil.copytree(present[0], task)
        for file in (task / "_meta").glob("*.json"):
            record = json.loads(file.read_bytes()) | {"task_id": task.name}
            if record.get("field_name") == "foreach-execution-path":
                record["value"] = f"{step}:{number}"
            if record.get("field_name") == "foreach-stack":
                record["value"] = [f"items=item {number}"]
            file.write_text(json.dumps(record))


def many_runs(runs: Corpus, folder: Path, *flows: str, copies: int = 120) -> Corpus:
    """Copy the runs of some flows into a folder, and the linear one ``copies`` more times, each a little older."""
    for name in ("LinearFlow", *flows):
        shutil.copytree(runs.root / name, folder / ".metaflow" / name)
    flow, run_id = runs["linear"].split("/")
    for number in range(1, copies + 1):
        shutil.copytree(runs.root / flow / run_id, folder / ".metaflow" / flow / str(int(run_id) - number))
    return Corpus(folder, runs.pathspecs)


def runs_with_results(runs: Corpus, folder: Path, count: int) -> list[str]:
    """Copy the linear run ``count`` times, and give each copy another ``rmse`` and one of three ``alpha``.

    The copies have what an explorer reads of a run: its parameters and its end. Files that do not differ are hard links.

    Returns
    -------
    list of str
        The ids of the runs, the smallest ``rmse`` first. ``alpha`` is 0.1, 0.2 and 0.3 in turn.
    """
    flow, run_id = runs["linear"].split("/")
    source, target = runs.root / flow / run_id, folder / ".metaflow" / flow
    for part in ("_meta", "data"):
        shutil.copytree(runs.root / flow / part, target / part)
    record = json.loads((source / "_meta" / "_self.json").read_text())
    found = [path.relative_to(source) for part in ("_parameters", "end") for path in (source / part).rglob("*.*")]
    changed = [path for path in found if path.name == "0_artifact_alpha.json"]
    end = next(path.parent for path in changed if path.parts[0] == "end")
    kept = [path for path in found if re.search(r"_self|0\.DONE|0\.attempt|_attempt|artifact_(_|text)", path.name)]
    folders = sorted({parent for path in found for parent in path.parents if parent.name} | {Path("_meta")})
    artifact = json.loads((source / changed[0]).read_text())
    for path in kept:
        (folder / "model" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / path, folder / "model" / path)
    alphas = [_stored(target, pickle.dumps(value, 4)) for value in (0.1, 0.2, 0.3)]
    ids = []
    for number in range(count):
        place = number * 7 % count  # so that no other order of the runs is that of their results
        run = str(int(run_id) - 1_000_000 * place)
        ids.append(run)
        for path in folders:
            (target / run / path).mkdir(parents=True, exist_ok=True)
        for path in kept:
            (target / run / path).hardlink_to(folder / "model" / path)
        rmse = _stored(target, pickle.dumps(number / count, 4))
        written = {
            Path("_meta/_self.json"): record | {"run_number": run, "ts_epoch": record["ts_epoch"] - 1_000 * place}
        }
        written |= {path: artifact | {"sha": alphas[number % 3]} for path in changed}
        written[end / "0_artifact_rmse.json"] = artifact | {"name": "rmse", "sha": rmse}
        for path, content in written.items():
            (target / run / path).write_text(json.dumps(content))
    return ids


def _stored(flow: Path, content: bytes) -> str:
    """Store a blob as Metaflow does, and return its hash."""
    sha = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    place = flow / "data" / sha[:2]
    place.mkdir(exist_ok=True)
    (place / sha).write_bytes(gzip.compress(content, 1))
    (place / f"{sha}_meta").write_text('{"cas_raw": false, "cas_version": 1}')
    return sha
