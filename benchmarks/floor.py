"""The floor: a bare script that reads the facts of a table of runs from known files and checks nothing.

Python code that reads the same facts from the same files cannot be much faster.
"""

import gzip
import hashlib
import json
import os
import pickle
import re

_TRUE = "868436778cb011a1c6230bc12534683ab0b7f1c3"
"""The hash of the pickle of True."""


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
            success = _read(f"{meta}/0_artifact__success.json")["sha"] == _TRUE
            finished = _read(f"{meta}/0_artifact__task_ok.json")["ts_epoch"]
            _read(f"{meta}/0_artifact__transition.json")  # says that this step is the last
            origin = next(name for name in os.listdir(meta) if name.startswith("sysmeta_origin-run-id"))
            resumed = _read(f"{meta}/{origin}")["value"] != "None"
            began = min(run["ts_epoch"], started) / 1000
            tags, system_tags = sorted(run["tags"]), sorted(run["system_tags"])
            rows.append([run_id, success, began, finished / 1000, tags, system_tags, not resumed])
    return sorted(rows)


_STATUS = re.compile(
    r"_self\.json|sysmeta_(attempt|foreach-stack|foreach-execution-path)_\d+\.json|0_artifact_(_success|_task_ok)\.json"
)
"""The files whose facts no name and no other file has: creation and start of a task, its place in a foreach, its results."""


def tasks(folder: str, flow: str, run_id: str) -> list[object]:
    """Return the records that a display of a run needs: one listing and six small files per task."""
    base = f"{folder}/.metaflow/{flow}/{run_id}"
    found: list[object] = []
    for step in os.listdir(base):
        for task in os.listdir(f"{base}/{step}") if step[0] != "_" else ():
            if task != "_meta":
                records = f"{base}/{step}/{task}/_meta"
                found += [_read(f"{records}/{name}") for name in os.listdir(records) if _STATUS.fullmatch(name)]
    return found


def timings(flow: str, folder: str) -> list[object]:
    """Return the records of all runs and of all their tasks, and the hashes of the graphs that order their steps."""
    base = f"{folder}/.metaflow/{flow}"
    found: list[object] = []
    for run_id in filter(str.isdecimal, os.listdir(base)):
        start = f"{base}/{run_id}/_parameters"
        found += [_read(f"{base}/{run_id}/_meta/_self.json"), _read(f"{start}/_meta/_self.json")]
        found += [_artifacts(f"{start}/{task}/_meta", "_graph_info") for task in os.listdir(start) if task != "_meta"]
        found += tasks(folder, flow, run_id)
    return found


def parents(flow: str, folder: str) -> list[str]:
    """Return the tasks before the only task of the step ``join`` of the newest run, with the graph that says which they are."""
    base = f"{folder}/.metaflow/{flow}"
    _read(f"{base}/_meta/_self.json")
    run = f"{base}/{max(filter(str.isdecimal, os.listdir(base)))}"
    start, join = f"{run}/_parameters", f"{run}/join"
    for place in (run, start, join):
        _read(f"{place}/_meta/_self.json")
    for step, name in ((join, "_foreach_stack"), (start, "_graph_info")):
        for task in os.listdir(step):
            if task != "_meta":
                _read(f"{step}/{task}/_meta/_self.json")
                sha = _artifacts(f"{step}/{task}/_meta", name)[name]
    with open(f"{base}/data/{sha[:2]}/{sha}", "rb") as stream:
        content = gzip.decompress(stream.read())
    steps = pickle.loads(content)["steps"] if hashlib.sha1(content).hexdigest() == sha else {}
    before = [name for name, node in steps.items() if "join" in node["next"]]
    records = [
        _read(f"{run}/{name}/{task}/_meta/_self.json")
        for name in before
        for task in os.listdir(f"{run}/{name}")
        if task != "_meta"
    ]
    return sorted(
        f"{flow}/{row['run_number']}/{row['step_name']}/{row['task_id']}"
        for row in sorted(records, key=lambda row: row["ts_epoch"])
    )


def latest_successful(flow: str, folder: str) -> str:
    """Return the newest run whose task of the step ``end`` succeeded. Reads the record of each run and its two results."""
    base = f"{folder}/.metaflow/{flow}"
    for run_id in sorted(filter(str.isdecimal, os.listdir(base)), reverse=True):
        _read(f"{base}/{run_id}/_meta/_self.json")
        for task in os.listdir(f"{base}/{run_id}/end"):
            if task != "_meta":
                results = _artifacts(f"{base}/{run_id}/end/{task}/_meta", "_success", "_task_ok")
                if results["_success"] == _TRUE:
                    return run_id
    return ""


def where(flow: str, folder: str) -> list[str]:
    """Return the runs whose ``alpha`` has the hash of 0.3, with the records of all runs."""
    base = f"{folder}/.metaflow/{flow}"
    sha = hashlib.sha1(pickle.dumps(0.3, 4)).hexdigest()

    def alphas(run_id: str) -> list[str]:
        _read(f"{base}/{run_id}/_meta/_self.json")
        _read(f"{base}/{run_id}/_parameters/_meta/_self.json")
        tasks = os.listdir(f"{base}/{run_id}/_parameters")
        records = [f"{base}/{run_id}/_parameters/{task}/_meta" for task in tasks if task != "_meta"]
        return [_artifacts(path, "alpha")["alpha"] for path in records]

    return [run_id for run_id in filter(str.isdecimal, sorted(os.listdir(base))) if sha in alphas(run_id)]


def values(flow: str, folder: str) -> list[object]:
    """Return the facts of the table of runs, with the values of parameters and of two artifacts. Equal hashes are read once."""
    base = f"{folder}/.metaflow/{flow}"
    blobs: dict[str, object] = {}
    rows: list[object] = []
    for run_id in filter(str.isdecimal, os.listdir(base)):
        for step, names in (("_parameters", ("alpha", "label", "_graph_info")), ("end", ("x", "text"))):
            for task in os.listdir(f"{base}/{run_id}/{step}"):
                if task == "_meta":
                    continue
                for name, sha in _artifacts(f"{base}/{run_id}/{step}/{task}/_meta", *names).items():
                    if sha not in blobs:
                        with open(f"{base}/data/{sha[:2]}/{sha}", "rb") as stream:
                            content = gzip.decompress(stream.read())
                        if hashlib.sha1(content).hexdigest() == sha:
                            blobs[sha] = pickle.loads(content)
                    rows.append((run_id, name, blobs[sha]))
    return [runs(flow, folder), rows]


def _artifacts(records: str, *names: str) -> dict[str, str]:
    """Return the hashes of artifacts of the newest attempt. A listing shows which attempt that is."""
    attempt = max(name.partition("_")[0] for name in os.listdir(records) if "_artifact_" in name)
    return {name: str(_read(f"{records}/{attempt}_artifact_{name}.json")["sha"]) for name in names}


def _read(file: str) -> dict[str, object]:
    with open(file, "rb") as stream:
        return json.load(stream)
