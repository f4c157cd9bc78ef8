"""The tools of ``mfwidgets mcp``: plain functions that return facts. Their docstrings are what an agent reads.

Nothing is changed, and nothing is unpickled. The facts are those of ``--json``, so names and statuses are the same.
"""

from collections.abc import Callable
from itertools import islice
from typing import Any

from mfwidgets import __version__
from mfwidgets.agents.card_text import card_text
from mfwidgets.client.answers.code_diff import code_diff
from mfwidgets.client.answers.comparison import compare as compare_objects
from mfwidgets.client.answers.logs import ALL, Logs
from mfwidgets.client.artifact import DataArtifact
from mfwidgets.client.code import NO_CODE
from mfwidgets.client.flow import Flow
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.client.run import Run
from mfwidgets.client.step import Step
from mfwidgets.client.task import Task
from mfwidgets.concurrency import parallel_map
from mfwidgets.errors import MetaflowException, MetaflowInvalidArgument, MetaflowUnknownUser, WaitTimeout
from mfwidgets.magic.resolve import any_object, artifact_of, holder_of, relevant_task_of, run_of, task_of
from mfwidgets.queries.artifact_rows import rows_of
from mfwidgets.queries.context import current_context
from mfwidgets.queries.rows import FlowRow
from mfwidgets.queries.run_filter import RUN_STATUSES
from mfwidgets.queries.values.preview import preview
from mfwidgets.redaction import redact_selector
from mfwidgets.schema import FLOWS, RUNS
from mfwidgets.views.data import artifact_data, exception_data, lines_data, status_data

Facts = dict[str, Any]

MAX_WAIT_S = 300
"""``wait`` answers at the latest after this time. An agent can ask again."""

_MAX_ROWS = 500
_MAX_FAILURES = 20
_MAX_LOG_LINES = 5_000
_MAX_PREVIEWS = 20
_MAX_SOURCE_BYTES = 5_000_000
_LAST_LINES = 20

_ALL = "none"
"""The namespace that selects all runs, as on the command line."""


def context() -> Facts:
    """Say which metadata provider and namespace the answers come from, and the user's default namespace."""
    client = Metaflow()
    try:
        default = current_context().configuration.default_namespace()
    except MetaflowUnknownUser:
        default = ""
    return {
        "metadata": redact_selector(client.metadata),
        "namespace": client.namespace or _ALL,
        "default_namespace": default,
        "mfwidgets": __version__,
    }


def list_flows(limit: int = 50, offset: int = 0, namespace: str = "") -> Facts:
    """List the flows, each with the status and the start of its newest run.

    namespace: only flows with runs of a namespace such as "user:ann"; "none" for all; empty for the server's.
    """
    _check_counts(limit=limit, offset=offset)
    flows = list(islice(_client(namespace), offset, offset + min(limit, _MAX_ROWS) + 1))
    shown = flows[: min(limit, _MAX_ROWS)]
    rows = parallel_map(_flow_facts, shown)
    return {"flows": rows, "offset": offset, "more": len(flows) > len(shown)}


def _flow_facts(flow: Flow) -> Facts:
    rows = flow.runs(limit=1)._quick_rows()
    return FLOWS.facts(FlowRow(flow.id, rows[0] if rows else None))


def list_runs(  # noqa: PLR0913, PLR0917 - one for each condition
    flow: str,
    where: str = "",
    status: str = "",
    tags: list[str] | None = None,
    user: str = "",
    since: str = "",
    until: str = "",
    sort: str = "",
    limit: int = 20,
    namespace: str = "",
) -> Facts:
    """List the runs of a flow, newest first, with parameters (param.*), results (artifact.*) and exceptions of failures.

    A result is a number, a bool or a short text that the end task made.
    where: conditions that must all hold, such as "rmse<0.3 optimizer=adam -tag:nightly status:failed since:7d".
    status: completed, failed, running, caught or unknown. The statuses are proved, not guessed from the end step.
    since, until: an age such as "2d" or "3h", or a date such as "2026-01-31".
    sort: a column such as "rmse" or "duration"; "rmse:desc" begins with the largest.
    """
    _check_counts(limit=limit)
    runs: Any = _client(namespace)[flow].runs(
        *(tags or ()),
        status=status or None,  # type: ignore[arg-type]  # checked by runs()
        user=user.removeprefix("user:") or None,
        since=since or None,
        until=until or None,
    )
    runs = runs.where(where) if where else runs
    runs = runs.sort_by(sort.removesuffix(":desc"), not sort.endswith(":desc")) if sort else runs
    count = min(limit, _MAX_ROWS)
    rows = list(islice(runs, count + 1))
    shown = _run_facts(runs.head(count), [run.pathspec for run in rows[:count]]) if rows else []
    return {"flow": flow, "runs": shown, "more": len(rows) > count}


