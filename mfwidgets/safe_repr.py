"""Reprs that never fail, for messages, displays and JSON.

Python refuses to write integers of more than 4,300 digits, and the repr of a user's own class can raise any error.
"""

import math

MAX_DIGITS = 4_000
"""Longer integers are written as words."""

_MAX_INT: int = 10**MAX_DIGITS


def is_readable(value: int) -> bool:
    """Return whether Python writes an int in digits."""
    return -_MAX_INT < value < _MAX_INT


def int_text(value: int) -> str:
    """Return ``int of 5,001 digits``."""
    return f"int of {int(value.bit_length() * math.log10(2)) + 1:,} digits"


def repr_of(value: object, max_chars: int | None = None) -> str:
    """Return the repr of a value. If the repr fails, return words about its type.

    Parameters
    ----------
    value
        The value.
    max_chars
        The maximum length, for a message of one line. None means no limit.

    Examples
    --------
    >>> repr_of("score", 4)
    "'sco"
    >>> repr_of(10**5_000)
    'int of 5,001 digits'
    """
    if isinstance(value, int) and not is_readable(value):
        return int_text(value)
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001 - see above
        return f"<{type(value).__name__}, whose repr raises {type(error).__name__}>"
    return text if max_chars is None else " ".join(text[: 10 * max_chars].splitlines())[:max_chars]
