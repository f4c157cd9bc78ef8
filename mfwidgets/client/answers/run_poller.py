"""A run that is looked at again and again while it runs: each look asks for as little as tells what became of it."""

from collections import Counter

from mfwidgets.client.run import Run
from mfwidgets.providers.records import ArtifactRecord, MetadataRecord
from mfwidgets.queries.snapshot_provider import RunRecords, snapshot_context
from mfwidgets.queries.status.states import tasks_in_metadata

_ENDS = ("attempt-done", "attempt_ok")
"""What is recorded when an attempt has ended: only then, what its task left can be new."""


class RunPoller:
    """A run, and what the last look at it found.

    Parameters
    ----------
    run
        Which run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._ends: Counter[str] = Counter()
        self._artifacts: list[ArtifactRecord] = []

    def poll(self) -> Run:
        """Return the run as it is now, for one display.

        Costs two requests to a metadata service, the run (for its sign of life) and its metadata, and a third one, its
        artifacts, when more attempts have ended since the last look. Of local runs one record is read here.

        Raises
        ------
        MetaflowException
            The provider is out of reach.
        """
        context = self._run._context
        record = context.provider.run(*self._run._record.path) or self._run._record
        if not context.provider.remote:
            return Run._of(context, record)
        events = context.provider.metadata(record.path)
        ends = _ends(events)
        if ends != self._ends or not self._artifacts:
            self._artifacts = context.provider.artifacts(record.path)
            self._ends = ends
        records = RunRecords(events, self._artifacts, tasks_in_metadata(record, events))
        return Run._of(snapshot_context(context, record, records), record)


def _ends(events: list[MetadataRecord]) -> Counter[str]:
    return Counter(event.field for event in events if event.field in _ENDS)
