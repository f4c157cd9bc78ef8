"""Filters runs by the values of their parameters and artifacts.

Equality is Python's ``==``. If the stored hash equals the hash of an equal value's pickle, the value is not read. Any
other distinct value is read once, if it is small and plain.
"""

import hashlib
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import Any

from mfwidgets.concurrency import BATCH_SIZE, parallel_map
from mfwidgets.errors import MetaflowInvalidArgument, ValuesNotRead, warn
from mfwidgets.providers.records import ArtifactRecord, RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import FLOW_NAME, PARAMETERS
from mfwidgets.queries.run_memory import Question, artifacts_question, ask
from mfwidgets.queries.values.reading import PLAIN, NotRead, Reading, equal, values_of
from mfwidgets.queries.values.value_columns import check_step, step_artifacts
from mfwidgets.safe_repr import repr_of

_PROTOCOLS = (2, 4)
"""The pickle protocols that Metaflow has used."""

_PROVABLE_TYPES = (int, float, bool, str, type(None))
"""Equal values of these exact types have equal pickles, except -0.0 and values that are equal across types."""


@dataclass(frozen=True)
class ValueFilter:
    """Conditions on the values of a run.

    Attributes
    ----------
    conditions
        Names of parameters or artifacts to a value, or to a function that returns whether a value is accepted.
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
        words = (
            f"{name} matches {getattr(value, '__name__', 'a function')}"
            if callable(value)
            else f"{name} == {repr_of(value, 40)}"
            for name, value in self.conditions.items()
        )
        return f" where {' and '.join(words)}{f' in {self.step}' if self.step else ''}"

    def filter_runs(self, context: ClientContext, runs: Iterable[RunRecord]) -> Iterator[RunRecord]:
        """Yield the accepted runs, batch by batch.

        Raises
        ------
        MetaflowInvalidArgument
            A function of a condition raised an exception.

        Warns
        -----
        ValuesNotRead
            A run was skipped because its value is too large or not plain, or no run has a value of a name.
        """
        if self.reading.executor is not None:
            context.check_picklable()
        read = partial(_records, names=frozenset(self.conditions), step=self.step)
        question = artifacts_question(f"where {self.step or ''}/{' '.join(sorted(self.conditions))}", read)
        remaining, seen, unread, count = iter(runs), set[str](), set[str](), 0
        while batch := list(islice(remaining, BATCH_SIZE)):
            count += len(batch)
            rows = self._rows(context, batch, question)
            records = list(chain.from_iterable(rows))
            seen.update(record.name for record in records)
            accepted = self._accepted_values(context, records, unread)
            for run, row in zip(batch, rows, strict=True):
                if self._are_met([record for record in row if accepted[record.name, record.sha]]):
                    yield run
        if count:
            self._warn_of_unknown_names(self.conditions.keys() - seen, count)

    def _rows(
        self, context: ClientContext, runs: Sequence[RunRecord], question: Question[list[ArtifactRecord]]
    ) -> list[list[ArtifactRecord]]:
        if self.reading.executor is None:
            return ask(context, runs, question)
        return parallel_map(partial(question.read, context), runs, title="runs", executor=self.reading.executor)

    def _warn_of_unknown_names(self, names: Iterable[str], count: int) -> None:
        place = f"an artifact of step {self.step!r}" if self.step else "an artifact of its end task"
        for name in names:
            warn(f"where({name}=): none of {count:,} runs has a parameter or {place} with this name.", ValuesNotRead)

    def _are_met(self, accepted: Sequence[ArtifactRecord]) -> bool:
        """Return whether the parameters and one task together have an accepted value for each condition."""
        parameters = {record.name for record in accepted if record.step == PARAMETERS}
        tasks: dict[str, set[str]] = {"": set()}
        for record in accepted:
            if record.step != PARAMETERS:
                tasks.setdefault(record.task_id, set()).add(record.name)
        return any(len(parameters | names) == len(self.conditions) for names in tasks.values())

    def _accepted_values(
        self, context: ClientContext, records: Sequence[ArtifactRecord], unread: set[str]
    ) -> dict[tuple[str, str], bool]:
        """Return for each distinct name and hash whether the value is accepted."""
        distinct = {(record.name, record.sha): record for record in records}
        proofs = {name: proofs_of(value) for name, value in self.conditions.items()}
        accepted = {key: True for key in distinct if key[1] in proofs[key[0]]}
        to_read = [record for key, record in distinct.items() if key not in accepted]
        for record, value in zip(to_read, values_of(context, to_read, self.reading), strict=True):
            if isinstance(value, NotRead) and record.name not in unread:
                unread.add(record.name)
                warn(f"where({record.name}=): skipped runs whose value was not read: {value.reason}.", ValuesNotRead)
            accepted[record.name, record.sha] = not isinstance(value, NotRead) and self._matches(record, value)
        return accepted

    def _matches(self, record: ArtifactRecord, value: Any) -> bool:
        condition = self.conditions[record.name]
        if not callable(condition):
            return equal(value, condition)
        try:
            return bool(condition(value))
        except Exception as error:
            raise MetaflowInvalidArgument(
                f"where({record.name}=): the function raised {type(error).__name__} ({' '.join(str(error).split()):.100}) for the value of "
                f"{'/'.join(record.path)}, {repr_of(value, 60)}."
            ) from error


def _records(
    context: ClientContext, run: RunRecord, *, names: frozenset[str], step: str | None
) -> list[ArtifactRecord]:
    """Return the parameters with these names, and the artifacts of the step with the remaining names."""
    parameters = context.provider.artifacts((*run.path, PARAMETERS), names - {FLOW_NAME})
    others = names - {record.name for record in parameters}
    return parameters + step_artifacts(context, run, step=step, names=others) if others else parameters


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
