"""Filters of runs by tags, status, user and time, in the client and in the service."""

from datetime import UTC, date, datetime, timedelta

import pytest
from service.running import TABLES, running

from mfwidgets import Metaflow, errors, options
from mfwidgets.queries.rows import run_rows
from mfwidgets.queries.run_filter import run_filter
from mfwidgets.queries.run_snapshot import load_run_snapshot
from mfwidgets.queries.status.states import task_states
from mfwidgets.times import DAY, HOUR


def names(runs, found):
    by_pathspec = {pathspec: name for name, pathspec in runs.pathspecs.items()}
    return [by_pathspec[run.pathspec] for run in found]


def test_by_status(client, runs):
    flow = client["FailingFlow"]
    assert names(runs, flow.runs(status="failed")) == ["failing"]
    assert names(runs, flow.runs(status="completed")) == ["resumed"]
    assert names(runs, flow.runs(status="running")) == []
    assert names(runs, flow.runs("nightly", status="failed", limit=1)) == ["failing"]
    assert list(flow.runs(status="failed").to_pandas().status) == ["failed"]
    assert flow.runs(status="completed").count() == 1
    assert "with status failed" in flow.runs(status="failed")._repr_html_()
    assert "No run in this namespace matches." in flow.runs(status="caught")._repr_html_()


def test_by_user_and_time(client, runs):
    flow = client["LinearFlow"]
    newest, middle, oldest = flow
    assert names(runs, flow.runs(user="bob")) == ["linear-bob"]
    assert names(runs, flow.runs(user="nobody")) == []
    assert list(flow.runs(since=middle.created_at)) == [newest, middle]
    assert list(flow.runs(until=middle.created_at)) == [middle, oldest]
    assert list(flow.runs(since=middle.created_at, until=middle.created_at)) == [middle]
    assert list(flow.runs(since=middle.created_at.isoformat())) == [newest, middle]
    aware = middle.created_at.replace(tzinfo=UTC)  # tests run in UTC
    assert list(flow.runs(since=aware.astimezone())) == [newest, middle]
    assert list(flow.runs(since="9999w")) == [newest, middle, oldest]
    assert list(flow.runs(until="9999w")) == []
    assert list(flow.runs(since=oldest.created_at.date(), user="ann"))[-1] == oldest
    assert list(flow.runs(since=date(2999, 1, 1))) == []
    assert flow.runs(user="bob", limit=1).first() == middle
    assert (
        repr(flow.runs("x", user="bob", status="failed")) == "<runs of LinearFlow by bob tagged x with status failed>"
    )


def test_ages():
    found = run_filter(since="2d", until="3h")
    assert found.until_ms - found.since_ms == pytest.approx(2 * DAY - 3 * HOUR, abs=50)


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        (
            {"status": "bad"},
            "Expected status= to be one of completed, caught, failed, running, unknown, got 'bad'.",
        ),
        ({"status": "killed"}, "running, unknown, got 'killed'."),
        ({"user": 5}, "Expected user= to be a name, got 5."),
        ({"since": "soon"}, "Expected since= to be a datetime, a date, a str such as '2026-01-31'"),
        ({"until": 5}, "Expected until= to be a datetime"),
        ({"since": "2 fortnights"}, "or an age such as '2d' or '3h', got '2 fortnights'"),
        ({"since": datetime(1, 1, 1)}, "Expected since= to be a datetime"),  # noqa: DTZ001 - the oldest there is
    ],
)
def test_invalid_filters(filters, message, client):
    with pytest.raises(errors.MetaflowInvalidArgument) as caught:
        client["LinearFlow"].runs(**filters)
    assert message in str(caught.value)


@pytest.fixture(scope="module", params=["head", "2.5.1"])
def service(request):
    with running(tables=TABLES, release=request.param) as found:
        yield found


