"""The differences between runs, steps or tasks."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mfwidgets.client.answers.code_diff import CodeDiff, code_diff
from mfwidgets.client.answers.compared_results import ComparedRuns, load_compared_runs
from mfwidgets.client.answers.comparison_facts import SECTIONS, Fact, Facts, Name, facts_of
from mfwidgets.client.answers.differences import MISSING, Difference, value_in_table, with_values
from mfwidgets.client.base import MetaflowObject
from mfwidgets.client.collections.base import Collection
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.client.metaflow_objects import ours
from mfwidgets.client.run import Run
from mfwidgets.concurrency import parallel_map
from mfwidgets.display import Displayable
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.hidden_characters import visible
from mfwidgets.queries.snapshot_provider import remembering_context
from mfwidgets.queries.values.reading import PLAIN, Reading
from mfwidgets.safe_repr import repr_of
from mfwidgets.tables import to_dicts, to_frame

if TYPE_CHECKING:
    import pandas as pd

_EQUAL_SECTIONS = ("parameters", "tags", "versions", "code")
"""Sections whose equal facts are kept."""

_STORED_SECTIONS = ("artifacts", "parameters")
"""Sections in which a fact is stored as bytes. The key of such a fact is the hash of the bytes."""


@dataclass(eq=False, repr=False)
class Comparison(Displayable):
    """The differences between runs, between steps or between tasks. Equal facts are left out.

    Attributes
    ----------
    objects
        The compared objects.
    differences
        The differences, ordered by section. An artifact is listed at the first step where it differs.
    baseline
        The position of the object with which numbers are compared. None without a baseline.

    Examples
    --------
    >>> alpha = compare("ForecastFlow/1795378919475034", "ForecastFlow/1795378900338660").differences[0]
    >>> alpha.section, alpha.name, alpha.values
    ('parameters', 'alpha', (0.3, 0.5))
    """

    objects: tuple[MetaflowObject, ...]
    differences: list[Difference]
    baseline: int | None = None
    _equal: list[Difference] = field(default_factory=list)
    """Facts that are the same in all objects, except artifacts and durations, with the value of the first object."""

    _runs: ComparedRuns | None = None
    """The results of the runs. None if steps or tasks are compared."""

    @property
    def results(self) -> dict[str, tuple[Any, ...]]:
        """The results of runs by name, one value for each run. None if a run does not have it. Reads nothing.

        A result is a number, a bool or a short text that the end task made: ``rmse``, ``metrics.auc``. Empty if steps or
        tasks are compared.

        Examples
        --------
        >>> compare("ForecastFlow/1795378919475034", "ForecastFlow/1795378900338660").results["worst"]
        ('İzmir', 'Jena')
        """
        return dict(self._runs.results) if self._runs else {}

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

    def code(self) -> CodeDiff:
        """Return a unified diff of the user's files in the code packages, of each object against the first.

        Returns
        -------
        CodeDiff
            A str that shows itself in notebooks with a summary and marked words. Empty if the files are equal. Costs one download per object, and none if the hashes are equal.

        Raises
        ------
        DataException
            An object has no code package, or its package cannot be read.
        """
        return code_diff(list(zip(self.names(), self.objects, strict=True)))

    def packages(self) -> list[Difference]:
        """Return the packages that the compared runs do not have in the same version, by name.

        Python and Metaflow are among them. Costs what :meth:`Run.packages` costs, for each run.

        Returns
        -------
        list of Difference
            One for each package, with one version for each run. A version that is only requested says so. A package that
            a run does not have is ``MISSING``.

        Raises
        ------
        MetaflowInvalidArgument
            Steps or tasks are compared.
        DataException
            A code package is damaged or too large.

        Examples
        --------
        >>> compare("ForecastFlow/1795378919475034", "ForecastFlow/1795378900338660").packages()
        []
        """
        from mfwidgets.client.answers.packages import package_differences

        return package_differences(self.objects)

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
            name: [value_in_table(difference.values[place]) for difference in self.differences]  # noqa: PD011 - no pandas
            for place, name in enumerate(self.names())
        }

    def __bool__(self) -> bool:
        return bool(self.differences)

    def __repr__(self) -> str:
        return visible(f"<comparison of {' and '.join(self.names())}: {len(self.differences)} differences>")


def compare(
    *objects: "MetaflowObject | str | Iterable[MetaflowObject | str]",
    baseline: "MetaflowObject | str | int | None" = None,
    max_bytes: int = PLAIN.max_bytes,
    unpickle: bool = False,
) -> Comparison:
    """Compare runs, steps or tasks. The display shows status, parameters and results first, best values marked.

    Costs three bulk requests for each object: its tasks, its metadata and its artifacts. For a run, also reads the
    graph. Reads each distinct value of at most 200 differences once.

    Parameters
    ----------
    *objects
        Two or more objects of one kind, or one list of them, or their pathspecs (or aliases such as ``HelloFlow/latest``). They may belong
        to different clients.
    baseline
        One of the objects, its pathspec, or its position from 0. The display shows how far numbers are from it. By
        default, the first of two objects; more objects have no baseline.
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
        There are fewer than two objects, they are of different kinds, or they are flows or artifacts. Or the baseline is
        not one of them.

    Examples
    --------
    >>> comparison = compare("ForecastFlow/1795378919475034", "ForecastFlow/1795378900338660")
    >>> comparison
    <comparison of ForecastFlow/1795378919475034 and ForecastFlow/1795378900338660: 10 differences>
    >>> [difference.name for difference in comparison.differences if difference.section == "parameters"]
    ['alpha']
    """
    client = Metaflow()
    if len(objects) == 1 and isinstance(objects[0], list | tuple | Collection):
        objects = tuple(objects[0])
    compared: list[Any] = [client.get(item) if isinstance(item, str) else ours(item) for item in objects]
    kinds = {getattr(item, "_kind", None) for item in compared}
    if len(compared) < 2 or len(kinds) != 1 or not kinds <= {"run", "step", "task"}:  # noqa: PLR2004 - a pair
        shown = ", ".join(repr_of(item, 60) for item in compared) or "nothing"
        raise MetaflowInvalidArgument(f"Expected two or more runs, or steps, or tasks to compare, got {shown}.")
    comparison = compare_objects(compared, Reading(max_bytes, unpickle))
    comparison.baseline = _baseline(compared, client.get(baseline) if isinstance(baseline, str) else baseline)
    return comparison


def _baseline(objects: Sequence[Any], baseline: Any) -> int | None:
    """Return the position of the baseline."""
    if baseline is None:
        return 0 if len(objects) == 2 else None  # noqa: PLR2004 - a pair
    if isinstance(baseline, int) and not isinstance(baseline, bool) and 0 <= baseline < len(objects):
        return baseline
    chosen = ours(baseline)
    for position, item in enumerate(objects):
        if item == chosen:
            return position
    raise MetaflowInvalidArgument(
        f"Expected baseline= to be one of the {len(objects)} compared objects or its position from 0, got {repr_of(baseline, 60)}."
    )


def compare_objects(objects: Sequence[MetaflowObject], reading: Reading = PLAIN) -> Comparison:
    """Compare objects of one kind."""
    contexts = {id(item._context): remembering_context(item._context) for item in objects}
    remembering = [type(item)._of(contexts[id(item._context)], item._record, item._attempt) for item in objects]
    facts = parallel_map(facts_of, remembering)
    differences = with_values(remembering, list(_differences(facts)), reading)
    equal = with_values(remembering[:1], list(_equal_facts(facts)), reading)  # the others have the same bytes
    runs = load_compared_runs([item for item in remembering if isinstance(item, Run)])
    return Comparison(tuple(objects), differences, None, equal, runs if runs.rows else None)


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


def _equal_facts(facts: Sequence[Facts]) -> Iterator[Difference]:
    """Yield the facts that are the same in all objects, with the value of the first one only."""
    shared = set(facts[0]).intersection(*facts[1:])
    for name in sorted(shared, key=lambda name: (SECTIONS.index(name.section), name.name)):
        compared = [facts_of_one[name] for facts_of_one in facts]
        if name.section in _EQUAL_SECTIONS and len({fact.key for fact in compared}) == 1:
            yield _difference(name, compared[:1])


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


def _missing_note(difference: Difference, names: Sequence[str]) -> str:
    missing = [name for name, value in zip(names, difference.values, strict=True) if value is MISSING]
    return f"missing in {', '.join(missing)}" if missing else ""


def _has_duplicates(names: Sequence[str]) -> bool:
    return len(set(names)) < len(names)
