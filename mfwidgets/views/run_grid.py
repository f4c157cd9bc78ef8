"""The display of the last runs and their steps as a grid."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

from mfwidgets.client.answers.run_grid import RunGrid, merged_steps
from mfwidgets.queries.rows import RunRow
from mfwidgets.queries.snapshot_provider import remembering_context
from mfwidgets.queries.step_timings import StepTiming, read_step_timings
from mfwidgets.render.cell import EMPTY, Cell
from mfwidgets.render.numbers import counted
from mfwidgets.render.view import Table, View
from mfwidgets.times import duration_text
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits, age, duration, zoned
from mfwidgets.views.context import context_facts, no_runs_notes
from mfwidgets.views.in_time import in_time
from mfwidgets.views.objects import present
from mfwidgets.views.short_ids import short_ids
from mfwidgets.views.tables import shown_of_total, without_empty_columns

_BATCH = 6
"""Runs that are read at once. What was read in time is shown."""

_MAX_STEPS_PER_ROW = 2
"""The grid has at most this many steps for each row that tables may have."""

_WIDE = 7
"""Tiles of up to this many steps have their durations. The style sheet turns the names of more steps upright."""

_BAD = ("failed", "killed", "unknown")

Found = Mapping[str, StepTiming]


@build_view.register
def build_run_grid_view(grid: RunGrid, limits: Limits) -> View:
    """Show a row for each run and a tile for each of its steps, newest first."""
    runs = grid._runs._in_context(remembering_context(grid._runs._context))
    most = min(grid._limit, limits.rows)
    rows = runs._rows(most + 1 if most < grid._limit else most)
    left_out, rows = len(rows) > most, rows[:most]
    notes: list[str] = [] if rows else list(no_runs_notes(runs, limits))
    timings: list[list[StepTiming]] = []
    for first in range(0, len(rows), _BATCH):
        records = [row.record for row in rows[first : first + _BATCH]]
        found = in_time(partial(read_step_timings, runs._context, records), notes)
        if found is None:
            break
        timings += found
    steps = merged_steps(timings)
    shown = steps[: _MAX_STEPS_PER_ROW * limits.rows]
    by_step = [{timing.step: timing for timing in of_run} for of_run in timings]
    facts = [*context_facts(runs._context, limits), *present([("failed most", _failed_most(by_step, limits))])]
    words = [f"the newest {len(rows)}"] if left_out else []
    words += [f"{shown_of_total(len(shown), len(steps))} steps"] if len(shown) < len(steps) else []
    words += ["stronger green: longer than in other runs"] if any(by_step) else []
    table = Table(
        "Steps of runs",
        ("flow", "run", "status", zoned("started"), "duration", *(limits.text(step).text for step in shown)),
        _lines(rows, by_step, shown, limits, several=runs._flow is None),
        "; ".join(words),
        sticky=True,
        spare=(zoned("started"), "duration"),
        left_out=left_out or len(shown) < len(steps),
    )
    return View(
        kind="Grid of",
        name=limits.text(grid._runs._title).text,
        facts=tuple(facts),
        notes=tuple(notes),
        parts=(without_empty_columns(table, keep=0),) if rows else (),
    )


def _lines(
    rows: Sequence[RunRow], by_step: Sequence[Found], steps: Sequence[str], limits: Limits, *, several: bool
) -> tuple[tuple[Cell, ...], ...]:
    longest: Counter[str] = Counter()
    for found in by_step:
        for step, timing in found.items():
            longest[step] = max(longest[step], timing.duration_ms or 0)
    lines = []
    for number, (row, run) in enumerate(zip(rows, short_ids(rows, limits), strict=True)):
        read = by_step[number] if number < len(by_step) else None
        tiles = [EMPTY] * len(steps)
        if read is None:
            tiles[:1] = [Cell("not read", "dim")] if steps else []
        else:
            tiles = [
                _tile(read[step], longest[step], limits, is_wide=len(steps) <= _WIDE) if step in read else EMPTY
                for step in steps
            ]
        lines.append(
            (
                limits.code(row.record.flow) if several else EMPTY,
                run,
                limits.status(row.status),
                age(row.started_ms, row.asked_ms),
                duration(row.elapsed_ms if row.duration_ms is None else row.duration_ms),
                *tiles,
            )
        )
    return tuple(lines)


def _tile(timing: StepTiming, longest_ms: int, limits: Limits, *, is_wide: bool) -> Cell:
    """Show the status of a step, and how long it took compared with the longest of its kind."""
    passed = timing.elapsed_ms if timing.duration_ms is None else timing.duration_ms
    words = duration_text(passed) if passed is not None else ""
    status = str(timing.status or "unknown")
    facts = [status, words, counted(timing.task_count, "task") if timing.task_count > 1 else ""]
    facts += (
        [f"{number:,} {name}" for name, number in timing.task_statuses.items() if name != "completed" and number]
        if timing.task_count > 1
        else []
    )
    retries = timing.attempts - timing.task_count
    facts += [f"{retries:,} {'retry' if retries == 1 else 'retries'}"] if retries > 0 else []
    title = limits.text(f"{timing.step}: {', '.join(filter(None, facts))}").text
    share = min(passed / longest_ms, 1.0) if passed and longest_ms else 0.0
    return Cell(
        words if is_wide else "",
        "tile",
        title,
        value=status,
        levels=(share,),
        pathspec=limits.text(timing.pathspec).text,
    )


def _failed_most(by_step: Sequence[Found], limits: Limits) -> Cell:
    """Show the step that failed in most runs."""
    failed = Counter(step for found in by_step for step, timing in found.items() if timing.status in _BAD)
    if not failed:
        return EMPTY
    step, number = max(failed.items(), key=lambda item: item[1])
    ran = sum(step in found for found in by_step)
    return limits.text(f"{step}, in {number:,} of {counted(ran, 'run')}")
