"""The tasks of a foreach as a grid: one cell per task, colored by status, duration or a numeric artifact."""

import math
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from typing import TYPE_CHECKING

from mfwidgets.deadline import stoppable
from mfwidgets.display import Displayable
from mfwidgets.hidden_characters import visible
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.rows import TaskRow, task_rows
from mfwidgets.queries.snapshot_provider import remembering_context
from mfwidgets.queries.task_order import in_item_order, place_order
from mfwidgets.queries.values.reading import NotRead
from mfwidgets.queries.values.value_columns import check_name, task_columns

if TYPE_CHECKING:
    from mfwidgets.client.step import Step

STATUS, DURATION = "status", "duration"

NO_ITEM = "item not recorded"
"""The name of the line of tasks of a nested foreach that did not record their items."""


@dataclass(frozen=True, slots=True)
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
        ``status``, ``duration``, or the name of an artifact that is a number.
    rows
        The rows of its tasks, if they are already loaded.
    """

    def __init__(self, step: "Step", by: str = STATUS, rows: list[TaskRow] | None = None) -> None:
        self.step, self.by = step, check_name(by)
        self._rows = rows

    @cached_property
    def lines(self) -> dict[str, list[GridCell]]:
        """The cells by the text of their outer items, in order. Without an outer foreach: one line named ``""``.

        Tasks that were killed before they recorded their item come last, in a line of a nested foreach named
        ``item not recorded``.

        Costs three bulk requests on first use. By an artifact: one more, and one read for each distinct value.
        """
        context = remembering_context(self.step._context)
        rows = in_item_order(task_rows(self.step.tasks()._snapshot(context)) if self._rows is None else self._rows)
        nested = any(len(row.item.path) > 1 for row in rows)
        cells_by_outer: dict[tuple[str, ...], list[GridCell]] = defaultdict(list)
        names: dict[tuple[str, ...], str] = {}
        for row, value in stoppable(zip(rows, self._values(context, rows), strict=True)):
            outer = row.item.path[:-1]
            cells_by_outer[outer].append(GridCell(row, value))
            indexes = ", ".join(part.rpartition(":")[2] for part in outer)
            names[outer] = ", ".join(row.item.values[:-1]) or indexes or (NO_ITEM if nested else "")
        lines: dict[str, list[GridCell]] = {}
        for outer in sorted(cells_by_outer, key=place_order):
            name = names[outer] if names[outer] not in lines else f"{names[outer]} ({'/'.join(outer)})"
            lines[name] = cells_by_outer[outer]
        return lines

    def _values(self, context: ClientContext, rows: list[TaskRow]) -> list[float | None]:
        if self.by == STATUS:
            return [None] * len(rows)
        if self.by == DURATION:
            return [row.duration_ms for row in rows]
        column = task_columns(context, self.step._record.path, [row.record for row in rows], [self.by])[
            f"artifact.{self.by}"
        ]
        return [_number(value) for value in column]

    def __repr__(self) -> str:
        return visible(f"<grid of {self.step.pathspec} by {self.by}>")


def _number(value: object) -> float | None:
    if isinstance(value, NotRead) or not isinstance(value, Real):
        return None
    try:
        number = float(value)
    except (OverflowError, ValueError):
        return None
    return None if math.isnan(number) else number
