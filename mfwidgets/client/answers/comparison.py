"""What differs between runs, steps or tasks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mfwidgets.client.answers.code_diff import code_diff
from mfwidgets.client.answers.comparison_facts import PACKAGE, SECTIONS, Fact, Facts, Name, facts_of
from mfwidgets.client.base import MetaflowObject
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.client.run import Run
from mfwidgets.client.step import Step
from mfwidgets.client.task import Task
from mfwidgets.concurrency import parallel_map
from mfwidgets.display import Displayable
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.providers.records import ArtifactRecord
from mfwidgets.queries.values.reading import PLAIN, NotRead, Reading, equal, values_of
from mfwidgets.tables import to_dicts, to_frame

if TYPE_CHECKING:
    import pandas as pd

MAX_VALUES = 200
"""Of so many differing artifacts and parameters the values are read."""

BYTES_DIFFER = "stored bytes differ"


class _Missing:
    def __repr__(self) -> str:
        return "missing"


MISSING = _Missing()
"""Stands for a fact that an object does not have."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not the same in all objects.

    Attributes
    ----------
    section
        ``status``, ``parameters``, ``tags``, ``versions``, ``code``, ``artifacts``, ``durations`` or ``metadata``.
    step
        Of artifacts and durations of runs; else empty.
    values
        One for each object: a plain value, a text, a timedelta; :class:`NotRead` for a value that was not read, and
        :data:`MISSING` where there is none.
    shas
        Of parameters and artifacts: the hashes of the stored bytes; None where there is no single one.
    note
        What the values do not tell, such as "stored bytes differ".
    """

    section: str
    step: str
    name: str
    values: tuple[Any, ...]
    shas: tuple[str | None, ...] = ()
    note: str = ""


class Comparison(Displayable):
    """What differs between runs, between steps, or between tasks; what is the same is left out.

    Attributes
    ----------
    objects
        What is compared.
    differences
        In the order of the sections, artifacts where they first differ.
    """

    def __init__(self, objects: Sequence[MetaflowObject], reading: Reading = PLAIN) -> None:
        self.objects = tuple(objects)
        facts = parallel_map(facts_of, self.objects)
        self.differences = _with_values(self.objects, list(_differences(facts)), reading)

    def to_pandas(self) -> "pd.DataFrame":
        """Return a table of the differences.

        Returns
        -------
        pandas.DataFrame
            ``section``, ``step``, ``name``, ``note``, and a column for each object, named by its pathspec (objects of one
            pathspec in two deployments also by their provider). What is missing or was not read is NA, the note tells why.
        """
        return to_frame("differences", self._told(), self._columns())

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the same as plain data, a dict a difference."""
        return to_dicts("differences", self._told(), self._columns())

    def to_dict(self) -> dict[str, Any]:
        """Return what is compared, and the differences with their hashes, as plain data."""
        return {
            "compared": self.names(),
            "differences": [
                {**facts, "shas": list(difference.shas)}
                for facts, difference in zip(self.to_dicts(), self.differences, strict=True)
            ],
        }

    def code(self) -> str:
        """Return a unified diff of the user's files in the code packages, each object's against the first's.

        Returns
        -------
        str
            Empty when the files are the same. One package is downloaded for each object, unless the hashes are equal.

        Raises
        ------
        DataException
            An object has no code package, or it cannot be read.
        """
        return code_diff(list(zip(self.names(), self.objects, strict=True)))

    def names(self) -> list[str]:
        """Return a name for each object: its pathspec, with the provider where that alone would not do."""
        found = [one.pathspec for one in self.objects]
        if len(set(found)) < len(found) and any(one._attempt is not None for one in self.objects):
            found = [
                name if one._attempt is None else f"{name}, attempt {one._attempt}"
                for name, one in zip(found, self.objects, strict=True)
            ]
        if len(set(found)) < len(found):
            found = [
                f"{name} in {one._context.provider.selector}" for name, one in zip(found, self.objects, strict=True)
            ]
        if len(set(found)) < len(found):
            found = [f"{name} ({number})" for number, name in enumerate(found, 1)]
        return found

    def _told(self) -> list[Difference]:
        """Return the differences with notes that also say where something is missing, as a table cannot show it."""
        names, found = self.names(), []
        for one in self.differences:
            missing = [name for name, value in zip(names, one.values, strict=True) if value is MISSING]
            notes = [one.note] if one.note else []
            found.append(
                replace(one, note="; ".join([*notes, f"missing in {', '.join(missing)}"] if missing else notes))
            )
        return found

    def _columns(self) -> dict[str, list[Any]]:
        return {
            name: [_told(one.values[place]) for one in self.differences]  # noqa: PD011 - no pandas here
            for place, name in enumerate(self.names())
        }

    def __bool__(self) -> bool:
        return bool(self.differences)

    def __repr__(self) -> str:
        return f"<comparison of {' and '.join(self.names())}: {len(self.differences)} differences>"


