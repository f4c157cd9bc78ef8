"""The facts of answers about runs and tasks, as data: why, comparisons, lineage, grids, graphs, logs, cards, code."""

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
from mfwidgets.queries.values.reading import NotRead
from mfwidgets.schema import DIFFERENCES
from mfwidgets.times import utc_datetime
from mfwidgets.views.data import Facts, data_of, exception_data, lines_data, status_data, step_data, task_data
from mfwidgets.views.log import LOG_LINES
from mfwidgets.views.object_data import steps_data


@data_of.register
def logs_data(logs: Logs) -> Facts:
    """Return the lines that were asked for, or the last 200."""
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
    """Return all of it. The last good run is searched for, and compared."""
    return {
        "kind": "why",
        "run": why.run.pathspec,
        **status_data(why.status),
        "task": why.task.pathspec if why.task else None,
        "attempt": why.attempt.number if why.attempt else None,
        "item": why.item,
        "other_failed_tasks": why.other_failed_tasks,
        "exception": exception_data(why.exception),
        "attempt_rows": [
            {
                "attempt": one.number,
                **status_data(one.status),
                "exception": str(one.exception) if one.exception else None,
            }
            for one in why.attempts
        ],
        "log": lines_data(why.log),
        "last_good": why.last_good.pathspec if why.last_good else None,
        "last_good_started_at": utc_datetime(why.last_good._record.created_ms) if why.last_good else None,
        "differences": differences_data(why.differences) if why.differences else [],
    }


@data_of.register
def comparison_data(comparison: Comparison) -> Facts:
    """Return what is compared, and what differs."""
    return {"kind": "comparison", "compared": comparison.names(), "differences": differences_data(comparison)}


def differences_data(comparison: Comparison) -> list[Facts]:
    """Return the differences, each with a value and a hash for each object that is compared."""
    return [_difference_data(one) for one in comparison._rows()]


def _difference_data(one: Difference) -> Facts:
    values = [None if value is MISSING or isinstance(value, NotRead) else value for value in one.values]
    return {**DIFFERENCES.facts(one), "values": values, "shas": list(one.shas)}


@data_of.register
def lineage_data(lineage: Lineage) -> Facts:
    """Return where the bytes come from and who has them, objects as their pathspecs."""
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
    """Return the steps in their order, including those that did not run, which have no pathspec."""
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
    """Return when steps and tasks began and ended, and which tasks are on the critical path."""
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
    """Return what each tile stands for."""

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
    """Return which cards there are, and where they lie."""
    return {"kind": "cards", "pathspec": cards.pathspec, "cards": [card_data(card) for card in cards]}


@data_of.register
def card_data(card: Card) -> Facts:
    """Return what a card is, and where it lies; it is not read."""
    return {"kind": "card", "type": card.type, "id": card.id, "hash": card.hash, "path": card.path}


@data_of.register
def code_data(code: MetaflowCode) -> Facts:
    """Return what is in the package, with the sources."""
    files = {name: content.decode("utf-8", errors="replace") for name, content in code.files().items()}
    return {
        "kind": "code",
        "path": code.path,
        "sha": code.sha,
        "script": code.script_name,
        "files": files,
        "info": code.info,
    }
