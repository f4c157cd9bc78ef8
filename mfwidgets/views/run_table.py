"""The table of runs in displays: status and times, the parameters that vary, the results, and what failed."""

from collections.abc import Collection, Sequence
from dataclasses import field, replace
from itertools import zip_longest
from statistics import median

from mfwidgets.client.collections.runs import Runs
from mfwidgets.code_lines import mflow_line
from mfwidgets.column_names import find_column, headings
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.queries.failures import Failure, failures_of, line_of
from mfwidgets.queries.rows import RunRow
from mfwidgets.queries.values.column_choice import ChosenColumns, choose_columns
from mfwidgets.queries.values.results import result_columns
from mfwidgets.queries.values.value_columns import ARTIFACT_PREFIX, Columns, parameter_columns
from mfwidgets.render.cell import EMPTY, Cell
from mfwidgets.render.numbers import counted
from mfwidgets.render.view import Table
from mfwidgets.schema import DURATION, RUNS, TIME, Column
from mfwidgets.times import duration_text
from mfwidgets.views.cells import Limits, age, duration, failure_cell, moment, zoned
from mfwidgets.views.in_time import in_time
from mfwidgets.views.measures import duration_measure, measure_cells
from mfwidgets.views.short_ids import short_ids
from mfwidgets.views.strips import durations, status_words, strip
from mfwidgets.views.tables import without_empty_columns

MAX_PARAMETERS, MAX_RESULTS = 6, 8
"""Columns that are chosen automatically, if there is room."""

_PARAMETERS_WIDTH, _RESULTS_WIDTH = 42, 58
"""The room for them in characters. With status, times and duration, a table fits into a notebook of 1,300 pixels."""

_BAR_WIDTH = 6
"""The room for a bar and a mark, in characters."""

_MAX_NAMED = 6
"""A note names at most this many columns."""

_TREND = 0.1
"""A smaller change of the typical duration is not shown."""

_MIN_TREND = 6
"""Runs that a trend needs."""


@fast_dataclass(frozen=True, slots=True)
class RunTable:
    """The content of a table of runs.

    Attributes
    ----------
    rows
        The runs.
    columns
        Parameters and results by their full names.
    names
        The full names of the columns that are shown. They may be facts of the schema.
    failures
        The failure of each run. None if it did not fail or was not read.
    notes
        Sentences about what is not shown.
    """

    rows: Sequence[RunRow]
    columns: Columns = field(default_factory=dict)
    names: tuple[str, ...] = ()
    failures: Sequence[Failure | None] = ()
    notes: tuple[str, ...] = ()


def load_run_table(runs: Runs, rows: Sequence[RunRow]) -> RunTable:
    """Read the values and failures for a table of runs, within the time that the display has left.

    Raises
    ------
    MetaflowInvalidArgument
        A requested column is unknown, or its name means several columns.
    """
    notes: list[str] = []
    context, records = runs._context, [row.record for row in rows]
    if runs._flow is None and not runs._columns and not runs._named:  # flows have different values
        return RunTable(rows, failures=in_time(lambda: failures_of(context, rows), notes) or (), notes=tuple(notes))
    read = in_time(lambda: parameter_columns(context, records) | result_columns(context, records), notes)
    failures = in_time(lambda: failures_of(context, rows), notes)
    columns: Columns = read or {}
    if read is None and runs._columns:
        columns, names = {}, [name for name in runs._columns if name in RUNS.names]
        return RunTable(rows, columns, tuple(names), failures or (), tuple(dict.fromkeys(notes)))
    if runs._columns:
        names = [find_column(name, columns, runs._title) for name in runs._columns]
        return RunTable(rows, columns, tuple(dict.fromkeys(names)), failures or (), tuple(dict.fromkeys(notes)))
    first = [_found(name, columns, runs._title) for name in runs._named]
    chosen = choose_columns(columns, [name for name in first if name], MAX_PARAMETERS, MAX_RESULTS)
    chosen = _fitting(chosen, columns, set(first))
    if chosen.left_out:
        left_out = headings(list(chosen.left_out))
        shown = ", ".join(left_out[:_MAX_NAMED]) + (", …" if len(left_out) > _MAX_NAMED else "")
        notes.append(f"Not shown: {shown}. columns=[...] or --columns chooses columns.")
    return RunTable(rows, columns, chosen.names, failures or (), tuple(dict.fromkeys(notes)))


