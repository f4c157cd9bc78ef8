"""How much displays show, how long they may take, and in which time zone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mfwidgets.errors import MetaflowInvalidArgument


def _is_positive_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_positive_number(value: object) -> bool:
    return _is_positive_int(value) or (isinstance(value, float) and value > 0)


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _is_time_zone(value: Any) -> bool:
    if value is None:
        return True
    try:
        return bool(ZoneInfo(value))
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        return False


class _Option(NamedTuple):
    """The default of an option, what tells whether a value is allowed, and the allowed values in words."""

    default: Any
    is_valid: Callable[[Any], bool]
    expected: str


_OPTIONS = {
    "display_max_rows": _Option(20, _is_positive_int, "a number above 0"),
    "display_max_bytes": _Option(64_000, _is_positive_int, "a number above 0"),
    "display_timeout_s": _Option(2.0, _is_positive_number, "a number above 0"),
    "time_zone": _Option(None, _is_time_zone, "a name like 'Europe/Berlin' or 'UTC', or None"),
    "progress_bars": _Option(default=True, is_valid=_is_bool, expected="True or False"),
}


class Options:
    """What can be chosen about displays, for all of them: ``options.display_max_rows = 50``, or ``with options(display_max_rows=50):``.

    Attributes
    ----------
    display_max_rows
        Of a table, 20 at first. Blocks of text and lists follow.
    display_max_bytes
        Of the HTML of a display, 64,000 at first; a larger one is drawn again with less in it.
    display_timeout_s
        After which a display is given up, 2 at first.
    time_zone
        In which times are shown: an IANA name such as ``Europe/Berlin`` or ``UTC``; None is the local one.
    progress_bars
        Whether bars tell how far long reads got.
    """

    display_max_rows: int
    display_max_bytes: int
    display_timeout_s: float
    time_zone: str | None
    progress_bars: bool

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Go back to what was at first."""
        self.__dict__.update({name: option.default for name, option in _OPTIONS.items()})

    def __setattr__(self, name: str, value: object) -> None:
        option = _OPTIONS.get(name)
        if option is None:
            raise MetaflowInvalidArgument(f"There is no option {name!r}; there are {', '.join(_OPTIONS)}.")
        if not option.is_valid(value):
            raise MetaflowInvalidArgument(f"{name} is {option.expected}; not {value!r:.60}.")
        self.__dict__[name] = value

    @contextmanager
    def __call__(self, **values: object) -> Iterator["Options"]:
        """Set options for the time of a ``with`` statement.

        Raises
        ------
        MetaflowInvalidArgument
            There is no such option, or it cannot have this value; nothing is changed then.
        """
        before = dict(self.__dict__)
        try:
            for name, value in values.items():
                setattr(self, name, value)
            yield self
        finally:
            self.__dict__.update(before)

    def __repr__(self) -> str:
        return f"options({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"


options = Options()
"""The one that displays ask."""
