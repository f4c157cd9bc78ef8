"""Runs: one execution of a flow."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from mfwidgets.client.answers.run_parts import RunGraph, RunTimeline
from mfwidgets.client.artifact import MetaflowData
from mfwidgets.client.base import MetaflowObject, limited
from mfwidgets.client.code import MetaflowCode, code_of_run
from mfwidgets.client.collections.metadata_events import MetadataEvents
from mfwidgets.client.collections.tasks import Artifacts, RelatedTasks, Tasks, critical_path, named_artifacts
from mfwidgets.client.step import Step, Steps
from mfwidgets.client.task import Task
from mfwidgets.client.trigger import Trigger, trigger_in, triggered_runs
from mfwidgets.pathspec import PathComponents
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.artifact_rows import artifact_rows
from mfwidgets.queries.lineage.graph import end_step, start_step
from mfwidgets.queries.rows import RunRow, run_rows
from mfwidgets.queries.status.rules import Status
from mfwidgets.queries.status.states import newest_task, origin_run_id, quick_success, successful_end
from mfwidgets.queries.tag_rules import tag_change
from mfwidgets.queries.task_metadata import ORIGIN_FIELDS, TRIGGERS
from mfwidgets.queries.values.value_columns import check_name
from mfwidgets.times import as_timedelta, local_datetime

if TYPE_CHECKING:
    import pandas as pd

    from mfwidgets.client.answers.why import Why
    from mfwidgets.client.flow import Flow


class Run(MetaflowObject, kind="run"):
    """A run: ``Run('HelloFlow/2')``. Iterating yields its steps, newest first: usually from ``end`` to ``start``.

    Constructing a run costs one request.

    Parameters
    ----------
    pathspec
        The address of the run, such as ``HelloFlow/2``.
    attempt
        Not for runs. Leave it out.

    Examples
    --------
    >>> run = Run("HelloFlow/1795378926761243")
    >>> list(run)
    [Step('HelloFlow/1795378926761243/end'), Step('HelloFlow/1795378926761243/start')]
    >>> run["start"]
    Step('HelloFlow/1795378926761243/start')
    >>> "middle" in run
    False
    """

    _record: RunRecord

    def _find(self, run: RunRecord, path: PathComponents) -> RunRecord:  # noqa: ARG002 - the run is already loaded
        return run

    def _run_record(self) -> RunRecord:
        return self._record

    def _child(self, name: str) -> Step | None:
        record = self._context.provider.step(self._record, name)
        return Step._of(self._context, record) if record else None

    def _child_names(self) -> list[str]:
        return limited(step.id for step in self.steps())

    def __getitem__(self, name: str) -> Step:
        return cast("Step", super().__getitem__(name))

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps())

    @property
    def parent(self) -> "Flow":
        """Its flow. Costs one request."""
        return cast("Flow", super().parent)

    def steps(self, *tags: str) -> Steps:
        """Return the steps of the run, newest first, without private steps.

        Use ``run['_parameters']`` for the private step of the parameters. Reads nothing until the steps are used. They
        cost one bulk request.

        Parameters
        ----------
        *tags
            Tags that the run must have. If the run lacks one of them, the collection is empty.

        Returns
        -------
        Steps
            A lazy collection.

        Examples
        --------
        >>> [step.id for step in Flow("ForecastFlow").latest_run.steps()]
        ['end', 'compare', 'start', 'fit']
        """
        return Steps(self._context, self._record, tags)

    def tasks(self, *, limit: int | None = None) -> Tasks:
        """Return the tasks of all steps, newest first.

        Reads nothing until the tasks are used. They cost one bulk request.

        Parameters
        ----------
        limit
            The maximum number of tasks.

        Returns
        -------
        Tasks
            A lazy collection.

        Examples
        --------
        >>> Flow("HelloFlow").latest_run.tasks()[0]
        Task('HelloFlow/1795378926761243/end/2')
        >>> Flow("ForecastFlow").latest_run.tasks().to_pandas(artifacts=["error"])[["step", "artifact.error"]].tail(3)
               step  artifact.error
        12      fit         3.76606
        13  compare             NaN
        14      end             NaN
        """
        return Tasks(self._context, self._record, None, (), limit)

    def artifacts(self) -> Artifacts:
        """Return the public artifacts of all tasks, without their values.

        Returns
        -------
        Artifacts
            A lazy collection. Reads nothing until it is used. The artifacts cost one bulk request.

        Examples
        --------
        >>> Flow("HelloFlow").latest_run.artifacts().to_pandas()[["step", "name", "type", "size"]]
            step      name type  size
        0    end  greeting  str    22
        1    end   message  str    33
        2    end      name  str    24
        3  start  greeting  str    22
        4  start   message  str    33
        5  start      name  str    24
        """
        context, path = self._context, self._record.path
        return Artifacts(
            context,
            f"artifacts of {self.pathspec}",
            lambda: (
                record
                for record in context.provider.artifacts(path, public_only=True)
                if not record.step.startswith("_")
            ),
            lambda details: artifact_rows(context, path, details=details),
        )

    def find_artifacts(self, name: str) -> Artifacts:
        """Return the artifacts with this name, of all tasks, without their values.

        Parameters
        ----------
        name
            The name of the artifact.

        Returns
        -------
        Artifacts
            A lazy collection. Reads nothing until it is used. The artifacts cost one bulk request.

        Examples
        --------
        >>> [artifact.data for artifact in Flow("ForecastFlow").latest_run.find_artifacts("worst")]
        ['İzmir', 'İzmir']
        """
        names, context, path = {check_name(name)}, self._context, self._record.path
        title = f"artifacts {name!r} of {self.pathspec}"
        return named_artifacts(context, title, lambda: context.provider.artifacts(path, names))

    def metadata_events(self) -> MetadataEvents:
        """Return the metadata that Metaflow recorded about the tasks, of all attempts.

        Returns
        -------
        MetadataEvents
            A lazy collection, oldest first. Reads nothing until it is used. The events cost one bulk request.

        Examples
        --------
        >>> Flow("HelloFlow").latest_run.metadata_events().first()
        MetadataEvent('HelloFlow/1795378926761243/_parameters/0', metaflow_version='2.19.39')
        """
        return MetadataEvents(self._context, self._record)

    def critical_path(self) -> RelatedTasks:
        """Return the tasks that determine the duration of the run, oldest first.

        The path is found backwards: from the last task to the parent that ended last, from there to its parent that
        ended last, and so on. If the run did not reach its end, the search starts at the task that ended last.

        Returns
        -------
        RelatedTasks
            A lazy collection. Reads nothing until it is used. The tasks cost five bulk requests.

        Examples
        --------
        >>> [task.parent.id for task in Flow("ForecastFlow").latest_run.critical_path()]
        ['start', 'fit', 'compare', 'end']
        """
        return critical_path(self._context, self._record)

    # -- status and times -------------------------------------------------------------------------------------------

    def _row(self) -> RunRow:
        return run_rows(self._context, [self._record])[0]

    @property
    def status(self) -> Status:
        """``completed``, ``caught``, ``failed``, ``running`` or ``unknown``. The attribute ``reason`` explains it.

        A run is ``completed`` if and only if :attr:`successful` is True. Costs one request for a completed run, and
        three bulk requests about all tasks for any other run.

        Examples
        --------
        >>> run = Flow("ImportFlow").latest_run
        >>> run.status
        'failed'
        >>> run.status.reason
        'ImportFlow/1795378924251567/fetch/2: attempt 2 failed at 2026-11-22 20:22:05'
        """
        return self._row().status

    @property
    def end_task(self) -> Task | None:
        """The task of the last step. None if the run did not get there. Costs two requests.

        Examples
        --------
        >>> Flow("ForecastFlow").latest_run.end_task
        Task('ForecastFlow/1795378919475034/end/15')
        """
        record = newest_task(self._context.provider.tasks(self._record, end_step(self._context, self._record)))
        return Task._of(self._context, record) if record else None

    @property
    def successful(self) -> bool | None:
        """Whether the end task succeeded. False if there is no end task.

        Costs one request for a completed run, and up to five for any other run.

        Examples
        --------
        >>> [run.successful for run in Flow("ForecastFlow").runs()]
        [True, False, True, True]
        """
        if quick_success(self._context, self._record):
            return True
        end = self.end_task
        return end.successful if end else False

    @property
    def finished(self) -> bool | None:
        """Whether the end task finished. As in Metaflow's client, this is False for a failed run.

        Use :attr:`status` to distinguish failed from running. Costs what :attr:`successful` costs.
        """
        if quick_success(self._context, self._record):
            return True
        end = self.end_task
        return end.finished if end else False

    @property
    def finished_at(self) -> datetime | None:
        """The time when the result of the end task was recorded, in naive local time. None if there is no end task.

        Costs what :attr:`successful` costs.
        """
        quick = quick_success(self._context, self._record)
        if quick and quick.finished_ms:
            return local_datetime(quick.finished_ms)
        end = self.end_task
        return end.finished_at if end else None

    @property
    def started_at(self) -> datetime:
        """The time when the run was registered, in naive local time. Equal to ``created_at``: only tasks queue."""
        return local_datetime(self._record.created_ms)

    @property
    def duration(self) -> timedelta | None:
        """The time from the start of the run to its end. None while it runs: see :attr:`elapsed`.

        The run ends with its end task. A run that failed or was lost ends with its last sign of activity. Costs what
        :attr:`status` costs.

        Examples
        --------
        >>> Flow("HelloFlow").latest_run.duration
        datetime.timedelta(microseconds=416000)
        """
        return as_timedelta(self._row().duration_ms)

    @property
    def elapsed(self) -> timedelta | None:
        """The time since the start of the run while it runs, otherwise None. Costs what :attr:`status` costs."""
        return as_timedelta(self._row().elapsed_ms)

    @property
    def user(self) -> str:
        """The user who started the run."""
        return self._record.user

    @property
    def data(self) -> MetaflowData | None:
        """The artifacts of the end task as attributes. None if there is no end task.

        Costs one bulk request for a completed run and up to four for any other run. Each attribute reads one value.

        Examples
        --------
        >>> run = Flow("ForecastFlow").latest_run
        >>> run.data
        <MetaflowData: alpha, errors, mean_error, name, season, worst>
        >>> round(run.data.mean_error, 2)
        4.15
        """
        records = self._context.provider.artifacts((*self._record.path, "end"))
        if successful_end(records):
            public = [record for record in records if not record.name.startswith("_")]
            return MetaflowData(self._context, "/".join(records[0].path[:-1]), public, None)
        end = self.end_task
        return end.data if end else None

    @property
    def origin_pathspec(self) -> str | None:
        """The run that this run resumed. None if it did not resume a run. Costs one request.

        Examples
        --------
        >>> Flow("ForecastFlow").latest_run.origin_pathspec
        'ForecastFlow/1795378913725406'
        """
        if self._context.provider.remote:
            origin = origin_run_id(self._context.provider.metadata(self._record.path, {"origin-run-id"}))
        else:
            origin = self._row().origin_run_id
        return f"{self._record.flow}/{origin}" if origin else None

    @property
    def code(self) -> MetaflowCode | None:
        """The code package of the run. None if Metaflow stored no package.

        Metaflow stores one for remote steps, or if configured. If no task recorded a package, returns the package of the
        original run. Costs one bulk request for each of these runs.
        """
        return code_of_run(self._context, self._record)

    @property
    def trigger(self) -> Trigger | None:
        """The events that triggered the run, as Argo Workflows records them. None if there are none.

        A resumed run has the trigger of the run that it resumes. ``run.trigger.runs`` has the runs that sent the events.
        Costs three requests, and three more for each run that a resumed run goes back to.

        Examples
        --------
        >>> print(Flow("HelloFlow").latest_run.trigger)
        None
        """
        start = self._child(start_step(self._context, self._record))
        events = self._context.provider.metadata(start._record.path, {TRIGGERS, *ORIGIN_FIELDS}) if start else []
        return trigger_in(self._context, self._record, events)

    def triggers(self) -> "list[Run]":
        """Return the runs that the end of this run triggered, oldest first, in any namespace.

        Searches the first 50 flows, and of each the newest 20 runs that started until a day after this run ended. Costs
        one request for the flows, one for each flow and one or two for each of these runs. Displays and dicts of local
        runs have the same list under ``triggers``; those of a service do not search.

        Returns
        -------
        list of Run
            Empty if the run did not complete: only a completed run sends an event.

        Examples
        --------
        >>> Flow("HelloFlow").latest_run.triggers()
        []
        """
        context = self._context
        return [Run._of(context, record) for record in triggered_runs(context, self._row())]

    def why(self) -> "Why":
        """Explain why the run did not succeed.

        Costs three bulk requests about its tasks and two small reads for each attempt of the failed task. The
        attributes ``last_good`` and ``differences`` of the result are read later and cost extra requests.

        Returns
        -------
        Why
            The first task that failed, its exception and where it was raised, the end of its log, its attempts, the
            last successful run and the differences from it. It displays itself. ``str()`` returns a string.

        Examples
        --------
        >>> why = Flow("ImportFlow").latest_run.why()
        >>> why.task
        Task('ImportFlow/1795378924251567/fetch/2')
        >>> print(why.exception)
        ConnectionError: the service is not available
        >>> print(why.exception.where)
        import_flow.py:23 in fetch: raise ConnectionError("the service is not available")
        """
        from mfwidgets.client.answers.why import explain_failure

        return explain_failure(self)

    def dag(self) -> RunGraph:
        """Return the graph of the steps, with the status of each.

        Returns
        -------
        RunGraph
            The graph. It displays itself. Costs three bulk requests about the tasks when it is displayed.

        Examples
        --------
        >>> Flow("HelloFlow").latest_run.dag()
        <graph of HelloFlow/1795378926761243>
        """
        return RunGraph(self)

    def timeline(self) -> RunTimeline:
        """Return a timeline that shows when the steps and tasks waited and when they ran.

        Returns
        -------
        RunTimeline
            The timeline. It displays itself. Costs three bulk requests about the tasks when it is displayed.

        Examples
        --------
        >>> Flow("HelloFlow").latest_run.timeline()
        <timeline of HelloFlow/1795378926761243>
        """
        return RunTimeline(self)

    # -- tags -------------------------------------------------------------------------------------------------------

    def add_tag(self, tag: str | Iterable[str]) -> None:
        """Add a user tag, or several. A tag that is already a system tag is ignored.

        Costs two requests, and more if another process changes the tags at the same time.

        Parameters
        ----------
        tag
            A string of at most 500 characters, or several strings.

        Raises
        ------
        MetaflowTaggingError
            The tag is invalid, the run would have more than 50 tags, or the tags cannot be written.

        Examples
        --------
        >>> run = Flow("HelloFlow").latest_run
        >>> run.add_tag("tutorial")
        >>> sorted(run.user_tags)
        ['tutorial']
        >>> run.remove_tag("tutorial")
        """
        self.replace_tags((), tag)

    def add_tags(self, tags: str | Iterable[str]) -> None:
        """Add several user tags at once.

        Costs what :meth:`add_tag` costs.

        Parameters
        ----------
        tags
            Strings of at most 500 characters.

        Raises
        ------
        MetaflowTaggingError
            A tag is invalid, the run would have more than 50 tags, or the tags cannot be written.
        """
        self.replace_tags((), tags)

    def remove_tag(self, tag: str | Iterable[str]) -> None:
        """Remove a user tag, or several. A tag that the run does not have is ignored.

        Costs what :meth:`add_tag` costs.

        Parameters
        ----------
        tag
            A user tag, or several.

        Raises
        ------
        MetaflowTaggingError
            The tag is a system tag or invalid, or the tags cannot be written.

        Examples
        --------
        >>> Flow("HelloFlow").latest_run.remove_tag("no-such-tag")
        """
        self.replace_tags(tag, ())

    def remove_tags(self, tags: str | Iterable[str]) -> None:
        """Remove several user tags at once.

        Costs what :meth:`add_tag` costs.

        Parameters
        ----------
        tags
            User tags.

        Raises
        ------
        MetaflowTaggingError
            A tag is a system tag or invalid, or the tags cannot be written.
        """
        self.replace_tags(tags, ())

    def replace_tag(self, tag_to_remove: str | Iterable[str], tag_to_add: str | Iterable[str]) -> None:
        """Remove a user tag and add another at once.

        Costs what :meth:`add_tag` costs.

        Parameters
        ----------
        tag_to_remove
            The tag to remove, or several. It is removed first.
        tag_to_add
            The tag to add, or several.

        Raises
        ------
        MetaflowTaggingError
            A tag is invalid, or the tags cannot be written. Nothing is changed then.
        """
        self.replace_tags(tag_to_remove, tag_to_add)

    def replace_tags(self, tags_to_remove: str | Iterable[str], tags_to_add: str | Iterable[str]) -> None:
        """Remove and add user tags at once. This object has the new tags immediately.

        Costs what :meth:`add_tag` costs.

        Parameters
        ----------
        tags_to_remove
            The tags to remove. They are removed first.
        tags_to_add
            The tags to add.

        Raises
        ------
        MetaflowTaggingError
            A tag is invalid, or the tags cannot be written. Nothing is changed then.

        Examples
        --------
        >>> run = Flow("HelloFlow").latest_run
        >>> run.replace_tags([], ["draft", "demo"])
        >>> run.replace_tags(["draft", "demo"], [])
        >>> run.user_tags
        frozenset()
        """
        change = tag_change(tags_to_remove, tags_to_add)
        tags = self._context.provider.change_tags(self._record, change.apply)
        self._record = replace(self._record, user_tags=tags)

    def to_pandas(self) -> "pd.DataFrame":
        """Return a table of the tasks, oldest first.

        Returns
        -------
        pandas.DataFrame
            One row per task, with the columns of :meth:`Tasks.to_pandas`. Costs what :meth:`Tasks.to_pandas` costs.

        Examples
        --------
        >>> Flow("HelloFlow").latest_run.to_pandas()[["step", "task_id", "status"]]
            step task_id     status
        0  start       1  completed
        1    end       2  completed
        """
        return self.tasks().to_pandas()

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows of :meth:`to_pandas` as dicts.

        Returns
        -------
        list of dict
            One dict per task. Costs what :meth:`to_pandas` costs.
        """
        return self.tasks().to_dicts()