def _fitting(chosen: ChosenColumns, columns: Columns, named: Collection[str]) -> ChosenColumns:
    """Leave out the columns for which there is no room. One column of each kind, and named ones, are shown in any case."""
    kept, left_out, used = [], [], {True: 0, False: 0}
    for name, heading in zip(chosen.names, headings(list(chosen.names)), strict=True):
        is_result = name.startswith(ARTIFACT_PREFIX)
        texts = [cell.text for cell in measure_cells(columns[name], name, Limits(chars=_MAX_WIDTH))]
        width = max(len(heading), *(len(text) + _BAR_WIDTH * is_result for text in texts)) + 2
        room = _RESULTS_WIDTH if is_result else _PARAMETERS_WIDTH
        if name in named or not used[is_result] or used[is_result] + width <= room:
            kept.append(name)
            used[is_result] += width
        else:
            left_out.append(name)
    return ChosenColumns(tuple(kept), (*left_out, *chosen.left_out))


_MAX_WIDTH = 30
"""The most characters of a value that count."""


def _found(name: str, columns: Columns, owner: str) -> str:
    """Return the full name of a column that a sort or a filter named. Empty if it is not among them."""
    try:
        return find_column(name, columns, owner)
    except MetaflowInvalidArgument:
        return ""


def runs_table(table: RunTable, limits: Limits, note: str) -> Table:
    """Show runs with their parameters, results and failures. A column without content is left out."""
    rows = table.rows
    longest = max((row.duration_ms or 0 for row in rows), default=0)
    branches = _branches(rows)
    one_user = len({row.record.user for row in rows}) == 1
    flows = [row.record.flow for row in rows]
    fixed = [
        ("flow", [limits.code(flow) for flow in flows] if len(set(flows)) > 1 else []),
        ("run", short_ids(rows, limits)),
        ("status", [limits.status(row.status) for row in rows]),
        (zoned("started"), [age(row.started_ms, row.asked_ms) for row in rows]),
        ("duration", [duration_measure(row, longest) for row in rows]),
        ("elapsed", [duration(row.elapsed_ms) for row in rows]),
    ]
    values = [
        (limits.text(heading).text, _column(table, name, limits))
        for name, heading in zip(table.names, headings(list(table.names)), strict=True)
    ]
    reasons = [_why(row, failure, limits) for row, failure in zip(rows, _failures(table), strict=True)]
    results = [number for number, name in enumerate(table.names) if name.startswith(ARTIFACT_PREFIX)]
    for number, reason in enumerate(reasons):
        # A run that failed has no results. Its reason takes their place.
        if results and reason.text and not any(values[column][1][number].text for column in results):
            values[results[0]][1][number] = replace(reason, span=_contiguous(results))
            reasons[number] = EMPTY
    context = [
        ("branch", [limits.text(branch) for branch in branches] if len(set(branches)) > 1 else []),
        ("user", [] if one_user else [limits.text(row.record.user) for row in rows]),
        ("user tags", [limits.tag_list(row.record.user_tags, limits.tags) for row in rows]),
        ("why", reasons),
    ]
    columns = [(name, cells) for name, cells in [*fixed, *values, *context] if cells]
    cells = tuple(zip(*(cells for _, cells in columns), strict=True))
    spare = _spare([name for name, _ in values], results)
    names = tuple(name for name, _ in columns)
    shown = Table("Runs", names, cells, note, sticky=True, spare=spare, more=_MORE, left_out=bool(note))
    return without_empty_columns(shown, keep=0)


_MORE = "columns=[...] or --columns"


