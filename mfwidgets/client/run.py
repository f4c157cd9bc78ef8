"""Runs: one execution of a flow."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from mfwidgets.client.answers.run_parts import RunGraph, RunTimeline
from mfwidgets.client.artifact import MetaflowData
from mfwidgets.client.base import MetaflowObject, limited
from mfwidgets.client.code import MetaflowCode, code_of_run
from mfwidgets.client.run_collections import RunCollections
from mfwidgets.client.run_outcome import RunOutcome
from mfwidgets.client.run_tags import RunTags
from mfwidgets.client.step import Step
from mfwidgets.client.trigger import Trigger, trigger_in, triggered_runs
from mfwidgets.pathspec import PathComponents
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.lineage.graph import start_step
from mfwidgets.queries.status.run_end import origin_run_id, successful_end
from mfwidgets.queries.task_metadata import ORIGIN_FIELDS, TRIGGERS

if TYPE_CHECKING:
    import pandas as pd

    from mfwidgets.client.answers.packages import Packages
    from mfwidgets.client.answers.why import Why
    from mfwidgets.client.cards import CardContainer
    from mfwidgets.client.flow import Flow


class Run(RunCollections, RunOutcome, RunTags, MetaflowObject, kind="run"):
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

    def packages(self) -> "Packages":
        """Return the packages that the run was made with, as Metaflow records them.

        ``@conda`` and ``@pypi`` record what they ask for. The versions that were installed, also those of uv, are in the
        code package. Other runs used what was installed where they ran, which Metaflow does not record: then the answer
        has only Python and Metaflow, and says so.

        Costs the graph, two bulk requests about the tasks, and one download of the code package, if there is one.

        Returns
        -------
        Packages
            A table that displays itself: name, version, requested version, source and steps.

        Raises
        ------
        DataException
            The code package is damaged or too large.

        Examples
        --------
        >>> packages = Flow("HelloFlow").latest_run.packages()
        >>> [(package.name, package.version) for package in packages]
        [('python', '3.11.7'), ('metaflow', '2.19.39')]
        """
        from mfwidgets.client.answers.packages import packages_of

        return packages_of(self)

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
        from mfwidgets.client.answers.explain_failure import explain_failure

        return explain_failure(self)

    def wait(self, timeout: float | timedelta | str | None = None, poll: float = 1.0) -> "Run":
        """Wait until the run has ended, and return it. Its :attr:`status` says how it ended.

        An interrupt (Ctrl-C, or the kernel's stop button) ends the waiting, not the run. A run without any sign of life
        for 10 minutes counts as ended. Its status is ``unknown``.

        Costs two requests to a metadata service per poll, and a third one if attempts have ended. A poll of a local run
        reads the records of its tasks. The first interval between two polls is ``poll``. Each interval is longer than
        the one before it, up to 15 s. Waiting takes at most a tenth of a service's time. Polls that fail are repeated.

        Parameters
        ----------
        timeout
            The time limit: seconds, a timedelta, or a str such as ``90s``, ``30m`` or ``2h``. None means no limit. 0 asks
            once.
        poll
            The first interval between two polls in seconds.

        Returns
        -------
        Run
            The run as it ended.

        Raises
        ------
        WaitTimeout
            The run has not ended in time. It is also a ``TimeoutError``. The run goes on.
        MetaflowNotFound
            The run was deleted.
        MetaflowInvalidArgument
            ``timeout`` or ``poll`` is invalid.

        Examples
        --------
        >>> Flow("HelloFlow").latest_run.wait(timeout="2h").status
        'completed'
        """
        from mfwidgets.client.answers.waiting import wait_for

        return wait_for(self, timeout, poll)

    async def wait_async(self, timeout: float | timedelta | str | None = None, poll: float = 1.0) -> "Run":  # noqa: ASYNC109 - the same arguments as wait()
        """Wait in an event loop until the run has ended, and return it: ``await run.wait_async("2h")``.

        Other tasks of the loop continue. A cancelled task stops waiting. Costs what :meth:`wait` costs.

        Parameters
        ----------
        timeout
            The time limit, as for :meth:`wait`.
        poll
            The first interval between two polls in seconds.

        Returns
        -------
        Run
            The run as it ended.

        Raises
        ------
        WaitTimeout
            The run has not ended in time. It is also a ``TimeoutError``. The run goes on.
        MetaflowNotFound
            The run was deleted.
        MetaflowInvalidArgument
            ``timeout`` or ``poll`` is invalid.

        Examples
        --------
        >>> import asyncio
        >>> asyncio.run(Flow("HelloFlow").latest_run.wait_async(timeout=60)).status
        'completed'
        """
        from mfwidgets.client.answers.waiting import wait_for_async

        return await wait_for_async(self, timeout, poll)

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
            The timeline. It displays itself. Displaying it costs three bulk requests about the tasks, and once what the
            timings of the last ten runs that completed cost: four bulk requests and one small read for each.

        Examples
        --------
        >>> Flow("HelloFlow").latest_run.timeline()
        <timeline of HelloFlow/1795378926761243>
        """
        return RunTimeline(self)

    def cards(self, id: str | None = None, type: str | None = None) -> "CardContainer":  # noqa: A002 - as in get_cards
        """Return the cards of all tasks of the run.

        Parameters
        ----------
        id
            Return only cards with this id.
        type
            Return only cards of this type.

        Returns
        -------
        CardContainer
            A sequence of cards that displays itself. Empty if there are none. Costs three bulk requests, and what
            :func:`mfwidgets.get_cards` costs for each task of a step with ``@card``, at most 200 tasks.

        Examples
        --------
        >>> [(card.pathspec, card.id) for card in Flow("ReportFlow").latest_run.cards()]
        [('ReportFlow/1795378925470293/start/1', 'summary')]
        """
        from mfwidgets.client.cards import cards_of_tasks

        return cards_of_tasks(self, id, type)

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
