"""Filters of runs, without reads and with a fixed clock."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries import run_filter as module
from mfwidgets.queries.run_filter import ALL_RUNS, RunFilter, project_tags, run_filter
from mfwidgets.times import DAY, HOUR, MINUTE

NOW = 1_800_000_000_000  # 2027-01-15 08:00 UTC, and tests run in UTC
RUN = RunRecord("F", "1700", 1_000, "ann", frozenset({"nightly", "Team:Blue"}), frozenset({"user:ann"}))


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    monkeypatch.setattr(module, "now_ms", lambda: NOW)


@pytest.mark.parametrize(
    ("chosen", "included"),
    [
        ({}, True),
        ({"tags": ("nightly",)}, True),
        ({"tags": ("nightly", "user:ann")}, True),
        ({"tags": ("nightly", "weekly")}, False),
        ({"user": "ann"}, True),
        ({"user": "bob"}, False),
        ({"since_ms": 1_000}, True),
        ({"since_ms": 1_001}, False),
        ({"until_ms": 1_000}, True),
        ({"until_ms": 999}, False),
        ({"since_ms": 1_000, "until_ms": 1_000}, True),
        ({"text": "70"}, True),
        ({"text": "ANN"}, True),
        ({"text": "team:b"}, True),
        ({"text": "user:"}, True),
        ({"text": "F"}, False),
        ({"text": "bob"}, False),
        ({"status": "failed"}, True),  # the status is not checked here
        ({"user": "ann", "tags": ("weekly",)}, False),
        ({"user": "bob", "text": "70"}, False),
    ],
)
def test_included_runs(chosen, included):
    assert RunFilter(**chosen).includes(RUN) is included


def test_its_description():
    every = RunFilter(("a", "b"), "failed", "bob", NOW, NOW + HOUR, "x")
    assert every.described() == (
        " by bob tagged a and b with status failed with 'x' in id, user or tags"
        " since 2027-01-15 08:00:00 until 2027-01-15 09:00:00"
    )
    assert RunFilter(user="bob").described() == " by bob"
    assert RunFilter(since_ms=NOW).described() == " since 2027-01-15 08:00:00"
    assert RunFilter(until_ms=NOW).described() == " until 2027-01-15 08:00:00"
    assert RunFilter().described() == ALL_RUNS.described() == ""


def test_service_statuses():
    for status in ("failed", "running", "unknown"):
        assert RunFilter(status=status).service_status == "failed,running"
    for status in ("", "completed", "caught"):
        assert RunFilter(status=status).service_status == ""


def test_conditions_become_fields():
    made = run_filter(["a", "b"], "failed", "ann", "2h", "1h", "x")
    assert made == RunFilter(("a", "b"), "failed", "ann", NOW - 2 * HOUR, NOW - HOUR, "x")
    assert run_filter() == ALL_RUNS


@pytest.mark.parametrize(
    ("moment", "ms"),
    [
        ("90m", NOW - 90 * MINUTE),
        ("3h", NOW - 3 * HOUR),
        (" 2 d ", NOW - 2 * DAY),
        ("1w", NOW - 7 * DAY),
        ("999999w", 1),
        ("2026-01-31", 1_769_817_600_000),
        (" 2026-01-31T12:00+01:00 ", 1_769_857_200_000),
        (date(2026, 1, 31), 1_769_817_600_000),
        (datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=1))), 1_769_857_200_000),
        (datetime(2026, 1, 31, 0, 0, 0, 5_000), 1_769_817_600_005),  # noqa: DTZ001 - naive times are local
        (datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), 1_000),
        (None, 0),
    ],
)
def test_moments(moment, ms):
    assert run_filter(since=moment).since_ms == ms
    assert run_filter(until=moment).until_ms == ms


@pytest.mark.parametrize(
    "moment",
    [
        "",
        "soon",
        "2d3h",
        "2y",
        "1234567d",
        "-1d",
        5,
        5.0,
        True,
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
        "9999-12-31",
    ],
)
def test_invalid_times(moment):
    with pytest.raises(MetaflowInvalidArgument, match="Expected since= to be a datetime"):
        run_filter(since=moment)
    with pytest.raises(MetaflowInvalidArgument, match="Expected until= to be a datetime"):
        run_filter(until=moment)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"status": "killed"}, "unknown, got 'killed'"),
        ({"status": ""}, "unknown, got ''"),
        ({"user": 5}, "user= .*, got 5"),
        ({"text": b"x"}, "text= .*, got b'x'"),
        ({"tags": [5]}, "got 5"),
    ],
)
def test_invalid_filters(chosen, message):
    with pytest.raises(MetaflowInvalidArgument, match=message):
        run_filter(**chosen)


def test_tags_of_projects():
    assert project_tags(None, None) == ()
    assert project_tags("sales", None) == ("project:sales",)
    assert project_tags(None, "test.x") == ("project_branch:test.x",)
    assert project_tags("sales", "prod") == ("project:sales", "project_branch:prod")
    for project, branch, name in (("", None, "project"), (5, None, "project"), ("a", "", "branch"), ("a", 5, "branch")):
        with pytest.raises(MetaflowInvalidArgument, match=f"Expected {name}= to be a name"):
            project_tags(project, branch)
