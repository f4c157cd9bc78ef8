"""The tasks of one step as bars in lanes, or as the number of tasks at each time."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from mfwidgets.deadline import stoppable
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.providers.records import TaskKey
from mfwidgets.queries.rows import TaskRow
from mfwidgets.render.cell import Segment
from mfwidgets.render.numbers import counted
from mfwidgets.render.sanitize import single_line
from mfwidgets.render.step_map.model import Area, Bar
from mfwidgets.render.step_map.packing import Interval, density, pack, peak
from mfwidgets.render.step_map.picture import fits
from mfwidgets.times import duration_text
from mfwidgets.views.cells import items_text

WAITING = "waiting"

_GAP = 0.002
"""Between two bars of a lane, as a share of the axis: about a pixel."""

_LAYERS = ("failed", "killed", "unknown", "caught", "completed", "running", WAITING)
"""The statuses in an area, from the bottom."""


class Scale:
    """Maps times to positions on an axis, from 0 to 1.

    Parameters
    ----------
    first, last
        The times at the two ends of the axis, in milliseconds.
    """

    def __init__(self, first: int, last: int) -> None:
        self.first, self.last, self.length = first, last, max(last - first, 1)

    def __call__(self, ms: float) -> float:
        """Return the position of a time."""
        return (ms - self.first) / self.length


class Stretch(NamedTuple):
    """A time in which a task waited, or in which one attempt worked. In milliseconds."""

    status: str
    start: int
    end: int


@fast_dataclass(frozen=True, slots=True)
class TaskMarks:
    """Facts about tasks that a map marks in their bars.

    Attributes
    ----------
    critical, cloned
        The tasks of the critical path, and those that were cloned from an earlier run.
    labels
        Items in a few words. Without one, a task has the item in its metadata, which can be cut.
    whole
        Items in all their words, for tooltips.
    """

    critical: Collection[TaskKey] = ()
    cloned: Collection[TaskKey] = ()
    labels: Mapping[TaskKey, str] | None = None
    whole: Mapping[TaskKey, str] | None = None

    def item(self, row: TaskRow) -> str:
        """Return the item of a task in a few words. Empty outside a foreach."""
        return (self.labels or {}).get(row.record.key) or items_text(row)

    def whole_item(self, row: TaskRow) -> str:
        """Return the item of a task in all its words. Empty outside a foreach."""
        return (self.whole or {}).get(row.record.key) or self.item(row)


def end_of_task(row: TaskRow, now: int) -> int:
    """Return when a task ended, or was last seen. Now, if it runs."""
    return now if row.status == "running" and row.finished_ms is None else row.last_activity_ms


def stretches(row: TaskRow, now: int) -> Iterator[Stretch]:
    """Yield the waiting and the attempts of a task, in order and without overlap."""
    at = row.record.created_ms
    attempts = row.attempts
    if not attempts:
        if row.status == "running":
            yield Stretch(WAITING, at, max(now, at))
        return
    for number, (status, started, finished) in enumerate(_attempts(row)):
        is_last = number == len(attempts) - 1
        begin = max(at if started is None else started, at)
        end = max((end_of_task(row, now) if is_last else begin) if finished is None else finished, begin)
        if begin > at:
            yield Stretch(WAITING, at, begin)
        yield Stretch(status, begin, end)
        at = end


def _attempts(row: TaskRow) -> Iterator[tuple[str, int | None, int | None]]:
    if len(row.attempts) == 1:  # as nearly always: no other statuses to find
        yield str(row.status), row.started_ms, row.finished_ms
        return
    for attempt in row.attempt_rows:
        yield str(attempt.status), attempt.started_ms, attempt.finished_ms


def waited_ms(row: TaskRow) -> int | None:
    """Return how long a task waited for its first attempt. None if it did not start."""
    started = row.attempts[0].begun_ms if row.attempts else None
    return None if started is None else max(started - row.record.created_ms, 0)


def bars_of(
    rows: Sequence[TaskRow], scale: Scale, marks: TaskMarks, now: int, title_chars: int = 200
) -> tuple[Bar, ...]:
    """Return a bar for each task that has times, packed into lanes.

    Parameters
    ----------
    title_chars
        The longest name and item in a tooltip.
    """
    timed = [(row, tuple(stretches(row, now))) for row in rows if not row.is_counted]
    timed = [(row, pieces) for row, pieces in timed if pieces]
    lanes = pack([Interval(scale(pieces[0].start), scale(pieces[-1].end)) for _, pieces in timed], gap=_GAP)
    return tuple(
        Bar(
            lane,
            tuple(Segment(piece.status, scale(piece.start), scale(piece.end)) for piece in pieces),
            task_title(row, marks, title_chars),
            row.pathspec,
            critical=row.record.key in marks.critical,
            cloned=row.record.key in marks.cloned,
        )
        for (row, pieces), lane in zip(timed, lanes, strict=True)
    )


def labelled(bars: Sequence[Bar], labels: Sequence[str]) -> tuple[Bar, ...]:
    """Write labels into bars, after them if nothing else is there, or over their waiting."""
    starts: dict[int, list[float]] = {}
    for bar in bars:
        starts.setdefault(bar.lane, []).append(bar.pieces[0].start)
    written = []
    for bar, label in zip(bars, labels, strict=True):
        start, end = bar.pieces[0].start, bar.pieces[-1].end
        after = min((other for other in starts[bar.lane] if other >= end and other > start), default=1.0)
        work = next((piece for piece in bar.pieces if piece.status != WAITING), None)
        place = ""
        if work is bar.pieces[-1] and not bar.cloned and fits(label, work.end - work.start):
            place = "inside"
        elif fits(label, after - end):
            place = "after"
        elif fits(label, (end if work is None else work.start) - start):
            place = "over"
        written.append(replace(bar, label=label, place=place) if place else bar)
    return tuple(written)


def task_title(row: TaskRow, marks: TaskMarks, chars: int) -> str:
    """Return the tooltip of a task: its id and whole item, its status, how long it waited and worked."""
    name = " ".join(filter(None, (f"{row.record.step}/{row.record.task_id}", marks.whole_item(row))))
    facts = [str(row.status)]
    waited = waited_ms(row)
    if row.duration_ms is not None:
        facts.append(duration_text(row.duration_ms))
    if row.elapsed_ms is not None:
        facts.append(f"for {duration_text(row.elapsed_ms)}")
    if waited is not None:
        facts.append(f"waited {duration_text(waited)}")
    if len(row.attempts) > 1:
        facts.append(counted(len(row.attempts), "attempt"))
    facts += ["critical path"] if row.record.key in marks.critical else []
    facts += ["cloned"] if row.record.key in marks.cloned else []
    return f"{single_line(name, chars)}: {', '.join(facts)}"


def area_of(rows: Sequence[TaskRow], scale: Scale, now: int, bins: int) -> Area:
    """Return the number of tasks at each time. Its largest number is exact, although its columns are means."""
    by_status: dict[str, list[Interval]] = {}
    for row in stoppable(rows):
        if not row.is_counted:
            for piece in stretches(row, now):
                by_status.setdefault(piece.status, []).append(Interval(piece.start, piece.end))
    most = peak(interval for status, found in by_status.items() if status != WAITING for interval in found)
    return Area(
        tuple(
            (status, tuple(density(by_status[status], scale.first, scale.last, bins)))
            for status in _LAYERS
            if status in by_status
        ),
        most,
        f"{counted(len(rows), 'task')}, at most {most:,} at once",
    )
