"""Sorts rows by columns of values of any types. Numbers come before times and text, and missing values last."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from operator import itemgetter
from typing import Any

from mfwidgets.queries.values.reading import NotRead
from mfwidgets.queries.values.results import is_number, number_of
from mfwidgets.safe_repr import repr_of

NUMBER, _TIME, _TEXT, _OTHER = range(4)
"""The kinds of values, which sort in this order."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_EXPONENT = 400
"""A decimal beyond these powers of ten is compared as a float, which is infinite or 0."""

_MAX_CHARS = 200
"""Other values are sorted by the beginning of their repr. A digest of the whole repr keeps them apart."""

SortKey = tuple[int, Any, str]
"""A key for any value: its kind, its exact number or time, its text. Keys of all kinds can be compared.

Keys are equal if and only if the values are.
"""


def sort_key(value: Any) -> SortKey | None:
    """Return a key that sorts values. None if the value is missing, was not read, or is NaN."""
    if type(value).__module__ == "numpy" and getattr(value, "ndim", 1) == 0:
        value = value.item()  # also times
    if value is None or isinstance(value, NotRead) or (is_number(value) and number_of(value) is None):
        return None
    if is_number(value):
        return NUMBER, _exact(value), ""
    if isinstance(value, timedelta):
        return NUMBER, value.total_seconds(), ""
    if isinstance(value, date) and (moment := _since_epoch(value)) is not None:
        return _TIME, moment, ""
    if isinstance(value, str):
        return _TEXT, 0, str(value)
    text = repr_of(value)
    return _OTHER, 0, text[:_MAX_CHARS] + hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _exact(value: Any) -> Any:
    """Return a number that compares exactly with ints and floats."""
    if not isinstance(value, Decimal):
        return value
    return Fraction(value) if value.is_finite() and abs(value.adjusted()) <= _MAX_EXPONENT else number_of(value)


def _since_epoch(value: date) -> timedelta | None:
    """Return a time as an exact difference. Without a zone it counts as UTC. None if it is out of range."""
    moment = value if isinstance(value, datetime) else datetime.combine(value, time())
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
    except OverflowError:
        return None


def order(columns: Sequence[Sequence[Any]], ascending: Sequence[bool], *, complete: bool = False) -> list[int]:
    """Return the positions of the rows in the order of the columns, the first column first. Equal rows keep their order.

    Parameters
    ----------
    columns
        The values of each row, column by column.
    ascending
        For each column, whether small values come first. Missing values come last in any case.
    complete
        Whether rows without a value in one of the columns are left out.

    Examples
    --------
    >>> from mfwidgets.queries.values.ordering import order
    >>> order([[3, None, 1, 2]], [True])
    [2, 3, 0, 1]
    >>> order([[3, None, 1, 2]], [False], complete=True)
    [0, 3, 2]
    """
    keys = [list(map(sort_key, column)) for column in columns]
    count = len(keys[0]) if keys else 0
    positions = [row for row in range(count) if not complete or all(column[row] is not None for column in keys)]
    for column, rises in reversed(list(zip(keys, ascending, strict=True))):
        present = [(key, row) for row in positions if (key := column[row]) is not None]
        present.sort(key=itemgetter(0), reverse=not rises)
        missing = [row for row in positions if column[row] is None]
        positions = [row for _, row in present] + missing
    return positions
