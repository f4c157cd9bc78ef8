"""How displays name the scope: which metadata, which namespace."""

from pathlib import Path

from mfwidgets.errors import MetaflowUnknownUser
from mfwidgets.queries.context import ClientContext
from mfwidgets.render.view import Cell
from mfwidgets.views.cells import Limits

ALL_RUNS = "none: all runs are seen"


def context_facts(context: ClientContext, limits: Limits) -> tuple[tuple[str, Cell], ...]:
    """Show the metadata selector and the namespace."""
    try:
        namespace = context.namespace
    except MetaflowUnknownUser:
        shown = Cell("no user name is configured", "dim")
    else:
        shown = Cell(ALL_RUNS, "dim") if namespace is None else limits.code(namespace)
    return (("metadata", limits.code(home_folded(context.provider.selector))), ("namespace", shown))


def home_folded(text: str) -> str:
    """Show the user's home folder as ``~``: shorter, and the same for everybody who reads the notebook."""
    try:
        home = str(Path.home())
    except RuntimeError:  # a machine without a home folder
        return text
    return text.replace(home, "~") if len(home) > 1 else text
