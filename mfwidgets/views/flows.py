"""Displays of the root and of flows: flows with their history, the newest runs, the tags."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain, islice

from mfwidgets.client.flow import Flow
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.rows import RunRow
from mfwidgets.queries.snapshot_provider import remembering_context
from mfwidgets.render.view import EMPTY, SIGNS, Cell, Segment, Table, View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits, duration, time, zoned
from mfwidgets.views.collections import runs_part
from mfwidgets.views.context import context_facts, no_flows_notes
from mfwidgets.views.objects import object_name, present
from mfwidgets.views.tables import runs_table, shown_of_total, without_empty_columns

HISTORY_RUNS = 8
"""Runs per flow in the history bars. Each costs a few reads."""

MAX_RUNS_COUNTED = 100
"""The newest runs of a flow whose tags are counted."""

_MAX_TAGS = 15


@build_view.register
def build_metaflow_view(metaflow: Metaflow, limits: Limits) -> View:
    """Show the context, the flows with the history of their newest runs, and the newest runs of all flows."""
    context = remembering_context(metaflow._context)
    metaflow = Metaflow._in_context(context)
    runs_by_flow = metaflow._newest_runs(limits.rows + 1, HISTORY_RUNS)
    shown = dict(islice(runs_by_flow.items(), limits.rows))
    newest = sorted(chain.from_iterable(shown.values()), key=lambda row: row.started_ms, reverse=True)
    columns = (
        "flow",
        "newest run",
        "status",
        zoned("started"),
        "duration",
        "elapsed",
        "user",
        f"newest {HISTORY_RUNS}",
    )
    rows = tuple((limits.object(flow, flow), *_flow_cells(runs, limits)) for flow, runs in shown.items())
    note = shown_of_total(limits.rows, None) if len(runs_by_flow) > limits.rows else ""
    tables = [without_empty_columns(Table("Flows", columns, rows, note), keep=0, always=columns[:4])] if rows else []
    if len(shown) > 1 and newest:
        note = f"the newest {HISTORY_RUNS} of each flow"
        table = runs_table(newest[: limits.rows], limits, note, whole=True)
        tables.append(replace(table, heading="Newest runs"))
    return View(
        kind="Metaflow",
        name="",
        facts=present([*context_facts(context, limits), _tags((row.record for row in newest), len(newest), limits)]),
        notes=() if runs_by_flow else no_flows_notes(context, limits),
        parts=tuple(tables),
    )


def _flow_cells(rows: Sequence[RunRow], limits: Limits) -> tuple[Cell, ...]:
    if not rows:
        return (EMPTY,) * 7
    newest = rows[0]
    return (
        limits.object(newest.record.run_id, newest.pathspec),
        limits.status(newest.status),
        time(newest.started_ms),
        duration(newest.duration_ms),
        duration(newest.elapsed_ms),
        limits.text(newest.record.user),
        history(rows),
    )


def history(rows: Sequence[RunRow]) -> Cell:
    """Show runs as bars, the newest at the right, as high as their durations, and the number of completed runs."""
    longest = max((row.duration_ms or 0 for row in rows), default=0) or 1
    shown = list(reversed(rows))
    words = ", ".join(str(row.status) for row in shown)
    return Cell(
        f"{sum(row.status == 'completed' for row in rows)} of {len(rows)} {SIGNS['completed']}",
        "history",
        f"oldest first: {words}",
        segments=tuple(Segment(str(row.status), 0.0, max((row.duration_ms or 0) / longest, 0.0)) for row in shown),
    )


@build_view.register
def build_flow_view(flow: Flow, limits: Limits) -> View:
    """Show the newest runs and the tags of a flow."""
    flow = Flow._of(remembering_context(flow._context), flow._record)
    tables, notes = runs_part(flow.runs(), limits)
    records = list(islice(flow.runs(limit=MAX_RUNS_COUNTED)._records(), MAX_RUNS_COUNTED)) if tables else []
    facts = present([*context_facts(flow._context, limits), _tags(records, len(records), limits)])
    return View("Flow", object_name(flow, limits), facts=facts, parts=tables, notes=notes)


def _tags(records: Iterable[RunRecord], run_count: int, limits: Limits) -> tuple[str, Cell]:
    """Count the user tags. The columns show what system tags hold."""
    used = Counter(tag for record in records for tag in record.user_tags)
    label = f"tags of the newest {run_count:,} runs" if run_count > 1 else "tags"
    return label, limits.tag_counts(used, _MAX_TAGS * limits.tags // Limits().tags)
