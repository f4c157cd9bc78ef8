"""Runs of thousands of tasks on a service: displays show counts, and tables read each listing once and whole."""

import hashlib
import json
import pickle
import re
import time

import pytest
from service.copies import many_tasks
from service.running import TABLES, running
from service.store import read_tables
from waiting import PATIENCE_S

from mfwidgets import Metaflow, options
from mfwidgets.client.answers.run_poller import RunPoller
from mfwidgets.concurrency import call_with_timeout
from mfwidgets.errors import DeadlineExceeded
from mfwidgets.providers import service_body
from mfwidgets.queries.rows import task_rows
from mfwidgets.queries.run_snapshot import load_run_snapshot

FLOW, RUN, STEP, COPIES = "ForeachWideFlow", 3, "work", 1200
FAILED = {1_000_100, 1_000_700}
RETRIED = 1_000_300


def wide_tables(*, failing=True):
    """Return the rows of a run with more than a thousand tasks, of which two failed and one was retried."""
    tables = {
        table: [row for row in rows if row["flow_id"] == FLOW and row.get("run_number") in (None, RUN)]
        for table, rows in read_tables(str(TABLES)).items()
    }
    tables = many_tasks(tables, STEP, COPIES)
    return with_failures(tables) if failing else tables


def with_failures(tables):
    """Let two tasks fail, and one be retried. The run ends there."""
    false = hashlib.sha1(pickle.dumps(obj=False, protocol=4)).hexdigest()
    for table in ("steps_v3", "tasks_v3", "metadata_v3", "artifact_v3"):
        tables[table] = [row for row in tables[table] if row["step_name"] not in ("gather", "end")]
    for row in (*tables["metadata_v3"], *tables["artifact_v3"]):
        if row["task_id"] in FAILED and row.get("field_name") == "attempt_ok":
            row["value"] = "False"
        if row["task_id"] in FAILED and row.get("name") in ("_task_ok", "_success"):
            row["sha"] = false
        if row["task_id"] == max(FAILED):  # it failed later
            row["ts_epoch"] += 1000
    retry(tables)
    return tables


def retry(tables):
    """Let a task have a failed attempt before its last one."""
    retried = [row for row in tables["metadata_v3"] if row["task_id"] == RETRIED]
    for row in retried:
        number = re.sub(r"\d+", "1", row["value"]) if row["field_name"] in ("attempt", "attempt-done") else row["value"]
        tables["metadata_v3"].append(
            row | {"id": row["id"] + 500, "ts_epoch": row["ts_epoch"] + 50, "tags": ["attempt_id:1"], "value": number}
        )
        if row["field_name"] == "attempt_ok":
            row["value"] = "False"
    for row in tables["artifact_v3"]:
        if row["task_id"] == RETRIED:
            row["attempt_id"] = 1


@pytest.fixture(scope="module", params=["head", "2.5.1"])
def wide(request, tmp_path_factory):
    """A service with the run."""
    file = tmp_path_factory.mktemp("wide") / "tables.json"
    file.write_text(json.dumps(wide_tables()))
    with running(tables=file, release=request.param) as found:
        yield found


@pytest.fixture
def run(wide):
    return Metaflow(metadata=wide.url, namespace=None).get(f"{FLOW}/{RUN}")


def whole_run_requests(server):
    """Return the requests for all metadata or artifacts of the run, as paths with their queries."""
    return [
        (request["path"].rpartition("/")[2], dict(request["query"]))
        for request in server.requests()
        if re.search(r"/runs/\d+/(metadata|artifacts)\Z", request["path"])
    ]


def test_the_displays_show_counts(wide, run, monkeypatch):
    monkeypatch.setattr(options, "display_timeout_s", PATIENCE_S)
    wide.reset()
    text = run._repr_mimebundle_()["text/plain"]
    assert re.search(r"Counts only: 1,2\d\d tasks", text)
    assert re.search(rf"{STEP} .*✗ failed +1,2\d\d, 2 failed", text)
    assert "1000100" in text
    assert whole_run_requests(wide) == []
    assert len(wide.requests()) < 40
    for shown in (run[STEP], run.tasks(), run[STEP].grid(), run.why(), run.dag(), run.timeline(), run.steps()):
        wide.reset()
        text = shown._repr_mimebundle_()["text/plain"]
        assert "timed out" not in text
        assert "Cannot show" not in text
        assert all(query for _, query in whole_run_requests(wide))
        assert len(wide.requests()) < 40


