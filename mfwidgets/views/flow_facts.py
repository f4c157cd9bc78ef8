"""Facts about the runs of a flow together: the main result over time, the last failure, and what runs now."""

from mfwidgets.client.collections.runs import Runs
from mfwidgets.client.run import Run
from mfwidgets.queries.failures import FailureLine, line_of
from mfwidgets.queries.values.main_result import main_result
from mfwidgets.queries.values.results import number_of
from mfwidgets.queries.values.value_columns import ARTIFACT_PREFIX
from mfwidgets.render.cell import Cell
from mfwidgets.times import age_text
from mfwidgets.views.cells import Limits, failure_cell
from mfwidgets.views.object_code import why_line
from mfwidgets.views.run_table import RunTable
from mfwidgets.views.strips import result_curve


def trend_facts(runs: Runs, table: RunTable, limits: Limits) -> list[tuple[str, Cell]]:
    """Return the main result of a flow over its completed runs, and its last failure. Reads nothing.

    Sorted runs and those of several flows have no trend.
    """
    if runs._flow is None or runs._source is not None:
        return []
    return [*_main_result(table, limits), *_last_failure(runs, table, limits)]


def _main_result(table: RunTable, limits: Limits) -> list[tuple[str, Cell]]:
    completed = [place for place, row in enumerate(table.rows) if row.status == "completed"]
    results = {name: values for name, values in table.columns.items() if name.startswith(ARTIFACT_PREFIX)}
    name = main_result({name: [values[completed[0]]] for name, values in results.items()}) if completed else ""
    if not name:
        return []
    values = [number_of(results[name][place]) for place in completed]
    return [("main result", result_curve(name.removeprefix(ARTIFACT_PREFIX), values, limits))]


def _last_failure(runs: Runs, table: RunTable, limits: Limits) -> list[tuple[str, Cell]]:
    place = next((place for place, row in enumerate(table.rows) if row.status == "failed"), None)
    if place is None or len(table.failures) < len(table.rows):
        return []
    row, failure = table.rows[place], table.failures[place]
    line = line_of(failure) if failure else FailureLine()
    shown = failure_cell(line, limits)
    words = shown.text or limits.text(row.status.reason.removeprefix(f"{row.pathspec}/")).text
    when = age_text(row.asked_ms - max(row.started_ms, row.last_activity_ms or 0))
    return [
        ("last failure", Cell(f"{when}: {words}", title=shown.title or limits.text(row.pathspec).text)),
        ("why", Cell(why_line(Run._of(runs._context, row.record)), "line")),
    ]
