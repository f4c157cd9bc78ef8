"""Which runs are wanted by the values of their parameters and artifacts.

Equality is Python's. Where the stored hash is that of an equal value's pickle, that proves it, and nothing is read; every
other distinct hash is read once, if it is small and plain.
"""

import hashlib
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from mfwidgets.concurrency import BATCH_SIZE, parallel_map
from mfwidgets.errors import MetaflowInvalidArgument, warn_of_values
from mfwidgets.providers.records import ArtifactRecord, RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import FLOW_NAME, PARAMETERS, end_step
from mfwidgets.queries.values.reading import PLAIN, NotRead, Reading, equal, values_of
from mfwidgets.queries.values.value_columns import check_step

_PROTOCOLS = (2, 4)
"""The pickle protocols that Metaflow has used."""

_PROVEN = (int, float, bool, str, type(None))
"""Of these exact types equal values have equal pickles, but for -0.0 and what is equal across types."""


@dataclass(frozen=True)
class ValueFilter:
    """What the values of a run must be.

    Attributes
    ----------
    wanted
        By the name of a parameter or an artifact: a value, or a function that tells of one whether it will do.
    step
        Whose artifacts; None is the last step. A run will do when one of its tasks meets all conditions.
    """

    wanted: Mapping[str, Any]
    step: str | None = None
    reading: Reading = PLAIN

    def __post_init__(self) -> None:
        check_step(self.step)
        if not self.wanted or not all(isinstance(name, str) for name in self.wanted):
            raise MetaflowInvalidArgument(
                "where() wants names with values or functions: where(alpha=0.1, score=lambda value: value > 0.9)."
            )

    def described(self) -> str:
        """Return this in words that go on from "runs of HelloFlow"."""
        words = (
            f"{name} fits {getattr(value, '__name__', 'a function')}" if callable(value) else f"{name} == {value!r:.40}"
            for name, value in self.wanted.items()
        )
        return f" where {' and '.join(words)}{f' in {self.step}' if self.step else ''}"

    def met(self, context: ClientContext, runs: Iterable[RunRecord]) -> Iterator[RunRecord]:
        """Yield the runs that will do, asking of some at a time.

        Raises
        ------
        MetaflowInvalidArgument
            A function of the condition raised.

        Warns
        -----
        ValuesNotRead
            A value was too large or no plain one, so that its run is left out; no run has a value of a name.
        """
        if self.reading.executor is not None:
            context.check_picklable()
        some, seen, unread, asked = iter(runs), set[str](), set[str](), 0
        read = partial(_records, context, names=frozenset(self.wanted), step=self.step)
        while batch := list(islice(some, BATCH_SIZE)):
            asked += len(batch)
            found = parallel_map(
                read, batch, title="runs", executor=self.reading.executor, max_concurrency=context.max_concurrency
            )
            seen.update(record.name for records in found for record in records)
            verdicts = self._verdicts(context, [record for records in found for record in records], unread)
            for run, records in zip(batch, found, strict=True):
                if self._are_met([record for record in records if verdicts[record.name, record.sha]]):
                    yield run
        where = f"an artifact of step {self.step!r}" if self.step else "an artifact of its end task"
        for name in self.wanted.keys() - seen if asked else ():
            warn_of_values(f"where({name}=): none of {asked:,} runs has a parameter or {where} of this name.")

    def _are_met(self, good: Sequence[ArtifactRecord]) -> bool:
        """Tell whether parameters, and one of the tasks, have all that is wanted."""
        parameters = {record.name for record in good if record.step == PARAMETERS}
        tasks: dict[str, set[str]] = {"": set()}
        for record in good:
            if record.step != PARAMETERS:
                tasks.setdefault(record.task_id, set()).add(record.name)
        return any(len(parameters | names) == len(self.wanted) for names in tasks.values())

    def _verdicts(
        self, context: ClientContext, records: Sequence[ArtifactRecord], unread: set[str]
    ) -> dict[tuple[str, str], bool]:
        """Tell of each distinct name and hash whether the value will do."""
        distinct = {(record.name, record.sha): record for record in records}
        proofs = {name: proofs_of(value) for name, value in self.wanted.items()}
        verdicts = {key: True for key in distinct if key[1] in proofs[key[0]]}
        open_ones = [record for key, record in distinct.items() if key not in verdicts]
        for record, value in zip(open_ones, values_of(context, open_ones, self.reading), strict=True):
            if isinstance(value, NotRead) and record.name not in unread:
                unread.add(record.name)
                warn_of_values(f"where({record.name}=): runs are left out whose value was not read: {value.reason}.")
            verdicts[record.name, record.sha] = not isinstance(value, NotRead) and self._fits(record, value)
        return verdicts

    def _fits(self, record: ArtifactRecord, value: Any) -> bool:
        wanted = self.wanted[record.name]
        if not callable(wanted):
            return equal(value, wanted)
        try:
            return bool(wanted(value))
        except Exception as error:
            raise MetaflowInvalidArgument(
                f"where({record.name}=): the function raised {type(error).__name__} ({error!s:.100}) for the value of "
                f"{'/'.join(record.path)}, {value!r:.60}."
            ) from error


def _records(
    context: ClientContext, run: RunRecord, *, names: frozenset[str], step: str | None
) -> list[ArtifactRecord]:
    """Return the parameters of these names, and for the other names the artifacts of the step."""
    found = context.provider.artifacts((*run.path, PARAMETERS), names - {FLOW_NAME})
    others = names - {record.name for record in found}
    if not others:
        return found
    more = context.provider.artifacts((*run.path, step or "end"), others)
    if not more and not step and (last := end_step(context, run)) != "end":
        more = context.provider.artifacts((*run.path, last), others)
    return found + more


def proofs_of(wanted: Any) -> frozenset[str]:
    """Return the hashes of pickles of values that are equal to this one."""
    if type(wanted) not in _PROVEN or wanted != wanted:  # noqa: PLR0124 - a NaN is equal to nothing
        return frozenset()
    equals: list[Any] = [wanted]
    converters: tuple[Callable[[Any], Any], ...] = (int, float, bool)
    if isinstance(wanted, int | float):
        for convert in converters:
            try:
                other = convert(wanted)
            except (ValueError, OverflowError):  # infinities, and what no float holds
                continue
            equals += [other] if other == wanted else []
    pickles = (pickle.dumps(value, protocol) for value in equals for protocol in _PROTOCOLS)
    return frozenset(hashlib.sha1(content, usedforsecurity=False).hexdigest() for content in pickles)
