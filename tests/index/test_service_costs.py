"""Requests for tables of many runs on a metadata service, of which some failed."""

import hashlib
import json
import pickle

import pytest
from service.copies import many_runs
from service.running import TABLES, running
from service.store import read_tables

from mfwidgets import Metaflow, options
from mfwidgets.queries.status import believed

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
    assert requests <= 3
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
    assert requests <= 3
    with options(remember=False):
        assert [run.status for run in found[:2]] == ["completed", "completed"]


def test_a_flow_that_never_succeeded(never_good):
    flow = flow_on(never_good)
    found, requests = cost(never_good, lambda: flow.latest_successful_run)
    assert found is None
    assert requests <= 4
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
