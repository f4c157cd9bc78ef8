"""The differences between runs, steps or tasks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mfwidgets.client.answers.code_diff import code_diff
from mfwidgets.client.answers.comparison_facts import PACKAGE, SECTIONS, Fact, Facts, Name, facts_of
from mfwidgets.client.base import MetaflowObject
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.client.metaflow_objects import ours
from mfwidgets.concurrency import parallel_map
from mfwidgets.display import Displayable
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.hidden_characters import visible
from mfwidgets.providers.records import ArtifactRecord
from mfwidgets.queries.snapshot_provider import remembering_context
from mfwidgets.queries.values.reading import PLAIN, NotRead, Reading, equal, shown_value, values_of
from mfwidgets.safe_repr import repr_of
from mfwidgets.tables import to_dicts, to_frame

if TYPE_CHECKING:
    import pandas as pd

MAX_VALUES = 200
"""The values of at most this many differing artifacts and parameters are read."""

BYTES_DIFFER = "stored bytes differ"

_STORED_SECTIONS = ("artifacts", "parameters")
"""Sections in which a fact is stored as bytes. The key of such a fact is the hash of the bytes."""


class _Missing:
    def __repr__(self) -> str:
        return "missing"


MISSING = _Missing()
"""Replaces the value in :class:`Difference` if an object does not have the fact."""


@dataclass(frozen=True, slots=True)
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
        One value per object: a plain value, a str, a timedelta, :class:`NotRead` for a value that was not read, or
        :data:`MISSING`.
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


@dataclass(eq=False, repr=False)
class Comparison(Displayable):
    """The differences between runs, between steps or between tasks. Equal facts are left out.

    Attributes
    ----------
    objects
        The compared objects.
    differences
        The differences, ordered by section. An artifact is listed at the first step where it differs.

    Examples
    --------
    >>> alpha = compare("ForecastFlow/1795378919475034", "ForecastFlow/1795378900338660").differences[0]
    >>> alpha.section, alpha.name, alpha.values
    ('parameters', 'alpha', (0.3, 0.5))
    """

    objects: tuple[MetaflowObject, ...]
    differences: list[Difference]

    def to_pandas(self) -> "pd.DataFrame":
        """Return a table of the differences. Reads nothing.

        Returns
        -------
        pandas.DataFrame
            One row per difference: ``section``, ``step``, ``name``, ``note``, and one column per object, named by its
            pathspec (and its provider, if two objects have the same pathspec). Values that are missing or were not read
            are NA, and the note says why.

        Examples
        --------
        >>> table = compare("ForecastFlow/1795378919475034", "ForecastFlow/1795378900338660").to_pandas()
        >>> table[["section", "name"]].head(4)
              section      name
        0  parameters     alpha
        1        tags  repaired
        2   artifacts     error
        3   artifacts    errors
        """
        return to_frame("differences", self._rows(), self._columns())

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows of :meth:`to_pandas` as dicts. Reads nothing.

        Returns
        -------
        list of dict
            One dict per difference.
        """
        return to_dicts("differences", self._rows(), self._columns())

    def code(self) -> str:
        """Return a unified diff of the user's files in the code packages, of each object against the first.

        Returns
        -------
        str
            Empty if the files are equal. Costs one download per object, and none if the hashes are equal.

        Raises
        ------
        DataException
            An object has no code package, or its package cannot be read.
        """
        return code_diff(list(zip(self.names(), self.objects, strict=True)))

    def names(self) -> list[str]:
        """Return a unique name for each object. Reads nothing.

        Returns
        -------
        list of str
            The pathspec, with the attempt and the provider if two objects have the same pathspec.
        """
        names = [shown.pathspec for shown in self.objects]
        if _has_duplicates(names):
            attempts = [shown._attempt for shown in self.objects]
            names = [
                name if attempt is None else f"{name}, attempt {attempt}"
                for name, attempt in zip(names, attempts, strict=True)
            ]
        if _has_duplicates(names):
            providers = [shown._context.provider for shown in self.objects]
            names = [f"{name} in {provider.selector}" for name, provider in zip(names, providers, strict=True)]
        return [f"{name} ({number})" for number, name in enumerate(names, 1)] if _has_duplicates(names) else names

    def _rows(self) -> list[Difference]:
        """Return the differences with notes that name the objects without the fact. A table cannot show missing facts."""
        names = self.names()
        return [
            replace(difference, note="; ".join(filter(None, [difference.note, _missing_note(difference, names)])))
            for difference in self.differences
        ]

    def _columns(self) -> dict[str, list[Any]]:
        return {
            name: [_value_or_none(difference.values[place]) for difference in self.differences]  # noqa: PD011 - no pandas
            for place, name in enumerate(self.names())
        }

    def __bool__(self) -> bool:
        return bool(self.differences)

    def __repr__(self) -> str:
        return visible(f"<comparison of {' and '.join(self.names())}: {len(self.differences)} differences>")


