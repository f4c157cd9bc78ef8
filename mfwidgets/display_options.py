"""The options of displays: their size, their timeout and their time zone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.safe_repr import repr_of


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
    """The default of an option, a check of its values, and a description of the allowed values for messages."""

    default: Any
    is_valid: Callable[[Any], bool]
    expected: str


_OPTIONS = {
    "display_max_rows": _Option(20, _is_positive_int, "a number above 0"),
    "display_max_bytes": _Option(64_000, _is_positive_int, "a number above 0"),
    "display_timeout_s": _Option(2.0, _is_positive_number, "a number above 0"),
    "time_zone": _Option(None, _is_time_zone, "a time zone such as 'Europe/Berlin' or 'UTC', or None"),
    "progress_bars": _Option(default=True, is_valid=_is_bool, expected="True or False"),
    "remember": _Option(default=True, is_valid=_is_bool, expected="True or False"),
}


class Options:
    """The options of all displays.

    Assign an attribute to change an option, or call the object in a ``with`` statement to change it for a block.
    Setting an invalid value raises :class:`~mfwidgets.errors.MetaflowInvalidArgument`. Reads nothing.

    Attributes
    ----------
    display_max_rows : int
        The maximum number of rows in a table, 20 by default. Lists and blocks of text are limited in proportion.
    display_max_bytes : int
        The maximum size of a display's HTML in bytes, 64,000 by default. A larger display is drawn again with less in
        it.
    display_timeout_s : float
        The time limit of a display in seconds, 2 by default. A display that takes longer shows the object's repr.
    time_zone : str or None
        The time zone of displayed times: an IANA name such as ``Europe/Berlin`` or ``UTC``. None, the default, means
        the local zone. Datetimes in DataFrames are in UTC in any case.
    progress_bars : bool
        Whether long reads show a progress bar, True by default.
    remember : bool
        Whether facts about runs are remembered on this machine, True by default. See :func:`~mfwidgets.cache_info`.

    Examples
    --------
    >>> from mfwidgets import options
    >>> options.time_zone = "UTC"
    >>> with options(display_max_rows=5):
    ...     print(options.display_max_rows)
    5
    >>> options.display_max_rows
    20
    >>> options.reset()
    """

    display_max_rows: int
    display_max_bytes: int
    display_timeout_s: float
    time_zone: str | None
    progress_bars: bool
    remember: bool

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Set all options to their defaults."""
        self.__dict__.update({name: option.default for name, option in _OPTIONS.items()})

    def __setattr__(self, name: str, value: object) -> None:
        option = _OPTIONS.get(name)
        if option is None:
            raise MetaflowInvalidArgument(f"Expected an option ({', '.join(_OPTIONS)}), got {name!r}.")
        if not option.is_valid(value):
            raise MetaflowInvalidArgument(f"Expected {option.expected} for {name}, got {repr_of(value, 60)}.")
        self.__dict__[name] = value

    @contextmanager
    def __call__(self, **values: object) -> Iterator["Options"]:
        """Set options inside a ``with`` statement.

        Parameters
        ----------
        **values
            Options by name.

        Yields
        ------
        Options
            This object.

        Raises
        ------
        MetaflowInvalidArgument
            A name is not an option, or a value is invalid. Then no option changes.
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
"""The only instance. All displays use it."""