def _spare(names: Sequence[str], results: Sequence[int]) -> tuple[str, ...]:
    """Return the columns that a narrow terminal leaves out, the first ones first: the last results and parameters.

    What the runs are sorted by comes first among them, so it is left out last.
    """
    last_results = [names[number] for number in reversed(results)]
    last_params = [name for number, name in reversed(list(enumerate(names))) if number not in results]
    pairs = zip_longest(last_results[:-1], last_params[:-1])
    in_turn = [name for pair in pairs for name in pair if name]
    return (
        "user tags",
        "branch",
        "user",
        *in_turn,
        zoned("started"),
        "duration",
        *last_params[-1:],
        *last_results[-1:],
    )


def _contiguous(places: Sequence[int]) -> int:
    """Return how many places follow one another from the first."""
    return next((count for count, place in enumerate(places) if place != places[0] + count), len(places))


def _failures(table: RunTable) -> Sequence[Failure | None]:
    return table.failures or [None] * len(table.rows)


def _column(table: RunTable, name: str, limits: Limits) -> list[Cell]:
    if name in table.columns:
        return measure_cells(table.columns[name], name, limits, is_result=name.startswith(ARTIFACT_PREFIX))
    column = next(column for column in RUNS.columns if column.name == name)
    return [fact_cell(column, row, limits) for row in table.rows]


def fact_cell(column: Column, row: object, limits: Limits) -> Cell:
    """Show a fact of a row by the type of its column."""
    fact = column.getter(row)
    if fact is None:
        return EMPTY
    if column.dtype == TIME:
        return moment(fact)
    if column.dtype == DURATION:
        return duration(fact)
    if isinstance(fact, list):
        return limits.tag_list(fact, limits.tags)
    return limits.text(str(fact))


def _why(row: RunRow, failure: Failure | None, limits: Limits) -> Cell:
    """Show the exception with its step and item. If it is unknown, show the reason of the status."""
    if row.status == "completed":
        return EMPTY
    if failure is None or failure.exception is None:
        return Cell(limits.text(row.status.reason.removeprefix(f"{row.pathspec}/")).text, "dim")
    line = replace(line_of(failure), code="")  # the row is long enough
    return replace(failure_cell(line, limits, mflow_line("why", row.pathspec)), kind="dim")


def _branches(rows: Sequence[RunRow]) -> list[str]:
    """Return the branch of each run as ``@project`` recorded it, with the project if there are several."""
    projects = [_tag(row, "project:") for row in rows]
    branches = [_tag(row, "project_branch:") for row in rows]
    if len(set(projects)) <= 1:
        return branches
    return [
        f"{project} · {branch}" if project and branch else project or branch
        for project, branch in zip(projects, branches, strict=True)
    ]


def _tag(row: RunRow, prefix: str) -> str:
    return next((tag.removeprefix(prefix) for tag in sorted(row.record.system_tags) if tag.startswith(prefix)), "")


def overview(rows: Sequence[RunRow], limits: Limits) -> list[tuple[str, Cell]]:
    """Show how many runs have which status, how long they take, and facts that all of them share."""
    if not rows:
        return []
    one_flow = len({row.record.flow for row in rows}) == 1
    facts = [
        (counted(len(rows), "run"), strip(rows, limits, status_words(rows))),
        ("typical duration", durations(rows, _trend(rows)) if one_flow else EMPTY),
    ]
    users, branches = {row.record.user for row in rows}, set(_branches(rows))
    if len(users) == 1:
        facts.append(("user", limits.text(rows[0].record.user)))
    if len(branches) == 1 and (branch := _branches(rows)[0]):
        facts.append(("branch", limits.text(" · ".join(filter(None, (_tag(rows[0], "project:"), branch))))))
    return [(label, cell) for label, cell in facts if cell.text]


def _trend(rows: Sequence[RunRow]) -> str:
    """Return the median duration of completed runs, and how the newer half differs from the older half."""
    durations = [row.duration_ms for row in rows if row.status == "completed" and row.duration_ms]
    if len(durations) <= 1:
        return ""
    words = duration_text(round(median(durations)))
    if len(durations) >= _MIN_TREND:
        half = len(durations) // 2
        newer, older = median(durations[:half]), median(durations[half:])
        change = newer / older - 1
        if abs(change) >= _TREND:
            words += f", {abs(change):.0%} {'longer' if change > 0 else 'shorter'} than before"
    return words
