"""The floor: a bare script that reads the facts of a table of runs from known files and checks nothing.

Python code that reads the same facts from the same files cannot be much faster.
"""

import json
import os


def runs(flow: str, folder: str) -> list[list[object]]:
    """Return the same columns as the DataFrame of runs: id, success, start, end, tags, system tags, not resumed."""
    base = f"{folder}/.metaflow/{flow}"
    rows: list[list[object]] = []
    for run_id in os.listdir(base):
        if not run_id.isdecimal():
            continue
        run = _read(f"{base}/{run_id}/_meta/_self.json")
        started = _read(f"{base}/{run_id}/_parameters/_meta/_self.json")["ts_epoch"]
        for task in os.listdir(f"{base}/{run_id}/end"):
            if task == "_meta":
                continue
            meta = f"{base}/{run_id}/end/{task}/_meta"
            success = _read(f"{meta}/0_artifact__success.json")["sha"] == "868436778cb011a1c6230bc12534683ab0b7f1c3"
            finished = _read(f"{meta}/0_artifact__task_ok.json")["ts_epoch"]
            _read(f"{meta}/0_artifact__transition.json")  # says that this step is the last
            origin = next(name for name in os.listdir(meta) if name.startswith("sysmeta_origin-run-id"))
            resumed = _read(f"{meta}/{origin}")["value"] != "None"
            began = min(run["ts_epoch"], started) / 1000
            tags, system_tags = sorted(run["tags"]), sorted(run["system_tags"])
            rows.append([run_id, success, began, finished / 1000, tags, system_tags, not resumed])
    return sorted(rows)


def _read(file: str) -> dict[str, object]:
    with open(file, "rb") as stream:
        return json.load(stream)
