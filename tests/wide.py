"""Makes wide runs and long lists: it copies a task of a foreach, or a whole run, many times."""

import json
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
