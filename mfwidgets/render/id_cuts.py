"""How much of the ids of runs can be hidden, so that their distinct ends remain."""

import re
from collections.abc import Sequence

_MIN_CUT_LENGTH = 13
"""Shorter ids are shown as they are."""

_KEPT_DIGITS, _MIN_KEPT = 6, 4
"""The digits that remain of a number, and the fewest characters that remain of a name after its last separator."""

_SEPARATOR = re.compile(r"[-_./]")


def id_cuts(ids: Sequence[str]) -> list[int]:
    """Return for each id how many characters at its beginning can be hidden. Different ids have different rests.

    Examples
    --------
    >>> from mfwidgets.render.id_cuts import id_cuts
    >>> id_cuts(["1795378919475034", "1795378913725406"])
    [10, 10]
    >>> id_cuts(["argo-forecast-x7k2p", "argo-forecast-b91xx", "12"])
    [14, 14, 0]
    """
    cuts = [_cut(text) for text in ids]
    return cuts if len({text[cut:] for text, cut in zip(ids, cuts, strict=True)}) == len(set(ids)) else [0] * len(ids)


def _cut(text: str) -> int:
    if len(text) < _MIN_CUT_LENGTH:
        return 0
    if text.isdecimal():
        return len(text) - _KEPT_DIGITS
    ends = [match.end() for match in _SEPARATOR.finditer(text) if match.end() <= len(text) - _MIN_KEPT]
    return max(ends, default=0)


def cut_ids(ids: Sequence[str]) -> list[str]:
    """Return the ids without what :func:`id_cuts` hides, for pictures.

    Examples
    --------
    >>> cut_ids(["1795378919475034", "1795378913725406", "12"])
    ['…475034', '…725406', '12']
    """
    return [f"…{text[cut:]}" if cut else text for text, cut in zip(ids, id_cuts(ids), strict=True)]
