"""Requests for tables of many runs on a metadata service, of which some failed."""

import hashlib
import json
import pickle
import time
from contextlib import suppress

import pytest
from service.copies import many_runs
from service.running import TABLES, running
from service.store import read_tables

from mfwidgets import Metaflow, options
from mfwidgets.concurrency import call_with_timeout
from mfwidgets.errors import DeadlineExceeded
from mfwidgets.queries.status import believed
from mfwidgets.views.show import render_to_fit

FLOW, NEWEST, RUNS = "TaggedFlow", 31, 500


def failing(tables, failed):
    """Return the rows with a failed attempt at the end of some runs, which stopped long ago."""
    false = hashlib.sha1(pickle.dumps(obj=False, protocol=4)).hexdigest()
    rows = {name: list(map(dict, found)) for name, found in tables.items()}
    for row in (row for table in ("metadata_v3", "artifact_v3") for row in rows[table] if row["run_number"] in failed):
        if row.get("field_name") == "attempt_ok":
            row["value"] = "False"
        elif row.get("name") in ("_success", "_task_ok"):
            row["sha"] = false
    return rows


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """A flow with 500 runs, of which every eighth failed."""
    tables = many_runs(read_tables(str(TABLES)), FLOW, NEWEST, RUNS)
    numbers = sorted(row["run_number"] for row in tables["runs_v3"] if row["run_number"] != NEWEST)
    file = tmp_path_factory.mktemp("mixed") / "tables.json"
    file.write_text(json.dumps(failing(tables, set(numbers[::8]))))
    with running(tables=file) as found:
        yield found


@pytest.fixture(scope="module")
def never_good(tmp_path_factory):
    """A flow with 500 runs that failed."""
    tables = many_runs(read_tables(str(TABLES)), FLOW, NEWEST, RUNS)
    file = tmp_path_factory.mktemp("never") / "tables.json"
    file.write_text(json.dumps(failing(tables, {row["run_number"] for row in tables["runs_v3"]})))
    with running(tables=file) as found:
        yield found


@pytest.fixture(autouse=True)
def _unknown(monkeypatch):
    monkeypatch.setattr(believed, "_last_steps", {})


def cost(server, ask):
    server.reset()
    found = ask()
    return found, len(server.requests())


def flow_on(server):
    return Metaflow(metadata=server.url, namespace=None)[FLOW]


def test_the_statuses_of_many_runs(mixed):
    frame, requests = cost(mixed, flow_on(mixed).runs().to_pandas)
    counts = frame.status.value_counts()
    assert (counts["completed"], counts["failed"]) == (437, 63)
    assert requests <= 2
    again, requests = cost(mixed, flow_on(mixed).runs().to_pandas)
    assert requests == 1
    assert list(again.status) == list(frame.status)
    assert set(frame.reason[frame.status == "failed"]) == {"failed according to the service"}


def test_a_status_that_was_proved_is_preferred(mixed):
    flow = flow_on(mixed)
    proved = flow.runs(limit=20).to_pandas(times=True)
    frame = flow.runs().to_pandas()
    assert list(frame.reason[:20]) == list(proved.reason)
    assert (frame.status[:20] == proved.status).all()


def test_exact_ends_of_many_runs_at_the_second_look(mixed):
    runs = flow_on(mixed).runs()
    frame, requests = cost(mixed, lambda: runs.to_pandas(times=True))
    assert requests > RUNS
    again, requests = cost(mixed, lambda: runs.to_pandas(times=True))
    assert requests == 1
    assert again.drop(columns="elapsed").equals(frame.drop(columns="elapsed"))


def test_completed_runs_behind_failed_ones(mixed):
    runs = flow_on(mixed).runs(status="completed", limit=20)
    found, requests = cost(mixed, lambda: list(runs))
    assert len(found) == 20
    assert requests <= 2
    with options(remember=False):
        assert [run.status for run in found[:2]] == ["completed", "completed"]


def test_a_flow_that_never_succeeded(never_good):
    flow = flow_on(never_good)
    found, requests = cost(never_good, lambda: flow.latest_successful_run)
    assert found is None
    assert requests <= 3
    assert list(flow.runs(status="completed")) == []


def test_the_flows_of_a_namespace(on_service):
    """They are read many at once, and a flow that was visible stays visible."""
    _, service = on_service
    client = Metaflow(metadata=service.url, namespace="user:bob")
    first, requests = cost(service, lambda: [flow.id for flow in client])
    with options(remember=False):
        assert [flow.id for flow in client] == first
    assert requests > 1 + len(first)
    again, fewer = cost(service, lambda: [flow.id for flow in client])
    assert again == first
    assert fewer == requests - len(first)


