"""The report of the bytes in the datastore. Nothing is ever deleted."""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from mfwidgets.display import Displayable
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.hidden_characters import visible
from mfwidgets.queries.disk import Budget, DiskRow, flow_rows, rows_of_flow
from mfwidgets.safe_repr import repr_of
from mfwidgets.tables import to_dicts, to_frame

if TYPE_CHECKING:
    import pandas as pd

    from mfwidgets.client.flow import Flow
    from mfwidgets.client.metaflow import Metaflow

MAX_FLOWS = 500
"""At most this many flows are listed."""

SECONDS = 60.0
"""The default time limit."""


class DiskUsage(Displayable):
    """The bytes in the datastore: of each flow, or of the parts, runs and artifacts of one flow. The largest come first.

    A blob is stored once per flow, however many tasks and runs refer to it. ``size`` counts it for everything that refers
    to it. ``own_size`` counts it only if nothing else of the same kind does: that is what disappears with a run.

    Parameters
    ----------
    title
        The flow, or the metadata provider.
    rows
        The rows.
    left_out
        Sentences about what was left out.

    Attributes
    ----------
    title, left_out
        The parameters.
    """

    def __init__(self, title: str, rows: list[DiskRow], left_out: list[str]) -> None:
        self.title, self._rows, self.left_out = title, rows, left_out

    @property
    def size(self) -> int:
        """All bytes that were counted. Reads nothing."""
        return sum(row.size for row in self._rows if row.kind in ("flow", "part"))

    def to_pandas(self) -> "pd.DataFrame":
        """Return a table of the rows. Reads nothing.

        Returns
        -------
        pandas.DataFrame
            One row per flow, or per part, run and artifact of a flow: ``kind``, ``name``, ``size`` (bytes), ``own_size``
            (bytes that nothing else of this kind refers to), ``objects`` (number of files).
        """
        return to_frame("disk", self._rows)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows of :meth:`to_pandas` as dicts. Reads nothing.

        Returns
        -------
        list of dict
            One dict per row.
        """
        return to_dicts("disk", self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[DiskRow]:
        return iter(self._rows)

    def __repr__(self) -> str:
        return visible(f"<disk usage of {self.title}: {self.size:,} bytes>")


def disk_usage_of_flows(client: "Metaflow", seconds: float) -> DiskUsage:
    """Return what each flow takes. See :meth:`Metaflow.disk_usage`."""
    budget = _budget(seconds)
    flows = [flow.id for flow in islice(client, MAX_FLOWS + 1)]
    if len(flows) > MAX_FLOWS:
        budget.left_out.append(f"Only the first {MAX_FLOWS:,} flows were listed.")
    return DiskUsage(client.metadata, flow_rows(client._context, flows[:MAX_FLOWS], budget), budget.left_out)


def disk_usage_of_flow(flow: "Flow", seconds: float) -> DiskUsage:
    """Return what the parts, runs and artifacts of a flow take. See :meth:`Flow.disk_usage`."""
    budget = _budget(seconds)
    return DiskUsage(flow.id, rows_of_flow(flow._context, flow.id, budget), budget.left_out)


def _budget(seconds: object) -> Budget:
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not seconds >= 0:
        raise MetaflowInvalidArgument(f"Expected seconds= to be a number from 0, got {repr_of(seconds, 40)}.")
    return Budget(float(seconds))
