"""The display of all flows: what failed since yesterday, what runs now, the flows by activity, and the newest runs."""

from collections.abc import Sequence
from http import HTTPStatus

from mfwidgets.client.metaflow import Metaflow
from mfwidgets.client.run import Run
from mfwidgets.code_lines import mflow_line
from mfwidgets.errors import ServiceException
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.rows import RunRow
from mfwidgets.queries.snapshot_provider import remembering_context
from mfwidgets.redaction import redact
from mfwidgets.render.cell import EMPTY, Cell
from mfwidgets.render.numbers import counted
from mfwidgets.render.view import Table, View
from mfwidgets.times import time_text
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits, age, failure_cell
from mfwidgets.views.context import context_facts, no_flows_notes
from mfwidgets.views.home_facts import (
    MAX_EXPLAINED,
    STRIP_RUNS,
    HomeFacts,
    load_home,
    stopped_ms,
)
from mfwidgets.views.object_code import client_code, why_line
from mfwidgets.views.objects import Facts, present
from mfwidgets.views.running import running_tables
from mfwidgets.views.short_ids import short_ids
from mfwidgets.views.strips import (
    durations,
    result_curve,
    status_words,
    strip,
)
from mfwidgets.views.tables import flows_runs_table, shown_of_total, without_empty_columns

_MAX_PROBLEMS = 3
"""Errors of flows and runs that are shown."""

_NO_LIST = 'This service has no list of its flows. Flow("NAME") shows a flow, and so does %mflow NAME.'


@build_view.register
def build_metaflow_view(metaflow: Metaflow, limits: Limits) -> View:
    """Show what failed and what runs, the flows by their last activity, and the newest runs of all flows."""
    context = remembering_context(metaflow._context)
    try:
        facts = load_home(context, limits.rows)
    except ServiceException as error:
        if error.http_code != HTTPStatus.NOT_FOUND:
            raise
        return View("Metaflow", "", facts=context_facts(context, limits), notes=(_NO_LIST,))
    if not facts.found.newest and facts.found.is_complete:
        return View("Metaflow", "", facts=context_facts(context, limits), notes=no_flows_notes(context, limits))
    parts = (
        *_failed(facts, context, limits),
        *running_tables(facts.running, facts.progress, facts.rows, limits),
        *_flows(facts, context, limits),
        *_newest_runs(facts, limits),
    )
    return View(
        "Metaflow",
        "",
        facts=(*context_facts(context, limits), *_summary(facts, context.namespace)),
        notes=tuple(_notes(facts, metaflow, limits)),
        parts=parts,
    )


def _summary(facts: HomeFacts, namespace: str | None) -> Facts:
    """Show the number of flows, and what happened since yesterday."""
    found = facts.found
    if found.is_complete:
        flows = f"{len(found.newest):,}"
    elif namespace is None and found.with_runs is not None:
        flows = f"{found.with_runs:,}"
    else:
        flows = f"at least {len(found.newest):,}"
    recent = facts.recent
    words = f"{counted(len(recent), 'run')}: {status_words(recent)}" if recent else "no run started"
    return present([("flows", Cell(flows)), ("since yesterday", Cell(words))])


def _failed(facts: HomeFacts, context: ClientContext, limits: Limits) -> tuple[Table, ...]:
    """Show the runs that failed since yesterday, each with its exception and the line that explains it."""
    rows = facts.failed
    shown = rows[: min(MAX_EXPLAINED, limits.rows)]
    if not shown:
        return ()
    cells = tuple(
        (
            limits.code(row.record.flow),
            run,
            limits.status(row.status),
            age(stopped_ms(row), facts.asked_ms),
            Cell(why_line(Run._of(context, row.record)), "line"),
            _exception(facts, row, limits),
        )
        for row, run in zip(shown, short_ids(shown, limits), strict=True)
    )
    table = Table(
        "Failed since yesterday",
        ("flow", "run", "status", "stopped", "why", "what happened"),
        cells,
        f"{shown_of_total(len(shown), len(rows))}; {_all_failed(context)} lists all" if len(rows) > len(shown) else "",
        left_out=len(rows) > len(shown),
        spare=("why", "status", "run"),
        more=f"{mflow_line('why')} FLOW/RUN",
    )
    return (without_empty_columns(table, keep=4),)


