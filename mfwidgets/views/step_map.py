"""The map of a run: its steps in the order of the graph, with their facts, and their tasks on one axis of time."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

from mfwidgets.deadline import stoppable
from mfwidgets.providers.records import TaskKey
from mfwidgets.queries.lineage.regions import foreach_regions, item_counts
from mfwidgets.queries.lineage.task_graph import FOREACH_SPLITS
from mfwidgets.queries.rows import RunRow, TaskRow
from mfwidgets.queries.run_snapshot import RunSnapshot
from mfwidgets.queries.step_timings import StepTiming, step_timing
from mfwidgets.queries.usual_durations import Usual
from mfwidgets.render.charts.ticks import clock_ticks, duration_ticks, linear_ticks
from mfwidgets.render.step_map.model import AxisTick, RowRegion, StepMap, Track
from mfwidgets.render.step_map.picture import spaced_ticks
from mfwidgets.render.step_map.rails import Rails, RailStep, lay_out_rails
from mfwidgets.render.view import Table
from mfwidgets.times import SECOND, duration_text, now_ms
from mfwidgets.views.cells import Limits, zoned
from mfwidgets.views.step_cells import RunFacts, columns, idle_cells, step_cells, usual_words
from mfwidgets.views.tables import shown_of_total, without_empty_columns
from mfwidgets.views.task_bars import WAITING, Scale, TaskMarks, area_of, bars_of, end_of_task, labelled

_BARS_PER_ROW = 6
"""The picture has at most this many bars for each row that tables may have. Steps with more tasks are areas."""

_TITLES, _MAX_TITLE = 12_000, 2_000
"""The letters of all tooltips of bars, and of one of them."""

_MAX_STEPS_PER_ROW = 2
"""The map has at most this many steps for each row that tables may have."""

_MAX_LANES, _MAX_DETAILED_LANES = 16, 32
"""A step that needs more lanes is an area."""

_MAX_BINS, _MIN_BINS, _ALL_BINS = 160, 24, 1_200
"""The columns of an area, and of all areas together."""

_LOOKAHEAD = 0.6
"""The axis of a run that runs reaches to its expected end, but at most by this share of the time that has passed."""

_MIN_CLOCK_MS = 5_000
"""A shorter run has an axis of durations."""


def cloned_tasks(snapshot: RunSnapshot) -> frozenset[TaskKey]:
    """Return the tasks that were cloned from an earlier run."""
    return frozenset(event.key for event in stoppable(snapshot.metadata) if event.field == "origin-task-id")


def facts_of_run(
    row: RunRow,
    rows: Sequence[TaskRow],
    nodes: Mapping[str, Mapping[str, Any]],
    marks: TaskMarks,
    usual: Mapping[str, Usual] = MappingProxyType({}),
) -> RunFacts:
    """Return the facts for a map. A critical path that all tasks are on says nothing and is left out."""
    if len(marks.critical) >= len(rows):
        marks = replace(marks, critical=())
    return RunFacts(rows, nodes, marks, usual, row.status == "running")


def step_map(facts: RunFacts, limits: Limits, heading: str = "Steps", *, detailed: bool = False) -> tuple[StepMap, ...]:
    """Show the steps of a run. Empty if neither its graph nor a task is known.

    Parameters
    ----------
    detailed
        Whether the bars have labels, and steps have more lanes.
    """
    by_step: dict[str, list[TaskRow]] = {name: [] for name in facts.nodes}
    for row in sorted(facts.rows, key=lambda row: row.record.created_ms):
        by_step.setdefault(row.record.step, []).append(row)
    if not by_step:
        return ()
    timings = {name: step_timing(rows[0].record.run, name, rows) for name, rows in by_step.items() if rows}
    shown = _shown_steps(by_step, timings, _MAX_STEPS_PER_ROW * limits.rows)
    now = now_ms()
    scale, has_times = _scale(facts, timings, now)
    drawing = _Drawing(facts, scale, limits, now, detailed)
    tracks = _tracks({name: by_step[name] for name in shown}, timings, drawing)
    counts = counts_of_steps(facts.nodes, by_step)
    lines = tuple(
        step_cells(by_step[name], timings[name], tracks[name], facts, limits, counts.get(name, ()))
        if name in timings
        else idle_cells(name, facts, limits)
        for name in shown
    )
    note = ", ".join(
        filter(None, (shown_of_total(len(shown), len(by_step)), _total_note(facts, scale, now) if has_times else ""))
    )
    rails = lay_out_rails(_rail_steps(shown, facts.nodes, timings))
    table = without_empty_columns(
        Table(
            heading,
            columns(),
            lines,
            note,
            spare=(zoned("started"), "usual", "retries"),
            left_out=len(shown) < len(by_step),
        ),
        keep=2,
        always=("tasks", "duration"),
    )
    return (
        StepMap(
            table,
            rails,
            tuple(tracks[name] for name in shown),
            _ticks(scale) if has_times else (),
            _marks(tracks.values()),
            detailed,
            scale(now) if facts.is_running and scale.last > now else None,
            row_regions(shown, facts.nodes, rails),
        ),
    )


def _shown_steps(by_step: Mapping[str, Sequence[TaskRow]], timings: Mapping[str, StepTiming], limit: int) -> list[str]:
    """Return the names of the steps to show, in order: of very many, those that did not complete, then the longest."""
    if len(by_step) <= limit:
        return list(by_step)

    def weight(name: str) -> tuple[int, int]:
        timing = timings.get(name)
        if timing is None:
            return 2, 0
        return int(timing.status == "completed"), -(timing.duration_ms or 0)

    kept = set(sorted(by_step, key=weight)[:limit])
    return [name for name in by_step if name in kept]


def _scale(facts: RunFacts, timings: Mapping[str, StepTiming], now: int) -> tuple[Scale, bool]:
    """Return the axis from the first to the last sign of a task, and whether any task has times."""
    known = [row for row in facts.rows if not row.is_counted]
    if not known:
        return Scale(0, 1), False
    first = min(row.record.created_ms for row in known)
    last = max(end_of_task(row, now) for row in stoppable(known))
    if facts.is_running:
        last = max(last, now)
        ends = [
            timing.started_ms + facts.usual[name].duration_ms
            for name, timing in timings.items()
            if name in facts.usual and timing.status == "running" and timing.started_ms is not None
        ]
        last = max(last, min(max(ends, default=last), round(last + _LOOKAHEAD * (last - first))))
    return Scale(first, max(last, first + 1)), True


def _total_note(facts: RunFacts, scale: Scale, now: int) -> str:
    passed = min(scale.last, now) - scale.first if facts.is_running else scale.length
    return f"{duration_text(passed)} {'so far' if facts.is_running else 'in total'}"


def _ticks(scale: Scale) -> tuple[AxisTick, ...]:
    """Return ticks with times of the clock, or with the time since the start for a short run."""
    if scale.length >= _MIN_CLOCK_MS:
        ticks = [AxisTick(scale(tick.value), tick.label) for tick in clock_ticks(scale.first, scale.last)]
    elif scale.length < SECOND:
        ticks = [AxisTick(tick.value / scale.length, f"{tick.label} ms") for tick in linear_ticks(0, scale.length, 4)]
    else:
        ticks = [
            AxisTick(tick.value * SECOND / scale.length, tick.label)
            for tick in duration_ticks(0, scale.length / SECOND, 4)
        ]
    return spaced_ticks(tick for tick in ticks if 0 <= tick.share <= 1)


class _Drawing(NamedTuple):
    facts: RunFacts
    scale: Scale
    limits: Limits
    now: int
    detailed: bool


def _tracks(
    by_step: Mapping[str, Sequence[TaskRow]], timings: Mapping[str, StepTiming], drawing: _Drawing
) -> dict[str, Track]:
    """Return the picture of each step. Steps with the fewest tasks get bars, until the picture has enough bars."""
    facts, scale, limits, now, detailed = drawing
    space = _BARS_PER_ROW * limits.rows
    title_chars = min(max(_TITLES // min(max(len(facts.rows), 1), space), limits.chars), _MAX_TITLE)
    tracks: dict[str, Track] = {}
    crowded = []
    for name, rows in sorted(by_step.items(), key=lambda item: len(item[1])):
        bars = bars_of(rows, scale, facts.marks, now, title_chars) if len(rows) <= space else ()
        track = Track(bars)
        if len(rows) > space or track.lanes > (_MAX_DETAILED_LANES if detailed else _MAX_LANES):
            crowded.append(name)
            continue
        space -= len(bars)
        if detailed:
            names = {row.pathspec: _label(row, rows, facts.marks, limits) for row in rows}
            track = Track(labelled(bars, [names[bar.pathspec] for bar in bars]))
        tracks[name] = track
    bins = max(_MIN_BINS, min(_MAX_BINS, _ALL_BINS // max(len(crowded), 1)))
    for name in crowded:
        tracks[name] = Track(area=area_of(by_step[name], scale, now, bins))
    return {name: _with_usual(tracks[name], timings.get(name), facts.usual.get(name), scale) for name in by_step}


def _label(row: TaskRow, rows: Sequence[TaskRow], marks: TaskMarks, limits: Limits) -> str:
    """Return the words at a bar: the item of a task, or its id if the step has several tasks without items."""
    return limits.text(marks.item(row) or (row.record.task_id if len(rows) > 1 else "")).text


def _with_usual(track: Track, timing: StepTiming | None, usual: Usual | None, scale: Scale) -> Track:
    if usual is None or timing is None or timing.started_ms is None:
        return track
    end = scale(timing.started_ms + usual.duration_ms)
    return Track(track.bars, track.area, end if 0 <= end <= 1 else None, usual_words(usual))


def _rail_steps(
    shown: Sequence[str], nodes: Mapping[str, Mapping[str, Any]], timings: Mapping[str, StepTiming]
) -> list[RailStep]:
    """Return the steps for the rails. Edges through steps that are not shown lead to the next ones that are."""
    kept = set(shown)

    def next_shown(name: str, seen: set[str]) -> list[str]:
        names = []
        for other in map(str, nodes.get(name, {}).get("next") or ()):
            if other in kept:
                names.append(other)
            elif other not in seen:
                seen.add(other)
                names += next_shown(other, seen)
        return list(dict.fromkeys(names))

    return [
        RailStep(
            name,
            tuple(next_shown(name, {name})),
            nodes.get(name, {}).get("type") in FOREACH_SPLITS,
            nodes.get(name, {}).get("type") == "join",
            name in timings,
        )
        for name in shown
    ]


def _marks(tracks: Collection[Track]) -> tuple[str, ...]:
    bars = [bar for track in tracks for bar in track.bars]
    areas = [track.area for track in tracks if track.area]
    has = {
        "waiting": any(piece.status == WAITING for bar in bars for piece in bar.pieces)
        or any(status == WAITING for area in areas for status, _ in area.layers),
        "critical": any(bar.critical for bar in bars),
        "usual": any(track.usual is not None for track in tracks),
        "cloned": any(bar.cloned for bar in bars),
    }
    return tuple(mark for mark, is_there in has.items() if is_there)


def row_regions(
    shown: Sequence[str], nodes: Mapping[str, Mapping[str, Any]], rails: Rails
) -> tuple[tuple[RowRegion, ...], ...]:
    """Return the outlines in the row of each step that is shown.

    A foreach of one step without another one around it has none: its number of tasks says as much.
    """
    rows: list[list[RowRegion]] = [[] for _ in shown]
    place = {name: number for number, name in enumerate(shown)}
    for region in foreach_regions(nodes):
        if len(region.steps) == 1 and not region.outer:
            continue
        inside = sorted(place[name] for name in region.steps if name in place)
        column = min((rails.rows[row].column for row in inside), default=0) if rails.rows else 0
        for row in inside:
            rows[row].append(RowRegion(column, len(region.outer), row - 1 not in inside, row + 1 not in inside))
    return tuple(map(tuple, rows)) if any(rows) else ()


def counts_of_steps(
    nodes: Mapping[str, Mapping[str, Any]], by_step: Mapping[str, Sequence[TaskRow]]
) -> dict[str, tuple[str, ...]]:
    """Return the number of items of each foreach around a step, the outermost first."""
    counts: dict[str, tuple[str, ...]] = {}
    for region in foreach_regions(nodes):  # the innermost comes last
        own = item_counts(region, nodes, by_step)
        counts |= dict.fromkeys(region.steps, own)
    return counts
