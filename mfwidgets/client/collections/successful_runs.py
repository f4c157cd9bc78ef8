"""The search for runs that succeeded. It checks several runs at once, up to a limit, and remembers what it has checked."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, islice

from mfwidgets.client.run import Run
from mfwidgets.concurrency import MAX_WORKERS
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.run_memory import Question, ask, listing_once
from mfwidgets.queries.status.believed import ends_with_end

MAX_RUNS_CHECKED = 200
"""The most runs that a search checks one by one, if a service does not know which runs completed."""

_SUCCESSFUL: Question[bool] = Question(
    "successful",
    lambda context, record: bool(Run._of(context, record).successful),
    encode=lambda success: success,
    decode=lambda _, content: content is True,
)


class SuccessfulRuns:
    """The runs that succeeded, newest first. A search that was given up continues where it stopped.

    Parameters
    ----------
    context
        The context of the runs.
    runs
        Returns the runs, newest first. It is called with the status that a service should filter by. Empty means all.
    max_checked
        The most runs that are checked, if the service does not filter. None means no limit.

    Attributes
    ----------
    is_limited
        Whether the search ended at its limit.
    """

    def __init__(
        self, context: ClientContext, runs: Callable[[str], Iterator[RunRecord]], max_checked: int | None = None
    ) -> None:
        self._context, self._runs, self._max_checked = context, runs, max_checked
        self._succeeded: dict[str, bool] = {}
        self.is_limited = False

    @property
    def checked(self) -> int:
        """The number of runs that were checked so far."""
        return len(self._succeeded)

    def find(self) -> Iterator[RunRecord]:
        """Yield the runs that succeeded.

        A metadata service filters by the status that it derived. It derives ``completed`` only if the last step is named
        ``end``. So all runs are checked if no run is completed and the last step has another name, or if the service does not
        filter.
        """
        records = self._runs("")
        if self._context.provider.remote:
            completed = self._runs("completed")
            first = next(completed, None)
            if first is not None and first.service_status:
                found = self._succeeded_of(chain([first], completed))
                successful = next(found, None)
                if successful is not None:
                    yield successful
                    yield from found
                    return
            if first is None or first.service_status:  # the service filters
                newest = next(records, None)
                if newest is None or ends_with_end(self._context, newest):
                    return
                records = chain([newest], records)
        yield from self._succeeded_of(islice(records, self._max_checked))
        self.is_limited = next(records, None) is not None

    def _succeeded_of(self, records: Iterator[RunRecord]) -> Iterator[RunRecord]:
        """Yield the runs that succeeded."""
        question = replace(_SUCCESSFUL, read=self._has_succeeded)
        size = 1  # the newest run usually succeeded
        while batch := list(islice(records, size)):
            answers = ask(listing_once(self._context), batch, question)
            self._succeeded.update((record.run_id, answer) for record, answer in zip(batch, answers, strict=True))
            yield from (record for record, answer in zip(batch, answers, strict=True) if answer)
            size = min(2 * size, MAX_WORKERS)

    def _has_succeeded(self, context: ClientContext, record: RunRecord) -> bool:
        if record.run_id not in self._succeeded:
            self._succeeded[record.run_id] = _SUCCESSFUL.read(context, record)
        return self._succeeded[record.run_id]