def test_an_outline_has_the_statuses_of_all_tasks(run):
    whole, outline = (load_run_snapshot(run._context, run._record, outline=outline) for outline in (False, True))
    assert not whole.counted
    assert len(outline.counted) > 1_000
    rows = {row.record.key: row for row in task_rows(whole)}
    assert {row.record.key: row.status for row in task_rows(outline)} == {key: row.status for key, row in rows.items()}
    assert outline.context.provider.metadata(("ForeachWideFlow", "3", STEP, "1000001"))  # asked when it is needed
    detailed = [row for row in task_rows(outline) if row.record.key not in outline.counted]
    assert {int(row.record.task_id) for row in detailed} >= {*FAILED, RETRIED}
    for row in detailed:
        assert (row.attempts, row.item, row.status.reason) == (
            rows[row.record.key].attempts, rows[row.record.key].item, rows[row.record.key].status.reason,
        )  # fmt: skip


def test_why_names_the_task_that_failed_first(run):
    why = run.why()
    assert why.task.id == "1000100"
    assert why.other_failed_tasks == 1


def test_the_status_is_that_of_the_unsuccessful_tasks(wide, run):
    wide.reset()
    assert run.status == "failed"
    assert run.status.reason.startswith(f"{FLOW}/{RUN}/{STEP}/1000100: attempt 0 failed")
    assert ("metadata", {}) not in whole_run_requests(wide)


@pytest.mark.parametrize("piece", [3_000, 10_000_000])
def test_a_table_reads_each_listing_once(wide, run, monkeypatch, piece):
    monkeypatch.setattr(service_body, "_PIECE_BYTES", piece)
    wide.reset()
    rows = run.tasks().to_dicts()
    assert sorted(map(str, whole_run_requests(wide))) == ["('artifacts', {})", "('metadata', {})"]
    by_id = {row["pathspec"].rpartition("/")[2]: row for row in rows}
    assert len(rows) > COPIES
    assert sum(row["status"] == "failed" for row in rows) == 2
    assert by_id[str(RETRIED)]["attempts"] == 2
    assert all(row["duration"] is not None and row["foreach_index"] is not None for row in rows if row["step"] == STEP)
    cells = [cell for line in run[STEP].grid(by="duration").lines.values() for cell in line]
    assert all(cell.value is not None for cell in cells)


def test_what_arrives_late_serves_the_next_look(wide, run):
    wide.latency(0.4)
    try:
        with pytest.raises(DeadlineExceeded):
            call_with_timeout(0.2, lambda: run._context.provider.tasks(run._record, STEP))
        time.sleep(0.6)
        wide.reset()
        tasks = call_with_timeout(PATIENCE_S, lambda: run._context.provider.tasks(run._record, STEP))
        assert len(tasks) > COPIES
        assert wide.requests() == []
        with pytest.raises(DeadlineExceeded):
            call_with_timeout(0.2, lambda: run._context.provider.tasks(run._record, STEP))
        assert call_with_timeout(PATIENCE_S, lambda: run._context.provider.tasks(run._record, STEP)) == tasks
        assert len(wide.requests()) == 1  # the second look waited for the request of the first
    finally:
        wide.latency(0)


def test_a_watched_run_that_grows_is_polled_for_counts(wide, run):
    provider, poller = run._context.provider, RunPoller(run)
    provider._most_tasks[FLOW] = 5  # all runs of this flow were small before
    wide.reset()
    watched = poller.poll()
    assert ("metadata", {}) in whole_run_requests(wide)
    assert not load_run_snapshot(watched._context, watched._record, outline=True).counted
    wide.reset()
    watched = poller.poll()
    assert load_run_snapshot(watched._context, watched._record, outline=True).counted
    assert whole_run_requests(wide) == []


def test_a_service_without_filters_shows_unknown_tasks(tmp_path):
    tables = wide_tables(failing=False)
    file = tmp_path / "tables.json"
    file.write_text(json.dumps(tables))
    with running(tables=file, release="small") as small:
        run = Metaflow(metadata=small.url, namespace=None).get(f"{FLOW}/{RUN}")
        snapshot = load_run_snapshot(run._context, run._record, outline=True)
        statuses = {(row.record.step, str(row.status)) for row in task_rows(snapshot)}
        assert (STEP, "unknown") in statuses
        assert ("gather", "completed") in statuses
        assert len(small.requests()) < 60
