"""The metadata events of a run as a collection."""

from collections.abc import Iterator
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from mfwidgets.client.collections.base import Collection
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.hidden_characters import visible
from mfwidgets.providers.records import MetadataRecord, RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.tables import to_dicts, to_frame

if TYPE_CHECKING:
    import pandas as pd


@fast_dataclass(frozen=True, slots=True)
class MetadataEvent:
    """A fact that Metaflow recorded about a task.

    Attributes
    ----------
    run
        The record of the run.
    record
        The record of the event.
    """

    run: RunRecord
    record: MetadataRecord

    @property
    def pathspec(self) -> str:
        """The pathspec of the task, such as ``HelloFlow/2/start/1``."""
        return "/".join((*self.run.path, self.record.step, self.record.task_id))

    @property
    def name(self) -> str:
        """The metadata field, such as ``attempt_ok``."""
        return self.record.field

    @property
    def value(self) -> object:
        """The value, almost always a str."""
        return self.record.value

    def __repr__(self) -> str:
        return visible(f"MetadataEvent({self.pathspec!r}, {self.name}={self.value!r})")


class MetadataEvents(Collection[MetadataEvent]):
    """The metadata events of all tasks of a run, of all attempts, oldest first. Using them costs one bulk request.

    Parameters
    ----------
    context
        The context of the run.
    run
        The record of the run.
    """

    def __init__(self, context: ClientContext, run: RunRecord) -> None:
        self._context, self._run = context, run
        super().__init__(f"metadata events of {'/'.join(run.path)}", self._events)

    def _events(self) -> Iterator[MetadataEvent]:
        records = self._context.provider.metadata(self._run.path)
        return (MetadataEvent(self._run, record) for record in sorted(records, key=attrgetter("created_ms")))

    def to_pandas(self) -> "pd.DataFrame":
        """Return a table of the events.

        Returns
        -------
        pandas.DataFrame
            One row per event: ``pathspec`` (of the task), ``step``, ``task_id``, ``attempt`` (missing if none was
            recorded), ``name``, ``value`` (a string), ``type`` and ``created_at`` (UTC). Costs one bulk request.

        Examples
        --------
        >>> Flow("HelloFlow").latest_run.metadata_events().to_pandas()[["step", "name", "value"]].head(3)
                  step              name    value
        0  _parameters  metaflow_version  2.19.39
        1  _parameters    python_version   3.11.7
        2  _parameters           runtime      dev
        """
        return to_frame("events", list(self._all()))

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows of :meth:`to_pandas` as dicts.

        Returns
        -------
        list of dict
            One dict per event. Costs one bulk request.
        """
        return to_dicts("events", list(self._all()))
