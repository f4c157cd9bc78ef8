"""Filters in the form of the metadata service select the runs that the service selects."""

from itertools import product

import pytest
from service.queries import _matches

from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.providers.records import RunRecord
from mfwidgets.providers.service_rows import run_record
from mfwidgets.queries.run_filter import ALL_RUNS, RunFilter, run_filter
from mfwidgets.queries.service_filters import with_filters

ROWS = [
    {
        "flow_id": "F",
        "run_number": number,
        "run_id": None,
        "user_name": user,
        "ts_epoch": 1_000 * number,
        "last_heartbeat_ts": heartbeat,
        "tags": tags,
        "system_tags": system_tags,
    }
    for number, (user, heartbeat, tags, system_tags) in enumerate(
        product(
            ("ann", "Bob", None),
            (None, 7),
            (["nightly"], ["nightly", "a_b"], []),
            (["user:ann"], ["user:Bob", "runtime:dev"]),
        ),
        1,
    )
]
FILTERS = {
    "user_name:eq": ["ann", "ann,Bob", "null", "nobody"],
    "user_name:ne": ["ann", "ann,Bob"],
    "user_name:co": ["N", "o,a"],
    "user_name:sw": ["a", "b"],
    "user_name:ew": ["B", "nn"],
    "user_name:li": ["%n%", "ann"],
    "user:eq": ["ann", "Bob", "null"],
    "ts_epoch:ge": ["5000", "0"],
    "ts_epoch:gt": ["5000"],
    "ts_epoch:le": ["5000"],
    "ts_epoch:lt": ["5000", "-1"],
    "ts_epoch:eq": ["5000,7000"],
    "ts_epoch": ["6000"],
    "run_number:eq": ["5", "5,6"],
    "run_number:ge": ["30"],
    "last_heartbeat_ts:ge": ["7", "8"],
    "last_heartbeat_ts:is": ["null"],
    "_tags:all": ["nightly", "nightly,user:ann"],
    "_tags:any": ["a_b,user:ann", "weekly"],
    "_tags": ["nightly,a_b"],
}


def selected(selection):
    return [row["run_number"] for row in ROWS if selection.includes(run_record(row))]


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in FILTERS.items() for value in values])
def test_a_filter_selects_what_the_service_selects(name, value):
    field, _, operator = name.partition(":")
    theirs = [
        row["run_number"]
        for row in ROWS
        if _matches(None, row, field, operator or ("all" if field == "_tags" else "eq"), value.split(","))
    ]
    assert selected(with_filters(ALL_RUNS, {name: value}, has_heartbeats=True)) == theirs


def test_values_can_be_lists_and_numbers():
    for value in ("5000,7000", [5000, "7000"], {5000, 7000}):
        assert selected(with_filters(ALL_RUNS, {"ts_epoch:eq": value}, has_heartbeats=True)) == [5, 7]
    assert selected(with_filters(ALL_RUNS, {"tags:any": ("a_b", "x")}, has_heartbeats=True)) == selected(
        with_filters(ALL_RUNS, {"_tags:any": "a_b,x"}, has_heartbeats=True)
    )


def test_all_conditions_hold_together():
    named = run_filter(["nightly"], user="ann", since="1970-01-01T00:00:05+00:00")
    both = with_filters(named, {"ts_epoch:le": 9_000, "ts_epoch:ge": 2_000}, has_heartbeats=True)
    assert selected(both) == [number for number in selected(named) if number <= 9]
    assert (both.since_ms, both.until_ms, both.user) == (5_000, 9_000, "ann")  # a service gets them
    assert selected(with_filters(named, {"user_name:eq": "Bob"}, has_heartbeats=True)) == []
    assert selected(with_filters(named, {}, has_heartbeats=True)) == selected(named)


