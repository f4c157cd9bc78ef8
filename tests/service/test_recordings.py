"""The service of the tests answers as the real one did: its recorded exchanges, replayed."""

import gzip
import http.client
import json
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from service.running import TABLES, running

RECORDINGS = json.loads(gzip.decompress((Path(TABLES).parent / "recordings.json.gz").read_bytes()))

# Whose body is not compared, and why.
DIFFERENT = {
    "double slash": "Python's HTTP server takes two slashes for one",
    **dict.fromkeys(["status:eq=running", "status:eq=failed", "status:ne"], "a run without an end was alive then"),
    **dict.fromkeys(
        [f"fresh: status of {flow}" for flow in ("FailingFlow", "CustomEndsFlow", "SingleStepFlow", "CardFlow")],
        "the same, and these runs were fresh",
    ),
}


def test_what_is_not_compared_is_recorded():
    assert DIFFERENT.keys() <= {exchange["name"] for exchanges in RECORDINGS.values() for exchange in exchanges}


def gets():
    for file, exchanges in RECORDINGS.items():
        for number, exchange in enumerate(exchanges):
            if exchange["method"] == "GET":
                yield pytest.param(file, exchange, id=f"{file}-{number}-{exchange['name']}"[:80])


@pytest.fixture(scope="module")
def servers():
    with running(tables=TABLES) as head, running(tables=TABLES, release="2.5.1") as release:
        yield {"head": head.url, "release_2_5_1": release.url}


def ask(url, exchange):
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    query = urlencode([tuple(pair) for pair in exchange["query"]])
    connection.request(exchange["method"], exchange["path"] + (f"?{query}" if query else ""))
    answer = connection.getresponse()
    raw = answer.read().decode()
    connection.close()
    return answer.status, raw, answer.headers


def comparable(body, *, ordered):
    """Return an answer without what may differ, and lists without an order as sets."""
    if isinstance(body, list):
        rows = [comparable(row, ordered=ordered) for row in body]
        return rows if ordered else sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))
    if isinstance(body, dict):
        left_out = {"last_heartbeat_ts", "status", "traceback", "user"}
        kept = {key: value for key, value in body.items() if key not in left_out}
        for key in ("tags", "system_tags"):
            if isinstance(kept.get(key), list):
                kept[key] = sorted(kept[key])
        return kept
    return body


@pytest.mark.parametrize(("file", "exchange"), list(gets()))
def test_replay(file, exchange, servers):
    status, raw, headers = ask(servers.get(file, servers["head"]), exchange)
    if exchange["name"] in DIFFERENT:
        assert status == 200
        return
    assert status == exchange["status"]
    for name in ("X-Limit", "METADATA_SERVICE_VERSION", "Content-Type"):
        assert headers.get(name) == exchange["headers"].get(name), name
    assert bool(headers.get("X-Next-Cursor")) == ("X-Next-Cursor" in exchange["headers"])
    if status < 500:
        same_body(raw, exchange)


def same_body(raw, exchange):
    if "text" in exchange:
        assert raw == exchange["text"]
    elif "truncated" in exchange:
        assert len(json.loads(raw)) == exchange["truncated"]["total"]
    else:
        ordered = "X-Limit" in exchange["headers"]
        assert comparable(json.loads(raw), ordered=ordered) == comparable(exchange["json"], ordered=ordered)


def test_changes_of_tags_replayed():
    """Those of one run, in their order; what collides cannot be replayed one by one."""
    with running(tables=TABLES) as server:
        run = "/flows/TaggedFlow/runs/17"
        before = next(exchange for exchange in RECORDINGS["tags"] if exchange["name"] == "the run before")["json"]
        now = json.loads(ask(server.url, {"method": "GET", "path": run, "query": []})[1])["tags"]
        patch(server.url, f"{run}/tag/mutate", {"tags_to_add": before["tags"], "tags_to_remove": now})
        replayed = 0
        for exchange in RECORDINGS["tags"]:
            if exchange["method"] == "PATCH" and "request_json" in exchange and exchange["status"] not in (409, 500):
                status, body = patch(server.url, exchange["path"], exchange["request_json"])
                assert status == exchange["status"], exchange["name"]
                if isinstance(body, dict) and "tags" in body:
                    assert sorted(body["tags"]) == sorted(exchange["json"]["tags"]), exchange["name"]
                else:
                    assert body == exchange["json"], exchange["name"]
                replayed += 1
        assert replayed > 15


def patch(url, path, body):
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    connection.request("PATCH", path, json.dumps(body))
    answer = connection.getresponse()
    found = answer.status, json.loads(answer.read())
    connection.close()
    return found