def compare(*objects: MetaflowObject | str, max_bytes: int = PLAIN.max_bytes, unpickle: bool = False) -> Comparison:
    """Tell what differs between runs, between steps, or between tasks.

    Parameters
    ----------
    *objects
        Two or more of one kind, or their pathspecs (aliases such as ``HelloFlow/latest`` too); of any client.
    max_bytes, unpickle
        What values of differing parameters and artifacts are read, as in :meth:`Runs.to_pandas`; they are compared by the
        hash of the stored bytes in any case.

    Returns
    -------
    Comparison
        Shows itself; ``.to_pandas()``, ``.to_dict()``, ``.code()``. Costs for each object its tasks, its metadata and its
        artifacts once, for runs the graph, and one read for each distinct differing value, 200 at most.

    Raises
    ------
    MetaflowInvalidArgument
        There are fewer than two, they are of several kinds, or of another kind.
    """
    client = Metaflow()
    found: list[Any] = [client.get(one) if isinstance(one, str) else one for one in objects]
    kinds = {type(one) for one in found}
    if len(found) < 2 or len(kinds) != 1 or not kinds <= {Run, Step, Task}:  # noqa: PLR2004 - one alone differs from nothing
        given = ", ".join(f"{one!r:.60}" for one in found) or "nothing"
        raise MetaflowInvalidArgument(f"compare() wants two or more runs, or steps, or tasks; not {given}.")
    return Comparison(found, Reading(max_bytes, unpickle))


def _differences(facts: Sequence[Facts]) -> Iterator[Difference]:
    names = dict.fromkeys(name for some in facts for name in some)
    last: dict[str, tuple[Any, ...]] = {}
    for section in SECTIONS:
        for name in names:
            if name.section != section:
                continue
            found = [some.get(name) for some in facts]
            keys = tuple(fact.key if fact else None for fact in found)
            if len(set(keys)) == 1:
                continue
            if section in ("parameters", "artifacts"):  # what was passed on from step to step differs once
                known = last.get(name.name, (None,) * len(keys))
                if all(key in (None, before) for key, before in zip(keys, known, strict=True)):
                    continue
                last[name.name] = tuple(key or before for key, before in zip(keys, known, strict=True))
            yield _difference(name, found)


def _difference(name: Name, found: Sequence[Fact | None]) -> Difference:
    values = tuple(MISSING if fact is None else fact.value for fact in found)
    if name.section == "durations":
        values = tuple(timedelta(milliseconds=value) if isinstance(value, int) else value for value in values)
    shas: tuple[str | None, ...] = ()
    if name.section in ("artifacts", "parameters"):
        shas = tuple(fact.key if fact and isinstance(fact.key, str) else None for fact in found)
    return Difference(name.section, name.step, name.name, values, shas)


def _with_values(
    objects: Sequence[MetaflowObject], differences: list[Difference], reading: Reading
) -> list[Difference]:
    """Put the values of artifacts and parameters in the place of their records, and say what they do not tell."""
    by_object: list[dict[str, ArtifactRecord]] = [{} for _ in objects]
    for difference in [one for one in differences if one.shas][:MAX_VALUES]:
        for place, value in enumerate(difference.values):
            if isinstance(value, ArtifactRecord):
                by_object[place][value.sha] = value
    known = [
        dict(zip(records, values_of(one._context, list(records.values()), reading), strict=True))
        for one, records in zip(objects, by_object, strict=True)
    ]
    found = []
    for difference in differences:
        values = tuple(_value(value, known[place]) for place, value in enumerate(difference.values))
        found.append(replace(difference, values=values, note=_note(difference, values)))
    return found


def _value(value: Any, known: dict[str, Any]) -> Any:
    if isinstance(value, ArtifactRecord):
        return known.get(value.sha, NotRead("one of very many differences"))
    if isinstance(value, list):  # the records of several tasks
        distinct = len({record.sha for record in value})
        return NotRead(f"{len(value):,} tasks, {distinct:,} different values")
    return value


def _note(difference: Difference, values: Sequence[Any]) -> str:
    """Say what the values do not: that they were not read, or that equal ones are stored as different bytes."""
    if any(value is MISSING for value in values):
        notes = []
    elif difference.section == "code" and difference.name == PACKAGE:
        notes = [f"{BYTES_DIFFER}; code() tells which files"]
    elif difference.shas and any(isinstance(value, NotRead) for value in values):
        notes = [BYTES_DIFFER]
    elif difference.shas and all(equal(values[0], value) for value in values[1:]):
        notes = [f"{BYTES_DIFFER}, values are equal"]
    else:
        notes = []
    notes += [value.reason for value in values if isinstance(value, NotRead)]
    return "; ".join(dict.fromkeys(notes))


def _told(value: Any) -> Any:
    return None if value is MISSING or isinstance(value, NotRead) else value
