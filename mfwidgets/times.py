"""Times: Metaflow records milliseconds since the epoch, UTC; people read local time.

Objects give naive local datetimes, as Metaflow's client does. Durations are always computed from the milliseconds,
so that a change to or from summer time cannot falsify them.
"""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from mfwidgets.display_options import options

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def now_ms() -> int:
    """Return the present, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def local_datetime(ms: int) -> datetime:
    """Return a naive datetime in the local time zone, as Metaflow's client gives them."""
    return datetime.fromtimestamp(ms / 1000)  # noqa: DTZ006 - naive local time is Metaflow's contract


def utc_datetime(ms: int) -> datetime:
    """Return an aware datetime in UTC, as frames and dicts have them."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def as_timedelta(ms: int | None) -> timedelta | None:
    """Return a duration as a timedelta; None for None."""
    return None if ms is None else timedelta(milliseconds=ms)


def iso_text(ms: int) -> str:
    """Return ISO 8601 with milliseconds and the UTC offset: ``2026-01-02T03:04:05.678+00:00``."""
    return utc_datetime(ms).isoformat(timespec="milliseconds")


def time_text(ms: int) -> str:
    """Return a time to the second: ``2026-01-02 03:04:05``; the zone is :func:`zone_text`."""
    shown = datetime.fromtimestamp(ms / 1000, ZoneInfo(options.time_zone)) if options.time_zone else local_datetime(ms)
    return shown.strftime("%Y-%m-%d %H:%M:%S")


def zone_text() -> str:
    """Return the zone that was chosen, else the local one's names, both where there is summer time: ``CET/CEST``."""
    if options.time_zone:
        return options.time_zone
    return "/".join(dict.fromkeys(time.tzname if time.daylight else time.tzname[:1]))


def duration_text(ms: int) -> str:
    """Return a duration in its two largest units: ``340 ms``, ``1.2 s``, ``2 m 05 s``, ``3 h 10 m``, ``4 d 2 h``."""
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
