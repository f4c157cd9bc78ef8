"""Reads pickles without running code: an interpreter of opcodes that constructs only plain values.

Python's unpickler calls every function that a pickle names. A pickle of a few bytes can make it allocate gigabytes. This
interpreter (:mod:`mfwidgets.pickles.machine`) imports nothing and calls only our short list of constructors. Any other
call is not made: it becomes a :class:`ReducedCall` that describes it. A :class:`Budget` limits time and memory.
"""

from typing import Any

from mfwidgets.errors import DeadlineExceeded, UnloadableArtifact
from mfwidgets.pickles.budget import Budget
from mfwidgets.pickles.constructors import CONSTRUCTORS, WITHOUT_ARRAYS
from mfwidgets.pickles.described import GlobalRef, ReducedCall, foreign_parts
from mfwidgets.pickles.machine import PickleMachine
from mfwidgets.pickles.showable import check_showable


def safe_loads(content: bytes) -> Any:
    """Return the value of a pickle of plain values: builtins, dates, numpy scalars and arrays, Metaflow's own objects.

    This is safe for any bytes: it imports and runs nothing that the pickle names.

    Raises
    ------
    UnloadableArtifact
        The pickle has other values, costs more than its :class:`Budget`, or is not a pickle.
    """
    value = describe_pickle(content, arrays=not may_be_frame(content))
    foreign = next(foreign_parts(value), None)
    if foreign is not None and may_be_frame(content) and not is_frame(value):
        value = describe_pickle(content)
        foreign = next(foreign_parts(value), None)
    if foreign is not None:
        described = _name_of(foreign)
        raise UnloadableArtifact(f"Expected only plain values in the pickle, got {described}.", described)
    return value


_START, _FRAME = 200, "DataFrame"
"""The pickle of a frame begins with the name of its class."""

_FRAME_MODULES = ("pandas", "pandas.core.frame")


def may_be_frame(content: bytes) -> bool:
    """Return whether a pickle may be that of a DataFrame. Its arrays need not be read to say so, and take numpy."""
    return _FRAME.encode() in content[:_START]


def is_frame(described: Any) -> bool:
    """Return whether this is the description of a DataFrame of pandas."""
    of = described.of if isinstance(described, ReducedCall) else None
    return isinstance(of, GlobalRef) and of.name == _FRAME and of.module in _FRAME_MODULES


def describe_pickle(content: bytes, *, arrays: bool = True) -> Any:
    """Return the value of a pickle. Parts that are not plain become :class:`ReducedCall` or :class:`GlobalRef`.

    Without ``arrays``, so do those of numpy, which is then not imported.

    Raises
    ------
    UnloadableArtifact
        The bytes are not a pickle, the pickle costs more than its :class:`Budget`, or its value cannot be shown.
    DeadlineExceeded
        Nobody waits for the value any more.
    """
    try:
        value = PickleMachine(Budget(len(content)), CONSTRUCTORS if arrays else WITHOUT_ARRAYS).run(content)
        if next(foreign_parts(value), None) is None:
            check_showable(value, len(content))
    except (UnloadableArtifact, DeadlineExceeded):
        raise
    except Exception as error:
        # Broken bytes can cause nearly any error: an empty stack, an invalid number, an unhashable list, no memory.
        raise UnloadableArtifact(
            f"Expected a valid pickle. This one cannot be previewed: {type(error).__name__}: {error!s:.100}.",
            "not a pickle",
        ) from error
    return value


def _name_of(foreign: Any) -> str:
    while isinstance(foreign, ReducedCall):
        foreign = foreign.of
    return f"an object of {foreign}" if isinstance(foreign, GlobalRef) else "an incomplete object"


# -- True, False and None are recognised by the hashes of their pickles, without reading the blobs ----------------------

_VALUE_BY_HASH: dict[str, bool | None] = {
    "868436778cb011a1c6230bc12534683ab0b7f1c3": True,  # pickle protocol 4
    "69e77141c3eb7a8c9ce864251d70c02723f29332": True,  # pickle protocol 2
    "2473d4676d5b2aba674167293142f8031ada401b": False,
    "caa40ab420354941d2127f64360105b8548b8802": False,
    "dbc1aaddc8b7343d6d33b34edcf608b8f8801918": None,
    "f3627f46179fdd95bf0e83101840fd1d71b60e40": None,
}

KNOWN_HASHES = frozenset(_VALUE_BY_HASH)
"""The hashes of the pickles of True, False and None. Pickles of protocols that Metaflow does not use are missing."""


def is_none(sha: str) -> bool:
    """Return whether this is the hash of the pickle of None."""
    return sha in KNOWN_HASHES and _VALUE_BY_HASH[sha] is None


def known_bool(sha: str) -> bool | None:
    """Return the bool whose pickle has this hash. Return None for None and for any other hash."""
    return _VALUE_BY_HASH.get(sha)