def _run_facts(runs: Any, pathspecs: list[str]) -> list[Facts]:
    dropped = ("flow", "run_id", "created_at", "system_tags")
    rows = {row["pathspec"]: row for row in runs.to_dicts(params=True, results=True, exceptions=True)}
    return [
        {name: value for name, value in rows[pathspec].items() if name not in dropped}
        for pathspec in pathspecs
        if pathspec in rows
    ]


def recent_runs(status: str = "", since: str = "", limit: int = 20, flows: int = 50, namespace: str = "") -> Facts:
    """List the newest runs of all flows together, newest first. For "what ran recently?" and "what failed today?".

    status: completed, failed, running, caught or unknown. since: an age such as "24h", or a date.
    Reads the newest `limit` runs of each of the first `flows` flows.
    """
    _check_counts(limit=limit, flows=flows)
    if status and status not in RUN_STATUSES:
        raise MetaflowInvalidArgument(f"Expected status to be one of {', '.join(RUN_STATUSES)}, got {status!r}.")
    client, count = _client(namespace), min(limit, _MAX_ROWS)
    names = [flow.id for flow in islice(client, min(flows, _MAX_ROWS))]

    def of_flow(name: str) -> list[Any]:
        return client[name].runs(status=status or None, since=since or None, limit=count)._rows()  # type: ignore[arg-type]

    rows = [row for part in parallel_map(of_flow, names) for row in part]
    rows.sort(key=lambda row: row.record.created_ms, reverse=True)
    dropped = ("flow", "run_id", "created_at", "system_tags")
    facts = [{name: value for name, value in RUNS.facts(row).items() if name not in dropped} for row in rows[:count]]
    return {"runs": facts, "more": len(rows) > count, "flows_searched": len(names)}


def show(pathspec: str, attempt: int | None = None) -> Facts:
    """Show a flow, run, step, task or artifact with its parts: what `mfwidgets PATHSPEC --json` prints.

    pathspec: FLOW, FLOW/RUN, FLOW/RUN/STEP, FLOW/RUN/STEP/TASK or FLOW/RUN/STEP/TASK/ARTIFACT. RUN can be latest,
    latest-ok (the newest that completed) or latest~2. An artifact is described and shown if its value is plain;
    nothing is unpickled. attempt: an attempt of a task, from 0.
    """
    found = any_object(pathspec, attempt)
    facts: Facts = found.to_dict()
    return facts


def why(pathspec: str) -> Facts:
    """Explain why a run failed: first failed task, exception and line of code, log, attempts, last good run, differences.

    For a flow: its newest run.
    """
    return run_of(pathspec).why().to_dict()


def failed_runs(flow: str, limit: int = 5, since: str = "", namespace: str = "") -> Facts:
    """Explain the newest failed runs of a flow, in short: the failed task, its item, its exception and the end of its log.

    For the differences from the last good run, ask `why` about one run.
    """
    _check_counts(limit=limit)
    count = min(limit, _MAX_FAILURES)
    runs = list(_client(namespace)[flow].runs(status="failed", since=since or None, limit=count))
    return {"flow": flow, "failed_runs": parallel_map(_failure, runs)}


