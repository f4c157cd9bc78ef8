"""The rows of the metadata service of the tests, in memory: six tables, as in the database of the real service.

A run has a number, and with an orchestrator also a string id. The same is true for tasks. Rows have the columns of the
database. :func:`shown` turns them into rows of a response.
"""

import gzip
import json
import re
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

Row = dict[str, Any]

TABLES = ("flows_v3", "runs_v3", "steps_v3", "tasks_v3", "metadata_v3", "artifact_v3")
_PLAIN = re.compile(r"[^\s{}\",\\]+\Z")


class Store:
    """All rows, indexed by their parents."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.largest_run = 2**31 - 1
        self.flows: dict[str, Row] = {}
        self.runs: dict[str, dict[int, Row]] = defaultdict(dict)
        self.steps: dict[tuple[str, int], dict[str, Row]] = defaultdict(dict)
        self.tasks: dict[tuple[str, int, str], dict[int, Row]] = defaultdict(dict)
        self.metadata: dict[tuple[str, int], dict[tuple[str, int], list[Row]]] = defaultdict(lambda: defaultdict(list))
        self.artifacts: dict[tuple[str, int], dict[tuple[str, int], list[Row]]] = defaultdict(lambda: defaultdict(list))
        self.run_ids: dict[tuple[str, str], int] = {}
        self._numbers = {"run": 0, "task": 0, "metadata": 0}
        self._sorted: dict[str, list[Row]] = {}
        self._status: dict[tuple[str, int], str | None] = {}

    # -- as a whole -------------------------------------------------------------------------------------------------

    def load(self, tables: dict[str, list[Row]]) -> None:
        """Add the rows of all tables."""
        for table in TABLES:
            for row in tables[table]:
                self.add(table, row)

    def dump(self) -> dict[str, list[Row]]:
        """Return the rows of all tables."""
        return {
            "flows_v3": list(self.flows.values()),
            "runs_v3": [row for runs in self.runs.values() for row in runs.values()],
            "steps_v3": [row for steps in self.steps.values() for row in steps.values()],
            "tasks_v3": [row for tasks in self.tasks.values() for row in tasks.values()],
            "metadata_v3": [row for tasks in self.metadata.values() for rows in tasks.values() for row in rows],
            "artifact_v3": [row for tasks in self.artifacts.values() for rows in tasks.values() for row in rows],
        }

    def add(self, table: str, row: Row) -> None:
        """Add one row."""
        flow, number, step = row.get("flow_id", ""), row.get("run_number", 0), row.get("step_name", "")
        match table:
            case "flows_v3":
                self.flows[flow] = row
            case "runs_v3":
                self.runs[flow][number] = row
                self._numbers["run"] = max(self._numbers["run"], number)
                if row.get("run_id"):
                    self.run_ids[flow, row["run_id"]] = number
                self._sorted.pop(flow, None)
            case "steps_v3":
                self.steps[flow, number][step] = row
            case "tasks_v3":
                self.tasks[flow, number, step][row["task_id"]] = row
                self._numbers["task"] = max(self._numbers["task"], row["task_id"])
            case "metadata_v3":
                self.metadata[flow, number][step, row["task_id"]].append(row)
                self._numbers["metadata"] = max(self._numbers["metadata"], row["id"])
                self._status.pop((flow, number), None)
            case "artifact_v3":
                self.artifacts[flow, number][step, row["task_id"]].append(row)

    def change(self, run: Row, **values: Any) -> None:
        """Change a run and move its row to the end, as PostgreSQL does. Unsorted listings show that."""
        run.update(values)
        runs = self.runs[run["flow_id"]]
        runs[run["run_number"]] = runs.pop(run["run_number"])

    def number(self, kind: str) -> int:
        """Return the next number of runs, tasks or metadata. All flows share a sequence."""
        self._numbers[kind] += 1
        return self._numbers[kind]

    # -- finding ----------------------------------------------------------------------------------------------------

    def run(self, flow: str, given: str) -> Row | None:
        """Return a run by its number, or by its text id."""
        number = int(given) if given.isdigit() else self.run_ids.get((flow, given), -1)
        return self.runs.get(flow, {}).get(number)

    def task(self, flow: str, run: Row, step: str, given: str) -> Row | None:
        """Return a task by its number, or by its text id."""
        tasks = self.tasks.get((flow, run["run_number"], step), {})
        if given.isdigit():
            return tasks.get(int(given))
        return next((row for row in tasks.values() if row.get("task_name") == given), None)

    def newest_runs(self, flow: str) -> list[Row]:
        """Return the runs of a flow, newest first."""
        if flow not in self._sorted:
            runs = self.runs.get(flow, {}).values()
            self._sorted[flow] = sorted(runs, key=lambda row: (row["ts_epoch"], row["run_number"]), reverse=True)
        return self._sorted[flow]

    def status(self, run: Row) -> str:
        """Return what the service makes of a run: from its step ``end``, else from its heartbeat."""
        key = (run["flow_id"], run["run_number"])
        if key not in self._status:
            ends = [
                row
                for (step, _), rows in self.metadata.get(key, {}).items()
                for row in rows
                if step == "end" and row["field_name"] == "attempt_ok"
            ]
            newest = max(ends, key=lambda row: (row["ts_epoch"], row["id"]), default=None)
            self._status[key] = None if newest is None else "completed" if newest["value"] == "True" else "failed"
        alive = (run.get("last_heartbeat_ts") or 0) > time.time() - 360
        return self._status[key] or ("running" if alive else "failed")


def shown(row: Row, run: Row | None = None) -> Row:
    """Return a row of a response. Steps, tasks and artifacts have the tags of their run."""
    result = {key: value for key, value in row.items() if key not in ("run_id", "task_name")}
    if "run_number" in row:
        result["run_number"] = (run or row).get("run_id") or row["run_number"]
    if "task_id" in row:
        result["task_id"] = row.get("task_name") or row["task_id"]
    if run is not None and "field_name" not in row:
        result |= {"tags": run["tags"], "system_tags": run["system_tags"]}
    if "step_name" in row and "task_id" not in row:
        result["run_number"] = str(result["run_number"])
    if run is None and "run_number" in row:
        users = [tag.removeprefix("user:") for tag in row["system_tags"] or () if tag.startswith("user:")]
        if row["user_name"] in users:
            result["user"] = row["user_name"]
    return result


def as_text(value: object) -> str:
    """Return a value of metadata as PostgreSQL stores it. Lists become arrays in its notation."""
    if isinstance(value, list):
        quoted = (
            f'"{item.replace(chr(92), chr(92) * 2).replace(chr(34), chr(92) + chr(34))}"' for item in map(str, value)
        )
        return f"{{{','.join(text if not _PLAIN.match(text[1:-1]) else text[1:-1] for text in quoted)}}}"
    return str(value)


def read_tables(file: str) -> dict[str, list[Row]]:
    """Return the tables in a file, which may be gzipped."""
    content = Path(file).read_bytes()
    return json.loads(gzip.decompress(content) if file.endswith(".gz") else content)


def without_heartbeats_of_now(tables: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """Return tables whose heartbeats are an hour older: the runs of a file are over, even if they were just made."""
    moved = tables.copy()
    for table in ("runs_v3", "tasks_v3"):
        moved[table] = [
            row | {"last_heartbeat_ts": row["last_heartbeat_ts"] - 3600} if row.get("last_heartbeat_ts") else row
            for row in tables[table]
        ]
    return moved
