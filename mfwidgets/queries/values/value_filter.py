"""Filters runs by the values of their parameters and artifacts.

A name is that of a parameter or an artifact, or of a value inside of a dict. Equality is Python's ``==``. If the stored hash equals the hash of an equal value's pickle, the value is not read. Any
other distinct value is read once, if it is small and plain.
"""

import hashlib
import json
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import Any

from mfwidgets.concurrency import BATCH_SIZE, parallel_map
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.providers.records import ArtifactRecord, RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import FLOW_NAME, PARAMETERS
from mfwidgets.queries.run_memory import artifacts_question, ask
from mfwidgets.queries.values.comparisons import Comparisons, NotComparable
from mfwidgets.queries.values.filter_notes import NAMES_OF_FACTS, FilterNotes
from mfwidgets.queries.values.reading import PLAIN, NotRead, Reading, equal, values_of
from mfwidgets.queries.values.results import result_columns
from mfwidgets.queries.values.value_columns import check_step, step_artifacts
from mfwidgets.queries.values.value_names import (
    ARTIFACT,
    MISSING,
    ValueName,
    inside,
    several_meanings,
    value_name,
    with_last_part,
)
from mfwidgets.safe_repr import repr_of

_PROTOCOLS = (2, 4)
"""The pickle protocols that Metaflow has used."""

_PROVABLE_TYPES = (int, float, bool, str, type(None))
"""Equal values of these exact types have equal pickles, except -0.0 and values that are equal across types."""


_MAX_JUDGED = 50_000
"""After this many distinct values, they are forgotten, and read again. They take 20 MB."""

_Key = tuple[str, str, str]
"""A name in a condition, the path inside of a value, and the hash of the value."""


@fast_dataclass(frozen=True, slots=True)
class _Choice:
    """The artifact that a condition means in a run.

    Attributes
    ----------
    name
        The name in the condition.
    path
        The path inside of its value. Empty for the value itself.
    """

    name: str
    path: str
    record: ArtifactRecord

    @property
    def key(self) -> _Key:
        """Equal keys have equal answers."""
        return self.name, self.path, self.record.sha


