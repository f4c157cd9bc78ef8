"""The metadata events of a run as a collection."""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from mfwidgets.client.collections.base import Collection
from mfwidgets.providers.records import MetadataRecord, RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.tables import to_dicts, to_frame

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class MetadataEvent:
    """Something that Metaflow recorded about a task.

    Attributes
    ----------
    run, record
        The run, and what was recorded.
    """

    run: RunRecord
    record: MetadataRecord

    @property
    def pathspec(self) -> str:
        """The task: ``HelloFlow/2/start/1``."""
        return "/".join((*self.run.path, self.record.step, self.record.task_id))

    @property
    def name(self) -> str:
        """Such as ``attempt_ok``."""
        return self.record.field

    @property
    def value(self) -> object:
        """Nearly always a text."""
        return self.record.value

    def __repr__(self) -> str:
        return f"MetadataEvent({self.pathspec!r}, {self.name}={self.value!r})"


class MetadataEvents(Collection[MetadataEvent]):
    """The metadata events of all tasks of a run, of all attempts, oldest first (one bulk question).

    Parameters
    ----------
    scope, run
        Where to read, and whose.
    """

    def __init__(self, context: ClientContext, run: RunRecord) -> None:
        self._context, self._run = context, run
        super().__init__(f"metadata events of {'/'.join(run.path)}", self._events)

    def _events(self) -> Iterator[MetadataEvent]:
        found = self._context.provider.metadata(self._run.path)
        return (MetadataEvent(self._run, record) for record in sorted(found, key=attrgetter("created_ms")))

    def to_pandas(self) -> "pd.DataFrame":
        """Return a table of them.

        Returns
        -------
        pandas.DataFrame
            ``pathspec`` (of the task), ``step``, ``task_id``, ``attempt`` (where one is recorded), ``name``, ``value``
            (as text), ``type``, ``created_at`` (UTC). Costs one bulk question.
        """
        return to_frame("events", list(self))

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the same as plain data, a dict an event."""
        return to_dicts("events", list(self))
