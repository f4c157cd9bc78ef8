"""One fact, one answer: every fact of every run, step, task and artifact, asked on all surfaces and compared.

The surfaces are attributes of objects, frames, dicts, ``to_dict()``, ``--json``, the sidebar, the tables and the facts of
displays, and the explorer. A surface can omit facts, but the facts that it shows are the same everywhere.
"""

import json
import time
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from corpus import RUNS
from waiting import PATIENCE_S

from mfwidgets import compare, schema
from mfwidgets.cli.main import main
from mfwidgets.client.answers.comparison_facts import Name, facts_of
from mfwidgets.client.collections.runs import Runs
from mfwidgets.queries.run_filter import RunFilter
from mfwidgets.render.sanitize import single_line
from mfwidgets.server import tree
from mfwidgets.times import duration_text
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.views.show import full_view
from mfwidgets.widgets.explorer.known_runs import FACT_COLUMNS
from mfwidgets.widgets.explorer.table_messages import rows_message
from mfwidgets.widgets.explorer.widget import Explorer

ALL = Limits(rows=100_000, chars=100_000, tags=1_000)
NAMES = [name for names in RUNS for name in names]
LABELS = {"run": "run_id", "task": "task_id", "user tags": "user_tags", "earlier attempts": "earlier_attempts"}
"""Labels of displays whose facts have other names; in the others blanks stand for underscores."""


def plain(dtype, value):
    """Return a fact of any surface as a Python value."""
    if dtype == schema.OBJECT and value == "":
        return []
    if value is None or value is pd.NA or value is pd.NaT or value == "":
        return None
    if dtype == schema.TIME:
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        value = value.to_pydatetime() if isinstance(value, pd.Timestamp) else value
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value  # tests run in UTC
    if dtype == schema.DURATION:
        seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
        return timedelta(milliseconds=round(seconds * 1000))
    if dtype == schema.COUNT:
        return int(value)
    if dtype == schema.OBJECT:
        value = value.split(", ") if isinstance(value, str) else value
        return dict(value) if isinstance(value, dict) else sorted(value)
    return str(value)


class Walk:
    """The facts of one object, from the first surface. Every later surface must show the same."""

    def __init__(self, kind, name):
        self.columns = {column.name: column for column in schema.SCHEMAS[kind].columns}
        self.name, self.facts, self.told = name, {}, {}

    def hear(self, surface, facts):
        known = {name: value for name, value in facts.items() if name in self.columns}
        assert known, (self.name, surface)
        for name, value in known.items():
            observed = plain(self.columns[name].dtype, value)
            assert observed is not None or self.columns[name].nullable, (self.name, surface, name)
            assert self.facts.setdefault(name, observed) == observed, (self.name, surface, name)
            self.told.setdefault(name, set()).add(surface)


def cell_facts(columns, cells):
    """Return the facts in a line of a table of a display, by name."""
    facts = {}
    for label, cell in zip(columns, cells, strict=True):
        name = label.partition(" (")[0]
        name = LABELS.get(name, name.replace(" ", "_"))
        facts[name] = list(cell.items) if cell.kind == "tags" else cell.value or cell.text
        if name in ("started", "finished", "stopped", "queued"):
            facts[{"queued": "created"}.get(name, name) + "_at"] = facts.pop(name)
    return facts


def table(view, heading):
    part = next(part for part in view.parts if getattr(part, "heading", "") == heading)
    return getattr(part, "table", part)


def lines(view, heading):
    """Return the facts of each line of a table, by the pathspec that the line names."""
    part = table(view, heading)
    named = ((next((cell.pathspec for cell in cells if cell.pathspec), ""), cells) for cells in part.rows)
    return {pathspec: cell_facts(part.columns, cells) for pathspec, cells in named}


def attributes(found, names):
    facts = {name: getattr(found, name) for name in names}
    return facts if found.status is None else facts | {"reason": found.status.reason}


def frame_facts(frame, pathspec):
    (row,) = frame[frame.pathspec == pathspec].to_dict("records")
    return row


def item_facts(items, pathspec):
    (item,) = [item for item in items if item["pathspec"] == pathspec]
    return {name: value for name, value in item.items() if name not in ("name", "reason")}


TIMES = ("status", "started_at", "finished_at", "duration", "elapsed")


