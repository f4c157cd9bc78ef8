"""How long each step of a flow usually takes: the median over earlier runs that completed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.run_memory import recalled
from mfwidgets.queries.step_timings import TIMINGS, StepTiming, read_step_timings

MIN_USUAL = 3
"""Fewer earlier runs are not called usual."""


class Usual(NamedTuple):
    """The median duration of a step, and the number of earlier runs."""

    duration_ms: int
    runs: int


def usual_durations(context: ClientContext, earlier: Sequence[RunRecord], *, read: bool) -> Mapping[str, Usual]:
    """Return the usual duration of each step that completed in at least three earlier runs.

    Parameters
    ----------
    context, earlier
        Earlier runs, and where they are read from.
    read
        Whether to read runs that are not remembered. Each costs what its timings cost, once. Else costs nothing.
    """
    timings = read_step_timings(context, earlier) if read else _remembered(context, earlier)
    durations: dict[str, list[int]] = defaultdict(list)
    for timing in (timing for of_run in timings for timing in of_run):
        if timing.status in ("completed", "caught") and timing.duration_ms is not None:
            durations[timing.step].append(timing.duration_ms)
    return {
        step: Usual(round(median(values)), len(values))
        for step, values in durations.items()
        if len(values) >= MIN_USUAL
    }


def _remembered(context: ClientContext, runs: Sequence[RunRecord]) -> list[list[StepTiming]]:
    return [timings for timings in recalled(context, runs, TIMINGS) if timings is not None]
