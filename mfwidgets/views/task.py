"""The display of a task: its status, attempts, parents and children, artifacts, logs, cards and metadata."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from mfwidgets.client.cards import get_cards
from mfwidgets.client.task import Task
from mfwidgets.errors import MetaflowException
from mfwidgets.providers.records import MetadataRecord, TaskRecord
from mfwidgets.queries.artifact_rows import artifact_rows
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import has_decorator, steps_of
from mfwidgets.queries.lineage.task_graph import child_tasks, parent_tasks
from mfwidgets.queries.rows import TaskRow, task_rows
from mfwidgets.queries.run_snapshot import load_tasks
from mfwidgets.queries.snapshot_provider import snapshot_small_run
from mfwidgets.queries.status.recorded_exceptions import recorded_exception
from mfwidgets.queries.task_metadata import task_metadata
from mfwidgets.render.view import Cell, Table, View
from mfwidgets.times import now_ms
from mfwidgets.views.artifacts import preview_lines
from mfwidgets.views.attempts import attempts_table
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cards import cards_table
from mfwidgets.views.cells import Limits, counted, duration, items_text, time, zoned
from mfwidgets.views.log import log_blocks
from mfwidgets.views.objects import object_name, present, run_facts
from mfwidgets.views.tables import artifacts_part, shown_of_total
from mfwidgets.views.why import exception_facts

MAX_RELATIVES = 200
"""If the steps before or after have more tasks, finding the parents or children takes too long for a display."""

_MAX_NAMES = 5
"""The maximum number of parents or children that are named. The others are counted."""


@build_view.register
def build_task_view(task: Task, limits: Limits) -> View:
    """Show the status, times, parents, children, attempts, artifacts, logs, cards and metadata."""
    record = task._record
    context = snapshot_small_run(task._context, record.run)
    task = Task._of(context, record, task._attempt)
    row = task_rows(load_tasks(context, record.run, record.path, [record]))[0]
    attempts = row
    if task._attempt is not None:
        row = replace(row, state=row.state.at_attempt(task._attempt, now_ms()))
    nodes = steps_of(context, record.run)
    metadata = task_metadata(context, record, task._attempt)
    caught = row.status in ("failed", "caught")
    facts = [
        (zoned("queued"), time(record.created_ms)),
        (zoned("started"), time(row.started_ms)),
        (zoned("finished"), time(row.finished_ms)),
        ("duration", duration(row.duration_ms)),
        ("elapsed", duration(row.elapsed_ms)),
        ("earlier attempts", duration(row.earlier_attempts_ms)),
        ("foreach item", _item(row, limits)),
        *exception_facts(recorded_exception(context, record, task._attempt) if caught else None, limits),
        *_relatives(context, record, nodes, limits),
        ("cloned from", limits.code(task.origin_pathspec or "")),
        ("code", _code(metadata, limits)),
    ]
    several = len(attempts.attempts) > 1
    find = partial(context.provider.artifacts, record.path, attempt=task._attempt)
    artifacts = artifact_rows(context, record.path, task._attempt)
    return View(
        kind="Task",
        name=object_name(task, limits),
        status=limits.status(row.status),
        reason=limits.text(row.status.reason).text,
        facts=(*present(facts), *run_facts(record.run, limits)),
        parts=(
            *((attempts_table(context, attempts, limits),) if several else ()),
            *artifacts_part(artifacts, limits, preview_lines(context, find, limits)),
            *log_blocks(task, limits),
            *(_cards(task, limits) if has_decorator(nodes.get(record.step, {}), "card") else ()),
            *_metadata(metadata, limits),
        ),
    )


def _item(row: TaskRow, limits: Limits) -> Cell:
    if row.foreach_index is None:
        return Cell("")
    return limits.text(f"{row.foreach_index}  {items_text(row)}".rstrip())


def _relatives(
    context: ClientContext, task: TaskRecord, nodes: dict[str, Any], limits: Limits
) -> Iterator[tuple[str, Cell]]:
    """Name the parents and children. If there are too many candidates, show their number by step."""
    before = [name for name, node in nodes.items() if task.step in node.get("next", ())]
    after = list(nodes.get(task.step, {}).get("next", ()))
    yield "parents", _named(context, task, before, parent_tasks, limits)
    yield "children", _named(context, task, after, child_tasks, limits)


def _named(
    context: ClientContext,
    task: TaskRecord,
    steps: Sequence[str],
    find: Callable[[ClientContext, TaskRecord], list[TaskRecord]],
    limits: Limits,
) -> Cell:
    counts = {step: len(context.provider.tasks(task.run, step)) for step in steps}
    if sum(counts.values()) > MAX_RELATIVES:
        return limits.text(
            "among " + ", ".join(f"{counted(count, 'task')} of {step}" for step, count in counts.items())
        )
    if not any(counts.values()):
        return Cell("")
    try:
        relatives = find(context, task)
    except MetaflowException:  # the records of the relatives cannot be read
        return Cell("")
    more = f" and {len(relatives) - _MAX_NAMES:,} more" if len(relatives) > _MAX_NAMES else ""
    return limits.code(", ".join(f"{record.step}/{record.task_id}" for record in relatives[:_MAX_NAMES]) + more)


def _code(metadata: Sequence[MetadataRecord], limits: Limits) -> Cell:
    """Say that a code package is stored. Does not read it."""
    recorded = any(record.field == "code-package" for record in metadata)
    return limits.text("stored, see task.code") if recorded else Cell("")


def _cards(task: Task, limits: Limits) -> tuple[Table, ...]:
    try:
        cards = get_cards(task)
    except MetaflowException:  # there are none yet, or the datastore is unreachable
        return ()
    return (cards_table(cards, limits, "get_cards(task)[0] shows the first card"),)


def _created_ms(record: MetadataRecord) -> int:
    return record.created_ms


def _metadata(records: Sequence[MetadataRecord], limits: Limits) -> tuple[Table, ...]:
    """Show the metadata, oldest first, without repetitions."""
    oldest = {(record.field, str(record.value)): record for record in sorted(records, key=_created_ms, reverse=True)}
    shown = sorted(oldest.values(), key=_created_ms)
    rows = tuple(
        (limits.code(record.field), limits.text(str(record.value)), time(record.created_ms))
        for record in shown[: 2 * limits.rows]
    )
    columns = ("field", "value", zoned("recorded"))
    note = shown_of_total(len(rows), len(shown))
    return (Table("Metadata", columns, rows, note, folded=True),) if rows else ()
