"""Facts about the context, and notes that explain an empty result and say what to type next."""

import re
from itertools import islice
from pathlib import Path

from mfwidgets.client.collections.runs import Runs
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.code_lines import hint, mflow_line
from mfwidgets.errors import MetaflowUnknownUser
from mfwidgets.providers.base import RunQuery
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.namespaces import namespaces_of_flow
from mfwidgets.queries.run_filter import ALL_RUNS
from mfwidgets.redaction import redact_message
from mfwidgets.render.cell import Cell
from mfwidgets.render.numbers import counted
from mfwidgets.views.cells import Limits

_NO_NAMESPACE = "none: all runs are visible"


def context_facts(context: ClientContext, limits: Limits) -> tuple[tuple[str, Cell], ...]:
    """Show the metadata selector and the namespace."""
    try:
        namespace = context.namespace
    except MetaflowUnknownUser:
        shown = Cell("no user name is configured", "dim")
    else:
        shown = Cell(namespace_text(None), "dim") if namespace is None else limits.code(namespace)
    return (("metadata", limits.code(home_folded(context.provider.selector))), ("namespace", shown))


def namespace_text(namespace: str | None) -> str:
    """Return a namespace as displays name it."""
    return _NO_NAMESPACE if namespace is None else namespace


def home_folded(text: str) -> str:
    """Show the user's home folder as ``~``, so that a shared notebook does not name it. Passwords are removed.

    The result is still a path or a selector of the same folder.
    """
    text = redact_message(text)
    try:
        home = str(Path.home())
    except RuntimeError:  # a machine without a home folder
        return text
    return re.sub(rf"\A(\w*@)?{re.escape(home)}(?=/|\Z)", r"\1~", text) if len(home) > 1 else text


def no_flows_notes(context: ClientContext, limits: Limits) -> tuple[str, ...]:
    """Explain why no flow is visible."""
    flows = [flow.flow for flow in context.provider.flows()]
    if not flows:
        where = limits.text(home_folded(context.provider.selector)).text
        return (f"There are no flows in {where}. Use %mflow metadata SELECTOR to look elsewhere.",)
    namespaces = dict.fromkeys(
        name for flow in islice(flows, limits.rows) for name in namespaces_of_flow(context, flow)
    )
    problem = f"No flow has runs in the namespace {_shown(context, limits)}. Other namespaces have runs of {counted(len(flows), 'flow')}."
    return (_with_remedy(problem, namespaces, limits),)


def no_runs_notes(runs: Runs, limits: Limits) -> tuple[str, ...]:
    """Explain why no run of a flow is visible or matches."""
    context = runs._context
    if runs._flow is None:
        visible = next(iter(Metaflow._in_context(context).runs(limit=1)), None)
        return ("No run in this namespace matches.",) if visible else no_flows_notes(context, limits)
    if next(context.provider.runs(runs._flow, RunQuery(limit=1)), None) is None:
        return (f"{limits.text(runs._flow).text} has no runs.",)
    if next(iter(Runs(context, runs._flow)), None):
        filtered = runs._filter != ALL_RUNS or runs._conditions or runs._source
        if not filtered:
            return ("No runs were requested.",)
        return (f"No run in this namespace matches.{hint('All runs of the flow: {}', mflow_line('runs', runs._flow))}",)
    problem = f"There are no runs in the namespace {_shown(context, limits)}."
    return (_with_remedy(problem, dict.fromkeys(namespaces_of_flow(context, runs._flow)), limits),)


def _shown(context: ClientContext, limits: Limits) -> str:
    return f"'{limits.text(context.namespace or '').text}'"


def _with_remedy(problem: str, namespaces: dict[str, None], limits: Limits) -> str:
    names = [limits.text(name).text for name in islice(namespaces, 5)]
    line = next(filter(None, (mflow_line("ns", name) for name in namespaces)), "")
    others = f" There are runs in {', '.join(names)}." if names else ""
    return f"{problem}{others}{hint('Use {}, or', line) or ' Use'} %mflow ns none to see all runs."
