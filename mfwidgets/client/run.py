"""Runs: one execution of a flow."""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Literal, cast

from mfwidgets.client.artifact import MetaflowData
from mfwidgets.client.attempts import newest_task
from mfwidgets.client.base import MetaflowObject, limited
from mfwidgets.client.code import MetaflowCode, code_of_run
from mfwidgets.client.collection import Collection
from mfwidgets.client.graph import end_step, start_step
from mfwidgets.client.presentable import runs_to_pandas
from mfwidgets.client.rows import RunRow, run_rows
from mfwidgets.client.run_states import RunState, origin_run_id, quick_success, run_states
from mfwidgets.client.scope import Scope, has_tags, tag_filter
from mfwidgets.client.status import Status
from mfwidgets.client.step import Step, Steps
from mfwidgets.client.tags import tag_change
from mfwidgets.client.task import Artifacts, Task, Tasks
from mfwidgets.client.trigger import Trigger
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.metadata_provider.base import Choice
from mfwidgets.metadata_provider.records import RunRecord
from mfwidgets.pathspec import Path
from mfwidgets.times import local_datetime

if TYPE_CHECKING:
    import pandas as pd

    from mfwidgets.client.flow import Flow


FEW = 200
"""Of so many runs of a metadata service the exact ends are asked for unbidden."""


