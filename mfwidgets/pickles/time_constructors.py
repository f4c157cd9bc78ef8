"""Constructors of dates, times and time zones, of the standard library, pandas, pytz and dateutil. They import none of these.

Times of pandas become datetimes and timedeltas, which equal them. One with nanoseconds is only described. Zones of pytz
and dateutil become an offset from UTC with a name.
"""

import datetime as dt
import zoneinfo
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

_MAX_NAME_CHARS = 100
"""The maximum length of the name of a time zone. Each repr of a time writes it."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

_PER_SECOND = {7: 1, 8: 10**3, 9: 10**6, 10: 10**9}
"""The resolutions of pandas' times by their number in pickles: seconds, milliseconds, microseconds, nanoseconds."""

_NANOSECONDS = 10
"""The resolution of pickles of pandas 1, which do not name it."""

_ZONE_PARTS = 4


def _date(kind: Callable[..., Any]) -> Callable[..., Any]:
    """Return a constructor of dates (from bytes, or Latin-1 text in protocol 2), timedeltas and timezones."""

    def make(*args: Any) -> Any:
        plain = all(isinstance(arg, bytes | int | str | dt.tzinfo | dt.timedelta) for arg in args)
        short = all(len(arg) <= _MAX_NAME_CHARS for arg in args if isinstance(arg, bytes | str))
        return kind(*args) if plain and short else NotImplemented

    return make


@cache
def _zone_names() -> frozenset[str]:
    """Return the names of all zones of this system, read once. Other names would cost a search each."""
    return frozenset(zoneinfo.available_timezones())


def _zone(name: object, *_: object) -> Any:
    return zoneinfo.ZoneInfo(name) if isinstance(name, str) and name in _zone_names() else NotImplemented


def _pytz_zone(*args: Any) -> Any:
    """Return a zone of pytz: its name, the offset from UTC and the daylight saving time in seconds, a short name."""
    if len(args) != _ZONE_PARTS or not isinstance(args[1], int) or not isinstance(args[3], str):
        return NotImplemented
    return dt.timezone(dt.timedelta(seconds=args[1]), args[3][:_MAX_NAME_CHARS])


def _pytz_offset(*args: Any) -> Any:
    return dt.timezone(dt.timedelta(minutes=args[0])) if len(args) == 1 and isinstance(args[0], int) else NotImplemented


def _utc(*args: Any) -> Any:
    return NotImplemented if args else dt.UTC


def _pandas_timestamp(value: object, _freq: object, zone: object, resolution: object = _NANOSECONDS) -> Any:
    duration = _pandas_timedelta(value, resolution)
    if duration is NotImplemented or not (zone is None or isinstance(zone, dt.tzinfo)):
        return NotImplemented
    moment = _EPOCH + duration
    return moment.replace(tzinfo=None) if zone is None else moment.astimezone(zone)


def _pandas_timedelta(value: object, resolution: object = _NANOSECONDS) -> Any:
    if not isinstance(value, int) or resolution not in _PER_SECOND:
        return NotImplemented
    microseconds, rest = divmod(value * 10**6, _PER_SECOND[resolution])
    return NotImplemented if rest else dt.timedelta(microseconds=microseconds)


TIME_CONSTRUCTORS: Mapping[tuple[str, str], Callable[..., Any]] = {
    **{("datetime", kind.__name__): _date(kind) for kind in (dt.date, dt.datetime, dt.time, dt.timedelta, dt.timezone)},
    ("zoneinfo", "ZoneInfo._unpickle"): _zone,
    ("pytz", "_p"): _pytz_zone,
    ("pytz", "_UTC"): _utc,
    ("pytz", "_FixedOffset"): _pytz_offset,
    ("pytz", "FixedOffset"): _pytz_offset,
    ("dateutil.tz.tz", "tzutc"): _utc,
    ("pandas._libs.tslibs.timestamps", "_unpickle_timestamp"): _pandas_timestamp,
    ("pandas._libs.tslibs.timedeltas", "_timedelta_unpickle"): _pandas_timedelta,
}
"""The constructors by the module and the name in the pickle."""
