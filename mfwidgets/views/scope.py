"""How displays name the scope: which metadata, which namespace."""

from pathlib import Path

from mfwidgets.client.scope import Scope
from mfwidgets.errors import MetaflowUnknownUser
from mfwidgets.render.view import Cell
from mfwidgets.views.cells import Limits

ALL_RUNS = "none: all runs are seen"


def scope_facts(scope: Scope, limits: Limits) -> tuple[tuple[str, Cell], ...]:
    """Show the metadata selector and the namespace."""
    try:
        namespace = scope.namespace
    except MetaflowUnknownUser:
        shown = Cell("no user name is configured", "dim")
    else:
        shown = Cell(ALL_RUNS, "dim") if namespace is None else limits.code(namespace)
    return (("metadata", limits.code(home_folded(scope.provider.selector))), ("namespace", shown))


def home_folded(text: str) -> str:
    """Show the user's home folder as ``~``: shorter, and the same for everybody who reads the notebook."""
    try:
        home = str(Path.home())
    except RuntimeError:  # a machine without a home folder
        return text
    return text.replace(home, "~") if len(home) > 1 else text