class Run(MetaflowObject, kind="run"):
    """A run: ``Run('HelloFlow/2')``. Iterating gives its steps, newest first (end to start, as a rule)."""

    _record: RunRecord

    def _find(self, run: RunRecord, path: Path) -> RunRecord:  # noqa: ARG002 - the run is what was found
        return run

    def _run_record(self) -> RunRecord:
        return self._record

    def _child(self, name: str) -> Step | None:
        found = self._scope.provider.step(self._record, name)
        return Step.of(self._scope, found) if found else None

    def _child_names(self) -> list[str]:
        return limited(step.id for step in self.steps())

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps())

    @property
    def parent(self) -> "Flow":
        """Its flow."""
        return cast("Flow", super().parent)

    def steps(self, *tags: str) -> Steps:
        """Return its steps, newest first, without private ones such as ``_parameters`` (``run['_parameters']`` works).

        Parameters
        ----------
        *tags
            Tags that the run must have (steps carry their run's).
        """
        return Steps(self._scope, self._record, tags)

    def tasks(self, *, limit: int | None = None) -> Tasks:
        """Return the tasks of all its steps, newest first, in bulk.

        Parameters
        ----------
        limit
            The most tasks to give.
        """
        return Tasks(self._scope, self._record, None, (), limit)

    def artifacts(self) -> Artifacts:
        """Return the artifacts of all its tasks, private ones left out, in bulk; no value is read."""
        return Artifacts(self._scope, self._record)

    # -- what became of it ------------------------------------------------------------------------------------------

    def _state(self) -> RunState:
        return run_states(self._scope, [self._record])[0]

    @property
    def status(self) -> Status:
        """``completed``, ``caught``, ``failed``, ``running`` or ``unknown``: a text, with the reason at ``.reason``.

        ``completed`` if and only if :attr:`successful`. Costs two small questions for a run that completed; the tasks
        of the whole run are read, in bulk, for any other.
        """
        return self._state().status

    @property
    def end_task(self) -> Task | None:
        """The task of its last step; None while it did not get there."""
        found = newest_task(self._scope.provider.tasks(self._record, end_step(self._scope, self._record)))
        return Task.of(self._scope, found) if found else None

    @property
    def successful(self) -> bool | None:
        """Whether its end task succeeded; False while there is none."""
        if quick_success(self._scope, self._record):
            return True
        end = self.end_task
        return end.successful if end else False

    @property
    def finished(self) -> bool | None:
        """Whether its end task ended as it should: a failed run is *not* finished, as in Metaflow's client.

        :attr:`status` tells failed from running.
        """
        if quick_success(self._scope, self._record):
            return True
        end = self.end_task
        return end.finished if end else False

    @property
    def finished_at(self) -> datetime | None:
        """When its end task had its result recorded; naive local time. None while there is none."""
        quick = quick_success(self._scope, self._record)
        if quick and quick.finished_ms:
            return local_datetime(quick.finished_ms)
        end = self.end_task
        return end.finished_at if end else None

    @property
    def started_at(self) -> datetime:
        """When it was registered, which is its ``created_at``: runs do not queue, tasks do. Naive local time."""
        return local_datetime(self._record.created_ms)

    @property
    def duration(self) -> timedelta | None:
        """From its start to the end of its end task; None while that has not ended."""
        finished_ms = self._state().finished_ms
        return None if finished_ms is None else timedelta(milliseconds=finished_ms - self._record.created_ms)

    @property
    def user(self) -> str:
        """Who started it."""
        return self._record.user

    @property
    def data(self) -> MetaflowData | None:
        """The artifacts of its end task as attributes; None while there is none."""
        end = self.end_task
        return end.data if end else None

    @property
    def origin_pathspec(self) -> str | None:
        """The run that this one resumed; None for a run that is no resume."""
        if self._scope.provider.remote:
            origin = origin_run_id(self._scope.provider.metadata(self._record.path, {"origin-run-id"}))
        else:
            origin = self._state().origin_run_id
        return f"{self._record.flow}/{origin}" if origin else None

    @property
    def code(self) -> MetaflowCode | None:
        """The code that it ran, where Metaflow stored a package of it, else None.

        Where none of its own tasks recorded one, that of the run it resumed. One bulk question for each of these runs.
        """
        return code_of_run(self._scope, self._record)

    @property
    def trigger(self) -> Trigger | None:
        """The events that triggered it, as Argo Workflows records them; None for none (one or two small questions)."""
        start = self._child(start_step(self._scope, self._record))
        events = self._scope.provider.metadata(start._record.path, {"execution-triggers"}) if start else []
        newest = max(events, key=lambda event: event.created_ms, default=None)
        return Trigger(self._scope, json.loads(str(newest.value))) if newest else None

    # -- tags -------------------------------------------------------------------------------------------------------

    def add_tag(self, tag: str | Iterable[str]) -> None:
        """Add a tag; one that is a system tag already is silently left alone.

        Parameters
        ----------
        tag
            A text of at most 500 characters, or several.

        Raises
        ------
        MetaflowTaggingError
            It is no tag, the run would have more than 50, or it cannot be written.
        """
        self.replace_tags((), tag)

    def add_tags(self, tags: str | Iterable[str]) -> None:
        """Add tags in one step, as :meth:`add_tag` adds one."""
        self.replace_tags((), tags)

    def remove_tag(self, tag: str | Iterable[str]) -> None:
        """Remove a tag; one that the run does not have is no error, a system tag is.

        Raises
        ------
        MetaflowTaggingError
            It is a system tag or no tag, or it cannot be written.
        """
        self.replace_tags(tag, ())

    def remove_tags(self, tags: str | Iterable[str]) -> None:
        """Remove tags in one step, as :meth:`remove_tag` removes one."""
        self.replace_tags(tags, ())

    def replace_tag(self, tag_to_remove: str | Iterable[str], tag_to_add: str | Iterable[str]) -> None:
        """Remove a tag and add another in one step, the removal first."""
        self.replace_tags(tag_to_remove, tag_to_add)

    def replace_tags(self, tags_to_remove: str | Iterable[str], tags_to_add: str | Iterable[str]) -> None:
        """Remove and add tags in one step, the removals first; this object sees the new tags at once.

        Raises
        ------
        MetaflowTaggingError
            As :meth:`add_tag` and :meth:`remove_tag` raise it; nothing is changed then.
        """
        change = tag_change(tags_to_remove, tags_to_add)
        tags = self._scope.provider.change_tags(self._record, change.apply)
        self._record = replace(self._record, user_tags=tags)

    def to_pandas(self) -> "pd.DataFrame":
        """Return a table of its tasks, oldest first, as :meth:`Tasks.to_pandas` gives it."""
        return self.tasks().to_pandas()


