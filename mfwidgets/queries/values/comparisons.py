"""Compares a stored value with a value of the filter language. It is pure."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from operator import ge, gt, le, lt
from pathlib import PurePath
from typing import Any

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.queries.expressions.literals import Plain, literal_of, quoted
from mfwidgets.queries.values.reading import equal
from mfwidgets.safe_repr import repr_of

_ORDERS: dict[str, Callable[[Any, Any], Any]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


class NotComparable(Exception):
    """A value has another type than the condition. The message is a reason for a warning."""


@fast_dataclass(frozen=True, slots=True)
class Comparisons:
    """Comparisons of one value with values of the filter language. All must hold.

    Attributes
    ----------
    name
        The name of the value.
    tests
        Operators and the values after them. ``=`` and ``!=`` can have several: one of them, or none of them.
    text
        The comparisons as they are written.
    """

    name: str
    tests: tuple[tuple[str, tuple[Plain, ...]], ...]
    text: str

    @property
    def only_equal(self) -> tuple[Plain, ...]:
        """The values of an equality, if there is no other comparison. Else empty."""
        return self.tests[0][1] if len(self.tests) == 1 and self.tests[0][0] == "=" else ()

    def accepts(self, value: Any) -> bool:
        """Return whether a value meets all comparisons.

        Raises
        ------
        NotComparable
            The value has a type that cannot be compared.
        """
        return all(_meets_one(value, operator, literals) for operator, literals in self.tests)


def _meets_one(value: Any, operator: str, literals: tuple[Plain, ...]) -> bool:
    """Return whether a value meets a comparison with one of several values, or with none of them for ``!=``."""
    reason: NotComparable | None = None
    for literal in literals:
        try:
            if meets(value, "=" if operator == "!=" else operator, literal):
                return operator != "!="
        except NotComparable as error:
            reason = error
    if reason:
        raise reason
    return operator == "!="


def meets(value: Any, operator: str, literal: Plain) -> bool:
    """Return whether ``value operator literal``.

    Equality is Python's ``==``, but ``nan`` equals any NaN. Dates and times are also compared with text in ISO 8601.
    Text contains text, in any case. A collection contains an item if it equals an item or contains its text.

    Raises
    ------
    NotComparable
        The types cannot be ordered, the value contains nothing, or it is text that reads like the number of an equality.
    """
    if operator in ("=", "!="):
        return _is_equal(value, literal) is (operator == "=")
    if operator == "~":
        return _contains(value, str(literal))
    own, other = _ordered(value, literal)
    try:
        return bool(_ORDERS[operator](own, other))
    except Exception as error:  # such as the signalling NaN of decimals
        raise NotComparable(f"{repr_of(value, 40)} cannot be compared") from error


def _is_equal(value: Any, literal: Plain) -> bool:
    if isinstance(literal, float) and literal != literal:  # noqa: PLR0124 - NaN
        return _is_nan(value)
    if equal(value, literal):
        return True
    if isinstance(literal, str) and isinstance(value, dt.date):
        return equal(*_times(value, literal))
    if isinstance(value, str) and not isinstance(literal, str) and equal(literal_of(value), literal):
        raise NotComparable(f"the value is text. Try {quoted(str(value))}")
    return False


def _is_nan(value: Any) -> bool:
    try:
        return _is_number(value) and bool(value != value)  # noqa: PLR0124
    except Exception:  # noqa: BLE001 - a signalling NaN
        return True


def _is_number(value: Any) -> bool:
    """Return whether a value can be ordered among numbers."""
    if type(value).__module__ == "numpy":
        return value.ndim == 0 and value.dtype.kind in "biuf"
    return isinstance(value, int | float | Decimal | Fraction)


def _ordered(value: Any, literal: Plain) -> tuple[Any, Any]:
    """Return two values of types that can be ordered."""
    if isinstance(literal, str):
        if isinstance(value, str):
            return str(value), literal
        if isinstance(value, dt.date):
            return _times(value, literal)
        raise NotComparable(f"{_kind(value)} cannot be compared with text")
    if not _is_number(value):
        raise NotComparable(f"{_kind(value)} cannot be compared with a number")
    return value, literal


def _times(value: dt.date, literal: str) -> tuple[Any, Any]:
    """Return a date or a time, and text in ISO 8601 as the same type. A time without a zone is local."""
    try:
        moment = dt.datetime.fromisoformat(literal)
        if not isinstance(value, dt.datetime):
            # A day begins at midnight, so that day<2026-01-31T12:00 includes that day.
            return dt.datetime.combine(value, dt.time()), moment.astimezone().replace(tzinfo=None)
        return value.astimezone(), moment.astimezone()
    except (ValueError, OverflowError, OSError) as error:
        raise NotComparable(f"{_kind(value)} can be compared only with a time such as 2026-01-31") from error


def _contains(value: Any, text: str) -> bool:
    if isinstance(value, str | PurePath):
        return text.casefold() in str(value).casefold()
    if not isinstance(value, list | tuple | set | frozenset | dict):
        raise NotComparable(f"{_kind(value)} contains no text")
    literal, folded = literal_of(text), text.casefold()
    return any(folded in item.casefold() if isinstance(item, str) else equal(item, literal) for item in value)


def _kind(value: Any) -> str:
    """Return words for a type: ``str ('few')``."""
    return f"{type(value).__name__} ({repr_of(value, 30)})"