@dataclass(frozen=True)
class ValueFilter:
    """Conditions on the values of a run.

    Attributes
    ----------
    conditions
        Names of parameters or artifacts to a value, to comparisons of the filter language, or to a function that returns
        whether a value is accepted. Names are those of :func:`value_name`.
    step
        The step of the artifacts. None is the last step. A run is accepted if one task of the step meets all conditions.
    reading
        How values are read.
    """

    conditions: Mapping[str, Any]
    step: str | None = None
    reading: Reading = PLAIN

    def __post_init__(self) -> None:
        check_step(self.step)
        if not self.conditions or not all(isinstance(name, str) for name in self.conditions):
            raise MetaflowInvalidArgument(
                "Expected conditions such as where(alpha=0.1, score=lambda value: value > 0.9), "
                f"got {repr_of(self.conditions, 60)}."
            )

    def described(self) -> str:
        """Return the conditions as words that follow "runs of HelloFlow"."""
        words = " and ".join(_described(name, value) for name, value in self.conditions.items())
        return f" where {words}{f' in {self.step}' if self.step else ''}"

    def filter_runs(self, context: ClientContext, runs: Iterable[RunRecord]) -> Iterator[RunRecord]:
        """Yield the accepted runs, batch by batch.

        Raises
        ------
        MetaflowInvalidArgument
            A function of a condition raised an exception, or a name of the filter language is ambiguous.

        Warns
        -----
        ValuesNotRead
            A run was skipped because its value is too large or not plain, or has another type than the condition. Or no
            run has a value of a name.
        """
        if self.reading.executor is not None:
            context.check_picklable()
        names = {name: value_name(name) for name in self.conditions}
        notes, remaining, count = FilterNotes(self.conditions, self.step), iter(runs), 0
        samples: list[RunRecord] = []
        accepted: dict[_Key, bool] = {}
        while batch := list(islice(remaining, BATCH_SIZE)):
            rows = [list(self._choices(names, row, notes)) for row in self._rows(context, batch, names)]
            if not count and (inner := self._names_inside(context, batch, rows)):
                names |= {name: names[name].or_inside(full) for name, full in inner.items()}
                rows = [list(self._choices(names, row, notes)) for row in self._rows(context, batch, names)]
            count += len(batch)
            samples = samples or [batch[0], *batch[1:][-1:]]
            new = [choice for choice in chain.from_iterable(rows) if choice.key not in accepted]
            accepted |= self._accepted_values(context, new, notes)
            for run, row in zip(batch, rows, strict=True):
                if self._are_met([choice for choice in row if accepted[choice.key]]):
                    yield run
            if len(accepted) > _MAX_JUDGED:
                accepted.clear()
        if count:
            notes.warn_of_unknown_names(context, samples, count)

    def _names_inside(
        self, context: ClientContext, runs: Sequence[RunRecord], rows: Iterable[Iterable[_Choice]]
    ) -> dict[str, str]:
        """Return the full names of values inside of dicts that short names mean which none of these runs has.

        Costs what :func:`result_columns` costs, if there is such a short name. This is the rule of the names of columns.

        Raises
        ------
        MetaflowInvalidArgument
            A short name means several values.
        """
        chosen = {choice.name for row in rows for choice in row}
        unknown = [name for name in self.conditions if not ("." in name or name in NAMES_OF_FACTS or name in chosen)]
        full_names = list(result_columns(context, runs)) if unknown and self.step is None else []
        matching = {name: with_last_part(name, full_names) for name in unknown}
        for name, meanings in matching.items():
            if len(meanings) > 1:
                raise several_meanings(name, meanings)
        return {name: meanings[0] for name, meanings in matching.items() if meanings}

    def _rows(
        self, context: ClientContext, runs: Sequence[RunRecord], names: Mapping[str, ValueName]
    ) -> list[list[ArtifactRecord]]:
        read = partial(_records, names=tuple(names.values()), step=self.step)
        inner = [spelling for meaning in names.values() for spelling in meaning.spellings[1:]]
        key = json.dumps([sorted(names), *sorted(inner)] if inner else sorted(names))
        question = artifacts_question(f"values {self.step or ''}/{key}", read)
        if self.reading.executor is None:
            return ask(context, runs, question)
        return parallel_map(partial(question.read, context), runs, title="runs", executor=self.reading.executor)

    def _choices(
        self, names: Mapping[str, ValueName], row: Sequence[ArtifactRecord], notes: FilterNotes
    ) -> Iterator[_Choice]:
        """Yield the artifacts of a run that the conditions mean."""
        parameters = [record for record in row if record.step == PARAMETERS]
        others = [record for record in row if record.step != PARAMETERS]
        parameter_names = {record.name for record in parameters}
        for name, meaning in names.items():
            is_parameter = meaning.is_parameter(parameter_names)
            records = parameters if is_parameter else others
            stored = {record.name for record in records}
            for spelling, path in meaning.spellings:
                if spelling in stored:
                    if not meaning.place:
                        notes.has_meaning(name, is_parameter, f"{spelling}.{path}" if path else spelling)
                    yield from (_Choice(name, path, record) for record in records if record.name == spelling)
                    break

    def _are_met(self, accepted: Sequence[_Choice]) -> bool:
        """Return whether the parameters and one task together have an accepted value for each condition."""
        parameters = {choice.name for choice in accepted if choice.record.step == PARAMETERS}
        tasks: dict[str, set[str]] = {"": set()}
        for choice in accepted:
            if choice.record.step != PARAMETERS:
                tasks.setdefault(choice.record.task_id, set()).add(choice.name)
        return any(len(parameters | names) == len(self.conditions) for names in tasks.values())

    def _accepted_values(
        self, context: ClientContext, choices: Sequence[_Choice], notes: FilterNotes
    ) -> dict[_Key, bool]:
        """Return for each distinct name and hash whether the value is accepted."""
        distinct = {choice.key: choice for choice in choices}
        proofs = {name: _proofs_of_condition(self.conditions[name]) for name, _, _ in distinct}
        accepted = {key: True for key, choice in distinct.items() if not choice.path and key[2] in proofs[choice.name]}
        for name, _, _ in accepted:
            notes.has_value(name)
        to_read = [choice for key, choice in distinct.items() if key not in accepted]
        values = values_of(context, [choice.record for choice in to_read], self.reading)
        for choice, value in zip(to_read, values, strict=True):
            accepted[choice.key] = self._is_accepted(choice, value, notes)
        return accepted

    def _is_accepted(self, choice: _Choice, whole: Any, notes: FilterNotes) -> bool:
        """Return whether the value of an artifact, or the value inside of it, is accepted."""
        value = whole
        if choice.path and not isinstance(whole, NotRead):
            value = inside(whole, choice.path)
            if value is MISSING:
                notes.has_no_key(choice.name, choice.record.name, choice.path, whole)
                return False
        notes.has_value(choice.name)
        if isinstance(value, NotRead):
            notes.skipped(choice.name, "whose value was not read", value.reason)
            return False
        try:
            return self._matches(choice, value)
        except NotComparable as error:
            notes.skipped(choice.name, "whose value has another type", str(error))
            return False

    def _matches(self, choice: _Choice, value: Any) -> bool:
        condition = self.conditions[choice.name]
        if isinstance(condition, Comparisons):
            return condition.accepts(value)
        if not callable(condition):
            return equal(value, condition)
        try:
            return bool(condition(value))
        except Exception as error:
            raise MetaflowInvalidArgument(
                f"where({choice.name}=): the function raised {type(error).__name__} ({' '.join(str(error).split()):.100}) for the value of "
                f"{'/'.join(choice.record.path)}, {repr_of(value, 60)}."
            ) from error