class Runs(Collection[Run]):
    """The runs of a flow that are in the namespace and have all the tags, newest first.

    Parameters
    ----------
    scope, flow
        Where to read, and whose runs.
    tags
        Tags that a run must have, user or system.
    limit
        The most runs to give.
    """

    def __init__(self, scope: Scope, flow: str, tags: tuple[str, ...] = (), limit: int | None = None) -> None:
        self.scope, self.flow = scope, flow
        self.tags = tag_filter(tags)
        tagged = f" tagged {' and '.join(self.tags)}" if tags else ""
        super().__init__(f"runs of {flow}{tagged}", self._runs, limit)

    def records(self) -> Iterator[RunRecord]:
        """Yield their records, newest first, reading only as far as the caller goes."""
        return islice(self._chosen(self._limit), self._limit)

    def _chosen(self, limit: int | None, *, with_status: bool = False, service_status: str = "") -> Iterator[RunRecord]:
        namespace = self.scope.namespace
        tags = self.tags if namespace is None else (*self.tags, namespace)
        found = self.scope.provider.runs(self.flow, Choice(tags, limit, with_status, service_status))
        return (run for run in found if has_tags(run, tags))

    def successful(self) -> Iterator[Run]:
        """Yield those that succeeded, newest first, each proved.

        A metadata service is asked for those of which it says so; only where there are none (it knows no last step but
        one named ``end``) all are walked.
        """
        good = self._good("completed") if self.scope.provider.remote else iter(())
        first = next(good, None)
        if first is None:
            yield from self._good("")
        else:
            yield first
            yield from good

    def _good(self, service_status: str) -> Iterator[Run]:
        for record in self._chosen(1 if service_status else None, service_status=service_status):
            run = Run.of(self.scope, record)
            if run.successful:
                yield run

    def rows(self, limit: int | None = None) -> list[RunRow]:
        """Return what is known of them, newest first; of the first ``limit`` only, when given."""
        return run_rows(self.scope, self._with_status(limit))

    def _with_status(self, limit: int | None = None) -> list[RunRecord]:
        most = min((most for most in (limit, self._limit) if most is not None), default=None)
        return list(islice(self._chosen(sys.maxsize if most is None else most, with_status=True), most))

    def _runs(self) -> Iterator[Run]:
        return (Run.of(self.scope, record) for record in self.records())

    def cheap_count(self) -> int | None:
        """Return how many there are, where no record needs to be read for that; else None."""
        if self._limit is not None or self.tags or self.scope.namespace is not None:
            return None
        return self.scope.provider.count_runs(self.flow)

    def count(self) -> int:
        """Return how many there are; all their records are read, unless neither namespace nor tags nor limit choose."""
        cheap = self.cheap_count()
        return super().count() if cheap is None else cheap

    def to_pandas(self, *, times: bool | Literal["auto"] = "auto") -> "pd.DataFrame":
        """Return a table of them, newest first.

        Parameters
        ----------
        times
            Of a metadata service, where the end of each run that completed is a request: True asks for all, False for
            none, so that ``finished_at`` and ``duration`` are empty for these runs; "auto" asks for up to 200 runs, and
            takes the last heartbeats of more for their ends. Local runs have exact times whatever is said here.

        Returns
        -------
        pandas.DataFrame
            ``pathspec``, ``flow``, ``run_id`` (text), ``status`` (category), ``created_at``, ``started_at``,
            ``finished_at`` (UTC), ``duration`` (timedelta), ``user``, ``user_tags``, ``system_tags`` (sorted lists),
            ``origin_run_id`` (of a resumed run, where it was read). ``attrs["times"]`` says what the ends are:
            ``exact``, ``heartbeat`` or ``none``. Costs a handful of small reads a local run that completed; of a service
            a request for 500 runs, and one for each of which a time or a proof is needed.
        """
        if times not in (True, False, "auto"):
            raise MetaflowInvalidArgument(f'times= is True, False or "auto"; not {times!r:.40}.')
        records = self._with_status()
        if not self.scope.provider.remote or times is True or (times == "auto" and len(records) <= FEW):
            kind = "exact"
        elif times == "auto":
            kind = "heartbeat"
        else:
            kind = "none"
        rows = run_rows(self.scope, records, exact_times=kind == "exact")
        if kind == "none":
            rows = [replace(row, finished_ms=None) if row.record.service_status == "completed" else row for row in rows]
        frame = runs_to_pandas(rows)
        frame.attrs["times"] = kind
        return frame
