"""Any value as data that JSON knows."""

import math
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from mfwidgets.client.answers.comparison import MISSING
from mfwidgets.queries.values.reading import NotRead

_DEEPEST = 20
"""Levels of containers in containers; a value may hold itself."""

_LONGEST = 10_000
"""Characters of what stands for an object that is no plain value."""


def to_json_value(value: Any, depth: int = 0) -> Any:
    """Return a value as what JSON knows: dicts, lists, texts, numbers, True, False and None.

    Times are ISO 8601, with their offset where they have one; durations are seconds; numbers that JSON lacks are the
    texts ``NaN``, ``Infinity`` and ``-Infinity``; of anything else the repr. What was not read is None.
    """
    if value is None or value is MISSING or isinstance(value, NotRead):
        return None
    if isinstance(value, bool | int | str):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else _infinite(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return _container(value, depth)


def _container(value: Any, depth: int) -> Any:
    if depth < _DEEPEST:
        if isinstance(value, Mapping):
            return {
                key if isinstance(key, str) else str(key): to_json_value(item, depth + 1) for key, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [to_json_value(item, depth + 1) for item in value]
        if isinstance(value, set | frozenset):
            return [to_json_value(item, depth + 1) for item in sorted(value, key=repr)]
        to_list = getattr(value, "tolist", None)  # scalars and arrays of numpy
        if type(value).__module__ == "numpy" and to_list:
            return to_json_value(to_list(), depth + 1)
    return repr(value)[:_LONGEST]


def _infinite(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