def _failure(run: Run) -> Facts:
    found = run.why()
    exception = exception_data(found.exception)
    if exception:
        exception["traceback"] = None
    return {
        "run": run.pathspec,
        **status_data(found.status),
        "started_at": RUNS.facts(run._row())["started_at"],
        "task": found.task.pathspec if found.task else None,
        "item": found.item,
        "other_failed_tasks": found.other_failed_tasks,
        "exception": exception,
        "log": "\n".join(line["message"] for line in lines_data(list(found.log)[-_LAST_LINES:])),
    }


def tasks(pathspec: str, status: str = "", limit: int = 100) -> Facts:
    """List the tasks of a run or a step, oldest first: status, reason, times, attempts, foreach item.

    status: only tasks with this status: completed, caught, failed, killed, running or unknown.
    """
    _check_counts(limit=limit)
    holder = holder_of(pathspec)
    rows = [row for row in holder.tasks().to_dicts() if not status or row["status"] == status]
    shown = [{name: row[name] for name in row if name not in ("flow", "run_id")} for row in rows[:limit]]
    return {"pathspec": holder.pathspec, "tasks": shown, "count": len(rows), "more": len(rows) > limit}


def logs(pathspec: str, tail: int = 100, grep: str = "", stream: str = "both", attempt: int | None = None) -> Facts:
    """Return the last lines of a task's log, or the last lines that match a regular expression.

    pathspec: a task. For a step, a run or a flow: the task that failed first, else one that runs, else the last.
    stream: stdout, stderr or both. attempt: from 0; the newest by default.
    """
    _check_counts(tail=tail)
    task, note = relevant_task_of(pathspec)
    if task is None:
        return {"pathspec": pathspec, "text": "", "note": note}
    task = task if attempt is None else any_object(task.pathspec, attempt)
    count = min(tail, _MAX_LOG_LINES)
    log: Logs = task.logs(stream, tail=ALL)
    found = (log.grep(grep) if grep else log).last(count + 1)
    return {
        "pathspec": task.pathspec,
        "attempt": log.attempt,
        "note": note,
        "text": "\n".join(line.message for line in found[-count:] if count),
        "lines": min(len(found), count),
        "more": len(found) > count,
    }


def artifacts(pathspec: str, limit: int = 200) -> Facts:
    """List the artifacts of a run or a task: name, type, size, hash. Use `show` for a value. Equal hashes are equal values."""
    _check_counts(limit=limit)
    source = any_object(pathspec)
    if isinstance(source, Flow | Run):
        records: Any = (source if isinstance(source, Run) else run_of(pathspec)).artifacts()
    else:
        records = (source if isinstance(source, Task) else task_of(pathspec)).artifacts
    rows = records.to_dict()["artifacts"]
    return {"pathspec": pathspec, "artifacts": rows[:limit], "count": len(rows), "more": len(rows) > limit}


def find_artifact(flow: str, name: str, runs: int = 5, step: str = "", namespace: str = "") -> Facts:
    """Find an artifact by name in the newest runs of a flow, with type, size, hash, and the value if it is plain and small."""
    _check_counts(runs=runs)
    selected = _client(namespace)[flow].runs(limit=min(runs, _MAX_ROWS))
    found = [artifact for artifact in selected.find_artifacts(name) if step in ("", artifact._record.step)]
    shown = found[:_MAX_ROWS]
    facts = [artifact_data(next(rows_of(artifact._context, [artifact._record]))) for artifact in shown]
    for one, artifact in zip(facts, shown[:_MAX_PREVIEWS], strict=False):
        one.update(_previewed(artifact))
    return {"flow": flow, "name": name, "artifacts": facts, "count": len(found)}


def _previewed(artifact: DataArtifact) -> Facts:
    try:
        shown = preview(artifact._context, artifact._record)
    except MetaflowException as error:
        return {"not_read": str(error)}
    return {"value": shown.value} if shown.has_value else {"described": shown.line}


def compare(pathspecs: list[str], baseline: str = "") -> Facts:
    """Compare two or more runs, steps or tasks: status, parameters, results, tags, versions, code, artifacts, durations.

    baseline: the one that the others are compared with.
    """
    found = compare_objects(*pathspecs, baseline=baseline or None)
    return {**found.to_dict(), "results": {name: list(values) for name, values in found.results.items()}}


