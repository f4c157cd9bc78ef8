"""The tasks of a foreach as a sweep: what each item was, what came out of it, failures first and then the best."""

from collections.abc import Sequence
from typing import Any

from mfwidgets.column_names import headings
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.foreach_items import whole_items
from mfwidgets.queries.rows import TaskRow
from mfwidgets.queries.task_order import in_item_order
from mfwidgets.queries.values.column_choice import choose_columns, is_numeric
from mfwidgets.queries.values.goals import COSTS, goal_of, words_of
from mfwidgets.queries.values.item_columns import ITEM, item_columns
from mfwidgets.queries.values.ordering import order, sort_key
from mfwidgets.queries.values.task_results import task_result_columns
from mfwidgets.queries.values.value_columns import Columns
from mfwidgets.render.numbers import number_text
from mfwidgets.views.in_time import in_time
from mfwidgets.views.item_labels import item_labels, shortened

MAX_SORTED = 300
"""The values of up to this many tasks are read to sort them. If there are more, only the shown ones are read."""

_MAX_ITEM_COLUMNS, _MAX_RESULTS = 6, 4

_MAX_TEXT = 40
"""Longer texts of items are cut in the table. The frame has all of it."""

_MAX_NAMED = 6
"""A note names at most this many columns."""

ALL_COLUMNS = "to_pandas(items=True, results=True) has all columns."
"""The advice in a note about columns that are not shown."""

_RANKS = {"failed": 0, "killed": 0, "unknown": 1, "caught": 2, "running": 3}
"""Tasks that need attention come first. Completed ones come last."""


@fast_dataclass(frozen=True, slots=True)
class Sweep:
    """The tasks of a step with their items and results.

    Attributes
    ----------
    rows
        The tasks in their order: failures first, then the best. Without values: in the order of the items.
    labels
        Short words for the item of each task.
    columns
        Item parts and results of each task by their full names.
    names
        The names of the columns that a table shows.
    best_by
        The full name of the result that sorts them. Empty if no name says whether small or large is good.
    same
        Parts of the items that are equal for all tasks.
    beginnings
        The beginnings that were left out of texts, by the name of the column.
    notes
        Sentences about what is not shown.
    has_all
        Whether the columns have the values of all tasks of the step. Else of the first ones only.
    """

    rows: Sequence[TaskRow]
    labels: Sequence[str]
    columns: Columns
    names: tuple[str, ...]
    best_by: str
    same: dict[str, Any]
    beginnings: dict[str, str]
    notes: tuple[str, ...]
    has_all: bool

    @property
    def best(self) -> int | None:
        """The place of the best completed task."""
        if not self.best_by or not self.has_all:
            return None
        column = self.columns[self.best_by]
        done = (place for place, row in enumerate(self.rows) if row.status == "completed" and sort_key(column[place]))
        return next(done, None)


def load_sweep(context: ClientContext, rows: Sequence[TaskRow], limit: int) -> Sweep:
    """Read the items and results of the tasks of a step, within the time that the display has left.

    Parameters
    ----------
    context, rows
        All tasks of the step, and where they are read from.
    limit
        The number of tasks that a table shows. Of a step with more than 300 tasks, only their values are read.
    """
    notes: list[str] = []
    ranked = sorted(in_item_order(rows), key=_rank)
    has_all = len(ranked) <= MAX_SORTED
    if not has_all:
        ranked = shown_first(ranked, limit)
    items = in_time(lambda: whole_items(context, ranked), notes) or _recorded_items(ranked)
    of_items = item_columns([row.item.path for row in ranked], items)
    results = in_time(lambda: task_result_columns(context, ranked, of_items), notes) or {}
    best_by = main_result(results)
    if best_by:
        column = results[best_by]
        places = order([[_rank(row) for row in ranked], column], [True, goal_of(best_by) == "min"])
        ranked = [ranked[place] for place in places]
        items = [items[place] for place in places]
        of_items, results = _reordered(of_items, places), _reordered(results, places)
    columns, beginnings = _short_columns(of_items)
    first = [name for name in (ITEM,) if name in columns]
    chosen = choose_columns(
        columns | results, [*first, *([best_by] if best_by else [])], _MAX_ITEM_COLUMNS, _MAX_RESULTS
    )
    if chosen.left_out:
        left_out = headings(list(chosen.left_out))
        shown = ", ".join(left_out[:_MAX_NAMED]) + (", …" if len(left_out) > _MAX_NAMED else "")
        notes.append(f"Not shown: {shown}. {ALL_COLUMNS}")
    outer_first = list(columns)
    names = [name for name in outer_first if name in chosen.names]
    names += sorted((name for name in chosen.names if name not in columns), key=lambda name: name != best_by)
    return Sweep(
        ranked,
        item_labels(items),
        columns | results,
        tuple(names),
        best_by,
        {name: values[0] for name, values in of_items.items() if len(ranked) > 1 and _is_constant(values)},
        {name: text for name, text in beginnings.items() if name in names},
        tuple(notes),
        has_all,
    )


def shown_first(rows: Sequence[TaskRow], limit: int) -> list[TaskRow]:
    """Return the tasks that fit into a table: those that failed, but at most half of them if others completed."""
    rest = [row for row in rows if row.status == "completed"]
    telling = [row for row in rows if row.status != "completed"]
    kept = max(limit // 2, limit - len(rest))
    return [*telling[:kept], *rest][:limit]


def main_result(results: Columns) -> str:
    """Return the name of the result that says how good a task is. Empty if no name says so.

    Metrics of quality come before costs, such as seconds.
    """
    metrics = [
        name for name, values in results.items() if goal_of(name) and is_numeric(values) and not _is_constant(values)
    ]
    return min(metrics, key=lambda name: bool(COSTS.intersection(words_of(name))), default="")


def best_words(sweep: Sweep) -> str:
    """Return the best result and its item: ``0.3601 · lr 0.003, depth 3``. Empty without a best one."""
    best = sweep.best
    if best is None:
        return ""
    return f"{number_text(sweep.columns[sweep.best_by][best])} · {sweep.labels[best]}"


def _rank(row: TaskRow) -> int:
    return _RANKS.get(str(row.status), len(_RANKS))


def _recorded_items(rows: Sequence[TaskRow]) -> list[tuple[Any, ...]]:
    """Return the items as metadata has them, at most 30 characters."""
    return [tuple(row.item.values) for row in rows]


def _reordered(columns: Columns, places: Sequence[int]) -> Columns:
    return {name: [values[place] for place in places] for name, values in columns.items()}


def _is_constant(values: Sequence[Any]) -> bool:
    keys = {sort_key(value) for value in values}
    return len(keys) == 1 and keys != {None}


def _short_columns(columns: Columns) -> tuple[Columns, dict[str, str]]:
    """Return columns of items whose texts are short, and the beginnings that were left out."""
    short: Columns = {}
    beginnings = {}
    for name, values in columns.items():
        shown, beginning = shortened(values)
        short[name] = [
            f"{text[: _MAX_TEXT - 1]}…" if isinstance(text, str) and len(text) > _MAX_TEXT else text for text in shown
        ]
        if beginning:
            beginnings[name] = beginning
    return short, beginnings
