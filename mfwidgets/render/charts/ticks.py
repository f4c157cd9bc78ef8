"""Ticks of axes: round numbers, decades, times and durations, at most about six on an axis.

Times are milliseconds since the epoch. Their labels are in the zone of all displays, see ``times.py``.
"""

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from mfwidgets.display_options import options
from mfwidgets.render.numbers import number_text
from mfwidgets.times import DAY, HOUR, MINUTE, SECOND, local_datetime

COUNT = 6
"""The number of ticks to aim for."""


class Tick(NamedTuple):
    """A position on an axis and its label."""

    value: float
    label: str


def linear_ticks(low: float, high: float, count: int = COUNT) -> tuple[Tick, ...]:
    """Return ticks at multiples of 1, 2 or 5 times a power of ten, within the limits."""
    step = _step(low, high, count)
    if step <= 0 or not math.isfinite(low / step) or not math.isfinite(high / step):
        return _ends(low, high)
    first, last = math.ceil(low / step - _TOLERANCE), math.floor(high / step + _TOLERANCE)
    values = list(dict.fromkeys(number * step for number in range(first, min(last, first + 4 * count) + 1)))
    values = [value for value in values if math.isfinite(value)]
    labels = [_label(value, step) for value in values]
    if len(values) < 2 or len(set(labels)) < len(labels):  # noqa: PLR2004 - one tick does not make a scale
        return _ends(low, high)
    return tuple(map(Tick, values, labels))


_TOLERANCE = 1e-9
"""Of a step: rounding must not lose a tick at the end of the axis."""


def _step(low: float, high: float, count: int) -> float:
    # Half of each, because the difference of two floats can be infinite.
    raw = (high / 2 - low / 2) / count * 2
    if raw <= 0 or not math.isfinite(raw):
        return 0.0
    power = 10.0 ** math.floor(math.log10(raw))
    if power == 0:
        return 0.0
    return next((factor * power for factor in (1, 2, 5) if factor * power >= raw * 0.999), 10 * power)


def _ends(low: float, high: float) -> tuple[Tick, ...]:
    ends = dict.fromkeys((low, high))
    return tuple(Tick(value, number_text(value)) for value in ends)


def _label(value: float, step: float) -> str:
    """Return a label with as many decimals as the step needs."""
    size, decimals = abs(value), max(0, -math.floor(math.log10(step) + _TOLERANCE))
    if (value != 0 and not 1e-5 <= max(size, step) < 1e7) or decimals > 12:  # noqa: PLR2004 - longer than an exponent
        digits = max(0, math.floor(math.log10(size)) - math.floor(math.log10(step) + _TOLERANCE)) if size else 0
        mantissa, _, exponent = f"{value:.{min(digits, 16)}e}".partition("e")
        return f"{mantissa}e{int(exponent)}" if size else "0"
    return f"{value:,.{decimals}f}" if size >= 10_000 else f"{value:.{decimals}f}"  # noqa: PLR2004 - as number_text


