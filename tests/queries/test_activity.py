"""The flows that were active last, and the runs of all flows: from files and from a service, within bounds."""

import gzip
import json
import random
import time
from datetime import UTC, datetime
from itertools import islice

import pytest
from busy_folder import DAY, BusyFolder
from service.running import TABLES, running
from service.store import read_tables

from mfwidgets import Metaflow
from mfwidgets.display_options import options
from mfwidgets.queries import activity
from mfwidgets.queries.activity import in_order_of_asking
from mfwidgets.queries.snapshot_provider import remembering_context

NOW = 1_795_700_000_000


@pytest.fixture
def many(tmp_path):
    """Forty flows with a few runs at random times, some in the same second, some with other ids."""
    rng = random.Random(7)
    folder = BusyFolder(tmp_path)
    for number in range(40):
        for _ in range(rng.randrange(1, 5)):
            started = NOW - rng.randrange(20 * DAY) // 500 * 500
            run_id = f"argo-{rng.randrange(10**6)}" if number % 7 == 0 else ""
            folder.run(f"F{number}", started, "begun", run_id=run_id, user=rng.choice(["ann", "bob"]))
    return Metaflow(metadata=f"local@{folder.base}", namespace=None)


def brute_force(client):
    runs = [run for flow in client for run in flow]
    return sorted(runs, key=lambda run: -run._record.created_ms)


@pytest.mark.parametrize("namespace", [None, "user:ann", "user:nobody"])
def test_the_runs_of_all_flows_come_newest_first(many, namespace):
    client = Metaflow._in_context(Metaflow(metadata=many.metadata, namespace=namespace)._context)
    expected = brute_force(client)
    found = list(client.runs())
    assert [run._record.created_ms for run in found] == [run._record.created_ms for run in expected]
    assert {run.pathspec for run in found} == {run.pathspec for run in expected}
    assert client.runs().count() == len(expected)
    assert [run.pathspec for run in client.runs(limit=5)] == [run.pathspec for run in found[:5]]


def test_filters_and_tables_of_all_flows(many):
    client, since = many, NOW - 3 * DAY
    recent = [run.pathspec for run in brute_force(client) if run._record.created_ms >= since]
    frame = client.runs(since=datetime.fromtimestamp(since / 1000, UTC)).to_pandas()
    assert set(frame.pathspec) == set(recent)
    assert set(client.runs(user="bob").to_pandas().user) == {"bob"}
    assert [run.pathspec for run in client.runs().where("user:ann")] == [
        run.pathspec for run in client.runs(user="ann")
    ]
    by_user = client.runs(limit=10).sort_by("user")
    assert [run.user for run in by_user] == sorted(run.user for run in client.runs(limit=10))
    assert list(client.runs(status="completed")) == list(client.runs().successful()) == []
    assert {run["flow"] for run in client.runs().to_dict()["runs"]} == {flow.id for flow in client}


def test_only_the_runs_that_are_taken_are_read(many, monkeypatch):
    from mfwidgets.providers import local_files

    read = []
    true_read = local_files.read_file
    monkeypatch.setattr(local_files, "read_file", lambda file, *more: read.append(file) or true_read(file, *more))
    list(islice(many.runs(), 3))
    runs_of_numbered = [file for file in read if "/F" in file and "/argo-" not in file and file.count("/") > 7]
    assert len(runs_of_numbered) < 60


def test_active_flows_equal_brute_force(many):
    found = activity.ActiveFlows()
    found.search(many._context, 10, NOW, 100)
    newest = {}
    for run in brute_force(many):
        newest.setdefault(run.parent.id, run._record.created_ms)
    expected = sorted(newest.values(), reverse=True)[:10]
    assert [run.created_ms for run in found.by_activity()[:10]] == expected


def test_the_order_of_asking():
    known = {f"F{number}": (number, 1000 - number) for number in range(200)} | {"new": (0, 0)}
    order = in_order_of_asking(known)
    assert order[:100] == [f"F{number}" for number in range(199, 99, -1)]
    assert order[100] == "new"
    assert order[101:] == [f"F{number}" for number in range(99, -1, -1)]
    assert sorted(order) == sorted(known)


