"""Measures questions about many runs, and about very large runs, on a metadata service that takes as long as a real one.

The service is the HTTP server of the tests with the delays of a real service (``tests/service/costs.py``). Each question is
asked twice with new clients: the second look has the index. Both answers are compared, and with the answer that asks about
each run by itself. A line has the requests and the seconds of both looks. ``--tasks 20000`` makes a larger run.
"""

import argparse
import importlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.copies import many_runs, many_tasks
from service.running import TABLES, Running, running
from service.store import Row, read_tables

EVERY, FAILED_BEFORE = 8, 2_500
FLOW, NEWEST = "TaggedFlow", 31
WIDE, WIDE_RUN, STEP = "ForeachWideFlow", 3, "work"
Tables = dict[str, list[Row]]


@dataclass(frozen=True)
class Look:
    """An answer, and what it cost."""

    answer: Any
    requests: int
    seconds: float


def look(
    server: Running, question: Callable[[Any], Any], *, remember: bool = True, namespace: str | None = None
) -> Look:
    """Ask a new client a question."""
    import mfwidgets

    client = mfwidgets.Metaflow(metadata=server.url, namespace=namespace)
    server.reset()
    began = time.perf_counter()
    with mfwidgets.options(remember=remember, progress_bars=False):
        answer = question(client)
    seconds = time.perf_counter() - began
    return Look(answer, len(server.requests()), seconds)


def report(
    name: str,
    server: Running,
    question: Callable[[Any], Any],
    check: Callable[[Any], Any] | None = None,
    namespace: str | None = None,
) -> None:
    """Print a line. ``check`` gives the same answer in another way."""
    first, second = (look(server, question, namespace=namespace) for _ in range(2))
    checked = look(server, check or question, remember=False, namespace=namespace)
    if not first.answer == second.answer == checked.answer:
        raise SystemExit(f"{name}: the answers differ: {first.answer!s:.300} and {checked.answer!s:.300}")
    print(
        f"{name:54}{first.requests:>6} requests{first.seconds:>8.2f} s{second.requests:>7} requests{second.seconds:>8.2f} s"
        f"{checked.requests:>8} requests without"
    )


def with_failures(tables: Tables, fails: Callable[[int], bool]) -> Tables:
    """Let some runs fail, by their place from the newest."""
    numbers = sorted((row["run_number"] for row in tables["runs_v3"]), reverse=True)
    failed = {number for place, number in enumerate(numbers) if fails(place)}
    for row in tables["metadata_v3"]:
        if row["run_number"] in failed and row["field_name"] == "attempt_ok":
            row["value"] = "False"
    tables["artifact_v3"] = [row for row in tables["artifact_v3"] if row["run_number"] not in failed]
    return tables


def fails_often(place: int) -> bool:
    """Return whether a run is among the 12 % that failed."""
    return place % EVERY == EVERY - 1


def runs_of(count: int, fails: Callable[[int], bool]) -> Tables:
    """Return the rows of a flow with this many runs."""
    tables = many_runs(read_tables(str(TABLES)), FLOW, NEWEST, count)
    return with_failures({name: list(map(dict, rows)) for name, rows in tables.items()}, fails)


def many_flows(count: int) -> Tables:
    """Return the rows of many flows, of which every second one is of another user."""
    tables = many_runs(read_tables(str(TABLES)), FLOW, NEWEST, 2)
    copies: Tables = {name: [] for name in tables}
    for number in range(count):
        users = [f"user:{'ann' if number % 2 else 'bob'}"]
        for name, rows in tables.items():
            copies[name] += [row | {"flow_id": f"Flow{number:04}", "system_tags": users} for row in rows]
    return copies


def wide_run(tasks: int) -> Tables:
    """Return the rows of a run with this many tasks."""
    tables = read_tables(str(TABLES))
    ours = {
        name: [row for row in rows if row["flow_id"] == WIDE and row.get("run_number") in (None, WIDE_RUN)]
        for name, rows in tables.items()
    }
    return many_tasks(ours, STEP, tasks)


def statuses(client: Any, *, times: bool) -> list[tuple[str, str]]:
    """Return the runs with their statuses."""
    frame = client[FLOW].runs().to_pandas(times=times)
    return list(zip(frame.run_id, map(str, frame.status), strict=True))