def _all_failed(context: ClientContext) -> str:
    code = client_code(Metaflow._in_context(context))
    if code == "Metaflow()":
        return mflow_line("runs", option="--status failed --since 2d")
    return f'{code}.runs(status="failed", since="2d")'


def _exception(facts: HomeFacts, row: RunRow, limits: Limits, code: str = "") -> Cell:
    """Show the exception of a run, where it was raised, and the step. Without an exception, show the reason."""
    failure = facts.failures.get(row.pathspec)
    shown = failure_cell(failure, limits, code) if failure else EMPTY
    return shown if shown.text else limits.text(row.status.reason.removeprefix(f"{row.pathspec}/"))


def _flows(facts: HomeFacts, context: ClientContext, limits: Limits) -> tuple[Table, ...]:
    """Show the flows by their last activity."""
    names = facts.flows(limits.rows)
    listed = {row.pathspec for row in facts.failed[:MAX_EXPLAINED]}
    columns = ("flow", "last run", "started", f"last {STRIP_RUNS} runs", "typical duration", "main result")
    lines: list[tuple[Cell, ...]] = []
    for flow in names:
        rows = facts.rows.get(flow, [])[:STRIP_RUNS]
        newest = facts.found.newest[flow]
        name, values = facts.results.get(flow, ("", []))
        lines.append(
            (
                limits.object(flow, flow),
                _latest(rows, limits),
                age(newest.created_ms, facts.asked_ms),
                strip(rows, limits),
                durations(rows),
                result_curve(name, values, limits),
            )
        )
        if rows and rows[0].status == "failed" and rows[0].pathspec not in listed:
            line = _exception(facts, rows[0], limits, why_line(Run._of(context, rows[0].record)))
            lines.append(
                (EMPTY, Cell(line.text, "dim", line.title, span=len(columns) - 1), *[EMPTY] * (len(columns) - 2))
            )
    total = len(facts.found.newest)
    note = shown_of_total(len(names), total) if facts.found.is_complete else f"the {len(names)} that were active last"
    note = note if len(names) < total or not facts.found.is_complete else ""
    spare = ("main result", "typical duration", "last run", "started")
    table = Table(
        "Flows", columns, tuple(lines), note, spare=spare, more=f"{mflow_line('')} FLOW", left_out=len(names) < total
    )
    return (table,) if lines else ()


def _latest(rows: Sequence[RunRow], limits: Limits) -> Cell:
    return limits.status(rows[0].status) if rows else Cell("not read", "dim")


def _newest_runs(facts: HomeFacts, limits: Limits) -> tuple[Table, ...]:
    """Show the newest runs of all flows, folded."""
    newest = facts.newest
    shown = newest[: limits.rows]
    if len(facts.found.newest) <= 1 or not shown:
        return ()
    note = f"the newest {len(shown)}" if len(newest) > len(shown) else ""
    return (flows_runs_table(shown, limits, note, "Newest runs", folded=True),)


def _notes(facts: HomeFacts, metaflow: Metaflow, limits: Limits) -> list[str]:
    """Say what was not read or is not shown, and the line that shows it."""
    found, client = facts.found, client_code(metaflow)
    notes = []
    if len(found.asked) < found.total:
        asked = f"{len(found.asked):,} of {counted(found.total, 'flow')} were searched"
        notes.append(f"{asked}. The next display searches others, too. {client}.to_pandas() reads all.")
    elif not found.is_complete and not found.has_enough:
        since = f" since {time_text(round(found.searched_ms))}" if found.searched_ms else ""
        searched = f"Only runs{since} were searched in time" if since else "Not all flows were searched in time"
        notes.append(f"{searched}. {client}.flows lists all flows.")
    elif found.has_enough or len(found.newest) > limits.rows:
        notes.append(f"{client}.to_pandas() lists all flows.")
    missing = sum(flow not in facts.whole for flow in facts.flows(limits.rows))
    if missing:
        notes.append(
            f"The runs of {counted(missing, 'flow')} were not all read in time. Show this again: what was read is remembered."
        )
    notes += [
        f"Not read: {limits.text(redact(problem)).text}" for problem in dict.fromkeys(facts.problems[:_MAX_PROBLEMS])
    ]
    return notes
