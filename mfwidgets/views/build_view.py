"""One question for everything that can be shown: what does it show.

Each kind of object registers its answer with ``@describe.register``; this module knows none of them.
"""

from functools import singledispatch

from mfwidgets.render.view import View
from mfwidgets.views.cells import Limits


@singledispatch
def build_view(shown: object, limits: Limits) -> View:
    """Return what an object shows, within limits; the object's provider is asked, in bulk.

    Raises
    ------
    MetaflowException
        It cannot be read.
    """
    del limits
    return View(type(shown).__name__, repr(shown))
