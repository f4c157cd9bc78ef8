"""An empty result explains itself: what would be there, and the line to type."""

from itertools import islice

from mfwidgets.client.run_filter import ANY
from mfwidgets.client.runs import Runs
from mfwidgets.client.scope import Scope
from mfwidgets.metadata_provider.base import Choice
from mfwidgets.views.cells import Limits
from mfwidgets.views.scope import home_folded

LOOK_AT = 100
"""So many of the newest runs are asked for their namespaces."""


def why_no_flows(scope: Scope, limits: Limits) -> tuple[str, ...]:
    """Explain a scope that shows no flow."""
    flows = [flow.flow for flow in scope.provider.flows()]
    if not flows:
        where = limits.text(home_folded(scope.provider.selector)).text
        return (f"There are no flows in {where}. %mflow metadata SELECTOR looks elsewhere.",)
    namespaces = dict.fromkeys(name for flow in islice(flows, limits.rows) for name in namespaces_of(scope, flow))
    said = f"No flow has a run in the namespace '{scope.namespace}'; {len(flows):,} have in others."
    return (_with_way_out(said, namespaces, limits),)


def why_no_runs(runs: Runs, limits: Limits) -> tuple[str, ...]:
    """Explain a flow, or a choice of its runs, that shows none."""
    scope = runs.scope
    if next(scope.provider.runs(runs.flow, Choice(limit=1)), None) is None:
        return (f"{runs.flow} has no runs.",)
    if next(iter(Runs(scope, runs.flow)), None):
        chosen = runs.wanted != ANY
        return ("No run in this namespace is like that." if chosen else "None was asked for.",)
    said = f"No run is in the namespace '{scope.namespace}'."
    return (_with_way_out(said, dict.fromkeys(namespaces_of(scope, runs.flow)), limits),)


def namespaces_of(scope: Scope, flow: str) -> list[str]:
    """Return the namespaces of a flow's newest runs."""
    newest = islice(scope.provider.runs(flow, Choice(limit=LOOK_AT)), LOOK_AT)
    found = (tag for run in newest for tag in sorted(run.system_tags) if tag.startswith(("user:", "production:")))
    return list(dict.fromkeys(found))


def _with_way_out(said: str, namespaces: dict[str, None], limits: Limits) -> str:
    names = [limits.text(name).text for name in islice(namespaces, 5)]
    typed = f"'{names[0]}'" if names and " " in names[0] else names[0] if names else ""
    there = f" Runs are in {', '.join(names)}: %mflow ns {typed}, or" if names else ""
    return f"{said}{there} %mflow ns none to see all runs."
