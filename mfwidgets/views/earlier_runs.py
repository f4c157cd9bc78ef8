"""The last runs of a flow before one of its runs that completed, listed at most once per display."""

from mfwidgets.client.collections.runs import Runs
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.run_filter import RunFilter

USUAL_RUNS = 10
"""The usual value is the median of this many earlier runs that completed."""


class EarlierRuns:
    """The last ten runs before a run that completed.

    Parameters
    ----------
    context, record
        The run, and where its flow is read from.

    Attributes
    ----------
    listed
        The records, newest first. Empty before :meth:`records` was called.
    """

    def __init__(self, context: ClientContext, record: RunRecord) -> None:
        self.context, self._record = context, record
        self.listed: list[RunRecord] = []
        self._is_listed = False

    def records(self) -> list[RunRecord]:
        """Return the records, newest first. The first call lists the runs, and finds out which of them completed."""
        if not self._is_listed:
            selection = RunFilter(status="completed", until_ms=self._record.created_ms - 1)
            runs = Runs(self.context, self._record.flow, selection, USUAL_RUNS)
            self.listed = list(runs._records(with_status=True))
            self._is_listed = True
        return self.listed
