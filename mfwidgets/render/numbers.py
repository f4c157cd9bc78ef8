"""Numbers as people read them: four significant digits, the same in tables, in charts and on axes."""

import math
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from numbers import Integral, Real

_DIGITS = 4
_FIXED_MIN, _FIXED_MAX = 1e-4, 1e7
"""Floats between these are written without an exponent."""

_MAX_EXACT_INT = 10**15
"""Smaller integers are written in full: they are often seeds or counts."""

_MIN_GROUPED = 10_000
"""Smaller integers have no separators of thousands: they are often years."""


def as_number(value: object) -> float | None:
    """Return a real number as a finite float. Return None for booleans, other values, NaN, and what no float can hold."""
    number = as_float(value)
    return number if number is not None and math.isfinite(number) else None


def as_float(value: object) -> float | None:
    """Return a real number as a float, which can be NaN or infinite. Return None for booleans and other values."""
    if isinstance(value, float):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, (Real, Decimal)):
        return None
    try:
        return float(value)
    except InvalidOperation:  # a signalling NaN
        return math.nan
    except (OverflowError, ValueError):
        if isinstance(value, Decimal) and value.is_nan():
            return math.nan
        return math.inf if value > 0 else -math.inf  # type: ignore[operator]  # real numbers are ordered


def finite(values: Iterable[object]) -> list[float]:
    """Return the finite numbers among values."""
    return [number for number in map(as_number, values) if number is not None]


def number_text(value: object) -> str:
    """Return a number with four significant digits. Integers up to 15 digits are exact.

    Other values give an empty string.

    Examples
    --------
    >>> [number_text(value) for value in (0.046971, 12345.678, 3.0, 2026, 1_234_567, 1e308, 10**5000, float("nan"))]
    ['0.04697', '12,346', '3', '2026', '1,234,567', '1e308', '1e5000', 'nan']
    """
    if isinstance(value, Integral) and not isinstance(value, bool):
        return _int_text(int(value))
    number = as_float(value)
    if number is None:
        return ""
    if not math.isfinite(number):
        return "nan" if math.isnan(number) else ("inf" if number > 0 else "-inf")
    size = abs(number)
    if number == 0 or _FIXED_MIN <= size < _FIXED_MAX:
        return _fixed_text(number)
    return _exponent_text(f"{number:.{_DIGITS - 1}e}")


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: ``1 task``, ``1,240 tasks``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _int_text(value: int) -> str:
    if abs(value) < _MAX_EXACT_INT:
        return f"{value:,}" if abs(value) >= _MIN_GROUPED else str(value)
    logarithm = math.log10(abs(value))
    exponent = math.floor(logarithm)
    sign = "-" if value < 0 else ""
    # The logarithm has 16 digits, those before the decimal point included.
    return sign + _exponent_text(f"{10 ** (logarithm - exponent):.{_DIGITS - 1}f}e{exponent}")


def _fixed_text(number: float) -> str:
    before_point = math.floor(math.log10(abs(number))) + 1 if number else 1
    text = f"{number:,.{max(_DIGITS - before_point, 0)}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    if text in {"-0", "-"}:
        return "0"
    digits = text.replace(",", "")
    return digits if abs(float(digits)) < _MIN_GROUPED else text


def _exponent_text(text: str) -> str:
    """Return ``1.2340e-05`` as ``1.234e-5``."""
    mantissa, _, exponent = text.partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    power = int(exponent)
    if mantissa.lstrip("-") == "10":
        mantissa, power = mantissa[:-1], power + 1
    return f"{mantissa}e{power}"
