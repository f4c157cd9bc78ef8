"""Plain values as short texts."""

import reprlib
from typing import Any

from mfwidgets.client.answers.comparison import MISSING
from mfwidgets.queries.values.reading import NotRead
from mfwidgets.render.view import Cell
from mfwidgets.views.cells import Limits

_SHORT = reprlib.Repr()
_SHORT.maxlevel = 3
_SHORT.maxdict = _SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxset = _SHORT.maxfrozenset = 8
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 200


def value(shown: Any, limits: Limits) -> Cell:
    """Show a value that is plain, in a bounded number of parts; what is missing or was not read dimmed."""
    if shown is MISSING:
        return Cell("—", "dim")
    if isinstance(shown, NotRead):
        return Cell("not read", "dim", limits.text(shown.reason).text)
    return limits.code(short_text(shown))


def short_text(shown: Any) -> str:
    """Return a plain value as Python writes it, in a bounded number of parts."""
    if type(shown).__module__ == "numpy" and not getattr(shown, "shape", True):
        shown = shown.item()  # 1.5, not np.float64(1.5)
    return _SHORT.repr(shown)