def compare(*objects: MetaflowObject | str, max_bytes: int = PLAIN.max_bytes, unpickle: bool = False) -> Comparison:
    """Compare runs, steps or tasks.

    Costs three bulk requests for each object: its tasks, its metadata and its artifacts. For a run, also reads the
    graph. Reads each distinct value of at most 200 differences once.

    Parameters
    ----------
    *objects
        Two or more objects of one kind, or their pathspecs (or aliases such as ``HelloFlow/latest``). They may belong
        to different clients.
    max_bytes, unpickle
        Which values of differing parameters and artifacts are read, as in :meth:`Runs.to_pandas`. Hashes of the stored
        bytes are compared in any case.

    Returns
    -------
    Comparison
        The comparison. It displays itself.

    Raises
    ------
    MetaflowInvalidArgument
        There are fewer than two objects, they are of different kinds, or they are flows or artifacts.

    Examples
    --------
    >>> comparison = compare("ForecastFlow/1795378919475034", "ForecastFlow/1795378900338660")
    >>> comparison
    <comparison of ForecastFlow/1795378919475034 and ForecastFlow/1795378900338660: 10 differences>
    >>> [difference.name for difference in comparison.differences if difference.section == "parameters"]
    ['alpha']
    """
    client = Metaflow()
    compared: list[Any] = [client.get(item) if isinstance(item, str) else ours(item) for item in objects]
    kinds = {getattr(item, "_kind", None) for item in compared}
    if len(compared) < 2 or len(kinds) != 1 or not kinds <= {"run", "step", "task"}:  # noqa: PLR2004 - a pair
        shown = ", ".join(repr_of(item, 60) for item in compared) or "nothing"
        raise MetaflowInvalidArgument(f"Expected two or more runs, or steps, or tasks to compare, got {shown}.")
    return compare_objects(compared, Reading(max_bytes, unpickle))


def compare_objects(objects: Sequence[MetaflowObject], reading: Reading = PLAIN) -> Comparison:
    """Compare objects of one kind."""
    contexts = {id(item._context): remembering_context(item._context) for item in objects}
    remembering = [type(item)._of(contexts[id(item._context)], item._record, item._attempt) for item in objects]
    facts = parallel_map(facts_of, remembering)
    return Comparison(tuple(objects), _with_values(remembering, list(_differences(facts)), reading))


_Keys = tuple[Any, ...]
"""One key for each object: the key of the same fact. None if an object does not have the fact."""


def _differences(facts: Sequence[Facts]) -> Iterator[Difference]:
    """Yield the facts that are not the same in all objects, section by section."""
    names = dict.fromkeys(name for facts_of_one in facts for name in facts_of_one)
    newest_keys: dict[str, _Keys] = {}
    for name in sorted(names, key=lambda name: SECTIONS.index(name.section)):
        compared = [facts_of_one.get(name) for facts_of_one in facts]
        keys = tuple(fact.key if fact else None for fact in compared)
        if len(set(keys)) == 1:
            continue
        if name.section in _STORED_SECTIONS:
            before = newest_keys.get(name.name, (None,) * len(keys))
            newest_keys[name.name] = _latest(keys, before)
            if newest_keys[name.name] == before:  # a value that is passed from step to step counts once
                continue
        yield _difference(name, compared)


def _latest(keys: _Keys, before: _Keys) -> _Keys:
    """Return the newest key per object: the key at this step, otherwise the key at an earlier step."""
    return tuple(earlier if key is None else key for key, earlier in zip(keys, before, strict=True))


def _difference(name: Name, facts: Sequence[Fact | None]) -> Difference:
    values = tuple(MISSING if fact is None else fact.value for fact in facts)
    if name.section == "durations":
        values = tuple(timedelta(milliseconds=value) if isinstance(value, int) else value for value in values)
    shas: tuple[str | None, ...] = ()
    if name.section in _STORED_SECTIONS:
        shas = tuple(fact.key if fact and isinstance(fact.key, str) else None for fact in facts)
    return Difference(name.section, name.step, name.name, values, shas)


def _with_values(
    objects: Sequence[MetaflowObject], differences: Sequence[Difference], reading: Reading
) -> list[Difference]:
    """Replace records of artifacts and parameters by their values, and add notes."""
    values_by_sha = [
        _read_values(compared, records, reading)
        for compared, records in zip(objects, _records_to_read(differences, len(objects)), strict=True)
    ]
    return [_with_values_of(difference, values_by_sha) for difference in differences]


def _records_to_read(differences: Sequence[Difference], count: int) -> list[dict[str, ArtifactRecord]]:
    """Return for each object its records of the first :data:`MAX_VALUES` differences with stored bytes, by hash."""
    records: list[dict[str, ArtifactRecord]] = [{} for _ in range(count)]
    for difference in [difference for difference in differences if difference.shas][:MAX_VALUES]:
        for own_records, value in zip(records, difference.values, strict=True):
            if isinstance(value, ArtifactRecord):
                own_records[value.sha] = value
    return records


def _read_values(compared: MetaflowObject, records: Mapping[str, ArtifactRecord], reading: Reading) -> dict[str, Any]:
    return dict(zip(records, values_of(compared._context, list(records.values()), reading), strict=True))


def _with_values_of(difference: Difference, values_by_sha: Sequence[Mapping[str, Any]]) -> Difference:
    values = tuple(
        _value(value, own_values) for value, own_values in zip(difference.values, values_by_sha, strict=True)
    )
    return replace(difference, values=values, note=_note(difference, values))


def _value(value: Any, values_by_sha: Mapping[str, Any]) -> Any:
    if isinstance(value, ArtifactRecord):
        return values_by_sha.get(value.sha, NotRead("one of very many differences"))
    if isinstance(value, list):  # the records of several tasks
        distinct = len({record.sha for record in value})
        return NotRead(f"{len(value):,} tasks, {distinct:,} different values")
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


def _missing_note(difference: Difference, names: Sequence[str]) -> str:
    missing = [name for name, value in zip(names, difference.values, strict=True) if value is MISSING]
    return f"missing in {', '.join(missing)}" if missing else ""


def _value_or_none(value: Any) -> Any:
    return None if value is MISSING else shown_value(value)


def _has_duplicates(names: Sequence[str]) -> bool:
    return len(set(names)) < len(names)
