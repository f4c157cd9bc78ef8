"""The results of runs: numbers, bools and short text that the end task made.

Metaflow has no word for metrics. A result is an artifact of the end task that is not a parameter, a config or a constant
of the class, and that is a plain number, a bool, a short text, or a number in a small dict (``metrics.auc``).
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from numbers import Real
from typing import Any

from mfwidgets.providers.records import ArtifactRecord, RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import PARAMETERS, end_step
from mfwidgets.queries.run_memory import artifacts_question, ask
from mfwidgets.queries.values.reading import NotRead, Reading, values_of
from mfwidgets.queries.values.value_columns import ARTIFACT_PREFIX, Columns
from mfwidgets.queries.values.value_memory import (
    Key,
    Results,
    is_secret_name,
    looks_secret,
    remember_results,
    remembered_results,
)

MAX_RESULT_BYTES = 10_000
"""The largest pickle that is read to find results. A dict of a hundred numbers has 2 kB."""

MAX_TEXT = 80
"""The longest text that is a result, in characters."""

_MAX_ITEMS = 100
"""The most items of a dict whose numbers are results."""

_MAX_DEPTH = 2
"""Dicts in a dict: ``metrics.test.auc``."""

MAX_CANDIDATES = 300
"""The most artifacts of a task that are searched for results."""

_READABLE_KEY = re.compile(r"[^\s.]{1,60}\Z")


def result_columns(context: ClientContext, runs: Sequence[RunRecord]) -> Columns:
    """Return ``artifact.<name>`` for each result of any of the runs, in the order of names. None where a run has none.

    Costs two bulk requests for each run, and one read of at most 10 kB for each distinct value. What was read is
    remembered. Values in dicts have names such as ``artifact.metrics.auc``.
    """
    return columns_of_results(context, result_records(context, runs))


def columns_of_results(context: ClientContext, rows: Sequence[Sequence[ArtifactRecord]]) -> Columns:
    """Return ``artifact.<name>`` for each result in the artifacts of any row. Reads each distinct value once."""
    results = _results_of(context, list(chain.from_iterable(rows)))
    columns: Columns = {}
    for number, row in enumerate(rows):
        for record in row:
            for suffix, value in results.get((record.sha, record.encoding), ()):
                name = record.name + suffix
                if not is_secret_name(name) and not (isinstance(value, str) and looks_secret(name, value)):
                    columns.setdefault(f"{ARTIFACT_PREFIX}{name}", [None] * len(rows))[number] = value
    return dict(sorted(columns.items()))


def _results_of(context: ClientContext, records: Sequence[ArtifactRecord]) -> dict[Key, Results]:
    """Return the results in the values of these records, by hash and encoding."""
    distinct = {(record.sha, record.encoding): record for record in records}
    known = remembered_results(context, distinct)
    missing = [record for key, record in distinct.items() if key not in known]
    # Any of the names of equal bytes can be that of a secret.
    secret = (
        {(record.sha, record.encoding) for record in records if looks_secret(record.name, "")} if missing else set()
    )
    for first in range(0, len(missing), _BATCH):
        known |= _read(context, missing[first : first + _BATCH], secret)
    return known


_BATCH = 200
"""Values that are read and then remembered together. If the time of a display is over, the next one goes on from there."""


def _read(context: ClientContext, records: Sequence[ArtifactRecord], secret: Collection[Key]) -> dict[Key, Results]:
    """Read values, remember their results unless they are secret, and return them."""
    read = {
        (record.sha, record.encoding): (value, list(results_in(value)))
        for record, value in zip(records, values_of(context, records, Reading(MAX_RESULT_BYTES), secret), strict=True)
    }
    remember_results(
        context,
        {
            key: results
            for key, (value, results) in read.items()
            if key not in secret and (not isinstance(value, NotRead) or value.is_final)
        },
    )
    return {key: results for key, (_, results) in read.items()}


def result_records(context: ClientContext, runs: Sequence[RunRecord]) -> list[list[ArtifactRecord]]:
    """Return the artifacts of each run's end task that can be results. Costs two bulk requests for each run."""
    return ask(context, runs, artifacts_question("results", _made_by_end_task))


def _made_by_end_task(context: ClientContext, run: RunRecord) -> list[ArtifactRecord]:
    """Return the public artifacts of the end task, except those that have the bytes of a parameter of the same name."""
    records = context.provider.artifacts((*run.path, "end"), public_only=True)
    if not records and (last := end_step(context, run)) != "end":
        records = context.provider.artifacts((*run.path, last), public_only=True)
    if not records:
        return []
    given = context.provider.artifacts((*run.path, PARAMETERS), public_only=True)
    inherited = {(record.name, record.sha) for record in given}
    made = [record for record in records if (record.name, record.sha) not in inherited and record.name != "name"]
    return made[:MAX_CANDIDATES]


def results_in(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the results in a value: the keys of dicts, empty for the value itself, and a number or a short text.

    Examples
    --------
    >>> from mfwidgets.queries.values.results import results_in
    >>> list(results_in(0.25)), list(results_in([1, 2]))
    ([('', 0.25)], [])
    >>> list(results_in({"auc": 0.9, "test": {"f1": 0.5}, "model": "trees"}))
    [('.auc', 0.9), ('.test.f1', 0.5)]
    """
    if isinstance(value, dict):
        yield from _numbers_in(value, _MAX_DEPTH)
    elif is_number(value) or (isinstance(value, str) and len(value) <= MAX_TEXT and "\n" not in value):
        yield "", value


def _numbers_in(value: Mapping[Any, Any], depth: int) -> Iterator[tuple[str, Any]]:
    for key, item in value.items() if len(value) <= _MAX_ITEMS else ():
        if not isinstance(key, str) or not _READABLE_KEY.match(key):
            continue
        if is_number(item):
            yield f".{key}", item
        elif isinstance(item, dict) and depth > 1:
            yield from ((f".{key}{suffix}", number) for suffix, number in _numbers_in(item, depth - 1))


def is_number(value: object) -> bool:
    """Return whether a value is one number or bool: Python's, numpy's, a decimal or a fraction."""
    if isinstance(value, bool | int | float | Decimal | Fraction):
        return True
    return isinstance(value, Real) or (type(value).__module__ == "numpy" and type(value).__name__.startswith("bool"))


def number_of(value: object) -> float | None:
    """Return a value as a float, to sort or to draw it. None if it is not a number, or NaN. A bool is 0 or 1."""
    if not is_number(value):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]  # is_number has checked it
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")  # type: ignore[operator]  # as above
    except (TypeError, ValueError):
        return None
    return None if number != number else number  # noqa: PLR0124 - a NaN differs from itself
