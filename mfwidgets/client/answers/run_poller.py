"""Polls a run while it runs, with as few requests as the status needs."""

from collections import Counter

from mfwidgets.client.run import Run
from mfwidgets.errors import MetaflowNotFound
from mfwidgets.providers.records import ArtifactRecord, MetadataRecord
from mfwidgets.queries.run_records import MAX_TASKS_READ, RunRecords, is_large
from mfwidgets.queries.snapshot_provider import outline_context, snapshot_context
from mfwidgets.queries.status.states import tasks_in_metadata

_ENDS = ("attempt-done", "attempt_ok")
"""Metadata fields that say that an attempt has ended. Artifacts of a task can be new only then."""


class RunPoller:
    """A run, and the records of the last poll.

    Parameters
    ----------
    run
        The run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._ends: Counter[str] = Counter()
        self._artifacts: list[ArtifactRecord] = []
        self._is_growing = False
        """Whether it has hundreds of tasks, and can become very large."""

    def poll(self) -> Run:
        """Return the run as it is now, for one display.

        A service costs two requests: the run (for its heartbeat) and its metadata. Costs a third request, for its
        artifacts, if attempts have ended since the last poll. The first poll of a flow also costs one for its steps and one per
        step. A very large run costs what an outline of it costs. A local run costs one record here.

        Raises
        ------
        MetaflowNotFound
            The run was deleted.
        MetaflowException
            The provider is out of reach.
        """
        context = self._run._context
        record = context.provider.run(*self._run._record.path)
        if record is None:
            raise MetaflowNotFound(f"{self._run!r} does not exist any more.", pathspec=self._run.pathspec)
        if not context.provider.remote:
            return Run._of(context, record)
        if self._is_growing or not context.provider.is_small_flow(record.flow):
            tasks = context.provider.tasks(record)
            if is_large(context.provider, tasks):
                return Run._of(outline_context(context, record, record.path, tasks), record)
        events = context.provider.metadata(record.path)
        ends = _ends(events)
        if ends != self._ends or not self._artifacts:
            self._artifacts = context.provider.artifacts(record.path)
            self._ends = ends
        tasks = tasks_in_metadata(record, events)
        self._is_growing = len(tasks) > MAX_TASKS_READ // 2
        records = RunRecords(events, self._artifacts, tasks)
        return Run._of(snapshot_context(context, record, records), record)


def _ends(events: list[MetadataRecord]) -> Counter[str]:
    return Counter(event.field for event in events if event.field in _ENDS)
