"""Filters lines of a log by time. Entered times are in the time zone of the displayed times."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from mfwidgets.datastore.logs import LogLine
from mfwidgets.display_options import options
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.safe_repr import repr_of

_AGE = re.compile(r"(\d{1,6})\s*([smhd])\Z")
_CLOCK = re.compile(r"\d{1,2}:\d\d(:\d\d)?\Z")
_SECOND = len("2026-01-02T03:04:05")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def between_times(lines: Sequence[LogLine], since: str, until: str) -> Sequence[LogLine]:
    """Return the lines between two times. Both seconds are included.

    Parameters
    ----------
    lines
        The lines in the order of time.
    since, until
        ``12:03`` or ``12:03:04`` on the day of the first line, ISO 8601, or an age such as ``5m`` before the last line.
        Empty means no limit.

    Raises
    ------
    MetaflowInvalidArgument
        A value is not a time.
    """
    timed = [line.time for line in lines if line.time] if since or until else []
    if not timed:
        return lines
    first, last = (_utc("from", since, timed) if since else ""), (_utc("to", until, timed) if until else "~")
    return [line for line in lines if first <= line.time[:_SECOND] <= last]


def _utc(name: str, entered: str, times: Sequence[str]) -> str:
    """Return a time in the format of log lines: UTC, to the second."""
    zone = ZoneInfo(options.time_zone) if options.time_zone else None
    text, moment = entered.strip(), None
    try:
        if age := _AGE.match(text):
            moment = _read(times[-1]) - timedelta(**{_UNITS[age[2]]: int(age[1])})
        elif _CLOCK.match(text):
            day = _read(times[0]).astimezone(zone).date()
            moment = _local(datetime.fromisoformat(f"{day}T{text.zfill(5 if text.count(':') == 1 else 8)}"), zone)
        else:
            moment = _local(datetime.fromisoformat(text), zone)
        return moment.astimezone(UTC).isoformat()[:_SECOND]
    except (ValueError, OverflowError, OSError):
        raise MetaflowInvalidArgument(
            f"Expected a time such as 12:03 or 2026-01-31 12:03:04, or an age before the last line such as 5m, "
            f"for {name!r}, got {repr_of(entered, 60)}."
        ) from None


def _read(time: str) -> datetime:
    return datetime.fromisoformat(time).replace(tzinfo=UTC)


def _local(moment: datetime, zone: tzinfo | None) -> datetime:
    """Add the displayed time zone to a time without a zone."""
    if moment.tzinfo:
        return moment
    return moment.replace(tzinfo=zone) if zone else moment.astimezone()
