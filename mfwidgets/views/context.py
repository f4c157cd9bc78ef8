"""What displays say about the context: which metadata, which namespace, and why nothing is in view.

An empty result explains itself: what would be there, and the line to type.
"""

from itertools import islice
from pathlib import Path

from mfwidgets.client.collections.runs import Runs
from mfwidgets.errors import MetaflowUnknownUser
from mfwidgets.providers.base import RunQuery
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.run_filter import ALL_RUNS
from mfwidgets.render.view import Cell
from mfwidgets.views.cells import Limits

_NO_NAMESPACE = "none: all runs are seen"

MAX_RUNS_READ = 100
"""The namespaces of this many of the newest runs are read."""


def context_facts(context: ClientContext, limits: Limits) -> tuple[tuple[str, Cell], ...]:
    """Show the metadata selector and the namespace."""
    try:
        namespace = context.namespace
    except MetaflowUnknownUser:
        shown = Cell("no user name is configured", "dim")
    else:
        shown = Cell(_NO_NAMESPACE, "dim") if namespace is None else limits.code(namespace)
    return (("metadata", limits.code(home_folded(context.provider.selector))), ("namespace", shown))


def home_folded(text: str) -> str:
    """Show the user's home folder as ``~``: shorter, and the same for everybody who reads the notebook."""
    try:
        home = str(Path.home())
    except RuntimeError:  # a machine without a home folder
        return text
    return text.replace(home, "~") if len(home) > 1 else text


def no_flows_notes(context: ClientContext, limits: Limits) -> tuple[str, ...]:
    """Explain a scope that shows no flow."""
    flows = [flow.flow for flow in context.provider.flows()]
    if not flows:
        where = limits.text(home_folded(context.provider.selector)).text
        return (f"There are no flows in {where}. %mflow metadata SELECTOR looks elsewhere.",)
    namespaces = dict.fromkeys(name for flow in islice(flows, limits.rows) for name in namespaces_of(context, flow))
    said = f"No flow has a run in the namespace '{context.namespace}'; {len(flows):,} have in others."
    return (_with_way_out(said, namespaces, limits),)


def no_runs_notes(runs: Runs, limits: Limits) -> tuple[str, ...]:
    """Explain a flow, or a choice of its runs, that shows none."""
    context = runs._context
    if next(context.provider.runs(runs._flow, RunQuery(limit=1)), None) is None:
        return (f"{runs._flow} has no runs.",)
    if next(iter(Runs(context, runs._flow)), None):
        chosen = runs._filter != ALL_RUNS
        return ("No run in this namespace is like that." if chosen else "None was asked for.",)
    said = f"No run is in the namespace '{context.namespace}'."
    return (_with_way_out(said, dict.fromkeys(namespaces_of(context, runs._flow)), limits),)


def namespaces_of(context: ClientContext, flow: str) -> list[str]:
    """Return the namespaces of a flow's newest runs."""
    newest = islice(context.provider.runs(flow, RunQuery(limit=MAX_RUNS_READ)), MAX_RUNS_READ)
    tags = (tag for run in newest for tag in sorted(run.system_tags) if tag.startswith(("user:", "production:")))
    return list(dict.fromkeys(tags))


def _with_way_out(said: str, namespaces: dict[str, None], limits: Limits) -> str:
    names = [limits.text(name).text for name in islice(namespaces, 5)]
    typed = f"'{names[0]}'" if names and " " in names[0] else names[0] if names else ""
    there = f" Runs are in {', '.join(names)}: %mflow ns {typed}, or" if names else ""
    return f"{said}{there} %mflow ns none to see all runs."
