"""The function that builds the view of an object.

Each kind of object registers its own builder with ``@build_view.register``. This module is short because all modules
with builders import it, so it must import none of them.
"""

from functools import singledispatch

from mfwidgets.render.view import View
from mfwidgets.views.cells import Limits


@singledispatch
def build_view(shown: object, limits: Limits) -> View:
    """Return the view of an object, within limits. Reads from the object's provider, in bulk.

    Raises
    ------
    MetaflowException
        The object cannot be read.
    """
    del limits
    return View(type(shown).__name__, repr(shown))
