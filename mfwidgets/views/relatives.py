"""The parents and children of a task with their statuses, and its duration next to those of the same step."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

from mfwidgets.errors import MetaflowException
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.providers.records import TaskRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.task_graph import child_tasks, parent_tasks
from mfwidgets.queries.rows import TaskRow
from mfwidgets.queries.run_snapshot import STATUS_FIELDS, load_tasks
from mfwidgets.queries.status.states import task_states
from mfwidgets.render.cell import EMPTY, SIGNS, Cell
from mfwidgets.render.numbers import counted
from mfwidgets.render.sanitize import single_line
from mfwidgets.times import duration_text
from mfwidgets.views.cells import Limits
from mfwidgets.views.measures import difference_text

MAX_RELATIVES = 200
"""If the steps before or after have more tasks, finding the parents or children takes too long for a display."""

_MAX_NAMES = 5
"""The maximum number of parents or children that are named. The others are counted."""

MAX_COMPARED_TASKS = 100
"""The duration is compared with the other tasks of a step if they are at most this many."""

_MIN_COMPARED = 2
"""Fewer other tasks have no median that says anything."""


@fast_dataclass(frozen=True, slots=True)
class Relatives:
    """The parents or the children of a task.

    Attributes
    ----------
    tasks
        The tasks, oldest first. Empty if there are none, or too many candidates.
    cell
        Their short names with their statuses, or their number by step.
    too_many
        Whether there are too many candidates.
    """

    tasks: Sequence[TaskRecord]
    cell: Cell
    too_many: bool = False


def parents_of(context: ClientContext, task: TaskRecord, nodes: Mapping[str, Any], limits: Limits) -> Relatives:
    """Return the parents of a task. If there are too many candidates, only their number by step."""
    before = [name for name, node in nodes.items() if task.step in node.get("next", ())]
    return _relatives(context, task, before, parent_tasks, limits)


def children_of(context: ClientContext, task: TaskRecord, nodes: Mapping[str, Any], limits: Limits) -> Relatives:
    """Return the children of a task. If there are too many candidates, only their number by step."""
    after = list(nodes.get(task.step, {}).get("next", ()))
    return _relatives(context, task, after, child_tasks, limits)


def _relatives(
    context: ClientContext,
    task: TaskRecord,
    steps: Sequence[str],
    find: Callable[[ClientContext, TaskRecord], list[TaskRecord]],
    limits: Limits,
) -> Relatives:
    counts = {step: len(context.provider.tasks(task.run, step)) for step in steps}
    if sum(counts.values()) > MAX_RELATIVES:
        words = ", ".join(f"{counted(count, 'task')} of {step}" for step, count in counts.items())
        return Relatives((), limits.text(f"among {words}"), too_many=True)
    if not any(counts.values()):
        return Relatives((), EMPTY)
    try:
        found = find(context, task)
        names = [_name(context, record, limits) for record in found[:_MAX_NAMES]]
    except MetaflowException:  # the records of the relatives cannot be read
        return Relatives((), EMPTY)
    if len(found) == 1:
        return Relatives(found, limits.object(names[0], "/".join(found[0].path)))
    if len(found) > _MAX_NAMES:
        names.append(f"and {len(found) - _MAX_NAMES:,} more")
    return Relatives(found, Cell(", ".join(names), "tags", items=tuple(names)) if names else EMPTY)


def _name(context: ClientContext, record: TaskRecord, limits: Limits) -> str:
    """Return the sign of the status and the short name: ``✓ start/1``."""
    status = task_states(load_tasks(context, record.run, record.path, [record], STATUS_FIELDS))[0].status
    name = single_line(f"{record.step}/{record.task_id}", min(limits.chars, 80))
    return f"{SIGNS[status]} {name}" + ("" if status == "completed" else f" {status}")


def compared_duration(context: ClientContext, row: TaskRow) -> str:
    """Return the median duration of the other tasks of a step that completed, and the difference: ``median 41 ms of ...``.

    Empty for fewer than two other tasks, and for very many. Costs the records of the tasks of the step.
    """
    task, own = row.record, row.duration_ms if row.duration_ms is not None else row.elapsed_ms
    if own is None:
        return ""
    others = [other for other in context.provider.tasks(task.run, task.step) if other.key != task.key]
    if not _MIN_COMPARED <= len(others) <= MAX_COMPARED_TASKS:
        return ""
    where = (*task.run.path, task.step)
    states = task_states(load_tasks(context, task.run, where, others, STATUS_FIELDS))
    durations = [
        state.finished_ms - state.started_ms
        for state in states
        if state.status == "completed" and state.finished_ms is not None and state.started_ms is not None
    ]
    if len(durations) < _MIN_COMPARED:
        return ""
    middle = median(durations)
    difference = difference_text(float(own), float(middle))
    return f"{difference} against the median {duration_text(round(middle))} of {counted(len(durations), 'other task')}"
