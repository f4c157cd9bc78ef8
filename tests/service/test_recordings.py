"""The service of the tests gives the responses of the real one: recorded exchanges are replayed."""

import gzip
import http.client
import json
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from service.running import TABLES, running

RECORDINGS = json.loads(gzip.decompress((Path(TABLES).parent / "recordings.json.gz").read_bytes()))
HEADERS = ("X-Limit", "X-Next-Cursor", "METADATA_SERVICE_VERSION", "Content-Type", "Allow")

NOT_REPLAYED = {
    "conflict: 8 at once": "eight requests changed one run at once; here a lock serializes them",
    **dict.fromkeys(
        [f"fresh: status of {flow}" for flow in ("FailingFlow", "CustomEndsFlow", "SingleStepFlow", "CardFlow")],
        "recorded from another service without its rows: see the test of fresh runs",
    ),
}

# After the first line of an error, PostgreSQL quotes the query. There is no query here.
QUOTING = {"run number beyond bigint", "run number beyond int", "superscript digit as run number", "one, attempt x"}


def exchanges(*methods):
    for file, found in RECORDINGS.items():
        for number, exchange in enumerate(found):
            if exchange["method"] in methods and exchange["name"] not in NOT_REPLAYED:
                yield pytest.param(file, exchange, id=f"{file}-{number}-{exchange['name']}"[:80])


def test_exceptions_are_recorded():
    assert {*NOT_REPLAYED, *QUOTING} <= {exchange["name"] for found in RECORDINGS.values() for exchange in found}


@pytest.fixture(scope="module")
def servers():
    with running(tables=TABLES) as head, running(tables=TABLES, release="2.5.1") as release:
        ask(head.url, "POST", "/flows/SlowFlow/runs/48/heartbeat", body="{}")  # the run was alive during the recording
        yield {"head": head.url, "release_2_5_1": release.url}


def ask(url, method, path, *, query=(), body=None):
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    connection.request(method, path + (f"?{urlencode(query)}" if query else ""), body)
    answer = connection.getresponse()
    raw = answer.read().decode()
    connection.close()
    return answer.status, raw, answer.headers


def replay(url, exchange):
    body = json.dumps(exchange["request_json"]) if "request_json" in exchange else exchange.get("request_text")
    query = [tuple(pair) for pair in exchange["query"]]
    return ask(url, exchange["method"], exchange["path"], query=query, body=body)


@pytest.mark.parametrize(("file", "exchange"), list(exchanges("GET", "HEAD", "POST")))
def test_replay(file, exchange, servers):
    status, raw, headers = replay(servers.get(file, servers["head"]), exchange)
    assert status == exchange["status"]
    for name in HEADERS:
        assert headers.get(name) == exchange["headers"].get(name), name
    if "text" in exchange:
        assert raw == exchange["text"]
    elif exchange["name"] in QUOTING:
        assert first_line(json.loads(raw)) == first_line(exchange["json"])
    else:
        actual, expected = comparable(json.loads(raw)), comparable(exchange["json"])
        assert_same(actual, expected, ordered=is_ordered(file, exchange), truncated=exchange.get("truncated"))


def assert_same(actual, expected, *, ordered, truncated):
    if truncated:  # only the first rows and the last two are recorded
        assert len(actual) == truncated["total"]
        if ordered:
            assert [*actual[: len(expected) - 2], *actual[-2:]] == expected
        else:
            assert all(row in actual for row in expected)
    elif ordered or not isinstance(actual, list):
        assert actual == expected
    else:
        assert sorted(actual, key=as_text) == sorted(expected, key=as_text)


def is_ordered(file, exchange):
    """Return whether a listing is sorted: pages are, and two listings without pages."""
    if "X-Limit" in exchange["headers"] or exchange["path"].endswith("/filtered_tasks"):
        return True
    return file != "release_2_5_1" and "/tasks/" in exchange["path"] and exchange["path"].endswith("/metadata")


def comparable(body):
    """Return a response without values that differ each time, and with sorted tags."""
    if isinstance(body, list):
        return [comparable(row) for row in body]
    if not isinstance(body, dict):
        return body
    kept = {key: value for key, value in body.items() if key not in ("last_heartbeat_ts", "traceback")}
    tags = {key: sorted(kept[key]) for key in ("tags", "system_tags") if kept.get(key)}
    return kept | tags


def as_text(row):
    return json.dumps(row, sort_keys=True)


def first_line(body):
    error = json.loads(body)["err_msg"]
    return error | {"pgerror": error["pgerror"].splitlines()[0]}


def test_an_unsorted_listing_moves_changed_rows():
    """PostgreSQL moves a changed row to the end, which shows code that relies on an order."""
    with running(tables=TABLES) as server:
        path = "/flows/TaggedFlow/runs"
        before = [row["run_number"] for row in json.loads(ask(server.url, "GET", path)[1])]
        assert before == [*range(25, 32), *range(18, 25), 17]
        ask(server.url, "POST", f"{path}/29/heartbeat", body="{}")
        ask(server.url, "PATCH", f"{path}/30/tag/mutate", body='{"tags_to_add": ["x"]}')
        after = [row["run_number"] for row in json.loads(ask(server.url, "GET", path)[1])]
        assert after == [25, 26, 27, 28, 31, *range(18, 25), 17, 29, 30]


@pytest.mark.parametrize(
    ("flow", "run"), [("FailingFlow", 10), ("CustomEndsFlow", 42), ("SingleStepFlow", 43), ("CardFlow", 16)]
)
def test_status_of_fresh_runs(flow, run, servers):
    """A run with a recent heartbeat is running for the service, unless its step ``end`` is done."""
    [recorded] = [one for one in RECORDINGS["runs_filters"] if one["name"] == f"fresh: status of {flow}"]
    ask(servers["head"], "POST", f"/flows/{flow}/runs/{run}/heartbeat", body="{}")
    rows = json.loads(replay(servers["head"], recorded)[1])
    assert [row["status"] for row in rows if row["run_number"] == run] == [recorded["json"][0]["status"]]


def test_changes_of_tags_replayed():
    """Replay all changes in order, from the initial tags of the run."""
    with running(tables=TABLES) as server:
        run, (before, *_) = "/flows/TaggedFlow/runs/17", RECORDINGS["tags"]
        now = json.loads(ask(server.url, "GET", run)[1])["tags"]
        reset = {"tags_to_add": before["json"]["tags"], "tags_to_remove": now}
        ask(server.url, "PATCH", f"{run}/tag/mutate", body=json.dumps(reset))
        for parameters in exchanges("PATCH"):
            _, exchange = parameters.values
            status, raw, headers = replay(server.url, exchange)
            assert status == exchange["status"], exchange["name"]
            assert comparable(json.loads(raw)) == comparable(exchange["json"]), exchange["name"]
            for name in HEADERS:
                assert headers.get(name) == exchange["headers"].get(name), (exchange["name"], name)
