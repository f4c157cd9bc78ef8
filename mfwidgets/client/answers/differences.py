"""The differences of a comparison: a fact with one value for each object, and how values are read and shown."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Any

from mfwidgets.client.answers.comparison_facts import PACKAGE
from mfwidgets.client.base import MetaflowObject
from mfwidgets.concurrency import parallel_map
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.pickles.described import DescribedObject
from mfwidgets.providers.records import ArtifactRecord
from mfwidgets.queries.task_hashes import ArtifactHash
from mfwidgets.queries.values.preview import preview
from mfwidgets.queries.values.reading import NotRead, Reading, equal, shown_value, values_of
from mfwidgets.render.numbers import as_number, number_text

MAX_VALUES = 200
"""The values of at most this many differing artifacts and parameters are read."""

_MAX_SPREAD_VALUES = 400
"""The values of several tasks are read if an object has at most this many."""

BYTES_DIFFER = "stored bytes differ"


class _Missing:
    def __repr__(self) -> str:
        return "missing"


MISSING = _Missing()
"""Replaces the value in :class:`Difference` if an object does not have the fact."""


@fast_dataclass(frozen=True, slots=True)
class Spread:
    """The numbers of an artifact in the tasks of a foreach.

    Attributes
    ----------
    numbers
        The number of each task, in the order of the records.

    Examples
    --------
    >>> from mfwidgets.client.answers.differences import Spread
    >>> print(Spread((0.5, 0.25, 1.0)))
    0.25 to 1, median 0.5, of 3 tasks
    """

    numbers: tuple[float, ...]

    @property
    def minimum(self) -> float:
        """The smallest number."""
        return min(self.numbers)

    @property
    def median(self) -> float:
        """The median."""
        return median(self.numbers)

    @property
    def maximum(self) -> float:
        """The largest number."""
        return max(self.numbers)

    def __str__(self) -> str:
        low, middle, high = map(number_text, (self.minimum, self.median, self.maximum))
        return f"{low} to {high}, median {middle}, of {len(self.numbers):,} tasks"


@fast_dataclass(frozen=True, slots=True)
class Difference:
    """A fact that is not the same in all objects. A fact is a value that is compared, such as a parameter.

    Attributes
    ----------
    section
        ``status``, ``parameters``, ``tags``, ``versions``, ``code``, ``artifacts``, ``durations`` or ``metadata``.
    step
        The step of an artifact or duration, if runs are compared. Otherwise empty.
    name
        The name of the artifact, parameter, tag or other fact.
    values
        One value per object: a plain value, a str, a timedelta, a :class:`Spread` for the numbers of several tasks,
        :class:`NotRead` for a value that was not read, or :data:`MISSING`.
    shas
        For parameters and artifacts: the hash of the stored bytes per object. None if an object has several.
    note
        What the values do not show, such as "stored bytes differ".
    """

    section: str
    step: str
    name: str
    values: tuple[Any, ...]
    shas: tuple[str | None, ...] = ()
    note: str = ""


def with_values(
    objects: Sequence[MetaflowObject], differences: Sequence[Difference], reading: Reading
) -> list[Difference]:
    """Replace records of artifacts and parameters by their values, and add notes."""
    values_by_sha = [
        _read_values(compared, records, reading)
        for compared, records in zip(objects, _records_to_read(differences, len(objects)), strict=True)
    ]
    return [_with_values_of(difference, values_by_sha) for difference in differences]


def _records_to_read(differences: Sequence[Difference], count: int) -> list[dict[str, ArtifactRecord | ArtifactHash]]:
    """Return for each object its artifacts of the first :data:`MAX_VALUES` differences with stored bytes, by hash."""
    records: list[dict[str, ArtifactRecord | ArtifactHash]] = [{} for _ in range(count)]
    for difference in [difference for difference in differences if difference.shas][:MAX_VALUES]:
        for own_records, value in zip(records, difference.values, strict=True):
            if isinstance(value, ArtifactRecord | ArtifactHash):
                own_records[value.sha] = value
            elif isinstance(value, list) and len(own_records) + len(value) <= _MAX_SPREAD_VALUES:
                own_records.update((artifact.sha, artifact) for artifact in value)
    return records


def _read_values(
    compared: MetaflowObject, hashed: Mapping[str, ArtifactRecord | ArtifactHash], reading: Reading
) -> dict[str, Any]:
    context, values = compared._context, dict.fromkeys(hashed, NotRead("its record is missing"))
    records = {
        sha: record
        for sha, value in hashed.items()
        if (record := value.record(context) if isinstance(value, ArtifactHash) else value) is not None
    }
    values |= dict(zip(records, values_of(context, list(records.values()), reading), strict=True))
    unread = [
        sha for sha, value in values.items() if isinstance(value, NotRead) and value.is_final and not value.described
    ]
    previews = parallel_map(lambda sha: preview(context, records[sha]), unread, max_concurrency=context.max_concurrency)
    for sha, shown in zip(unread, previews, strict=True):
        if shown.summary:  # such as the shape of a frame
            values[sha] = replace(values[sha], described=DescribedObject(shown.summary))
    return values


def _with_values_of(difference: Difference, values_by_sha: Sequence[Mapping[str, Any]]) -> Difference:
    values = tuple(
        _value(value, own_values) for value, own_values in zip(difference.values, values_by_sha, strict=True)
    )
    return replace(difference, values=values, note=_note(difference, values))


def _value(value: Any, values_by_sha: Mapping[str, Any]) -> Any:
    if isinstance(value, ArtifactRecord | ArtifactHash):
        return values_by_sha.get(value.sha, NotRead("one of very many differences"))
    if isinstance(value, list):  # the artifacts of several tasks
        shas = [artifact.sha for artifact in value]
        numbers = [as_number(values_by_sha.get(sha)) for sha in shas]
        finite = tuple(number for number in numbers if number is not None)
        return (
            Spread(finite)
            if len(finite) == len(shas)
            else NotRead(f"{len(shas):,} tasks, {len(set(shas)):,} different values")
        )
    return value


def _note(difference: Difference, values: Sequence[Any]) -> str:
    """Return a note: values that were not read, or equal values with different stored bytes."""
    reasons = [value.reason for value in values if isinstance(value, NotRead)]
    return "; ".join(dict.fromkeys(filter(None, [_bytes_note(difference, values), *reasons])))


def _bytes_note(difference: Difference, values: Sequence[Any]) -> str:
    """Return a note that the stored bytes differ, unless the values show it."""
    if any(value is MISSING for value in values):
        return ""
    if difference.section == "code" and difference.name == PACKAGE:
        return f"{BYTES_DIFFER}; code() shows the files"
    if not difference.shas:
        return ""
    if any(isinstance(value, NotRead) for value in values):
        return BYTES_DIFFER
    return f"{BYTES_DIFFER}, values are equal" if all(equal(values[0], value) for value in values[1:]) else ""


def value_in_table(value: Any) -> Any:
    """Return a value as tables and JSON show it. None if it is missing or was not read."""
    return None if value is MISSING else str(value) if isinstance(value, Spread) else shown_value(value)
