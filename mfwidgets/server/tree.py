"""The children of an object as plain data for a tree, in pages: flows, runs, steps, tasks or artifacts."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from mfwidgets.client.collections.runs import Runs
from mfwidgets.client.flow import Flow
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.client.run import Run
from mfwidgets.client.step import Step
from mfwidgets.client.task import Task
from mfwidgets.concurrency import parallel_map
from mfwidgets.queries.artifact_rows import ArtifactRow, artifact_rows
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import step_order
from mfwidgets.queries.rows import FlowRow, RunRow, TaskRow, task_rows
from mfwidgets.queries.run_filter import RunFilter
from mfwidgets.queries.run_snapshot import load_run_snapshot
from mfwidgets.queries.step_timings import StepTiming, step_timings
from mfwidgets.queries.task_order import in_item_order, natural_order
from mfwidgets.render.sanitize import single_line
from mfwidgets.schema import ARTIFACTS, FLOWS, RUNS, STEPS, TASKS
from mfwidgets.tables import to_json_value

PAGE = 50
"""Items per response: about two screens of a sidebar."""

_MAX_CHARS = 200
"""The rest of a longer name, reason or detail is cut. A sidebar is narrow."""

_FACTS = ("status", "started_at", "duration", "elapsed")
"""The facts of an item, as ``--json`` prints them. null if the kind of object has no such fact."""

Item = dict[str, Any]
"""``pathspec``, ``name`` for display, ``kind``, the facts, ``reason``, ``detail``, and ``leaf``: whether the object has
no children."""


def list_children(
    context: ClientContext, pathspec: str, text: str = "", offset: int = 0, *, failed: bool = False
) -> dict[str, Any]:
    """Return a page of the children of an object. Nothing is unpickled.

    A page of runs costs one request to a metadata service, and one more per run that is not simply completed.

    Parameters
    ----------
    context
        The provider and the namespace.
    pathspec
        A flow, run, step or task. Empty for the flows.
    text
        Return only children with this text in the name, or for runs in id, user or tags. Case is ignored.
    offset
        The number of children to skip.
    failed
        Return only flows of whose newest 50 runs any failed, and runs, steps and tasks that failed. A flow then has the
        facts of its newest run that failed. Costs a page of runs for each flow, until the page of flows is full.

    Returns
    -------
    dict
        ``items``, ``more`` (whether there are further items), ``metadata`` (the selector) and ``namespace``.

    Raises
    ------
    MetaflowException
        The object does not exist or cannot be read.
    """
    items = _below(context, pathspec, text.strip(), offset, failed)
    return {
        "items": items[:PAGE],
        "more": len(items) > PAGE,
        "metadata": context.provider.selector,
        "namespace": context.namespace,
    }


def _below(context: ClientContext, pathspec: str, text: str, offset: int, failed: bool) -> list[Item]:  # noqa: FBT001 - one caller
    """Return the items of a page, and one more if there is one."""
    if not pathspec:
        return _failing_flows(context, text, offset) if failed else _flows(context, text, offset)
    parent = Metaflow._in_context(context).get(pathspec)
    if isinstance(parent, Flow):
        runs = Runs(context, parent.id, RunFilter(text=text, status="failed" if failed else ""))
        return [run_item(row) for row in next(runs._row_pages(PAGE + 1, skip=offset), [])]
    items: Iterable[Item] = ()
    if isinstance(parent, Run):
        items = _steps(parent)
    elif isinstance(parent, Step):
        items = (task_item(row) for row in in_item_order(parent.tasks()._rows()))
    elif isinstance(parent, Task):
        rows = artifact_rows(context, parent._record.path)
        items = map(artifact_item, sorted(rows, key=lambda row: natural_order(row.name)))
    if failed and not isinstance(parent, Task):
        items = (item for item in items if item["status"] in ("failed", "killed"))
    matching = (item for item in items if text.casefold() in item["name"].casefold())
    return list(islice(matching, offset, offset + PAGE + 1))


def _flows(context: ClientContext, text: str, offset: int) -> list[Item]:
    """Return flows with the status of their newest run. Flows without a run in the namespace are omitted."""
    names = (record.flow for record in context.provider.flows() if text.casefold() in record.flow.casefold())
    flows = sorted(names, key=natural_order)[offset : offset + PAGE + 1]
    newest = parallel_map(
        lambda flow: Runs(context, flow, limit=1)._quick_rows(), flows, max_concurrency=context.max_concurrency
    )
    visible = ((flow, rows) for flow, rows in zip(flows, newest, strict=True) if rows or context.namespace is None)
    return [flow_item(flow, rows[0] if rows else None) for flow, rows in visible]


def _failing_flows(context: ClientContext, text: str, offset: int) -> list[Item]:
    """Return flows of whose newest runs any failed, with the facts of the newest that failed."""
    names = (record.flow for record in context.provider.flows() if text.casefold() in record.flow.casefold())
    flows = sorted(names, key=natural_order)
    found: list[Item] = []
    for first in range(0, len(flows), PAGE):  # no more flows than fill the page
        batch = flows[first : first + PAGE]
        newest = parallel_map(
            lambda flow: Runs(context, flow, limit=PAGE)._quick_rows(), batch, max_concurrency=context.max_concurrency
        )
        for flow, rows in zip(batch, newest, strict=True):
            failed = next((row for row in rows if row.status == "failed"), None)
            found += [] if failed is None else [flow_item(flow, failed)]
        if len(found) > offset + PAGE:
            break
    return found[offset : offset + PAGE + 1]


def _steps(run: Run) -> Iterable[Item]:
    snapshot = load_run_snapshot(run._context, run._record)
    order = step_order(snapshot.context, snapshot.record)
    return map(step_item, step_timings(run._record, task_rows(snapshot), order))


def flow_item(flow: str, newest: RunRow | None) -> Item:
    """Return the item of a flow, with the facts of its newest run."""
    return _item(flow, flow, "flow", FLOWS.facts(FlowRow(flow, newest)))


def run_item(row: RunRow) -> Item:
    """Return the item of a run. Its detail is its user and its tags."""
    facts = RUNS.facts(row)
    return _item(row.pathspec, facts["run_id"], "run", facts, " ".join([facts["user"], *facts["user_tags"]]))


def step_item(row: StepTiming) -> Item:
    """Return the item of a step. Its detail is the number of tasks if there are several."""
    several = f"{row.task_count:,} tasks" if row.task_count > 1 else ""
    return _item(row.pathspec, row.step, "step", STEPS.facts(row), several)


def task_item(row: TaskRow) -> Item:
    """Return the item of a task. Its detail is its item of the foreach."""
    facts = TASKS.facts(row)
    return _item(row.pathspec, facts["task_id"], "task", facts, " / ".join(row.item.values))


def artifact_item(row: ArtifactRow) -> Item:
    """Return the item of an artifact. Its detail is its type."""
    facts = ARTIFACTS.facts(row)
    return _item(row.pathspec, facts["name"], "artifact", facts, facts["type"] or "", leaf=True)


def _item(
    pathspec: str, name: str, kind: str, facts: Mapping[str, Any], detail: str = "", *, leaf: bool = False
) -> Item:
    return {
        "pathspec": pathspec,
        "name": single_line(name, _MAX_CHARS),
        "kind": kind,
        **{fact: to_json_value(facts.get(fact)) for fact in _FACTS},
        "reason": single_line(facts.get("reason") or "", _MAX_CHARS),
        "detail": single_line(detail.strip(), _MAX_CHARS),
        "leaf": leaf,
    }