def code(pathspec: str, file: str = "", first_line: int = 1, lines: int = 400) -> Facts:
    """Return the source of the flow's file, or of another file, from the code package of a run or task; and the file names."""
    _check_counts(first_line=first_line, lines=lines)
    source = any_object(pathspec)
    holder = source if isinstance(source, Task) else run_of(pathspec)
    package = holder.code
    if package is None:
        return {"pathspec": holder.pathspec, "note": NO_CODE}
    name = file or package.script_name
    content = package._package().read(name, _MAX_SOURCE_BYTES)
    sizes = package._package().sizes()
    if content is None:
        raise MetaflowInvalidArgument(f"{holder!r} has no file {name!r}. Its files: {', '.join(sorted(sizes)[:50])}.")
    all_lines = content.decode("utf-8", errors="replace").split("\n")
    shown = all_lines[max(first_line, 1) - 1 :][:lines]
    return {
        "pathspec": holder.pathspec,
        "file": name,
        "source": "\n".join(shown),
        "first_line": max(first_line, 1),
        "lines": len(all_lines),
        "files": None if file else sizes,
        "sha": package.sha,
        "info": None if file else package.info,
    }


def diff_code(first: str, second: str) -> Facts:
    """Return a unified diff of the code packages of two runs or tasks. Empty if the code is the same."""
    objects = [(name, any_object(name)) for name in (first, second)]
    named = [(name, run_of(name) if isinstance(found, Flow) else found) for name, found in objects]
    return {"first": first, "second": second, "diff": code_diff(named)}


def packages(pathspec: str) -> Facts:
    """List the packages that a run was made with: what @conda, @pypi and uv record, Python and Metaflow."""
    return run_of(pathspec).packages().to_dict()


def cards(pathspec: str, card: int | None = None, html: bool = False) -> Facts:  # noqa: FBT001, FBT002 - an argument of a tool
    """List the cards of a run, step or task. With `card`, its number from 0: the visible text of that card.

    html: also the HTML of that card, as far as it fits.
    """
    source = any_object(pathspec)
    holder: Any = source if isinstance(source, Task | Step | Run) else holder_of(pathspec)
    found = holder.cards()
    if card is None:
        facts: Facts = found.to_dict()
        return {**facts, "note": found._note}
    if not 0 <= card < len(found):
        raise MetaflowInvalidArgument(f"Expected card to be a number below {len(found)}, got {card}.")
    page = found[card].get()
    chosen = found[card]
    return {
        "pathspec": chosen.pathspec,
        "type": chosen.type,
        "id": chosen.id,
        "page": card_text(page),
        "html": page if html else None,
    }


def lineage(pathspec: str) -> Facts:
    """Say where an artifact comes from: the task that made its bytes, and which tasks and earlier runs have the same bytes."""
    return artifact_of(pathspec).lineage().to_dict()


def wait(pathspec: str, timeout_s: int = 60) -> Facts:
    """Wait until a run has ended, at most `timeout_s` seconds (up to 300), and return its status and reason.

    If the run still runs, the status is running: ask again.
    """
    _check_counts(timeout_s=timeout_s)
    run = run_of(pathspec)
    note = ""
    try:
        run = run.wait(min(timeout_s, MAX_WAIT_S))
    except WaitTimeout as error:
        note = str(error)
    return {"pathspec": run.pathspec, **status_data(run.status), "note": note}


TOOLS: tuple[Callable[..., Facts], ...] = (
    context, list_flows, list_runs, recent_runs, show, why, failed_runs, tasks, logs, artifacts, find_artifact, compare,
    code, diff_code, packages, cards, lineage, wait,
)  # fmt: skip
"""All tools, in the order in which clients list them."""


def _client(namespace: str) -> Metaflow:
    return Metaflow(namespace=None if namespace == _ALL else namespace) if namespace else Metaflow()


def _check_counts(**counts: int) -> None:
    for name, count in counts.items():
        if count < 0:
            raise MetaflowInvalidArgument(f"Expected {name} to be a number from 0, got {count}.")
