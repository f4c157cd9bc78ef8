"""Data of answers about runs and tasks: why, comparisons, lineage, grids, graphs, logs, cards, code."""

from datetime import timedelta
from typing import Any

from mfwidgets.client.answers.artifact_lineage import Lineage
from mfwidgets.client.answers.code_diff import CodeDiff
from mfwidgets.client.answers.comparison import Comparison
from mfwidgets.client.answers.differences import Difference, value_in_table
from mfwidgets.client.answers.disk_usage import DiskUsage
from mfwidgets.client.answers.grid import DURATION, Grid
from mfwidgets.client.answers.logs import ALL, Logs
from mfwidgets.client.answers.nothing import Nothing
from mfwidgets.client.answers.packages import Packages
from mfwidgets.client.answers.run_parts import RunGraph, RunTimeline
from mfwidgets.client.answers.source_lines import SourceLines
from mfwidgets.client.answers.why import Why
from mfwidgets.client.cards import Card, CardContainer
from mfwidgets.client.code import MetaflowCode
from mfwidgets.client.run import Run
from mfwidgets.queries.error_history import ErrorHistory
from mfwidgets.queries.lineage.foreach_items import whole_items
from mfwidgets.queries.lineage.graph import step_order, steps_of
from mfwidgets.queries.rows import run_row, task_rows
from mfwidgets.queries.run_snapshot import load_run_snapshot
from mfwidgets.queries.status.tracebacks import ChainedException
from mfwidgets.queries.step_timings import planned_of, step_timing, step_timings
from mfwidgets.schema import DIFFERENCES
from mfwidgets.times import utc_datetime
from mfwidgets.views.data import Facts, data_of, exception_data, lines_data, status_data, step_data, task_data
from mfwidgets.views.item_labels import item_labels
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
def code_diff_data(diff: CodeDiff) -> Facts:
    """Return the diff as text, and what is compared."""
    versions = {name: dict(zip(diff.names, numbers, strict=True)) for name, numbers in diff.versions}
    return {"kind": "code_diff", "objects": list(diff.names), "versions": versions, "diff": str(diff)}


@data_of.register
def nothing_data(nothing: Nothing) -> Facts:
    """Return the keys of a real answer, without values."""
    if nothing.kind == "code":
        return {"kind": "code", "path": None, "sha": None, "script": None, "files": {}, "info": {}}
    return {
        "kind": "logs",
        "pathspec": nothing.pathspec,
        "attempt": None,
        "stream": None,
        "lines": [],
        "more": False,
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
        "own_log": lines_data(why.own_log),
        "reported": why.reported or None,
        "source": _source_data(why.source) if why.source else None,
        "exceptions": [_chained_data(part) for part in why.exception.chain] if why.exception else [],
        "errors": [
            {"error": group.error, "step": group.step, "tasks": [task.pathspec for task in group.tasks]}
            for group in why.errors
        ],
        "same_error": _history_data(why.history) if why.history else None,
        "meanings": why.meanings(),
        "try": [{"line": advice.line, "meaning": advice.meaning} for advice in why.what_to_try()],
        "last_good": why.last_good.pathspec if why.last_good else None,
        "last_good_started_at": utc_datetime(why.last_good._record.created_ms) if why.last_good else None,
        "differences": differences_data(why.differences) if why.differences else [],
        "changed_files": [
            {"file": file.name, "added": file.added, "removed": file.removed} for file in why.changed_files
        ],
    }


def _source_data(source: SourceLines) -> Facts:
    """Return lines of code, with their file and numbers."""
    return {
        "file": source.file,
        "line": source.line,
        "first": source.first,
        "lines": list(source.lines),
        "origin": source.origin,
    }


def _chained_data(part: ChainedException) -> Facts:
    """Return an exception of a chain or a group, with its frames."""
    frames = [
        {
            "file": frame.file,
            "line": frame.line,
            "function": frame.function,
            "code": frame.code,
            "package": frame.package,
        }
        for frame in part.frames
    ]
    return {"type": part.type, "message": part.message, "relation": part.relation, "frames": frames}


def _history_data(history: ErrorHistory) -> Facts:
    """Return the runs with the same error, and how many runs were compared."""
    return {
        "runs": ["/".join(run.path) for run in history.same],
        "compared_runs": history.runs,
        "failed_runs": history.failed,
        "not_compared": history.not_compared,
    }


@data_of.register
def comparison_data(comparison: Comparison) -> Facts:
    """Return the names of the compared objects, and the differences."""
    return {"kind": "comparison", "compared": comparison.names(), "differences": differences_data(comparison)}


def differences_data(comparison: Comparison) -> list[Facts]:
    """Return the differences. Each has one value and one hash for each compared object."""
    return [_difference_data(row) for row in comparison._rows()]


def _difference_data(row: Difference) -> Facts:
    values = [value_in_table(value) for value in row.values]
    return {**DIFFERENCES.facts(row), "values": values, "shas": list(row.shas)}


@data_of.register
def packages_data(packages: Packages) -> Facts:
    """Return all packages."""
    return {
        "kind": "packages",
        "pathspec": packages.run.pathspec,
        "note": packages.note or None,
        "packages": packages.to_dicts(),
    }


@data_of.register
def disk_data(usage: DiskUsage) -> Facts:
    """Return all rows."""
    return {
        "kind": "disk",
        "of": usage.title,
        "size": usage.size,
        "rows": usage.to_dicts(),
        "left_out": usage.left_out,
    }


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

    items = item_labels(whole_items(grid._context, grid._in_order)) if grid._in_order else []
    labels = {row.record.key: label for row, label in zip(grid._in_order, items, strict=True)}
    rows = [
        {
            "item": item,
            "tasks": [
                {
                    "pathspec": cell.row.pathspec,
                    "index": cell.row.foreach_index,
                    "item": labels.get(cell.row.record.key, ""),
                    "status": str(cell.row.status),
                    "value": value(cell.value),
                }
                for cell in cells
            ],
        }
        for item, cells in grid.lines.items()
    ]
    return {
        "kind": "grid",
        "pathspec": grid.step.pathspec,
        "by": grid.by,
        "planned_tasks": planned_of(grid._in_order),
        "rows": rows,
    }


@data_of.register
def cards_data(cards: CardContainer) -> Facts:
    """Return the cards and their paths. Reads no card."""
    return {"kind": "cards", "pathspec": cards.pathspec, "cards": [card_data(card) for card in cards]}


@data_of.register
def card_data(card: Card) -> Facts:
    """Return the type, id, hash, path and task of a card. Does not read it."""
    facts = {"kind": "card", "type": card.type, "id": card.id, "hash": card.hash, "path": card.path}
    return {**facts, "task": card.pathspec or None}


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