def _tables(flows, tmp_path):
    """Return rows of a service with many flows: copies of one flow, each with a single run."""
    tables = read_tables(str(TABLES))
    run = tables["runs_v3"][0]
    one = {
        table: [row for row in tables[table] if row["flow_id"] == run["flow_id"]] for table in ("flows_v3", "runs_v3")
    }
    one["runs_v3"] = [run]
    copies = {table: list(rows) for table, rows in tables.items()}
    for flow in range(flows):
        for table in ("flows_v3", "runs_v3"):
            moved = {"flow_id": f"Copy{flow:04}"} | ({"run_number": 10**6 + flow} if table == "runs_v3" else {})
            copies[table] += [row | moved | {"ts_epoch": row["ts_epoch"] + 1000 * flow} for row in one[table]]
    file = tmp_path / "tables.json.gz"
    file.write_bytes(gzip.compress(json.dumps(copies).encode(), 1))
    return file


@pytest.fixture
def crowded(tmp_path):
    with running(tables=_tables(600, tmp_path)) as service:
        yield service


def test_a_service_of_many_flows_is_asked_within_bounds(crowded, monkeypatch):
    monkeypatch.setattr(activity, "MAX_FLOWS_ASKED", 100)
    monkeypatch.setattr(activity, "_RECENTLY_ACTIVE", 40)
    client = Metaflow(metadata=crowded.url, namespace=None)
    crowded.reset()
    text = client._repr_mimebundle_()["text/plain"]
    assert "timed out" not in text
    lists = [request for request in crowded.requests() if request["path"].endswith("/runs")]
    assert 100 <= len(lists) <= 100 + 100
    assert crowded.load()[1] <= 16
    assert " were searched. The next display searches others, too. " in text
    for _ in range(14):
        text = client._repr_mimebundle_()["text/plain"]
    # All flows were requested at some time, so the flows that were active last are shown.
    assert text.index("Copy0599") < text.index("Copy0598") < text.index("Copy0585")


def test_a_second_look_at_a_service_costs_a_request_per_flow(on_service):
    _, service = on_service
    client = Metaflow(metadata=service.url, namespace=None)
    first = client._repr_mimebundle_()
    assert "Cannot show" not in first["text/plain"]
    service.reset()
    client._repr_mimebundle_()
    paths = [request["path"] for request in service.requests()]
    flows = len(list(client))
    runs = [path for path in paths if path.endswith("/runs")]
    assert len(runs) <= 2 * flows
    assert service.load()[1] <= 16


def test_home_of_a_service_equals_home_of_a_folder(on_service):
    _, service = on_service
    client = Metaflow(metadata=service.url, namespace=None)
    frame = client.runs().to_pandas()
    expected = {run.pathspec for flow in client for run in flow}
    assert set(frame.pathspec) == expected
    assert frame.created_at.is_monotonic_decreasing
    failed = client.runs(status="failed")
    assert {run.status for run in failed} == {"failed"}


def test_a_service_without_a_list_of_flows_says_so(tmp_path):
    with running(release="small", tables=TABLES) as service:
        text = Metaflow(metadata=service.url, namespace=None)._repr_mimebundle_()["text/plain"]
    assert 'This service has no list of its flows. Flow("NAME") shows a flow' in text


def test_a_slow_service_is_shown_in_part(on_service, monkeypatch):
    _, service = on_service
    client = Metaflow(metadata=service.url, namespace=None)
    service.latency(0.25)
    try:
        monkeypatch.setattr(options, "display_timeout_s", 2)
        begun = time.monotonic()
        text = client._repr_mimebundle_()["text/plain"]
        assert time.monotonic() - begun < 60
    finally:
        service.latency(0)
    assert "timed out" not in text


def test_a_slow_disk_shows_the_flows_that_were_active_last_time(tmp_path, monkeypatch):
    from mfwidgets.deadline import Deadline
    from mfwidgets.providers import local_files

    folder = BusyFolder(tmp_path)
    for number in range(150):
        folder.run(f"F{number:03}", NOW - number * DAY, "begun", user="ann" if number % 10 == 9 else "bob")
    context = Metaflow(metadata=f"local@{tmp_path}", namespace="user:ann")._context
    whole = activity.ActiveFlows()
    whole.search(context, 10, NOW, 100)
    assert whole.is_complete or whole.has_enough
    true_names, clock = local_files.names_in, [0.0]

    def slow_names(folder, **more):
        if str(folder).rpartition("/")[2].startswith("F"):
            clock[0] += 0.01
        return true_names(folder, **more)

    monkeypatch.setattr(local_files, "names_in", slow_names)
    found = activity.ActiveFlows()
    with Deadline(1, clock=lambda: clock[0]).apply():
        found.search(remembering_context(context), 10, NOW, 100)
    assert 50 < len(found.asked) < 70
    assert [run.flow for run in found.by_activity()[:10]] == [f"F{number:03}" for number in range(9, 109, 10)]