def test_a_service_returns_the_same_runs(service):
    flow = Metaflow(metadata=service.url, namespace=None)["TaggedFlow"]
    everything = list(flow)
    moment = everything[5].created_at
    chosen = [
        (flow.runs(since=moment), everything[:6]),
        (flow.runs(until=moment + timedelta(milliseconds=1)), everything[5:]),
        (flow.runs(user="bob"), [run for run in everything if run.user == "bob"]),
        (flow.runs("even", user="alice", since=moment), [run for run in everything[:6] if run.user == "alice" and "even" in run.tags]),
        (flow.runs(status="failed"), [run for run in everything if run.status == "failed"]),
        (flow.runs(status="completed"), [run for run in everything if run.status == "completed"]),
    ]  # fmt: skip
    for found, expected in chosen:
        assert list(found) == expected
        assert [row.run_id for row in found.to_pandas().itertuples()] == [run.id for run in expected]
    custom = Metaflow(metadata=service.url, namespace=None)["CustomEndsFlow"]
    assert [run.id for run in custom.runs(status="completed")] == ["42"]
    service.reset()
    list(flow.runs(since=moment, user="bob"))
    assert len(service.requests()) == 1


def test_the_states_of_runs_are_read_once(service):
    flow = Metaflow(metadata=service.url, namespace=None)["TaggedFlow"]
    service.reset()
    frame = flow.runs(status="failed").to_pandas()
    assert len(frame) == 2
    asked = [request["path"] for request in service.requests()]
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize("name", ["failing", "died-hard", "linear"])
def test_the_duration_of_a_failed_run(client, on_service, runs, name):
    there, service = on_service
    for one in (client.get(runs[name]), Metaflow(metadata=service.url, namespace=None).get(there[name])):
        (row,) = run_rows(one._context, [one._record])
        last = max(task.last_sign_ms for task in task_states(load_run_snapshot(one._context, one._record)))
        if name == "linear":
            assert row.last_activity_ms is None
            assert row.duration_ms == row.finished_ms - row.started_ms
        else:
            # A service registers a task some milliseconds before its metadata.
            assert abs(row.last_activity_ms - last) < 100
            assert row.duration_ms == row.last_activity_ms - row.started_ms
        assert row.elapsed_ms is None


def test_by_text(client, on_service, runs):
    there, service = on_service
    for flow, known in (
        (client["LinearFlow"], runs),
        (Metaflow(metadata=service.url, namespace=None)["LinearFlow"], there),
    ):
        assert [run.pathspec for run in flow.runs(text="USER:BOB")] == [known["linear-bob"]]
        run_id = known["linear"].split("/")[1]
        assert known["linear"] in [run.pathspec for run in flow.runs(text=run_id[-4:])]
        assert list(flow.runs(text="no such text")) == []
    assert repr(flow.runs(text="a'b")) == """<runs of LinearFlow with "a'b" in id, user or tags>"""
    with pytest.raises(errors.MetaflowInvalidArgument, match="Expected text= to be a str"):
        flow.runs(text=5)


def test_pages_of_rows_are_lazy(client, on_service, runs):
    _, service = on_service
    for known in (client, Metaflow(metadata=service.url, namespace=None)):
        runs_of = known["DeathFlow"].runs()
        assert [len(page) for page in runs_of._row_pages(2)] == [2, 2, 1]
        paths = [row.record.path for page in runs_of._row_pages(2) for row in page]
        assert paths == [record.path for record in runs_of._records()]
        failed = known["DeathFlow"].runs(status="failed")
        pages = list(failed._row_pages(3))
        assert len(pages[0]) == 3
        assert [row.pathspec for page in pages for row in page] == [run.pathspec for run in failed]
    flow = known["DeathFlow"]
    with options(remember=False):
        service.reset()
        next(flow.runs()._row_pages(2))
        first = len(service.requests())
        list(flow.runs()._row_pages(2))
        assert first <= 3  # no run is requested by itself


@pytest.mark.parametrize("since", ["99999999w", datetime.max.replace(tzinfo=UTC)])
def test_times_out_of_range(client, since):
    with pytest.raises(errors.MetaflowInvalidArgument, match="Expected since= to be a datetime"):
        client["LinearFlow"].runs(since=since)
    assert len(list(client["LinearFlow"].runs(since="999999w"))) == 3
