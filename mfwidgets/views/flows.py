"""The display of a flow: its newest runs and its tags."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice

from mfwidgets.client.flow import Flow
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.progress import progress_of
from mfwidgets.queries.rows import RunRow
from mfwidgets.queries.snapshot_provider import remembering_context
from mfwidgets.render.cell import Cell
from mfwidgets.render.view import Table, View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.views.collections import runs_part
from mfwidgets.views.context import context_facts
from mfwidgets.views.in_time import in_time
from mfwidgets.views.objects import object_name, present
from mfwidgets.views.running import MAX_RUNNING, running_tables

MAX_RUNS_COUNTED = 100
"""The newest runs of a flow whose tags are counted."""

_MAX_TAGS = 15


@build_view.register
def build_flow_view(flow: Flow, limits: Limits) -> View:
    """Show what runs, the newest runs with their results, the trends and the last failure, and the tags of a flow."""
    flow = Flow._of(remembering_context(flow._context), flow._record)
    part = runs_part(flow.runs(), limits)
    records = list(islice(flow.runs(limit=MAX_RUNS_COUNTED)._records(), MAX_RUNS_COUNTED)) if part.rows else []
    facts = present([*context_facts(flow._context, limits), *part.facts, _tags(records, len(records), limits)])
    notes = list(part.notes)
    running = [row for row in part.rows if row.status == "running"]
    parts = (*_running(flow, running, part.rows, notes, limits), *part.tables)
    return View("Flow", object_name(flow, limits), facts=facts, parts=parts, notes=tuple(notes))


def _running(
    flow: Flow, running: Sequence[RunRow], rows: Sequence[RunRow], notes: list[str], limits: Limits
) -> tuple[Table, ...]:
    read = running[:MAX_RUNNING]
    steps = in_time(lambda: progress_of(flow._context, [row.record for row in read]), notes) if read else None
    progress = {row.pathspec: found for row, found in zip(read, steps or (), strict=False)}
    return running_tables(running, progress, {flow.id: rows}, limits)


def _tags(records: Iterable[RunRecord], run_count: int, limits: Limits) -> tuple[str, Cell]:
    """Count the user tags. The columns show what system tags hold."""
    used = Counter(tag for record in records for tag in record.user_tags)
    label = f"tags of the newest {run_count:,} runs" if run_count > 1 else "tags"
    return label, limits.tag_counts(used, _MAX_TAGS * limits.tags // Limits().tags)
