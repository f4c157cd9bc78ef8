"""Services of others: run ids of 16 digits, and only the routes of single objects that Metaflow's client needs."""

import json
import re

import hostile_service as hostile
import pytest
from service.running import TABLES, running
from service.store import read_tables
from waiting import PATIENCE_S

from mfwidgets import Metaflow, explore, metadata, namespace
from mfwidgets.errors import MetaflowNotFound, ServiceException
from mfwidgets.magic.dispatch import run_line

SHIFT = 10**15
_SHIFTED = re.compile(r"\b10{12}\d{3}\b")


@pytest.fixture(scope="module")
def head():
    with running(tables=TABLES) as found:
        yield found


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Serve the same runs with ids of 16 digits."""
    tables = read_tables(str(TABLES))
    for rows in tables.values():
        for row in rows:
            if row.get("run_number"):
                row["run_number"] += SHIFT
            if row.get("field_name") == "origin-run-id" and row["value"].isdigit():
                row["value"] = str(int(row["value"]) + SHIFT)
    file = tmp_path_factory.mktemp("small") / "tables.json"
    file.write_text(json.dumps(tables))
    with running(tables=file, release="small") as found:
        yield found


@pytest.fixture
def clients(head, small):
    return [Metaflow(metadata=server.url, namespace=None) for server in (head, small)]


def same(clients, flow, run_id, ask):
    """Ask both services, and compare the answers."""
    theirs, ours = (ask(client.get(f"{flow}/{run}")) for client, run in zip(clients, _ids(run_id), strict=True))
    assert _SHIFTED.sub(lambda match: str(int(match[0]) - SHIFT), json.dumps(ours, default=str)) == json.dumps(
        theirs, default=str
    )
    return theirs


def _ids(run_id):
    return run_id, str(int(run_id) + SHIFT)


RUNS = [("TaggedFlow", "31"), ("FailingFlow", "9"), ("FailingFlow", "10"), ("RetryFlow", "6"), ("CatchFlow", "13")]


@pytest.mark.parametrize(("flow", "run_id"), RUNS)
def test_a_run_has_the_same_facts(clients, flow, run_id):
    same(clients, flow, run_id, lambda run: [str(run.status), run.status.reason, sorted(run.tags), run.successful])
    same(clients, flow, run_id, lambda run: sorted([task.pathspec, str(task.status)] for step in run for task in step))
    same(clients, flow, run_id, lambda run: run.tasks().to_dicts())
    same(clients, flow, run_id, lambda run: run._repr_mimebundle_()["text/plain"])


def test_a_task_has_the_same_facts(clients):
    for ask in (
        lambda run: sorted([a.id, a.sha, a._record.attempt] for a in run["start"].task),
        lambda run: run["start"].task["_task_ok"].sha,
        lambda run: run["start"].task._repr_mimebundle_()["text/plain"],
        lambda run: sorted([event.name, event.value] for event in run["start"].task.metadata),
        lambda run: [attempt.pathspec for attempt in run["start"].task.attempts],
    ):
        same(clients, "RetryFlow", "6", ask)


def test_tables_of_runs_are_the_same(clients):
    theirs, ours = (client["FailingFlow"].to_pandas() for client in clients)
    for column in ("status", "duration", "user", "started_at"):
        assert list(ours[column].astype(str)) == list(theirs[column].astype(str))


def test_what_is_missing_is_not_found(clients):
    client = clients[1]
    for pathspec in ("FailingFlow/1", "NoFlow", f"FailingFlow/{9 + SHIFT}/nostep", f"FailingFlow/{9 + SHIFT}/start/1"):
        with pytest.raises(MetaflowNotFound):
            client.get(pathspec)
    with pytest.raises(KeyError):
        client.get(f"FailingFlow/{9 + SHIFT}/start").task["nothing"]


def test_a_missing_list_of_flows_is_named(clients):
    with pytest.raises(ServiceException, match=r"no list of flows \(it answers 404 to /flows\). Name a flow"):
        clients[1].flows  # noqa: B018 - it raises
    assert "no list of its flows" in clients[1]._repr_mimebundle_()["text/plain"]


def test_the_doctor_finds_no_problem(small):
    metadata(small.url)
    namespace(None)
    results = {row["name"]: row for row in run_line("doctor").to_dict()["checks"]}
    assert (results["metadata"]["result"], results["namespace"]["result"]) == ("ok", None)
    assert "no list of flows" in results["metadata"]["details"]


def test_an_explorer_begins_with_the_flow_of_its_run(clients):
    explorer = explore(clients[1].get(f"FailingFlow/{10 + SHIFT}"))
    assert explorer.wait(PATIENCE_S)
    assert explorer.flow == "FailingFlow"
    assert explorer._answers.table._flows == ["FailingFlow"]
    explorer.close()


def test_missing_routes_are_asked_once(small):
    run = Metaflow(metadata=small.url, namespace=None).get(f"FailingFlow/{9 + SHIFT}")
    run.status  # noqa: B018 - now the routes are known
    run.tasks().to_dicts()
    small.reset()
    again = Metaflow(metadata=small.url, namespace=None).get(f"FailingFlow/{10 + SHIFT}")
    assert again.status
    again.tasks().to_dicts()
    asked = [request["path"] for request in small.requests()]
    assert asked
    assert not any(path.endswith((f"{10 + SHIFT}/metadata", f"{10 + SHIFT}/artifacts")) for path in asked)


def test_a_large_run_id_does_not_exist_where_the_database_cannot_hold_it(clients):
    for pathspec in (f"FailingFlow/{SHIFT}", f"FailingFlow/{SHIFT}/start", f"FailingFlow/{SHIFT}/start/1"):
        with pytest.raises(MetaflowNotFound):
            clients[0].get(pathspec)


@pytest.mark.parametrize(
    "way",
    [hostile.says({"message": "Not Found"}, 404), hostile.says(b"404: Not Found", 404), hostile.says(b"<html>", 404)],
)
def test_a_server_that_knows_no_route_is_not_an_empty_service(way):
    with hostile.serving(way) as service:
        client = Metaflow(metadata=service.url, namespace=None)
        for ask in (lambda: client["F"], lambda: client.get("F/1"), lambda: client.flows):
            with pytest.raises(ServiceException, match="answers 404"):
                ask()


def test_a_service_that_has_answered_needs_no_ping():
    row = {"flow_id": "F", "run_number": 10**15, "user_name": "ann", "tags": [], "system_tags": [], "ts_epoch": 5}

    def way(handler):
        found = {"/flows/F": row, "/flows/F/runs": [row], f"/flows/F/runs/{10**15}": row}
        answer = found.get(handler.path.partition("?")[0])
        handler.answer(json.dumps(answer or "no such page").encode(), 200 if answer else 404)

    with hostile.serving(way) as service:
        run = Metaflow(metadata=service.url, namespace=None)["F"].latest_run
        assert run.id == str(10**15)
        assert list(run) == []
        assert run.status == "unknown"
        assert "ping" not in str(service.asked)
