"""The cells of the table in a map of a run: the status, the tasks and the durations of each step."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.queries.rows import TaskRow
from mfwidgets.queries.step_timings import StepTiming
from mfwidgets.queries.usual_durations import Usual
from mfwidgets.render.cell import EMPTY, Cell, Segment
from mfwidgets.render.graph_regions import TIMES as TIMES_SIGN
from mfwidgets.render.numbers import counted
from mfwidgets.render.step_map.model import TIMES, Track
from mfwidgets.render.step_map.packing import Interval, density
from mfwidgets.schema import STEPS
from mfwidgets.times import duration_text
from mfwidgets.views.cells import Limits, duration, time, zoned
from mfwidgets.views.measures import difference_text
from mfwidgets.views.task_bars import WAITING, TaskMarks


@fast_dataclass(frozen=True, slots=True)
class RunFacts:
    """The facts of a run that its map shows.

    Attributes
    ----------
    rows
        All its tasks.
    nodes
        The steps of its graph. Empty if it is unknown.
    marks
        The critical path, clones, and whole items.
    usual
        The usual durations of steps.
    is_running
        Whether steps without tasks can still begin.
    """

    rows: Sequence[TaskRow]
    nodes: Mapping[str, Mapping[str, Any]]
    marks: TaskMarks = field(default_factory=TaskMarks)
    usual: Mapping[str, Usual] = field(default_factory=dict)
    is_running: bool = False


COLUMNS = ("step", "status", "tasks", "retries", TIMES, "duration", "elapsed", "usual", "started", "next")
"""The columns of a map. The time zone is added to those with times."""


def columns() -> tuple[str, ...]:
    """Return the names of the columns with the time zone."""
    return tuple(zoned(name) if name == "started" else name for name in COLUMNS)


def idle_cells(name: str, facts: RunFacts, limits: Limits) -> tuple[Cell, ...]:
    """Show a step without tasks: it was not reached yet, or never, or a switch did not take its branch."""
    cells = {
        "step": limits.code(name),
        "status": Cell("pending" if facts.is_running else "not run", "dim"),
        "tasks": Cell("0", "dim"),
        "next": _next(facts.nodes.get(name, {}), limits),
    }
    return tuple(cells.get(column, EMPTY) for column in COLUMNS)


def step_cells(
    rows: Sequence[TaskRow],
    timing: StepTiming,
    track: Track,
    facts: RunFacts,
    limits: Limits,
    counts: Sequence[str] = (),
) -> tuple[Cell, ...]:
    """Show the status, the tasks and the durations of a step.

    Parameters
    ----------
    counts
        The number of items of each foreach around the step.
    """
    values = STEPS.raw(timing)
    cloned = sum(row.record.key in facts.marks.cloned for row in rows)
    cells = {
        "step": limits.object(values["step"], values["pathspec"]),
        "status": limits.status(timing.status),
        "tasks": _counts(timing, cloned, counts),
        "retries": _retries(timing),
        TIMES: _bar(timing, track),
        "duration": duration(values["duration"]),
        "elapsed": duration(values["elapsed"]),
        "usual": _usual(timing, facts.usual.get(timing.step)),
        "started": time(values["started_at"]),
        "next": _next(facts.nodes.get(timing.step, {}), limits),
    }
    return tuple(cells[column] for column in COLUMNS)


def _counts(timing: StepTiming, cloned: int, counts: Sequence[str]) -> Cell:
    """Show the number of tasks, of how many planned ones, and how many of them are not simply completed."""
    number, planned = timing.task_count, timing.planned_tasks
    words = f"{number:,} of {planned:,}" if planned > number else f"{number:,}"
    words += f" ({TIMES_SIGN.join(counts)})" if len(counts) > 1 else ""
    parts = [f"{count:,} {status}" for status, count in timing.task_statuses.items() if status != "completed"]
    parts = [] if len(timing.task_statuses) <= 1 else parts
    parts += [f"{cloned:,} cloned" if cloned < number else "cloned"] if cloned else []
    return Cell(f"{words}, {', '.join(parts)}" if parts else words, value=str(number))


def _retries(timing: StepTiming) -> Cell:
    """Show the number of attempts that were repeated, and the time that they took."""
    retries = timing.attempts - timing.task_count
    if retries <= 0:
        return EMPTY
    lost = timing.earlier_attempts_ms
    return Cell(f"{retries:,}" + (f" ({duration_text(lost)})" if lost else ""))


def _usual(timing: StepTiming, usual: Usual | None) -> Cell:
    """Show the usual duration, and how this one differs."""
    if usual is None:
        return EMPTY
    own = timing.duration_ms
    change = difference_text(own, usual.duration_ms) if own is not None and usual.duration_ms > 0 else ""
    words = (change,) if change not in ("", "=") else ()
    return Cell(duration_text(usual.duration_ms), "measure", usual_words(usual), items=words)


def _bar(timing: StepTiming, track: Track) -> Cell:
    """Show a step as a bar, for displays without the picture: its only task, or from its first start to its last end."""
    if len(track.bars) == 1:
        return Cell("", "bar", segments=track.bars[0].pieces)
    levels = _load(track)
    busy = [place for place, level in enumerate(levels) if level > 0]
    if not busy:
        pieces = [piece for bar in track.bars for piece in bar.pieces]
        return Cell("", "bar", segments=tuple(pieces[:1]))
    bar = Segment(str(timing.status), min(busy) / len(levels), (max(busy) + 1) / len(levels))
    return Cell("", "bar", segments=(bar,), levels=levels)


_LOAD_BINS = 60
_MIN_LENGTH = 0.5 / _LOAD_BINS
"""A shorter task counts as this long, as a share of the axis, so that it is visible."""


def _load(track: Track) -> tuple[float, ...]:
    """Return the number of tasks that worked at each time."""
    if track.area:
        layers = [levels for status, levels in track.area.layers if status != WAITING]
        return tuple(map(sum, zip(*layers, strict=True)))
    worked = [piece for bar in track.bars for piece in bar.pieces if piece.status != WAITING]
    spans = (Interval(piece.start, max(piece.end, piece.start + _MIN_LENGTH)) for piece in worked)
    return tuple(density(spans, 0.0, 1.0, _LOAD_BINS))


def _next(node: Mapping[str, Any], limits: Limits) -> Cell:
    following = ", ".join(str(name) for name in node.get("next") or ())
    kind = str(node.get("type", "")).partition("-")[2]
    return limits.text(f"{following} ({kind})" if kind and following else following)


def usual_words(usual: Usual) -> str:
    """Return a sentence about the usual duration of a step."""
    return f"usually {duration_text(usual.duration_ms)}: median of {counted(usual.runs, 'earlier run')}"
