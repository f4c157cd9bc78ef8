"""What lies below an object, as plain data for a tree: flows, runs, steps, tasks, artifacts, by the page."""

from collections.abc import Iterable, Mapping, Sequence
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
from mfwidgets.render.sanitize import single_line
from mfwidgets.schema import ARTIFACTS, FLOWS, RUNS, STEPS, TASKS
from mfwidgets.tables import to_json_value

PAGE = 50
"""Items of an answer."""

_CHARS = 200

_FACTS = ("status", "started_at", "duration", "elapsed")
"""The facts of the schemas that an item has, as ``--json`` prints them; null if an object has no such fact."""

Item = dict[str, Any]
"""``pathspec``, ``name`` as it may be shown, ``kind``, the facts, ``reason``, ``detail``, and ``leaf``: whether nothing is
below."""


def list_children(context: ClientContext, pathspec: str, text: str = "", offset: int = 0) -> dict[str, Any]:
    """Return what lies below an object, by the page; nothing is unpickled.

    Parameters
    ----------
    scope
        Where to look.
    pathspec
        Of a flow, run, step or task; empty for the flows.
    text
        Only what has this in its name, of runs in their id, user or tags; whatever its case.
    offset
        So many are left out before.

    Returns
    -------
    dict
        ``items``, ``more`` (whether others follow), and the ``metadata`` and ``namespace`` that were looked at. Costs what a
        table of a page costs: of a metadata service one request for runs and one for each that did not simply complete.

    Raises
    ------
    MetaflowException
        There is no such object, or it cannot be read.
    """
    items = _below(context, pathspec, text.strip(), offset)
    return {
        "items": items[:PAGE],
        "more": len(items) > PAGE,
        "metadata": context.provider.selector,
        "namespace": context.namespace,
    }


def _below(context: ClientContext, pathspec: str, text: str, offset: int) -> list[Item]:
    """Return the items of a page, and one more where there is one."""
    if not pathspec:
        return _flows(context, text, offset)
    found = Metaflow._in_context(context).get(pathspec)
    if isinstance(found, Flow):
        runs = Runs(context, found.id, RunFilter(text=text))
        return [run_item(row) for row in next(runs._row_pages(PAGE + 1, skip=offset), [])]
    items: Iterable[Item] = ()
    if isinstance(found, Run):
        items = _steps(found)
    elif isinstance(found, Step):
        items = (task_item(row) for row in _oldest_first(found.tasks()._rows()))
    elif isinstance(found, Task):
        rows = artifact_rows(context, found._record.path)
        items = map(artifact_item, sorted(rows, key=lambda row: row.name))
    wanted = (item for item in items if text.casefold() in item["name"].casefold())
    return list(islice(wanted, offset, offset + PAGE + 1))


def _flows(context: ClientContext, text: str, offset: int) -> list[Item]:
    """Return flows with what became of their newest run; those without one in the namespace are left out."""
    names = (record.flow for record in context.provider.flows() if text.casefold() in record.flow.casefold())
    some = list(islice(names, offset, offset + PAGE + 1))
    newest = parallel_map(
        lambda flow: Runs(context, flow, limit=1)._quick_rows(), some, max_concurrency=context.max_concurrency
    )
    seen = ((flow, rows) for flow, rows in zip(some, newest, strict=True) if rows or context.namespace is None)
    return [flow_item(flow, rows[0] if rows else None) for flow, rows in seen]


def _steps(run: Run) -> Iterable[Item]:
    snapshot = load_run_snapshot(run._context, run._record)
    order = step_order(snapshot.context, snapshot.record)
    return map(step_item, step_timings(run._record, task_rows(snapshot), order))


def _oldest_first(rows: Sequence[TaskRow]) -> list[TaskRow]:
    return sorted(rows, key=lambda row: (row.foreach_index or 0, row.record.created_ms))


def flow_item(flow: str, newest: RunRow | None) -> Item:
    """Return a flow, with the facts of its newest run."""
    return _item(flow, flow, "flow", FLOWS.facts(FlowRow(flow, newest)))


def run_item(row: RunRow) -> Item:
    """Return a run."""
    facts = RUNS.facts(row)
    return _item(row.pathspec, facts["run_id"], "run", facts, " ".join([facts["user"], *facts["user_tags"]]))


def step_item(row: StepTiming) -> Item:
    """Return a step."""
    several = f"{row.task_count:,} tasks" if row.task_count > 1 else ""
    return _item(row.pathspec, row.step, "step", STEPS.facts(row), several)


def task_item(row: TaskRow) -> Item:
    """Return a task, with the item of the foreach that it works on."""
    facts = TASKS.facts(row)
    return _item(row.pathspec, facts["task_id"], "task", facts, " / ".join(row.item.values))


def artifact_item(row: ArtifactRow) -> Item:
    """Return an artifact."""
    facts = ARTIFACTS.facts(row)
    return _item(row.pathspec, facts["name"], "artifact", facts, facts["type"] or "", leaf=True)


def _item(
    pathspec: str, name: str, kind: str, facts: Mapping[str, Any], detail: str = "", *, leaf: bool = False
) -> Item:
    return {
        "pathspec": pathspec,
        "name": single_line(name, _CHARS),
        "kind": kind,
        **{fact: to_json_value(facts.get(fact)) for fact in _FACTS},
        "reason": single_line(facts.get("reason") or "", _CHARS),
        "detail": single_line(detail.strip(), _CHARS),
        "leaf": leaf,
    }
