"""Converts and formats times. Metaflow records milliseconds since the epoch, in UTC. People read local time.

Objects return naive local datetimes, as Metaflow's client does. Durations are computed from milliseconds, so that
daylight saving time does not change them.
"""

import re
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from mfwidgets.display_options import options

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_DURATION = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]{1,3})?)\s*([smhdw]?)\s*")
_UNITS = {"": SECOND, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}

YEAR_3000 = 32_503_680_000_000
"""Milliseconds since the epoch. Later times in records count as missing."""


def now_ms() -> int:
    """Return the current time in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def local_datetime(ms: int) -> datetime:
    """Return a naive datetime in the local time zone, as Metaflow's client does."""
    return datetime.fromtimestamp(ms / 1000)  # noqa: DTZ006 - naive local time is Metaflow's contract


def utc_datetime(ms: int) -> datetime:
    """Return an aware datetime in UTC, as in DataFrames and dicts."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def as_timedelta(ms: int | None) -> timedelta | None:
    """Return a duration in milliseconds as a timedelta, and None for None."""
    return None if ms is None else timedelta(milliseconds=ms)


def iso_text(ms: int) -> str:
    """Return ISO 8601 in UTC with milliseconds: ``2026-01-02T03:04:05.678+00:00``."""
    return utc_datetime(ms).isoformat(timespec="milliseconds")


def time_text(ms: int) -> str:
    """Return a time to the second, ``2026-01-02 03:04:05``, in the zone that :func:`zone_text` names."""
    return _shown(ms).strftime("%Y-%m-%d %H:%M:%S")


def _shown(ms: int) -> datetime:
    """Return a datetime in the zone of displays."""
    return datetime.fromtimestamp(ms / 1000, ZoneInfo(options.time_zone)) if options.time_zone else local_datetime(ms)


def start_of_yesterday(ms: int) -> int:
    """Return when the day before a time began, in the zone of displays."""
    yesterday = _shown(ms).date() - timedelta(days=1)
    zone = ZoneInfo(options.time_zone) if options.time_zone else None
    return int(datetime(yesterday.year, yesterday.month, yesterday.day, tzinfo=zone).timestamp() * 1000)


def zone_text() -> str:
    """Return ``options.time_zone``, or the names of the local zone: ``CET/CEST`` if it has daylight saving time."""
    if options.time_zone:
        return options.time_zone
    return "/".join(dict.fromkeys(time.tzname if time.daylight else time.tzname[:1]))


def age_text(ms: int) -> str:
    """Return an age in one unit: ``just now``, ``3 min ago``, ``5 h ago``, ``12 d ago``, ``4 months ago``, ``2 years ago``.

    Parameters
    ----------
    ms
        The age in milliseconds. A small negative age, from a clock that differs, is ``just now``. A large one is ``in 3 h``.
    """
    if -HOUR < ms < MINUTE:
        return "just now"
    return f"in {_in_one_unit(-ms)}" if ms < 0 else f"{_in_one_unit(ms)} ago"


def _in_one_unit(ms: int) -> str:
    for limit, unit, name in ((HOUR, MINUTE, "min"), (2 * DAY, HOUR, "h"), (60 * DAY, DAY, "d")):
        if ms < limit:
            return f"{ms // unit} {name}"
    months = ms // (30 * DAY)
    return f"{months} months" if months < 24 else f"{ms // (365 * DAY)} years"  # noqa: PLR2004 - two years


def duration_text(ms: int) -> str:
    """Return a duration in at most two units: ``340 ms``, ``1.2 s``, ``2 m 05 s``, ``3 h 10 m``, ``4 d 2 h``."""
    if ms < SECOND:
        return f"{max(ms, 0)} ms"
    # Round first, then split: 59.97 s is "1 m 00 s", never "60.0 s" or "0 m 60 s".
    if round(ms, -2) < MINUTE:
        return f"{ms / SECOND:.1f} s"
    seconds = round(ms / SECOND)
    for large, small, names, digits in ((86400, 3600, "dh", 1), (3600, 60, "hm", 2), (60, 1, "ms", 2)):
        if seconds >= large:
            return f"{seconds // large} {names[0]} {seconds % large // small:0{digits}d} {names[1]}"
    return f"{seconds} s"


def parse_duration_s(text: str) -> float:
    """Return a duration such as ``90``, ``90s``, ``30m``, ``2h`` or ``1d`` in seconds.

    Raises
    ------
    ValueError
        The text is not a duration.
    """
    match = _DURATION.fullmatch(text)
    if not match:
        raise ValueError(text)
    return float(match[1]) * _UNITS[match[2]] / SECOND


parse_duration_s.__name__ = "duration"  # argparse puts the name into its message