def _described(name: str, condition: Any) -> str:
    if isinstance(condition, Comparisons):
        return condition.text
    if callable(condition):
        return f"{name} matches {getattr(condition, '__name__', 'a function')}"
    return f"{name} == {repr_of(condition, 40)}"


def _records(
    context: ClientContext, run: RunRecord, *, names: tuple[ValueName, ...], step: str | None
) -> list[ArtifactRecord]:
    """Return the parameters that the names mean, and the artifacts of the step that the remaining names mean."""
    possible = frozenset[str]().union(*(name.names for name in names if name.place != ARTIFACT)) - {FLOW_NAME}
    parameters = context.provider.artifacts((*run.path, PARAMETERS), possible) if possible else []
    stored = {record.name for record in parameters}
    others = frozenset[str]().union(*(name.names for name in names if not name.is_parameter(stored)))
    return parameters + step_artifacts(context, run, step=step, names=others) if others else parameters


def _proofs_of_condition(condition: Any) -> frozenset[str]:
    """Return the hashes of the pickles of all values that are accepted because of equality."""
    if isinstance(condition, Comparisons):
        return frozenset[str]().union(*map(proofs_of, condition.only_equal))
    return proofs_of(condition)


def proofs_of(value: Any) -> frozenset[str]:
    """Return the hashes of the pickles of all values that equal this one."""
    if type(value) not in _PROVABLE_TYPES or value != value:  # noqa: PLR0124 - a NaN is equal to nothing
        return frozenset()
    pickles = (pickle.dumps(equal_value, protocol) for equal_value in _equal_values(value) for protocol in _PROTOCOLS)
    return frozenset(hashlib.sha1(content, usedforsecurity=False).hexdigest() for content in pickles)


def _equal_values(value: Any) -> Iterator[Any]:
    """Yield a value, and the equal numbers of other types."""
    yield value
    if not isinstance(value, int | float):
        return
    converters: tuple[Callable[[Any], Any], ...] = (int, float, bool)
    for convert in converters:
        with suppress(ValueError, OverflowError):  # infinities, and numbers too large for a float
            if convert(value) == value:
                yield convert(value)
