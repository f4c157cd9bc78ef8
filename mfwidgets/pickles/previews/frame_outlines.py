"""Reads only the size and the names of the columns of a pickled DataFrame, without numpy.

A line about a frame shows no more, and importing numpy takes as long as the display of a run. Only the usual layouts are
read here: names that are strings, and rows with numbers or strings as labels. :mod:`pandas_frames` reads all others.
"""

from collections.abc import Sequence
from typing import Any

from mfwidgets.errors import DeadlineExceeded
from mfwidgets.pickles.described import GlobalRef, ReducedCall
from mfwidgets.pickles.previews.heads import MAX_COLUMNS, DataFrameHead
from mfwidgets.pickles.safe_loads import describe_pickle, is_frame


def frame_outline(content: bytes) -> DataFrameHead | None:
    """Return shape and first names of a pickled DataFrame, without rows. None for other objects and unusual layouts.

    Imports nothing, and runs no code of the pickle.

    Raises
    ------
    DeadlineExceeded
        Nobody waits for it any more.
    """
    try:
        described = describe_pickle(content, arrays=False)
        if not is_frame(described):
            return None
        blocks, (columns, index) = described.state["_mgr"].args
        names, rows = _labels(columns), _labels(index)
        if not all(len(block.args) == 3 for block in blocks):  # noqa: PLR2004 - values, placement, dimensions
            return None
        if not isinstance(names, range) and not all(isinstance(name, str) for name in names):
            return None
        return DataFrameHead((len(rows), len(names)), tuple(names[:MAX_COLUMNS]), (), ())
    except DeadlineExceeded:
        raise
    except Exception:  # noqa: BLE001 - a strange pickle can cause nearly any error
        return None


def _labels(index: ReducedCall) -> Sequence[Any]:
    """Return the labels of an axis. Those of an array of numbers are only counted. Raises for other indexes."""
    kind, facts = index.args
    if _name(index) != "_new_Index":
        raise ValueError(kind)
    if "start" in facts:
        return range(facts["start"], facts["stop"], facts["step"])
    data = facts["data"]
    if isinstance(data.args[0], GlobalRef) and data.args[0].name.startswith("StringArray"):
        data = data.state[1]
    _, (length,), dtype, _, items = data.state
    if _name(data) != "_reconstruct" or _name(dtype) != "dtype":
        raise ValueError(kind)
    if isinstance(items, list):
        if len(items) != length:
            raise ValueError(kind)
        return items
    if dtype.args[0][0] not in "iuf" or len(items) != length * int(dtype.args[0][1:]):
        raise ValueError(kind)
    return _Counted(length)


class _Counted(Sequence[Any]):
    """Labels that are not read."""

    def __init__(self, length: int) -> None:
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, place: Any) -> Any:
        raise ValueError("a label that is a number")


def _name(call: ReducedCall) -> str:
    return call.of.name if isinstance(call.of, GlobalRef) else ""
