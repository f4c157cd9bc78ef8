"""What a comparison shows."""

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
    """Show what differs, section by section, a column for each object."""
    names = comparison.names()
    sections = ((name, [one for one in comparison.differences if one.section == name]) for name in SECTIONS)
    tables = [differences_table(name, some, names, limits) for name, some in sections if some]
    return View(
        kind="Comparison",
        name=limits.text(" and ".join(names)).text,
        notes=() if tables else ("Nothing differs that is compared: neither values nor what led to them.",),
        parts=tuple(tables),
    )


def differences_table(section: str, some: Sequence[Difference], names: Sequence[str], limits: Limits) -> Table:
    """Show the differences of a section, a column for each object."""
    shown, whole_runs = some[: limits.rows], any(one.step for one in some)
    rows = tuple(
        (
            limits.text(one.step or ("all steps" if section == "durations" and whole_runs else "")),
            limits.code(one.name),
            *(_cell(one, place, limits) for place in range(len(names))),
            Cell(limits.text(one.note).text, "dim") if one.note else EMPTY,
        )
        for one in shown
    )
    columns = ("step", "name", *(limits.text(name).text for name in names), "note")
    table = Table(section.capitalize(), columns, rows, shown_of_total(len(shown), len(some)))
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
