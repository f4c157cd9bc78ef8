"""A provider for the time of one display: what is recorded of a run is asked for once, however many parts want it."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from itertools import chain
from threading import Lock
from typing import Any, NamedTuple, TypeVar

from mfwidgets.concurrency import parallel_map
from mfwidgets.providers.base import MetadataProvider, PathPrefix
from mfwidgets.providers.records import ArtifactRecord, MetadataRecord, RunRecord, TaskRecord
from mfwidgets.queries.context import ClientContext


def one_look(context: ClientContext, run: RunRecord) -> ClientContext:
    """Return a scope that answers all questions about a run of a metadata service from two requests and its tasks.

    Local files are asked as before: there a question costs what it reads.
    """
    known = context.provider
    if not known.remote or (isinstance(known, OneLook) and known.covers(run.path)):
        return context
    return replace(context, provider=OneLook(known, run, lambda: _whole(known, run)))


SMALL_RUN = 300
"""Tasks; a smaller run of a service is asked for as a whole, which takes fewer requests than the parts that a task needs."""


def near_look(context: ClientContext, run: RunRecord) -> ClientContext:
    """Return the scope to ask about a task of a run, and what is around it: :func:`one_look` where the run is small."""
    if not context.provider.remote:
        return context
    return one_look(context, run) if len(context.provider.tasks(run)) <= SMALL_RUN else context


_Record = TypeVar("_Record", MetadataRecord, ArtifactRecord)


@dataclass(frozen=True, slots=True)
class _Known:
    """What was asked of a run, found by field and by name."""

    events: list[MetadataRecord]
    artifacts: list[ArtifactRecord]
    tasks: list[TaskRecord]
    by_field: dict[str, list[MetadataRecord]]
    by_name: dict[str, list[ArtifactRecord]]


class Recorded(NamedTuple):
    """What is recorded of a run: metadata, the artifacts of the newest attempts, tasks without those of private steps."""

    events: list[MetadataRecord]
    artifacts: list[ArtifactRecord]
    tasks: list[TaskRecord]


def _whole(provider: MetadataProvider, run: RunRecord) -> Recorded:
    """Ask for all that is recorded of a run: two requests, and one a step."""
    asked: list[Callable[[], list[Any]]] = [
        lambda: provider.metadata(run.path),
        lambda: provider.artifacts(run.path),
        lambda: provider.tasks(run),
    ]
    return Recorded(*parallel_map(lambda ask: ask(), asked))


class OneLook:
    """Answers about one run from what was asked once; all other questions go on to the provider.

    Parameters
    ----------
    provider, run
        Where to ask, and about which run.
    ask
        Asks, when the first question comes.
    """

    def __init__(self, provider: MetadataProvider, run: RunRecord, ask: Callable[[], Recorded]) -> None:
        self._provider, self._run, self._ask = provider, run, ask
        self._found: _Known | None = None
        self._lock = Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)

    def _known(self) -> _Known:
        with self._lock:
            if self._found is None:
                recorded = self._ask()
                by_field, by_name = _grouped(recorded.events, "field"), _grouped(recorded.artifacts, "name")
                self._found = _Known(*recorded, by_field, by_name)
            return self._found

    def covers(self, where: PathPrefix) -> bool:
        """Tell whether it can answer about this part of the tree."""
        return where[:2] == self._run.path

    def metadata(self, where: PathPrefix, fields: Collection[str] | None = None) -> list[MetadataRecord]:
        """Return metadata events there."""
        if not self.covers(where):
            return self._provider.metadata(where, fields)
        known = self._known()
        events = known.events if fields is None else chain.from_iterable(known.by_field.get(one, ()) for one in fields)
        return _within(where, events)

    def run_metadata(self, run: RunRecord) -> list[MetadataRecord]:
        """Return the metadata events of a run."""
        return self.metadata(run.path) if self.covers(run.path) else self._provider.run_metadata(run)

    def artifacts(
        self,
        where: PathPrefix,
        names: Collection[str] | None = None,
        attempt: int | None = None,
        *,
        public_only: bool = False,
    ) -> list[ArtifactRecord]:
        """Return the artifacts there."""
        if attempt is not None or not self.covers(where):
            return self._provider.artifacts(where, names, attempt, public_only=public_only)
        known = self._known()
        records = known.artifacts if names is None else chain.from_iterable(known.by_name.get(one, ()) for one in names)
        found = _within(where, records)
        return [record for record in found if not record.name.startswith("_")] if public_only else found

    def metadata_and_artifacts(
        self, where: PathPrefix, fields: Collection[str], names: Collection[str]
    ) -> tuple[list[MetadataRecord], list[ArtifactRecord]]:
        """Return metadata events and artifacts there."""
        if not self.covers(where):
            return self._provider.metadata_and_artifacts(where, fields, names)
        return self.metadata(where, fields) if fields else [], self.artifacts(where, names) if names else []

    def tasks(self, run: RunRecord, step: str | None = None) -> list[TaskRecord]:
        """Return tasks; those of private steps are asked for."""
        if not self.covers(run.path) or (step is not None and step.startswith("_")):
            return self._provider.tasks(run, step)
        return [task for task in self._known().tasks if step in (None, task.step)]


def _grouped(records: list[Any], key: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for record in records:
        found[getattr(record, key)].append(record)
    return dict(found)


def _within(where: PathPrefix, records: Iterable[_Record]) -> list[_Record]:
    """Return those that lie there: all of them where that is the run."""
    below = where[_RUN:]
    return [one for one in records if (one.step, one.task_id)[: len(below)] == below] if below else list(records)


_RUN = 2
"""Parts in the path of a run."""
