"""Data of answers about runs and tasks: why, comparisons, lineage, grids, graphs, logs, cards, code."""

from datetime import timedelta
from typing import Any

from mfwidgets.client.answers.artifact_lineage import Lineage
from mfwidgets.client.answers.comparison import MISSING, Comparison, Difference
from mfwidgets.client.answers.grid import DURATION, Grid
from mfwidgets.client.answers.logs import ALL, Logs
from mfwidgets.client.answers.run_parts import RunGraph, RunTimeline
from mfwidgets.client.answers.why import Why
from mfwidgets.client.cards import Card, CardContainer
from mfwidgets.client.code import MetaflowCode
from mfwidgets.client.run import Run
from mfwidgets.queries.lineage.graph import step_order, steps_of
from mfwidgets.queries.rows import run_row, task_rows
from mfwidgets.queries.run_snapshot import load_run_snapshot
from mfwidgets.queries.step_timings import step_timing, step_timings
from mfwidgets.queries.values.reading import shown_value
from mfwidgets.schema import DIFFERENCES
from mfwidgets.times import utc_datetime
from mfwidgets.views.data import Facts, data_of, exception_data, lines_data, status_data, step_data, task_data
from mfwidgets.views.log import LOG_LINES
from mfwidgets.views.object_data import steps_data


@data_of.register
def logs_data(logs: Logs) -> Facts:
    """Return the requested lines, or the last 200."""
    limit = LOG_LINES if logs.tail is None else logs.tail
    lines = logs.lines() if limit == ALL else logs.last(limit + 1)
    shown = lines[max(len(lines) - limit, 0) :]
    return {
        "kind": "logs",
        "pathspec": logs.pathspec,
        "attempt": logs.attempt,
        "stream": logs.stream,
        "lines": lines_data(shown),
        "more": len(lines) > len(shown),
    }


@data_of.register
def why_data(why: Why) -> Facts:
    """Return all facts. Searches for the last good run and compares with it."""
    return {
        "kind": "why",
        "run": why.run.pathspec,
        **status_data(why.status),
        "task": why.task.pathspec if why.task else None,
        "attempt": why.attempt.number if why.attempt else None,
        "item": why.item,
        "other_failed_tasks": why.other_failed_tasks,
        "caught_tasks": why.caught_tasks,
        "exception": exception_data(why.exception),
        "attempt_rows": [
            {
                "attempt": attempt.number,
                **status_data(attempt.status),
                "exception": str(attempt.exception) if attempt.exception else None,
            }
            for attempt in why.attempts
        ],
        "log": lines_data(why.log),
        "last_good": why.last_good.pathspec if why.last_good else None,
        "last_good_started_at": utc_datetime(why.last_good._record.created_ms) if why.last_good else None,
        "differences": differences_data(why.differences) if why.differences else [],
    }


@data_of.register
def comparison_data(comparison: Comparison) -> Facts:
    """Return the names of the compared objects, and the differences."""
    return {"kind": "comparison", "compared": comparison.names(), "differences": differences_data(comparison)}


def differences_data(comparison: Comparison) -> list[Facts]:
    """Return the differences. Each has one value and one hash for each compared object."""
    return [_difference_data(row) for row in comparison._rows()]


def _difference_data(row: Difference) -> Facts:
    values = [None if value is MISSING else shown_value(value) for value in row.values]
    return {**DIFFERENCES.facts(row), "values": values, "shas": list(row.shas)}


@data_of.register
def lineage_data(lineage: Lineage) -> Facts:
    """Return the producer and the holders of the bytes, as pathspecs."""
    return {
        "kind": "lineage",
        "artifact": lineage.artifact.pathspec,
        "sha": lineage.artifact.sha,
        "producer": lineage.producer.pathspec,
        "holders": [task.pathspec for task in lineage.holders],
        "origin": lineage.origin,
        "earlier_runs": [run.pathspec for run in lineage.earlier_runs],
        "runs_searched": lineage.runs_searched,
    }


@data_of.register
def graph_data(graph: RunGraph) -> Facts:
    """Return the steps in the order of the graph. Steps that did not run have no pathspec."""
    snapshot = load_run_snapshot(graph.run._context, graph.run._record)
    nodes = steps_of(snapshot.context, snapshot.record)
    timings = {timing.step: timing for timing in step_timings(snapshot.record, task_rows(snapshot), list(nodes))}
    steps = []
    for name in dict.fromkeys([*nodes, *timings]):
        facts = step_data(timings.get(name) or step_timing(snapshot.record, name, []))
        node = nodes.get(name, {})
        steps.append(
            {
                **facts,
                "pathspec": facts["pathspec"] if name in timings else None,
                "type": node.get("type"),
                "next": list(node.get("next") or ()),
            }
        )
    return {"kind": "graph", "pathspec": graph.run.pathspec, **status_data(run_row(snapshot).status), "steps": steps}


@data_of.register
def timeline_data(timeline: RunTimeline) -> Facts:
    """Return the times of steps and tasks, and the critical path."""
    snapshot = load_run_snapshot(timeline.run._context, timeline.run._record)
    run = Run._of(snapshot.context, snapshot.record)
    tasks = task_rows(snapshot)
    return {
        "kind": "timeline",
        "pathspec": run.pathspec,
        **status_data(run_row(snapshot).status),
        "steps": steps_data(snapshot.record, tasks, step_order(snapshot.context, snapshot.record)),
        "tasks": [task_data(task) for task in tasks],
        "critical_path": [task.pathspec for task in run.critical_path()],
    }


@data_of.register
def grid_data(grid: Grid) -> Facts:
    """Return the tasks, one per tile, in rows by item."""

    def value(shown: float | None) -> Any:
        return timedelta(milliseconds=shown) if shown is not None and grid.by == DURATION else shown

    rows = [
        {
            "item": item,
            "tasks": [
                {"pathspec": cell.row.pathspec, "status": str(cell.row.status), "value": value(cell.value)}
                for cell in cells
            ],
        }
        for item, cells in grid.lines.items()
    ]
    return {"kind": "grid", "pathspec": grid.step.pathspec, "by": grid.by, "rows": rows}


@data_of.register
def cards_data(cards: CardContainer) -> Facts:
    """Return the cards and their paths. Reads no card."""
    return {"kind": "cards", "pathspec": cards.pathspec, "cards": [card_data(card) for card in cards]}


@data_of.register
def card_data(card: Card) -> Facts:
    """Return the type, id, hash and path of a card. Does not read it."""
    return {"kind": "card", "type": card.type, "id": card.id, "hash": card.hash, "path": card.path}


@data_of.register
def code_data(code: MetaflowCode) -> Facts:
    """Return the files of the package as str, and its info."""
    files = {name: content.decode("utf-8", errors="replace") for name, content in code.files().items()}
    return {
        "kind": "code",
        "path": code.path,
        "sha": code.sha,
        "script": code.script_name,
        "files": files,
        "info": code.info,
    }
