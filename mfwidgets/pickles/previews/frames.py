"""The head of any table that is recognised by its class: of pandas, polars and pyarrow.

The modules that read them are imported with the first such table, since most displays have none. This module is short
because it only chooses between them.
"""

from typing import Any

from mfwidgets.pickles.described import ReducedCall
from mfwidgets.pickles.previews.heads import DataFrameHead
from mfwidgets.pickles.safe_loads import may_be_frame


def table_head(described: Any) -> DataFrameHead | None:
    """Return the first rows of a table that :func:`describe_pickle` described. Return None for other objects.

    Each reader expects the layouts that versions of its package have written. Any part of another layout can be missing
    or wrong, which raises nearly any error. Such a table is shown as an object of its class.
    """
    if not isinstance(described, ReducedCall):
        return None
    try:
        return _head(described, described.name.partition(".")[0])
    except Exception:  # noqa: BLE001 - see above
        return None


def outline_of_frame(content: bytes) -> DataFrameHead | None:
    """Return shape and first names of a pickled DataFrame, without rows. None for other objects and unusual layouts.

    Raises
    ------
    DeadlineExceeded
        Nobody waits for it any more.
    """
    if not may_be_frame(content):
        return None
    from mfwidgets.pickles.previews.frame_outlines import frame_outline

    return frame_outline(content)


def _head(described: ReducedCall, package: str) -> DataFrameHead | None:
    match package:
        case "pandas":
            from mfwidgets.pickles.previews.pandas_frames import pandas_head

            return pandas_head(described)
        case "polars":
            from mfwidgets.pickles.previews.polars_frames import polars_head

            return polars_head(described)
        case "pyarrow":
            from mfwidgets.pickles.previews.arrow_objects import arrow_head

            return arrow_head(described)
    return None
