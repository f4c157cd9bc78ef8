"""The display of a comparison."""

from collections.abc import Sequence
from datetime import timedelta

from mfwidgets.client.answers.comparison import Comparison, Difference
from mfwidgets.client.answers.comparison_facts import PACKAGE, SECTIONS
from mfwidgets.render.view import EMPTY, Cell, Table, View
from mfwidgets.times import duration_text
from mfwidgets.views.artifacts import value
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.views.tables import shown_of_total, without_empty_columns


@build_view.register
def build_comparison_view(comparison: Comparison, limits: Limits) -> View:
    """Show the differences by section, with a column for each object."""
    names = comparison.names()
    sections = ((name, [row for row in comparison.differences if row.section == name]) for name in SECTIONS)
    tables = [differences_table(name, rows, names, limits) for name, rows in sections if rows]
    return View(
        kind="Comparison",
        name=limits.text(" and ".join(names)).text,
        notes=() if tables else ("There are no differences.",),
        parts=tuple(tables),
    )


def differences_table(section: str, differences: Sequence[Difference], names: Sequence[str], limits: Limits) -> Table:
    """Show the differences of a section, with a column for each object."""
    shown, whole_runs = differences[: limits.rows], any(row.step for row in differences)
    rows = tuple(
        (
            limits.text(row.step or ("all steps" if section == "durations" and whole_runs else "")),
            limits.code(row.name),
            *(_cell(row, place, limits) for place in range(len(names))),
            Cell(limits.text(row.note).text, "dim") if row.note else EMPTY,
        )
        for row in shown
    )
    columns = ("step", "name", *(limits.text(name).text for name in names), "note")
    table = Table(section.capitalize(), columns, rows, shown_of_total(len(shown), len(differences)))
    return without_empty_columns(table, keep=0)


def _cell(difference: Difference, place: int, limits: Limits) -> Cell:
    shown = difference.values[place]
    if isinstance(shown, timedelta):
        return Cell(duration_text(round(shown.total_seconds() * 1000)), "number")
    if difference.section == "code" and difference.name == PACKAGE and isinstance(shown, str):
        return limits.code(shown[:10], shown)
    if isinstance(shown, str) and difference.section not in ("artifacts", "parameters"):
        return limits.text(shown)
    return value(shown, limits)
