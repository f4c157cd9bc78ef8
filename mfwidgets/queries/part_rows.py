"""The rows of the timeline and of the graph of a run, for tables: an attempt of a task, and a step with its neighbours."""

from collections.abc import Sequence
from typing import Any

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import steps_of
from mfwidgets.queries.rows import AttemptRow, TaskRow, task_rows
from mfwidgets.queries.run_snapshot import RunSnapshot
from mfwidgets.queries.status.rules import Status
from mfwidgets.queries.step_timings import StepTiming, step_timing, step_timings


@fast_dataclass(frozen=True, slots=True)
class TimelineRow:
    """An attempt of a task. A task that has not started has one row without an attempt.

    Attributes
    ----------
    task
        The task.
    attempt
        One of its attempts. None if it has not started.
    """

    task: TaskRow
    attempt: AttemptRow | None

    @property
    def status(self) -> Status | None:
        """The status of the attempt, or of a task that has not started."""
        return self.task.status if self.attempt is None else self.attempt.status

    @property
    def number(self) -> int | None:
        """The number of the attempt."""
        return None if self.attempt is None else self.attempt.attempt

    @property
    def started_ms(self) -> int | None:
        """When the attempt began."""
        return None if self.attempt is None else self.attempt.started_ms

    @property
    def finished_ms(self) -> int | None:
        """When the attempt ended."""
        return None if self.attempt is None else self.attempt.finished_ms

    @property
    def duration_ms(self) -> int | None:
        """The time from its start to its end. None while it runs, or if either is not recorded."""
        return None if self.attempt is None else self.attempt.duration_ms

    @property
    def elapsed_ms(self) -> int | None:
        """The time since its start while it runs."""
        return None if self.attempt is None else self.attempt.elapsed_ms


@fast_dataclass(frozen=True, slots=True)
class GraphRow:
    """A step of a graph.

    Attributes
    ----------
    timing
        Its tasks and times.
    type
        Its type in the graph, such as ``split-foreach``. None if the graph is unknown.
    previous, following
        The names of the steps before and after it, in the order of the graph.
    foreach
        The name of the list that it splits. None if it is not a foreach.
    """

    timing: StepTiming
    type: str | None
    previous: tuple[str, ...]
    following: tuple[str, ...]
    foreach: str | None

    @property
    def status(self) -> Status | None:
        """The status of all its tasks together. None if it did not run."""
        return self.timing.status

    @property
    def pathspec(self) -> str | None:
        """Its pathspec. None if it did not run."""
        return self.timing.pathspec if self.timing.task_count else None


def timeline_rows(snapshot: RunSnapshot) -> list[TimelineRow]:
    """Return the attempts of all tasks, by the creation of their tasks."""
    return [
        TimelineRow(task, attempt)
        for task in sorted(task_rows(snapshot), key=lambda row: row.record.created_ms)
        for attempt in (task.attempt_rows or (None,))
    ]


def graph_rows(context: ClientContext, snapshot: RunSnapshot) -> list[GraphRow]:
    """Return the steps in the order of the graph, then those that the graph does not have. Reads the graph."""
    nodes = steps_of(context, snapshot.record)
    timings = {timing.step: timing for timing in step_timings(snapshot.record, task_rows(snapshot), list(nodes))}
    return [
        _graph_row(timings.get(name) or step_timing(snapshot.record, name, []), nodes.get(name), _before(name, nodes))
        for name in dict.fromkeys([*nodes, *timings])
    ]


def _before(name: str, nodes: dict[str, dict[str, Any]]) -> tuple[str, ...]:
    return tuple(other for other, node in nodes.items() if name in node["next"])


def _graph_row(timing: StepTiming, node: dict[str, Any] | None, previous: Sequence[str]) -> GraphRow:
    if node is None:
        return GraphRow(timing, None, (), (), None)
    items = node.get("foreach_artifact")
    return GraphRow(
        timing,
        str(node.get("type") or "") or None,
        tuple(previous),
        tuple(node["next"]),
        items if isinstance(items, str) and items else None,
    )
