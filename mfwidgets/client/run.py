"""Runs: one execution of a flow."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from mfwidgets.client.answers.run_parts import RunGraph, RunTimeline
from mfwidgets.client.artifact import MetaflowData
from mfwidgets.client.base import MetaflowObject, limited
from mfwidgets.client.code import MetaflowCode, code_of_run
from mfwidgets.client.collections.metadata_events import MetadataEvents
from mfwidgets.client.collections.tasks import Artifacts, RelatedTasks, Tasks, critical_path, found_artifacts
from mfwidgets.client.step import Step, Steps
from mfwidgets.client.task import Task
from mfwidgets.client.trigger import Trigger
from mfwidgets.pathspec import PathComponents
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.artifact_rows import artifact_rows
from mfwidgets.queries.lineage.graph import end_step, start_step
from mfwidgets.queries.rows import RunRow, run_rows
from mfwidgets.queries.status.rules import Status
from mfwidgets.queries.status.states import newest_task, origin_run_id, quick_success, successful_end
from mfwidgets.queries.tag_rules import tag_change
from mfwidgets.queries.values.value_columns import check_name
from mfwidgets.times import as_timedelta, local_datetime

if TYPE_CHECKING:
    import pandas as pd

    from mfwidgets.client.answers.why import Why
    from mfwidgets.client.flow import Flow


class Run(MetaflowObject, kind="run"):
    """A run: ``Run('HelloFlow/2')``. Iterating gives its steps, newest first (end to start, as a rule)."""

    _record: RunRecord

    def _find(self, run: RunRecord, path: PathComponents) -> RunRecord:  # noqa: ARG002 - the run is what was found
        return run

    def _run_record(self) -> RunRecord:
        return self._record

    def _child(self, name: str) -> Step | None:
        found = self._context.provider.step(self._record, name)
        return Step._of(self._context, found) if found else None

    def _child_names(self) -> list[str]:
        return limited(step.id for step in self.steps())

    def __getitem__(self, name: str) -> Step:
        return cast("Step", super().__getitem__(name))

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
        return Steps(self._context, self._record, tags)

    def tasks(self, *, limit: int | None = None) -> Tasks:
        """Return the tasks of all its steps, newest first, in bulk.

        Parameters
        ----------
        limit
            The most tasks to give.
        """
        return Tasks(self._context, self._record, None, (), limit)

    def artifacts(self) -> Artifacts:
        """Return the artifacts of all its tasks, private ones left out, in bulk; no value is read."""
        context, path = self._context, self._record.path
        return Artifacts(
            context,
            f"artifacts of {self.pathspec}",
            lambda: (one for one in context.provider.artifacts(path, public_only=True) if not one.step.startswith("_")),
            lambda details: artifact_rows(context, path, details=details),
        )

    def find_artifacts(self, name: str) -> Artifacts:
        """Return the artifacts of this name of all its tasks, in bulk; no value is read."""
        wanted, context, path = {check_name(name)}, self._context, self._record.path
        title = f"artifacts {name!r} of {self.pathspec}"
        return found_artifacts(context, title, lambda: context.provider.artifacts(path, wanted))

    def metadata_events(self) -> MetadataEvents:
        """Return all that Metaflow recorded about its tasks, of all attempts (one bulk question)."""
        return MetadataEvents(self._context, self._record)

    def critical_path(self) -> RelatedTasks:
        """Return the tasks that its duration hangs on: back from the last, to each the one it waited for, oldest first.

        Of a run that did not end, back from the task that ended last. Costs seven bulk questions, when used.
        """
        return critical_path(self._context, self._record)

    # -- what became of it ------------------------------------------------------------------------------------------

    def _row(self) -> RunRow:
        return run_rows(self._context, [self._record])[0]

    @property
    def status(self) -> Status:
        """``completed``, ``caught``, ``failed``, ``running`` or ``unknown``: a text, with the reason at ``.reason``.

        ``completed`` if and only if :attr:`successful`. Costs two small questions for a run that completed; the tasks
        of the whole run are read, in bulk, for any other.
        """
        return self._row().status

    @property
    def end_task(self) -> Task | None:
        """The task of its last step; None while it did not get there."""
        found = newest_task(self._context.provider.tasks(self._record, end_step(self._context, self._record)))
        return Task._of(self._context, found) if found else None

    @property
    def successful(self) -> bool | None:
        """Whether its end task succeeded; False while there is none."""
        if quick_success(self._context, self._record):
            return True
        end = self.end_task
        return end.successful if end else False

    @property
    def finished(self) -> bool | None:
        """Whether its end task ended as it should: a failed run is *not* finished, as in Metaflow's client.

        :attr:`status` tells failed from running.
        """
        if quick_success(self._context, self._record):
            return True
        end = self.end_task
        return end.finished if end else False

    @property
    def finished_at(self) -> datetime | None:
        """When its end task had its result recorded; naive local time. None while there is none."""
        quick = quick_success(self._context, self._record)
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
        """How long it took, however it ended: until the end of its end task, or its last sign of activity.

        None while it runs: :attr:`elapsed` is the time since its start.
        """
        return as_timedelta(self._row().duration_ms)

    @property
    def elapsed(self) -> timedelta | None:
        """The time since its start, while it runs; None when it is over."""
        return as_timedelta(self._row().elapsed_ms)

    @property
    def user(self) -> str:
        """Who started it."""
        return self._record.user

    @property
    def data(self) -> MetaflowData | None:
        """The artifacts of its end task as attributes; None while there is none.

        One bulk question for a run that completed, a few for any other.
        """
        records = self._context.provider.artifacts((*self._record.path, "end"))
        if successful_end(records):
            public = [record for record in records if not record.name.startswith("_")]
            return MetaflowData(self._context, "/".join(records[0].path[:-1]), public, None)
        end = self.end_task
        return end.data if end else None

    @property
    def origin_pathspec(self) -> str | None:
        """The run that this one resumed; None for a run that is no resume."""
        if self._context.provider.remote:
            origin = origin_run_id(self._context.provider.metadata(self._record.path, {"origin-run-id"}))
        else:
            origin = self._row().origin_run_id
        return f"{self._record.flow}/{origin}" if origin else None

    @property
    def code(self) -> MetaflowCode | None:
        """The code that it ran, where Metaflow stored a package of it, else None.

        Where none of its own tasks recorded one, that of the run it resumed. One bulk question for each of these runs.
        """
        return code_of_run(self._context, self._record)

    @property
    def trigger(self) -> Trigger | None:
        """The events that triggered it, as Argo Workflows records them; None for none (one or two small questions)."""
        start = self._child(start_step(self._context, self._record))
        events = self._context.provider.metadata(start._record.path, {"execution-triggers"}) if start else []
        newest = max(events, key=lambda event: event.created_ms, default=None)
        return Trigger(self._context, json.loads(str(newest.value))) if newest else None

    def why(self) -> "Why":
        """Tell why it did not succeed.

        Returns
        -------
        Why
            The first task that failed, what it raised and where, the end of its log, its attempts, the last good run and
            what differs from it. Shows itself; ``str()`` is text, ``.to_dict()`` plain data. Costs its tasks in bulk, and
            for the task two small reads an attempt; the last good run and the differences are read when asked for.
        """
        from mfwidgets.client.answers.why import explain_failure

        return explain_failure(self)

    def dag(self) -> RunGraph:
        """Return the graph of its steps, each with what became of it: shows itself. Costs its tasks in bulk, when shown."""
        return RunGraph(self)

    def timeline(self) -> RunTimeline:
        """Return when its steps and tasks waited and worked: shows itself. Costs its tasks in bulk, when shown."""
        return RunTimeline(self)

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
        tags = self._context.provider.change_tags(self._record, change.apply)
        self._record = replace(self._record, user_tags=tags)

    def to_pandas(self) -> "pd.DataFrame":
        """Return a table of its tasks, oldest first, as :meth:`Tasks.to_pandas` gives it."""
        return self.tasks().to_pandas()

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the same as plain data, a dict a task."""
        return self.tasks().to_dicts()
