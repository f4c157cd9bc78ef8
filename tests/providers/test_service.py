"""The provider of the metadata service: the number of requests of each call, and the same rows from an old release."""

import json
import re
import threading
import time

import pytest
from service.copies import many_runs
from service.running import TABLES, running
from service.store import read_tables

from mfwidgets import Flow, Metaflow, errors, metadata, namespace
from mfwidgets.providers.service_rows import array


@pytest.fixture(scope="module")
def head():
    with running(tables=TABLES) as found:
        yield found


@pytest.fixture(scope="module")
def release():
    with running(tables=TABLES, release="2.5.1") as found:
        yield found


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A flow with 1,300 runs. Only the newest one is complete."""
    file = tmp_path_factory.mktemp("many") / "tables.json"
    file.write_text(json.dumps(many_runs(read_tables(str(TABLES)), "TaggedFlow", 31, 1300)))
    with running(tables=file) as found:
        yield found


@pytest.fixture
def client(head):
    return Metaflow(metadata=head.url, namespace=None)


def cost(server, ask):
    """Return the result of a call, and the paths of its requests."""
    server.reset()
    found = ask()
    return found, [request["path"] for request in server.requests()]


def test_flows_and_the_newest_run_cost_one_request(client, head):
    flows, paths = cost(head, lambda: [flow.id for flow in client])
    assert len(flows) == 21
    assert paths == ["/flows"]
    flow = client["TaggedFlow"]
    run, paths = cost(head, lambda: flow.latest_run)
    assert (run.id, paths) == ("31", ["/flows/TaggedFlow/runs"])
    assert head.requests()[0]["query"] == [["_limit", "1"]]


def test_the_newest_successful_run_costs_two_requests(client, head):
    flow = client["FailingFlow"]
    run, paths = cost(head, lambda: flow.latest_successful_run)
    assert run.id == "9"
    assert paths == ["/flows/FailingFlow/runs", "/flows/FailingFlow/runs/9/steps/end/artifacts"]


def test_a_flow_with_another_last_step_has_successful_runs(client):
    run = client["CustomEndsFlow"].latest_successful_run
    assert run.id == "42"
    assert run.status == "completed"
    assert client["CustomEndsFlow"].to_pandas().status[0] == "completed"


def test_a_table_of_runs(client, head):
    runs = client["TaggedFlow"].runs()
    frame, paths = cost(head, lambda: runs.to_pandas(times=False))
    assert list(frame.status.value_counts()[["completed", "failed"]]) == [13, 2]
    assert len(paths) == 1 + 2  # a page, and a check of each run that is not completed for the service
    assert frame[frame.status == "completed"].finished_at.isna().all()
    assert frame.attrs["times"] == "none"
    frame, paths = cost(head, runs.to_pandas)
    assert len(paths) == 1 + 13  # what was proved is remembered
    assert frame.attrs["times"] == "exact"
    assert frame[frame.status == "completed"].finished_at.notna().all()
    assert list(frame.created_at) == sorted(frame.created_at, reverse=True)
    newest = client.get("TaggedFlow/31")
    assert frame.finished_at[0].tz_localize(None) == newest.finished_at
    assert newest.successful


def test_an_old_release_returns_the_same_rows(client, head, release):
    old = Metaflow(metadata=release.url, namespace=None)
    assert [flow.id for flow in old] == [flow.id for flow in client]
    for flow in client:
        ours, theirs = flow.to_pandas(), old[flow.id].to_pandas()
        assert ours.equals(theirs), flow
    _, paths = cost(release, old["TaggedFlow"].to_pandas)
    assert len(paths) <= 1 + 2 * 15
    assert old["TaggedFlow"].latest_run.id == "31"
    tagged = [run.id for run in old["TaggedFlow"].runs("even", "user:alice")]
    assert tagged == [run.id for run in client["TaggedFlow"].runs("even", "user:alice")] != []


def test_the_service_filters_by_tags_and_namespaces(head):
    alice = Metaflow(metadata=head.url, namespace="user:alice")
    flow, paths = cost(head, lambda: alice["TaggedFlow"])
    assert len(paths) == 2
    runs, paths = cost(head, lambda: list(flow.runs("even")))
    assert head.requests()[0]["query"][:2] == [["_tags:all", "even"], ["_tags:all", "user:alice"]]
    assert runs != []
    assert all({"even", "user:alice"} <= run.tags for run in runs)
    # Values with a special meaning for the service are not sent. The client filters by them.
    for tag in ("a,b", "null", ""):
        found, _ = cost(head, lambda tag=tag: list(flow.runs(tag, user=tag or None)))
        assert found == []
        assert not any(value == tag for _, value in head.requests()[0]["query"])


def test_pages_are_requested_as_needed(many):
    flow = Metaflow(metadata=many.url, namespace=None)["TaggedFlow"]
    runs, paths = cost(many, lambda: list(flow))
    assert len(runs) == len({run.id for run in runs}) == 1300
    assert [run.created_at for run in runs] == sorted((run.created_at for run in runs), reverse=True)
    assert len(paths) == 4  # 50, 500, 500, 250
    runs, paths = cost(many, lambda: flow.runs()[:3])
    assert len(paths) == 1
    frame, paths = cost(many, flow.to_pandas)
    assert frame.attrs["times"] == "heartbeat"
    assert set(frame.status) == {"completed"}
    assert len(paths) == 3  # 500, 500, 300
    assert frame.finished_at.notna().all()
    _, paths = cost(many, lambda: flow.latest_successful_run)
    assert len(paths) == 2
    text, paths = cost(many, lambda: flow._repr_mimebundle_()["text/plain"])
    assert "the newest 20" in text
    assert len(paths) <= 2 + 3 * 21  # statuses, parameters and results


def test_tasks_of_a_run(client, head):
    run = client.get("ForeachWideFlow/3")
    frame, paths = cost(head, run.to_pandas)
    assert len(frame) == 53
    assert set(frame.status) == {"completed"}
    assert sorted(frame.foreach_index.dropna()) == list(range(50))
    assert "item-42" in set(frame.foreach_value)
    assert len(paths) <= 2 + len(list(run)) + 1
    joined = run["gather"].task
    parents, paths = cost(head, lambda: list(joined.parent_tasks))
    assert len(paths) <= 3
    assert parents == []  # the graph is in a folder that is missing here
    nested = client.get("NestedForeachFlow/5").to_pandas()
    assert {"('c', 2)"} <= set(nested.foreach_value.dropna())


def test_a_list_of_artifacts_costs_one_request(client, head):
    run = client.get("ForeachWideFlow/3")
    frame, paths = cost(head, lambda: run.artifacts().to_pandas())
    assert len(frame) > 53
    assert paths == ["/flows/ForeachWideFlow/runs/3/artifacts"]
    found, paths = cost(head, lambda: run.metadata_events().to_pandas())
    assert len(found) > 500
    assert len(paths) == 1


def test_ids_of_orchestrators(client):
    run = client.get("OrchestratedFlow/argo-orchestrated-x7k2p")
    assert run.status == "completed"
    assert [(task.id, task.index) for task in run["each"]] == [("t-each-1", 1), ("t-each-0", 0)]
    assert client.get("OrchestratedFlow/argo-orchestrated-x7k2p/each/t-each-0").parent.id == "each"
    assert run in list(client["OrchestratedFlow"])


@pytest.mark.parametrize(
    "run", ["99999999999", "99999999999999999999", "²", "-1", "..", "%2e%2e", "a b", "a\nb", "?x", "#", "ü"]
)
def test_names_that_match_nothing(client, run):
    flow = client["TaggedFlow"]
    assert run not in flow
    with pytest.raises(errors.MetaflowNotFound, match="has no run"):
        client.get(f"TaggedFlow/{run}")


def told(run):
    """Return the facts of a run, without how long ago it ended."""
    return (
        run.pathspec,
        run.status,
        re.sub(r"[\d.]+ m?[smhd]\b( [\d]+ [smh])?", "some time", run.status.reason),
        run.finished_at,
    )


def make_large(monkeypatch):
    """Let each run count as very large."""
    from mfwidgets.providers import service, service_requests

    monkeypatch.setattr(service, "MAX_TASKS_READ", 0)
    monkeypatch.setattr(service, "_SMALL_FLOW_TASKS", 0)
    monkeypatch.setattr(service_requests, "PAGE_ROWS", 5)
    monkeypatch.setattr(service_requests, "_MAX_PAGE_BYTES", 3_000)


@pytest.mark.parametrize("release_name", ["head", "release"])
def test_very_large_runs(client, release_name, request, monkeypatch):
    """If the metadata of a run does not fit into a page, only that of unsuccessful tasks is requested."""

    server = request.getfixturevalue(release_name)
    runs = [run for flow in client for run in flow]
    expected = [told(run) for run in runs]
    tables = [frame for flow in client if len(frame := flow.latest_run.to_pandas())]
    other = Metaflow(metadata=server.url, namespace=None)
    make_large(monkeypatch)
    now = [other.get(run.pathspec) for run in runs]
    assert [told(run) for run in now] == expected
    assert all(
        ours.equals(theirs)
        for ours, theirs in zip([flow.latest_run.to_pandas() for flow in other], tables, strict=True)
    )


def test_the_cost_of_a_very_large_run(client, head, monkeypatch):
    make_large(monkeypatch)
    run = client.get("FailingFlow/7")
    status, paths = cost(head, lambda: run.status)
    assert status.reason.startswith("FailingFlow/7/risky/119: attempt 0 failed")
    assert "/flows/FailingFlow/runs/7/steps/risky/filtered_tasks" in paths
    steps = len(list(run))
    assert len(paths) <= 6 + 2 * steps + 2
    assert paths.count("/flows/FailingFlow/runs/7/metadata") == 1
    wide = client.get("ForeachWideFlow/3")
    monkeypatch.setattr("mfwidgets.queries.status.states.quick_success", lambda context, run: None)
    status, paths = cost(head, lambda: wide.status)
    assert status == "completed"
    assert not any(re.fullmatch(r".*/work/tasks/\d+/metadata", path) for path in paths)


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        ("FailingFlow/7", r"FailingFlow/7/risky/119: attempt 0 failed at 2026-11-22 12:42:22\Z"),
        ("SwitchFlow/41", r"SwitchFlow/41/choose/256: attempt 0 failed"),
        ("EarlyFailureFlow/11", r"start/144: attempt 1 failed"),
        ("CrashFlow/12", r"CrashFlow/12/vanish/147: no heartbeat for \d+ . .*\Z"),
        ("SlowFlow/48", r"SlowFlow/48/sleepy/280: no heartbeat for"),
    ],
)
def test_failures_have_a_reason(run, reason, client):
    found = client.get(run)
    assert found.status == "failed"
    assert re.search(reason, found.status.reason)
    assert not found.successful
    statuses = {task.pathspec: task.status for task in found.tasks()}
    assert statuses[found.status.reason.partition(":")[0]] in ("failed", "killed")


def test_a_heartbeat_shows_that_a_run_lives_or_died(tmp_path):
    tables = read_tables(str(TABLES))
    for seconds, status in ((5, "running"), (300, "running"), (400, "failed")):
        for table in ("runs_v3", "tasks_v3"):
            for row in tables[table]:
                if row["run_number"] == 48:
                    row["last_heartbeat_ts"] = int(time.time()) - seconds
        file = tmp_path / f"{seconds}.json"
        file.write_text(json.dumps(tables))
        with running(store=file) as server:
            flow = Metaflow(metadata=server.url, namespace=None)["SlowFlow"]
            run = flow["48"]
            assert run.status == flow.to_pandas().status[0] == status
            assert run["sleepy"].task.status == ("running" if status == "running" else "killed")
            reason = "attempt 0 started" if status == "running" else "no heartbeat for"
            assert run.status.reason.startswith(f"SlowFlow/48/sleepy/280: {reason}")


class TestTags:
    """Changes of tags, on a separate service."""

    @pytest.fixture
    def server(self):
        with running(tables=TABLES) as found:
            yield found

    def run(self, server):
        return Metaflow(metadata=server.url, namespace=None).get("TaggedFlow/17")

    def test_they_are_changed_in_one_request(self, server):
        run = self.run(server)
        before = run.user_tags
        _, paths = cost(server, lambda: run.replace_tags(["even"], ["new", "ü<b>"]))
        assert paths == ["/flows/TaggedFlow/runs/17", "/flows/TaggedFlow/runs/17/tag/mutate"]
        assert run.user_tags == (before - {"even"}) | {"new", "ü<b>"} == self.run(server).user_tags
        _, paths = cost(server, lambda: run.add_tag("new"))
        assert len(paths) == 1  # nothing to change
        run.add_tag("runtime:dev")
        assert "runtime:dev" not in run.user_tags
        with pytest.raises(errors.MetaflowTaggingError, match="Only user tags can be"):
            run.remove_tag("runtime:dev")

    def test_collisions_are_tried_again(self, server):
        run = self.run(server)
        server.faults([{"match": "mutate", "times": 3, "status": 409, "body": '"Conflicting concurrent tag mutation"'}])
        run.add_tag("late")
        assert "late" in self.run(server).user_tags
        server.faults([{"match": "mutate", "times": None, "status": 409, "body": '"Conflicting"'}])
        with pytest.raises(errors.MetaflowTaggingError, match="keep being changed by another client"):
            run.add_tag("never")

    def test_what_the_service_says_is_passed_on(self, server):
        server.faults([{"match": "mutate", "times": None, "status": 422, "body": '"Cannot remove tags of the king"'}])
        with pytest.raises(errors.MetaflowTaggingError, match=r"TaggedFlow/17 cannot be changed: .*tags of the king"):
            self.run(server).add_tag("x")

    def test_eight_at_once_lose_nothing(self, server):
        threads = [threading.Thread(target=self.run(server).add_tag, args=(tag,)) for tag in "abcdefgh"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert self.run(server).user_tags >= set("abcdefgh")


def test_configuration(head, monkeypatch):
    monkeypatch.setenv("METAFLOW_DEFAULT_METADATA", "service")
    monkeypatch.setenv("METAFLOW_SERVICE_URL", f"{head.url}/")
    monkeypatch.setenv("METAFLOW_SERVICE_HEADERS", '{"X-Team": "blue", "x-api-key": "other"}')
    monkeypatch.setenv("METAFLOW_SERVICE_AUTH_KEY", "the-key")
    namespace(None)
    head.reset()
    assert Flow("TaggedFlow").id == "TaggedFlow"
    sent = {name.lower(): value for name, value in head.requests()[0]["headers"].items()}
    assert (sent["x-team"], sent["x-api-key"]) == ("blue", "the-key")
    assert metadata(head.url) == f"service@{head.url}"
    for name, value, expected in (
        ("SERVICE_HEADERS", "{secret", "a JSON object"),
        ("SERVICE_RETRY_COUNT", "x", "a number"),
    ):
        monkeypatch.setenv(f"METAFLOW_{name}", value)
        with pytest.raises(
            errors.MetaflowConfigurationError, match=f"Expected {expected} for METAFLOW_{name},"
        ) as caught:
            metadata(head.url)
        assert "secret" not in str(caught.value)
        monkeypatch.delenv(f"METAFLOW_{name}")


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("{items=v}", ["items=v"]),
        ("{a,b=1}", ["a", "b=1"]),
        ('{"groups={\'group\': \'c\', \'size\': 5}","members=(\'c\', 2)"}', ["groups={'group': 'c', 'size': 5}", "members=('c', 2)"]),
        (r'{"say \"hi\" \\ there"}', [r'say "hi" \ there']),
        ("{}", []),
    ],
)  # fmt: skip
def test_arrays_of_postgresql(text, items):
    assert array(text) == items