def log_ticks(low: float, high: float, count: int = COUNT) -> tuple[Tick, ...]:
    """Return ticks at powers of ten, with 2 and 5 between them if there are few. Both limits must be above 0."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for factors in ((1, 2, 5), (1, 3), (1,)):
        values = [value for value in _decades(first, last, 1, factors) if low <= value <= high]
        if len(values) <= count + 1:
            break
    else:
        stride = math.ceil((last - first) / count)
        aligned = stride * math.ceil(first / stride)
        values = [value for value in _decades(aligned, last, stride, (1,)) if low <= value <= high]
    if len(values) < 3:  # noqa: PLR2004 - less than about a decade
        return linear_ticks(low, high, count)
    return tuple(Tick(value, number_text(value)) for value in values)


def _decades(first: int, last: int, stride: int, factors: tuple[int, ...]) -> Iterator[float]:
    for exponent in range(first, last + 1, stride):
        for factor in factors:
            yield float(f"{factor}e{exponent}")


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CLOCK = tuple(
    unit * number
    for unit, numbers in (
        (SECOND, (1, 2, 5, 10, 15, 30)),
        (MINUTE, (1, 2, 5, 10, 15, 30)),
        (HOUR, (1, 2, 3, 6, 12)),
        (DAY, (1, 2, 7, 14)),
    )
    for number in numbers
)
_MONTH = 30.4 * DAY
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200)


def time_ticks(low: float, high: float, count: int = COUNT) -> tuple[Tick, ...]:
    """Return ticks at round times of the displayed zone. A tick that begins a day or a year names it."""
    raw = max(high - low, 1) / count
    step = next((step for step in _CLOCK if step >= raw), None)
    moments = _clock_moments(low, high, step) if step else _month_moments(low, high, raw)
    labels, ticks, before = _time_label, [], None
    for moment in moments:
        value = moment.timestamp() * 1000
        if low <= value <= high:
            ticks.append(Tick(value, labels(moment, before, step or int(_MONTH))))
            before = moment
    return tuple(ticks) or (Tick(low, labels(_moment(low), None, SECOND)),)


def _moment(ms: float) -> datetime:
    zone = options.time_zone
    return datetime.fromtimestamp(ms / 1000, ZoneInfo(zone)) if zone else local_datetime(int(ms))


def _clock_moments(low: float, high: float, step: int) -> Iterator[datetime]:
    """Yield the times of a clock in the displayed zone, from midnight in steps. Steps of days begin at the first day."""
    moment = _moment(low).replace(hour=0, minute=0, second=0, microsecond=0)
    if step < DAY:
        since_midnight = max(low - moment.timestamp() * 1000, 0) // step * step
        moment += timedelta(milliseconds=since_midnight)
    for _ in range(50):
        yield moment
        moment += timedelta(milliseconds=step)
        if moment.timestamp() * 1000 > high:
            return


def _month_moments(low: float, high: float, raw: float) -> Iterator[datetime]:
    step = next((step for step in _MONTH_STEPS if step * _MONTH >= raw), _MONTH_STEPS[-1])
    first = _moment(low).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    months = (first.year * 12 + first.month - 1) // step * step
    for _ in range(50):
        year, month = divmod(months, 12)
        if 1 <= year <= 9999:  # noqa: PLR2004 - the years of datetime
            moment = first.replace(year=year, month=month + 1)
            if moment.timestamp() * 1000 > high:
                return
            yield moment
        months += step


def _time_label(moment: datetime, before: datetime | None, step: int) -> str:
    day = f"{_MONTHS[moment.month - 1]} {moment.day}"
    if step >= _MONTH:
        new_year = before is None or before.year != moment.year
        return f"{_MONTHS[moment.month - 1]} {moment.year}" if new_year else _MONTHS[moment.month - 1]
    if step >= DAY:
        return f"{day}, {moment.year}" if before and before.year != moment.year else day
    clock = f"{moment:%H:%M:%S}" if step < MINUTE else f"{moment:%H:%M}"
    if before is None:
        return f"{day} {clock}"
    if before.date() != moment.date():
        return day if clock.strip("0:") == "" else f"{day} {clock}"
    return clock


def clock_ticks(low: float, high: float, count: int = COUNT) -> tuple[Tick, ...]:
    """Return ticks at round times. Only ticks of several days name the day."""
    ticks = time_ticks(low, high, count)
    if any(" " in tick.label for tick in ticks[1:]) or not all(":" in tick.label for tick in ticks):
        return ticks
    return tuple(Tick(tick.value, tick.label.rpartition(" ")[2]) for tick in ticks)


_DURATIONS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
_MAX_PLAIN_SECONDS = 90


def duration_ticks(low: float, high: float, count: int = COUNT) -> tuple[Tick, ...]:
    """Return ticks of durations in seconds, such as ``30 s``, ``2 m`` and ``1 h``."""
    raw = (high - low) / count
    if high < _MAX_PLAIN_SECONDS or raw > _DURATIONS[-1] or low < 0:
        factor, unit = (86400, "d") if raw > _DURATIONS[-1] else (1, "s")
        ticks = linear_ticks(low / factor, high / factor, count)
        return tuple(Tick(tick.value * factor, f"{tick.label} {unit}") for tick in ticks)
    step = next(step for step in _DURATIONS if step >= raw)
    values = range(math.ceil(low / step) * step, math.floor(high) + 1, step)
    return tuple(Tick(float(value), _duration_label(value)) for value in values)


def _duration_label(seconds: int) -> str:
    parts = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        number, seconds = divmod(seconds, size)
        parts += [f"{number} {unit}"] if number else []
    return " ".join(parts) or "0"