def test_a_status_is_a_filter_too():
    assert with_filters(ALL_RUNS, {"status:eq": "failed"}, has_heartbeats=True).statuses == ("failed",)
    several = with_filters(ALL_RUNS, {"status": ["failed", "running"]}, has_heartbeats=True)
    assert several.statuses == ("failed", "running")
    assert several.described() == " with status failed or running"
    assert several.service_status == "failed,running"
    assert with_filters(ALL_RUNS, {"status": "failed,completed"}, has_heartbeats=True).service_status == ""


def test_a_pattern_is_one_of_sql():
    assert selected(with_filters(ALL_RUNS, {"user_name:li": "_ob"}, has_heartbeats=True)) == selected(
        RunFilter(user="Bob")
    )


def test_external_run_ids_are_words():
    run = RunRecord("F", "argo-f-x1", 1_000, "ann", frozenset(), frozenset())
    for name, value, expected in (
        ("run_id:sw", "argo-", True),
        ("run_number:eq", "argo-f-x1", True),
        ("run_id", "7", False),
    ):
        assert with_filters(ALL_RUNS, {name: value}, has_heartbeats=False).includes(run) is expected


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"colour:eq": 1}, "got the filter 'colour:eq'"),
        ({"user_name:between": "a"}, "got the filter 'user_name:between'"),
        ({"_limit": 5}, "got the filter '_limit'"),
        ({"_cursor": "x"}, "got the filter '_cursor'"),
        ({"_tags:none": "x"}, "got the filter '_tags:none'"),
        ({"tags:co": "x"}, "got the filter 'tags:co'"),
        ({"status:ne": "failed"}, "got the filter 'status:ne'"),
        ({"status:eq": "fialed"}, "for the filter 'status:eq', got 'fialed'"),
        ({"ts_epoch:co": "1"}, "got the filter 'ts_epoch:co'"),
        ({"ts_epoch:ge": "x"}, "Expected milliseconds since the epoch for the filter 'ts_epoch:ge', got 'x'"),
        ({"ts_epoch:ge": 1.5}, "for the filter 'ts_epoch:ge', got 1.5"),
        ({"ts_epoch:ge": True}, "for the filter 'ts_epoch:ge', got True"),
        ({"run_number:ge": "argo-x"}, "Expected numbers for the filter 'run_number:ge'"),
        ({"user_name:eq": []}, "for the filter 'user_name:eq'"),
        ({"last_heartbeat_ts:ge": 5}, "local runs have no heartbeat"),
        ({5: 5}, "got the filter 5"),
        ([("user_name", "ann")], "filters= to be a dict"),
    ],
)
def test_a_filter_that_cannot_be_applied_is_refused_by_name(filters, message):
    with pytest.raises(MetaflowInvalidArgument) as error:
        with_filters(ALL_RUNS, filters, has_heartbeats=False)
    assert message in str(error.value)


def test_all_conditions_on_the_status_hold():
    failed = RunFilter(status="failed")
    assert with_filters(failed, {"status:eq": "failed,running"}, has_heartbeats=False).statuses == ("failed",)
    both = {"status:eq": "failed,running", "status": ["unknown", "running"]}
    assert with_filters(ALL_RUNS, both, has_heartbeats=False).statuses == ("running",)
    with pytest.raises(MetaflowInvalidArgument, match="that a run can meet, got failed and completed or running"):
        with_filters(failed, {"status:eq": "completed,running"}, has_heartbeats=False)


@pytest.mark.parametrize(
    ("named", "filters"),
    [
        ({"user": "ann"}, {"user_name:eq": "Bob"}),
        ({"user": "ann"}, {"user:eq": "Bob"}),
        ({"tags": ["a_b"]}, {"_tags:all": "user:ann"}),
        ({"text": "Bob"}, {"user_name:co": "O"}),
    ],
)
def test_a_filter_and_a_named_argument_must_both_hold(named, filters):
    both = set(selected(with_filters(run_filter(**named), filters, has_heartbeats=True)))
    alone = set(selected(with_filters(ALL_RUNS, filters, has_heartbeats=True)))
    assert both == set(selected(run_filter(**named))) & alone
