"""Converts and formats times. Metaflow records milliseconds since the epoch, in UTC. People read local time.

Objects return naive local datetimes, as Metaflow's client does. Durations are computed from milliseconds, so that
daylight saving time does not change them.
"""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from mfwidgets.display_options import options

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

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
    shown = datetime.fromtimestamp(ms / 1000, ZoneInfo(options.time_zone)) if options.time_zone else local_datetime(ms)
    return shown.strftime("%Y-%m-%d %H:%M:%S")


def zone_text() -> str:
    """Return ``options.time_zone``, or the names of the local zone: ``CET/CEST`` if it has daylight saving time."""
    if options.time_zone:
        return options.time_zone
    return "/".join(dict.fromkeys(time.tzname if time.daylight else time.tzname[:1]))


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
