"""The head of any table that is recognised by its class: of pandas, polars and pyarrow."""

from typing import Any

from mfwidgets.pickles.described import ReducedCall
from mfwidgets.pickles.previews.arrow_objects import arrow_head
from mfwidgets.pickles.previews.heads import DataFrameHead
from mfwidgets.pickles.previews.pandas_frames import pandas_head
from mfwidgets.pickles.previews.polars_frames import polars_head

_READERS = {"pandas": pandas_head, "polars": polars_head, "pyarrow": arrow_head}
"""The readers by the package of the class."""


def table_head(described: Any) -> DataFrameHead | None:
    """Return the first rows of a table that :func:`describe_pickle` described. Return None for other objects.

    Each reader expects the layouts that versions of its package have written. Any part of another layout can be missing
    or wrong, which raises nearly any error. Such a table is shown as an object of its class.
    """
    if not isinstance(described, ReducedCall):
        return None
    reader = _READERS.get(described.name.partition(".")[0])
    try:
        return reader(described) if reader else None
    except Exception:  # noqa: BLE001 - see above
        return None
