"""The tasks of a foreach as a grid: one cell per task, colored by status, duration or a numeric artifact."""

import math
from collections import defaultdict
from functools import cached_property
from numbers import Real
from typing import TYPE_CHECKING, Any

from mfwidgets.column_names import task_column
from mfwidgets.deadline import stoppable
from mfwidgets.display import Displayable
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.hidden_characters import visible
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.rows import TaskRow, task_rows
from mfwidgets.queries.snapshot_provider import remembering_context
from mfwidgets.queries.task_order import in_item_order, place_order
from mfwidgets.queries.values.reading import NotRead
from mfwidgets.queries.values.task_results import task_result_columns
from mfwidgets.queries.values.value_columns import ARTIFACT_PREFIX, check_name, is_absent, task_columns
from mfwidgets.queries.values.value_names import MISSING, inside, value_name

if TYPE_CHECKING:
    from mfwidgets.client.step import Step

STATUS, DURATION = "status", "duration"

NO_ITEM = "item not recorded"
"""The name of the line of tasks of a nested foreach that did not record their items."""


@fast_dataclass(frozen=True, slots=True)
class GridCell:
    """A task in a grid.

    Attributes
    ----------
    row
        The row of the task.
    value
        The value that gives the color: milliseconds or a number. None by status, and if there is no number.
    """

    row: TaskRow
    value: float | None


class Grid(Displayable):
    """The tasks of a step, one cell per task. Nested foreaches have one line per outer item.

    Parameters
    ----------
    step
        The step.
    by
        ``status``, ``duration``, or the name of an artifact that is a number, such as ``rmse``, or ``metrics.auc`` for a
        number in a dict.
    rows
        The rows of its tasks, if they are already loaded.
    context
        The context that loaded them, which reads nothing twice.
    """

    def __init__(
        self, step: "Step", by: str = STATUS, rows: list[TaskRow] | None = None, context: ClientContext | None = None
    ) -> None:
        self.step, self.by = step, check_name(by)
        self._rows = rows
        self._context = remembering_context(step._context if context is None else context)

    @cached_property
    def _in_order(self) -> list[TaskRow]:
        """The rows of the tasks, in the order of their items. Costs three bulk requests on first use."""
        if self._rows is not None:
            return in_item_order(self._rows)
        return in_item_order(task_rows(self.step.tasks()._snapshot(self._context, outline=self.by == STATUS)))

    @cached_property
    def lines(self) -> dict[str, list[GridCell]]:
        """The cells by the text of their outer items, in order. Without an outer foreach: one line named ``""``.

        Tasks that were killed before they recorded their item come last, in a line of a nested foreach named
        ``item not recorded``.

        Costs three bulk requests on first use. By an artifact: one more, and one read for each distinct value.
        """
        rows = self._in_order
        nested = any(len(row.item.path) > 1 for row in rows)
        cells_by_outer: dict[tuple[str, ...], list[GridCell]] = defaultdict(list)
        names: dict[tuple[str, ...], str] = {}
        for row, value in stoppable(zip(rows, self._values(rows), strict=True)):
            outer = row.item.path[:-1]
            cells_by_outer[outer].append(GridCell(row, value))
            indexes = ", ".join(part.rpartition(":")[2] for part in outer)
            names[outer] = ", ".join(row.item.values[:-1]) or indexes or (NO_ITEM if nested else "")
        lines: dict[str, list[GridCell]] = {}
        for outer in sorted(cells_by_outer, key=place_order):
            name = names[outer] if names[outer] not in lines else f"{names[outer]} ({'/'.join(outer)})"
            lines[name] = cells_by_outer[outer]
        return lines

    def _values(self, rows: list[TaskRow]) -> list[float | None]:
        if self.by == STATUS:
            return [None] * len(rows)
        if self.by == DURATION:
            return [row.duration_ms for row in rows]
        values = self._artifact_values(rows, self.by)
        if all(value is None for value in values) and any(row.status == "completed" for row in rows):
            values = self._artifact_values(rows, self._full_name(rows))
        return [_number(value) for value in values]

    def _artifact_values(self, rows: list[TaskRow], name: str) -> list[Any]:
        """Return the values with a name. None for a task that has no such artifact, or no such value in its dict."""
        spellings = value_name(name).spellings
        tasks = [row.record for row in rows]
        columns = task_columns(self._context, self.step._record.path, tasks, [artifact for artifact, _ in spellings])
        for artifact, path in spellings:
            column = columns[f"{ARTIFACT_PREFIX}{artifact}"]
            if not all(map(is_absent, column)):
                values = [None if is_absent(value) else inside(value, path) for value in column]
                return [None if value is MISSING else value for value in values]
        return [None] * len(rows)

    def _full_name(self, rows: list[TaskRow]) -> str:
        """Return the full name of the artifact, or of the value in a dict, that a short name means.

        Raises
        ------
        MetaflowInvalidArgument
            There is none, or there are several. The message suggests names.
        """
        stored = self._context.provider.artifacts(self.step._record.path, public_only=True)
        names = dict.fromkeys(
            [*task_result_columns(self._context, rows), *(f"{ARTIFACT_PREFIX}{r.name}" for r in stored)]
        )
        full = task_column(self.by, names, f"tasks of {self.step.pathspec}")
        if full not in names:
            raise MetaflowInvalidArgument(
                f"Expected by= to be status, duration or the name of a number such as 'rmse', got {self.by!r:.80}."
            )
        return full

    def __repr__(self) -> str:
        return visible(f"<grid of {self.step.pathspec} by {self.by}>")


def _number(value: Any) -> float | None:
    if isinstance(value, NotRead) or not isinstance(value, Real):
        return None
    try:
        number = float(value)
    except (OverflowError, ValueError):
        return None
    return None if math.isnan(number) else number
