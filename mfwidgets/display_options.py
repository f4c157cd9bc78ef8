"""How much displays show, how long they may take, and in which time zone."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mfwidgets.errors import MetaflowInvalidArgument


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

    _DEFAULTS: ClassVar[dict[str, Any]] = {
        "display_max_rows": 20,
        "display_max_bytes": 64_000,
        "display_timeout_s": 2.0,
        "time_zone": None,
        "progress_bars": True,
    }

    display_max_rows: int
    display_max_bytes: int
    display_timeout_s: float
    time_zone: str | None
    progress_bars: bool

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Go back to what was at first."""
        self.__dict__.update(self._DEFAULTS)

    def __setattr__(self, name: str, value: object) -> None:
        if name not in self._DEFAULTS:
            raise MetaflowInvalidArgument(f"There is no option {name!r}; there are {', '.join(self._DEFAULTS)}.")
        self.__dict__[name] = _checked(name, value)

    @contextmanager
    def __call__(self, **chosen: object) -> Iterator["Options"]:
        """Choose for the time of a ``with`` statement.

        Raises
        ------
        MetaflowInvalidArgument
            There is no such option, or it cannot have this value; nothing is changed then.
        """
        before = dict(self.__dict__)
        try:
            for name, value in chosen.items():
                setattr(self, name, value)
            yield self
        finally:
            self.__dict__.update(before)

    def __repr__(self) -> str:
        return f"options({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"


def _checked(name: str, value: Any) -> Any:
    """Return a value that an option may have.

    Raises
    ------
    MetaflowInvalidArgument
        It may not.
    """
    if name == "progress_bars" and isinstance(value, bool):
        return value
    if name == "time_zone":
        try:
            if value is None or ZoneInfo(value):
                return value
        except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
            pass
        raise MetaflowInvalidArgument(f"time_zone is a name like 'Europe/Berlin' or 'UTC', or None; not {value!r:.60}.")
    numbers = int | float if name == "display_timeout_s" else int
    if name != "progress_bars" and isinstance(value, numbers) and not isinstance(value, bool) and value > 0:
        return value
    what = "True or False" if name == "progress_bars" else "a number above 0"
    raise MetaflowInvalidArgument(f"{name} is {what}; not {value!r:.60}.")


options = Options()
"""The one that displays ask."""