def test_the_first_page_of_a_list(mixed):
    """The statuses of the service come first, and their proofs after."""
    runs = flow_on(mixed).runs()
    page, requests = cost(mixed, lambda: next(runs._row_pages(50)))
    assert requests <= 2
    believed = [str(row.status) for row in page]
    assert believed.count("failed") == 6
    assert {row.status.reason.partition(" ")[2] for row in page} == {"according to the service"}
    proved, requests = cost(mixed, lambda: runs._proved(page))
    assert [str(row.status) for row in proved] == believed
    assert requests <= 2 * 50
    with options(remember=False):
        exact = runs._rows(50)
    assert [(row.pathspec, row.status.reason, row.finished_ms) for row in proved] == [
        (row.pathspec, row.status.reason, row.finished_ms) for row in exact
    ]
    again, requests = cost(mixed, lambda: next(flow_on(mixed).runs()._row_pages(50)))
    assert requests == 2  # the flow and a page
    assert [row.status.reason for row in again] == [row.status.reason for row in proved]


def test_a_text_is_searched_before_statuses_are_asked(mixed):
    flow = flow_on(mixed)
    ids = [run.id for run in flow]
    some = next(digits for digits in ids[300:] if sum(digits[-3:] in run_id for run_id in ids) == 1)[-3:]
    page, requests = cost(mixed, lambda: next(flow.runs(text=some)._row_pages(50)))
    assert [row.record.run_id for row in page] == [run_id for run_id in ids if some in run_id]
    asked = [dict(request["query"]) for request in mixed.requests() if request["path"].endswith("/runs")]
    assert [query for query in asked if "status:eq" in query] == asked[-1:]
    assert "run_number:eq" in asked[-1]
    assert requests <= 1 + len(page) + 2
    for status in ("failed", "completed"):
        found = list(flow.runs(text=some[-2:], status=status))
        rows = flow.runs(status=status).to_dicts()
        assert [run.id for run in found] == [row["run_id"] for row in rows if some[-2:] in row["run_id"]]
    frame, all_runs = flow.runs(text=some[-2:]).to_pandas(), flow.runs().to_pandas()
    expected = all_runs[all_runs.run_id.str.contains(some[-2:])]
    assert list(frame.status) == list(expected.status)


def test_a_text_on_a_service_without_filters(mixed, tmp_path):
    tables = many_runs(read_tables(str(TABLES)), FLOW, NEWEST, 40)
    file = tmp_path / "tables.json"
    file.write_text(json.dumps(tables))
    with running(tables=file, release="2.5.1") as old, running(tables=file) as head:
        answers = [flow_on(server).runs(text="00001").to_dicts(times=True) for server in (old, head)]
        assert len(answers[0]) > 5
        assert [(row["run_id"], row["status"], row["reason"]) for row in answers[0]] == [
            (row["run_id"], row["status"], row["reason"]) for row in answers[1]
        ]
        assert sum(request["path"].endswith("/runs") for request in old.requests()) == 1


def test_a_run_that_runs_is_believed_first(tmp_path):
    tables = many_runs(read_tables(str(TABLES)), FLOW, NEWEST, 20)
    newest = {row["run_number"] for row in tables["runs_v3"]} - {NEWEST}
    for row in tables["runs_v3"]:
        if row["run_number"] == max(newest):
            row["last_heartbeat_ts"] = int(time.time())
    for row in tables["metadata_v3"]:
        if row["run_number"] == max(newest) and row["field_name"] == "attempt_ok":
            row["field_name"] = "attempt_is_open"
    file = tmp_path / "tables.json"
    file.write_text(json.dumps(tables))
    with running(store=file) as server:
        runs = flow_on(server).runs()
        page, requests = cost(server, lambda: next(runs._row_pages(50)))
        assert requests <= 3
        assert [str(row.status) for row in page].count("running") == 1
        assert [str(row.status) for row in runs._proved(page)] == [str(row.status) for row in runs._rows()]


def test_work_that_was_given_up_asks_nothing_more(on_service):
    """Displays, tables and searches stop soon: after that, at most one request arrives that was on its way."""
    _, service = on_service
    client = Metaflow(metadata=service.url, namespace="user:bob")
    everything = Metaflow(metadata=service.url, namespace=None)
    shows_what_it_knows = lambda: render_to_fit(everything)  # noqa: E731 - a display ends in time and says what is missing
    questions = (
        lambda: list(client),
        lambda: [flow.to_pandas() for flow in everything],
        lambda: [run.why() for flow in everything for run in flow],
        lambda: [run.tasks().to_dicts() for flow in everything for run in flow],
        shows_what_it_knows,
        lambda: [list(flow.runs().where(alpha=0.123)) for flow in everything],
    )
    for ask in questions:
        service.latency(0.3)
        try:
            service.reset()
            ends = suppress(DeadlineExceeded) if ask is shows_what_it_knows else pytest.raises(DeadlineExceeded)
            with options(remember=False), ends:
                call_with_timeout(0.5, ask)
            given_up = len(service.requests())
            assert given_up
            time.sleep(0.8)
            assert len(service.requests()) <= given_up + 1
        finally:
            service.latency(0)
