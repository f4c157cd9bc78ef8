"""A provider for the time of one display: what is recorded of a run is asked for once, however many parts want it."""

from collections.abc import Callable, Collection
from dataclasses import replace
from threading import Lock
from typing import Any

from mfwidgets.client.scope import Scope
from mfwidgets.fan_out import each
from mfwidgets.metadata_provider.base import MetadataProvider, Where
from mfwidgets.metadata_provider.records import ArtifactRecord, MetadataRecord, RunRecord, TaskRecord


def one_look(scope: Scope, run: RunRecord) -> Scope:
    """Return a scope that answers all questions about a run of a metadata service from two requests and its tasks.

    Local files are asked as before: there a question costs what it reads.
    """
    return replace(scope, provider=_OneLook(scope.provider, run)) if scope.provider.remote else scope


SMALL_RUN = 300
"""Tasks; a smaller run of a service is asked for as a whole, which takes fewer requests than the parts that a task needs."""


def near_look(scope: Scope, run: RunRecord) -> Scope:
    """Return the scope to ask about a task of a run, and what is around it: :func:`one_look` where the run is small."""
    if not scope.provider.remote:
        return scope
    return one_look(scope, run) if len(scope.provider.tasks(run)) <= SMALL_RUN else scope


class _OneLook:
    """Answers about one run from what was asked once; all other questions go on to the provider."""

    def __init__(self, provider: MetadataProvider, run: RunRecord) -> None:
        self._provider, self._run = provider, run
        self._known: tuple[list[MetadataRecord], list[ArtifactRecord], list[TaskRecord]] | None = None
        self._lock = Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)

    def _all(self) -> tuple[list[MetadataRecord], list[ArtifactRecord], list[TaskRecord]]:
        with self._lock:
            if self._known is None:
                path = self._run.path
                asked: list[Callable[[], list[Any]]] = [
                    lambda: self._provider.metadata(path),
                    lambda: self._provider.artifacts(path),
                    lambda: self._provider.tasks(self._run),
                ]
                events, records, tasks = each(lambda ask: ask(), asked)
                self._known = events, records, tasks
            return self._known

    def _covers(self, where: Where) -> bool:
        return where[:2] == self._run.path

    def metadata(self, where: Where, fields: Collection[str] | None = None) -> list[MetadataRecord]:
        """Return metadata events there."""
        if not self._covers(where):
            return self._provider.metadata(where, fields)
        return [
            event for event in self._all()[0] if _within(where, event) and (fields is None or event.field in fields)
        ]

    def outcome(self, run: RunRecord) -> list[MetadataRecord]:
        """Return the metadata events of a run."""
        return self.metadata(run.path) if self._covers(run.path) else self._provider.outcome(run)

    def artifacts(
        self,
        where: Where,
        names: Collection[str] | None = None,
        attempt: int | None = None,
        *,
        public_only: bool = False,
    ) -> list[ArtifactRecord]:
        """Return the artifacts there."""
        if attempt is not None or not self._covers(where):
            return self._provider.artifacts(where, names, attempt, public_only=public_only)
        return [
            record
            for record in self._all()[1]
            if _within(where, record)
            and (names is None or record.name in names)
            and not (public_only and record.name.startswith("_"))
        ]

    def facts(
        self, where: Where, fields: Collection[str], names: Collection[str]
    ) -> tuple[list[MetadataRecord], list[ArtifactRecord]]:
        """Return metadata events and artifacts there."""
        if not self._covers(where):
            return self._provider.facts(where, fields, names)
        return self.metadata(where, fields) if fields else [], self.artifacts(where, names) if names else []

    def tasks(self, run: RunRecord, step: str | None = None) -> list[TaskRecord]:
        """Return tasks; those of private steps are asked for."""
        if not self._covers(run.path) or (step is not None and step.startswith("_")):
            return self._provider.tasks(run, step)
        return [task for task in self._all()[2] if step in (None, task.step)]


def _within(where: Where, record: MetadataRecord | ArtifactRecord) -> bool:
    return (record.step, record.task_id)[: len(where) - 2] == where[2:]
