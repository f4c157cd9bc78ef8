"""The function that builds the view of an object.

Each kind of object registers its own builder with ``@build_view.register``. All modules with builders import this one,
so it imports none of them. Instead it knows their names, and imports the module of an object when that is first shown: the
display of a run needs neither charts of many runs nor code.
"""

from collections.abc import Callable
from functools import singledispatch
from typing import Any, TypeVar

from mfwidgets.first_import import first_import
from mfwidgets.render.view import View
from mfwidgets.views.cells import Limits

MODULES = {
    "Artifacts": "collections",
    "Card": "cards",
    "CardContainer": "cards",
    "CodeDiff": "code_diff",
    "Comparison": "comparison",
    "DataArtifact": "objects",
    "DiskUsage": "disk",
    "Flow": "flows",
    "Grid": "grid",
    "Lineage": "artifacts",
    "Logs": "log",
    "Metaflow": "home",
    "MetaflowArtifacts": "objects",
    "MetaflowCode": "code",
    "MetaflowData": "objects",
    "Nothing": "code",
    "Packages": "packages",
    "Plot": "plots",
    "Run": "run",
    "RunGraph": "run_parts",
    "RunGrid": "run_grid",
    "RunGroups": "collections",
    "RunTimeline": "run_parts",
    "Runs": "collections",
    "Step": "step",
    "Steps": "collections",
    "Task": "task",
    "Tasks": "collections",
    "Why": "why",
}
"""The module that registers the view of each class of ``mfwidgets.client``. Classes of higher layers register their own."""

Builder = TypeVar("Builder", bound=Callable[[Any, Limits], View])


class ViewBuilders:
    """The builders of all kinds of objects. Calling it builds a view."""

    def __init__(self) -> None:
        self._builders = singledispatch(_build_plain_view)

    def __call__(self, shown: object, limits: Limits) -> View:
        """Return the view of an object, within limits. Reads from the object's provider, in bulk.

        Raises
        ------
        MetaflowException
            The object cannot be read.
        """
        return self.builder_of(type(shown))(shown, limits)

    def register(self, builder: Builder) -> Builder:
        """Register the builder of the class that the annotation of its first parameter names."""
        self._builders.register(builder)
        return builder

    def builder_of(self, shown: type) -> Callable[[Any, Limits], View]:
        """Return the builder of a class, or of its nearest base class with one. Imports their modules on first use."""
        for name in (base.__name__ for base in shown.__mro__):
            if name in MODULES:
                first_import(f"mfwidgets.views.{MODULES[name]}")
        return self._builders.dispatch(shown)


def _build_plain_view(shown: object, limits: Limits) -> View:
    del limits
    return View(type(shown).__name__, repr(shown))


build_view = ViewBuilders()