@pytest.fixture(params=[20, 30 * 86_400], ids=["while it ran", "a month later"])
def moment(request, monkeypatch):
    """Stop the clock this many seconds after a run started. First unfinished tasks are running, later they are unknown."""

    def stop(run):
        now_ns = (run._record.created_ms + request.param * 1000) * 1_000_000
        monkeypatch.setattr(time, "time_ns", lambda: now_ns)

    return stop


@pytest.fixture
def printed(runs, capsys):
    def ask(*words):
        assert main([f"--metadata={runs.folder}", "--namespace=none", *words, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return ask


@pytest.mark.parametrize("name", NAMES)
def test_a_run_and_its_steps(name, client, runs, moment, printed):
    run = client.get(runs[name])
    moment(run)
    walk = Walk("runs", run.pathspec)
    context, flow = run._context, run.parent
    only = flow.runs(text=run.id)
    names = ("pathspec", "user", "user_tags", "system_tags", "created_at", *TIMES)
    origin = (run.origin_pathspec or "").rpartition("/")[2]
    walk.hear("attributes", attributes(run, names) | {"run_id": run.id, "flow": flow.id, "origin_run_id": origin})
    walk.hear("frame", frame_facts(only.to_pandas(), run.pathspec))
    (row,) = only.to_dicts()
    walk.hear("dicts", row)
    facts = run.to_dict()
    walk.hear("to_dict", facts)
    json_facts = printed(run.pathspec)
    walk.hear("json", json_facts)
    walk.hear("json of all", next(one for one in printed("runs", flow.id)["runs"] if one["pathspec"] == run.pathspec))
    items = tree.list_children(context, flow.id)["items"]
    walk.hear("sidebar", item_facts(items, run.pathspec))
    view = build_view(run, ALL)
    walk.hear(
        "display", cell_facts(*zip(*view.facts, strict=True)) | {"status": view.status.text, "reason": view.reason}
    )
    walk.hear("table", lines(build_view(flow.runs(), ALL), "Runs")[run.pathspec])
    walk.hear("table of all flows", _of_newest_runs(client).get(run.pathspec, row))
    walk.hear("status filter", flow.runs(status=str(run.status), text=run.id).to_dicts()[0])
    observed = facts_of(run).get(Name("durations", "", "duration"))
    walk.hear("comparison", {"duration": observed and timedelta(milliseconds=observed.value), "status": run.status})
    if flow.latest_run == run:
        newest = client.to_pandas()
        walk.hear("frame of flows", newest[newest.flow == flow.id].to_dict("records")[0])
        walk.hear("flow", flow.to_dict() | {"pathspec": run.pathspec})  # the run's own is that of the flow
        walk.hear("json of flows", next(one for one in printed()["flows"] if one["flow"] == flow.id))
        walk.hear(
            "sidebar of flows",
            item_facts(tree.list_children(context, "")["items"], flow.id) | {"pathspec": run.pathspec},
        )
    assert walk.facts.keys() == walk.columns.keys()
    running = walk.facts["status"] == "running"
    assert (walk.facts["duration"] is None) == running
    assert (walk.facts["elapsed"] is None) != running
    _steps(run, view, facts, json_facts, printed)


def _of_newest_runs(client):
    part = next((part for part in build_view(client, ALL).parts if part.heading == "Newest runs"), None)
    facts = [cell_facts(part.columns, cells) for cells in part.rows] if part else []
    return {f"{one['flow']}/{one['run_id']}": one for one in facts}


def _steps(run, view, facts, json_facts, printed):
    timings = Runs(run._context, run.parent.id, RunFilter(text=run.id)).timings()
    frame, rows = timings.to_pandas(), timings.to_dicts()
    items = tree.list_children(run._context, run.pathspec)["items"]
    durations = facts_of(run)
    graph = {one["step"]: one for one in run.dag().to_dict()["steps"]}
    timeline = run.timeline().to_dict()["steps"]
    timeline_view = build_view(run.timeline(), ALL)
    steps = list(run)
    assert len(steps) == len(rows) == len(facts["steps"]) == len(json_facts["steps"]) == len(timeline)
    for step in steps:
        walk = Walk("steps", step.pathspec)
        walk.hear(
            "attributes", attributes(step, ("pathspec", *TIMES)) | {"step": step.id, "task_count": step.tasks().count()}
        )
        walk.hear("frame", frame_facts(frame, step.pathspec))
        for surface, found in (
            ("dicts", rows),
            ("to_dict", facts["steps"]),
            ("json", json_facts["steps"]),
            ("timeline", timeline),
        ):
            walk.hear(surface, next(one for one in found if one["pathspec"] == step.pathspec))
        walk.hear("to_dict of it", step.to_dict())
        walk.hear("json of it", printed(step.pathspec))
        walk.hear("graph", graph[step.id])
        walk.hear("sidebar", item_facts(items, step.pathspec))
        own = build_view(step, ALL)
        walk.hear(
            "display",
            cell_facts(*zip(*own.facts, strict=True))
            | {"status": own.status.text, "reason": own.reason}
            | {"created_at": None},
        )
        cells = dict(lines(view, "Steps")[step.pathspec])
        cells["task_count"] = cells.pop("tasks")
        walk.hear("table", cells)
        line = next(
            cell_facts(table(timeline_view, "Timeline").columns, row)
            for row in table(timeline_view, "Timeline").rows
            if row[0].text == step.id
        )
        walk.hear("display of the timeline", {name: line.get(name) for name in ("step", "duration", "elapsed")})
        for surface, found in (
            ("comparison", durations.get(Name("durations", step.id, "duration"))),
            ("comparison of it", facts_of(step).get(Name("durations", "", "duration"))),
        ):
            walk.hear(surface, {"duration": found and timedelta(milliseconds=found.value)})
        assert walk.facts.keys() == walk.columns.keys()
        assert walk.facts["duration"] is None or walk.facts["elapsed"] is None


@pytest.mark.parametrize("name", [name for name in NAMES if name != "many"])
def test_tasks(name, client, runs, moment, printed):
    run = client.get(runs[name])
    moment(run)
    frame, rows = run.to_pandas(), run.to_dicts()
    timeline = run.timeline().to_dict()["tasks"]
    for step in run:
        items = tree.list_children(run._context, step.pathspec)["items"]
        facts, json_facts = step.to_dict()["tasks"], printed(step.pathspec)["tasks"]
        view = build_view(step, ALL)
        headings = [
            part.heading
            for part in view.parts
            if part.heading in ("Tasks", "Other tasks", "Tasks that did not complete")
        ]
        cells = {pathspec: line for heading in headings for pathspec, line in lines(view, heading).items()}
        grid = {cell.row.pathspec: cell.value for line in step.grid("duration").lines.values() for cell in line}
        for task in step:
            walk = Walk("tasks", task.pathspec)
            own = attributes(task, ("pathspec", "created_at", *TIMES))
            walk.hear(
                "attributes",
                own
                | {
                    "task_id": task.id,
                    "step": step.id,
                    "attempts": len(task.attempts),
                    "foreach_index": task.index,
                    "runtime": task.runtime_name,
                },
            )
            walk.hear("frame", frame_facts(frame, task.pathspec))
            for surface, found in (("dicts", rows), ("to_dict", facts), ("json", json_facts), ("timeline", timeline)):
                walk.hear(surface, next(one for one in found if one["pathspec"] == task.pathspec))
            walk.hear("to_dict of it", task.to_dict())
            walk.hear("json of it", printed(task.pathspec))
            walk.hear("sidebar", item_facts(items, task.pathspec))
            walk.hear("table", cells[task.pathspec])
            view = build_view(task, ALL)
            walk.hear(
                "display",
                cell_facts(*zip(*view.facts, strict=True)) | {"status": view.status.text, "reason": view.reason},
            )
            walk.hear(
                "grid",
                {"duration": None if grid[task.pathspec] is None else timedelta(milliseconds=grid[task.pathspec])},
            )
            observed = facts_of(task).get(Name("durations", "", "duration"))
            walk.hear(
                "comparison", {"duration": observed and timedelta(milliseconds=observed.value), "status": task.status}
            )
            assert walk.facts.keys() == walk.columns.keys()
            _attempts(task, view)


def _attempts(task, view):
    facts = task.to_dict()["attempt_rows"]
    assert [one["attempt"] for one in facts] == [attempt.current_attempt for attempt in task.attempts]
    for place, (attempt, one) in enumerate(zip(task.attempts, facts, strict=True)):
        walk = Walk("attempts", f"{task.pathspec}, attempt {place}")
        walk.hear("to_dict of the task", one)
        walk.hear("attributes", attributes(attempt, TIMES))
        walk.hear("to_dict", attempt.to_dict())
        if len(facts) > 1:
            part = table(view, "Attempts")
            column = [row[place + 1] for row in part.rows]
            shown = cell_facts([row[0].text for row in part.rows], column)
            walk.hear("display", {name: fact for name, fact in shown.items() if name != "stdout"})


@pytest.mark.parametrize("name", ["linear", "parameters", "values", "retry", "failing"])
def test_artifacts(name, client, runs, printed):
    run = client.get(runs[name])
    frame = run.artifacts().to_pandas()
    for task in run.tasks():
        items = tree.list_children(run._context, task.pathspec)["items"]
        json_facts = {one["pathspec"]: one for one in printed(task.pathspec)["artifacts"]}
        cells = lines(build_view(task.artifacts, ALL), "Artifacts") if task.artifacts else {}
        rows = {one["pathspec"]: one for one in task.to_dicts()}
        for artifact in task:
            walk = Walk("artifacts", artifact.pathspec)
            walk.hear(
                "attributes",
                {name: getattr(artifact, name) for name in ("pathspec", "type", "sha", "encoding")}
                | {"name": artifact.id},
            )
            if artifact.type != "metaflow.includefile.IncludedFile":  # whose size is that of the file, as in Metaflow
                walk.hear("size", {"size": artifact.size})
            walk.hear("frame", frame_facts(frame, artifact.pathspec))
            walk.hear("dicts", rows[artifact.pathspec])
            walk.hear("to_dict", artifact.to_dict())
            walk.hear("json of the task", json_facts[artifact.pathspec])
            walk.hear("json", printed(artifact.pathspec))
            (item,) = [item for item in items if item["pathspec"] == artifact.pathspec]
            walk.hear("sidebar", {"name": item["name"], "type": item["detail"], "pathspec": item["pathspec"]})
            shown = cells[artifact.pathspec]
            walk.hear("table", {"name": shown["artifact"], "type": shown["type"], "size": shown["size"]})
            assert shown["sha"] == artifact.sha[:10]
            assert walk.facts.keys() == walk.columns.keys()


@pytest.mark.parametrize("flow", ["FailingFlow", "RetryFlow", "DeathFlow", "LinearFlow"])
def test_the_explorer(flow, client, moment):
    moment(client[flow].latest_run)
    explorer = Explorer(client, client[flow])
    assert explorer.wait(PATIENCE_S)
    assert explorer.wait(PATIENCE_S)
    frame = client[flow].to_pandas()
    assert explorer.to_pandas()[list(frame.columns)].equals(frame)
    names = list(FACT_COLUMNS)
    rows = rows_message(explorer._answers.table.reader.runs, names, 0, len(frame))["rows"]
    assert len(rows) == len(frame)
    for (pathspec, run_id, cells), facts in zip(rows, frame.to_dict("records"), strict=True):
        assert (pathspec, run_id) == (facts["pathspec"], facts["run_id"])
        shown = dict(zip(names, cells, strict=True))
        assert shown["status"][0] == facts["status"]
        assert shown["user"][0] == facts["user"]
        assert shown["user_tags"][0] == ", ".join(facts["user_tags"])
        for name in ("started_at", "finished_at", "stopped_at"):
            assert plain(schema.TIME, shown[name][1]) == plain(schema.TIME, facts[name])
        for name in ("duration", "elapsed"):
            known = plain(schema.DURATION, facts[name])
            assert shown[name][0] == (duration_text(round(known.total_seconds() * 1000)) if known else "")
    explorer.close()


def test_a_retried_step_has_one_duration(client, runs):
    run = client.get(runs["retry"])
    step, task = run["flaky"], run["flaky"].task
    first, newest = task.attempts
    assert step.started_at == first.started_at < newest.started_at == task.started_at
    assert step.duration == task.finished_at - first.started_at > task.duration == newest.duration
    (facts,) = step.to_dict()["tasks"]
    assert facts["earlier_attempts"] == first.duration.total_seconds() == step.to_dict()["earlier_attempts"]
    text = str(full_view(run).parts)
    assert duration_text(round(step.duration.total_seconds() * 1000)) in text
    other = compare(run, client.get(runs["killed"])).to_dict()["differences"]
    (durations,) = [one["values"] for one in other if (one["section"], one["step"]) == ("durations", "flaky")]
    assert durations[0] == step.duration.total_seconds()


def test_reasons_in_the_sidebar_are_the_beginning_of_the_reason(client, runs):
    for run in client["DeathFlow"]:
        (item,) = [item for item in tree.list_children(run._context, "DeathFlow")["items"] if item["name"] == run.id]
        assert item["reason"] == single_line(run.status.reason, 200)
    assert runs["died-hard"] in {item["pathspec"] for item in tree.list_children(run._context, "DeathFlow")["items"]}
