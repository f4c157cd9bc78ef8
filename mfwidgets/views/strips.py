"""Small pictures of the runs of a flow: a strip of their statuses, and curves of durations and of results."""

from collections import Counter
from collections.abc import Sequence
from statistics import median

from mfwidgets.queries.rows import RunRow
from mfwidgets.queries.values.goals import Goal, goal_of
from mfwidgets.render.cell import EMPTY, SIGNS, Cell, RunMark
from mfwidgets.render.numbers import number_text
from mfwidgets.times import age_text, duration_text
from mfwidgets.views.cells import Limits
from mfwidgets.views.measures import difference_text

_MIN_POINTS = 3
"""A curve of fewer points says no more than the number."""


def strip(rows: Sequence[RunRow], limits: Limits, words: str = "") -> Cell:
    """Show runs as tiles, the newest at the right. Each has the sign of its status, and its facts as the tooltip."""
    shown = list(reversed(rows))
    counts = status_words(rows)
    title = limits.text(f"{len(rows)} runs, oldest first: {counts}").text if rows else ""
    return Cell(words, "strip", title, runs=tuple(_mark(row, limits) for row in shown))


def _mark(row: RunRow, limits: Limits) -> RunMark:
    facts = [f"{row.status} {age_text(row.asked_ms - row.started_ms)}"]
    length = row.elapsed_ms if row.duration_ms is None else row.duration_ms
    facts += [duration_text(length)] if length is not None else []
    return RunMark(str(row.status), limits.text(f"{row.record.run_id} {', '.join(facts)}").text, row.pathspec)


def status_words(rows: Sequence[RunRow]) -> str:
    """Return the number of runs by status: ``✓ 18 completed, ✗ 2 failed``."""
    counts = Counter(str(row.status) for row in rows)
    return ", ".join(f"{sign} {counts[status]:,} {status}" for status, sign in SIGNS.items() if counts[status])


def durations(rows: Sequence[RunRow], words: str = "") -> Cell:
    """Show the typical duration of completed runs, and the durations as a curve, the newest at the right.

    Parameters
    ----------
    rows
        Runs of one flow, newest first.
    words
        The text. The default is the median.
    """
    completed = completed_durations(rows)
    if not completed:
        return EMPTY
    typical = duration_text(round(median(completed)))
    words = words or typical
    title = f"median {typical} of {len(completed)} completed runs, the last {duration_text(completed[0])}"
    levels = _levels(list(reversed(completed)), from_zero=True)
    return Cell(words, "curve", title, levels=levels) if levels else Cell(words, "text", title)


def completed_durations(rows: Sequence[RunRow]) -> list[int]:
    """Return the durations of the completed runs in milliseconds, newest first."""
    return [row.duration_ms for row in rows if row.status == "completed" and row.duration_ms is not None]


def result_curve(name: str, values: Sequence[float | None], limits: Limits) -> Cell:
    """Show the newest value of the main result, how it differs from the median of the others, and all as a curve.

    Parameters
    ----------
    name, values
        The result, and its value in each run, newest first.
    """
    present = [value for value in values if value is not None]
    if not present:
        return EMPTY
    earlier = present[1:]
    difference = difference_text(present[0], median(earlier)) if earlier else ""
    label = limits.text(name).text
    title = f"{label}: {', '.join(map(number_text, reversed(present)))}"
    title += "; compared with the median of the earlier runs" if earlier else ""
    words = f"{label} {number_text(present[0])}{_compared(difference, goal_of(name))}"
    levels = _levels(list(reversed(values)), from_zero=False)
    title = limits.text(title).text
    return Cell(words, "curve", title, levels=levels) if levels else Cell(words, "text", title)


def _compared(difference: str, goal: Goal) -> str:
    """Return a difference after a comma, such as ``, 7% worse``. Without a goal: ``, +7%``."""
    if difference in ("", "="):
        return ""
    if not goal or not difference.endswith("%"):
        return f", {difference}"
    rises = difference.startswith("+")
    return f", {difference[1:]} {'better' if rises == (goal == 'max') else 'worse'}"


def _levels(values: Sequence[float | None], *, from_zero: bool) -> tuple[float | None, ...]:
    """Return heights from 0 to 1, oldest first. Empty for few points."""
    present = [value for value in values if value is not None and abs(value) != float("inf")]
    if len(present) < _MIN_POINTS:
        return ()
    low, high = 0.0 if from_zero else min(present), max(present)
    span = high / 2 - low / 2  # halves, so that the difference of huge numbers is finite
    return tuple(
        None if value is None or abs(value) == float("inf") else (value / 2 - low / 2) / span if span else 0.5
        for value in values
    )