def page(client: Any, **filters: str) -> list[tuple[str, str]]:
    """Return the first page of an explorer."""
    return [(row.record.run_id, str(row.status)) for row in next(client[FLOW].runs(**filters)._row_pages(50), [])]


def page_from_all(client: Any, text: str) -> list[tuple[str, str]]:
    """Return the first page of a filter by text, from all runs."""
    return [(run_id, status) for run_id, status in statuses(client, times=False) if text in run_id][:50]


def measure_runs(folder: Path) -> None:
    """Measure questions about many runs."""
    with serving(runs_of(500, fails_often), folder) as server:
        report(
            "statuses of 500 runs, 12 % failed",
            server,
            lambda c: statuses(c, times=False),
            lambda c: statuses(c, times=True),
        )
        report("statuses and exact ends of 500 runs", server, lambda c: statuses(c, times=True))
    with serving(runs_of(3_000, lambda place: place < FAILED_BEFORE), folder) as server:
        report(
            'runs(status="completed", limit=20) behind 2,500 failed', server,
            lambda c: [run.id for run in c[FLOW].runs(status="completed", limit=20)],
        )  # fmt: skip
    with serving(runs_of(1_000, lambda _: True), folder) as server:
        report("latest_successful_run of 1,000 failed", server, lambda c: repr(c[FLOW].latest_successful_run))
    with serving(runs_of(20_000, fails_often), folder) as server:
        report("first page of an explorer, 20,000 runs", server, page, statuses_of_page)
        report("text filter over 20,000 runs", server, lambda c: page(c, text="777"), lambda c: page_from_all(c, "777"))
    with serving(many_flows(2_000), folder) as server:
        report(
            "list(Metaflow()) in a namespace, 2,000 flows",
            server,
            lambda c: [flow.id for flow in c],
            namespace="user:ann",
        )


def statuses_of_page(client: Any) -> list[tuple[str, str]]:
    """Return the first page of an explorer, each run proved by itself."""
    return [(run.id, str(run.status)) for run in client[FLOW].runs()[:50]]


def measure_wide(folder: Path, tasks: int) -> None:
    """Measure questions about a very large run, and the time that the service itself needs for its listings."""
    import urllib.request

    from mfwidgets.views.show import render_to_fit

    with serving(wide_run(tasks), folder) as server:
        run = f"{WIDE}/{WIDE_RUN}"
        base, began = f"{server.url}/flows/{WIDE}/runs/{WIDE_RUN}", time.perf_counter()
        for path in (f"steps/{STEP}/tasks", "metadata", "artifacts"):
            with urllib.request.urlopen(f"{base}/{path}") as response:
                response.read()
        own = time.perf_counter() - began
        for name, question in (
            ("display", lambda c: render_to_fit(c.get(run))["text/plain"]),
            ("grid", lambda c: render_to_fit(c.get(run)[STEP].grid())["text/plain"]),
            ("why", lambda c: str(c.get(run).why().status)),
        ):
            report(f"run of {tasks:,} tasks: {name}", server, question)
        table = look(server, lambda c: [(row["pathspec"], row["status"]) for row in c.get(run).tasks().to_dicts()])
        pages = sum(dict(request["query"]).get("_limit") is not None for request in server.requests())
        if len(table.answer) < tasks or {status for _, status in table.answer} != {"completed"} or pages:
            raise SystemExit(f"The table has {len(table.answer)} tasks and took {pages} pages.")
        name = f"run of {tasks:,} tasks: table"
        print(
            f"{name:54}{table.requests:>6} requests{table.seconds:>8.2f} s, {table.seconds / own:.2f} x the service's own"
        )


def serving(tables: Tables, folder: Path) -> Any:
    """Serve rows as slowly as a real service."""
    file = folder / "tables.json"
    file.write_text(json.dumps(tables))
    return running(tables=file, costs=True)


def main() -> None:
    """Print one line per question."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=3_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        os.environ["METAFLOW_CLIENT_CACHE_PATH"] = made
        importlib.import_module("pandas")  # its import must not be measured
        print(f"{'':54}{'first look':>25}{'second look':>26}")
        measure_runs(Path(made))
        measure_wide(Path(made), given.tasks)


if __name__ == "__main__":
    sys.exit(main())
