"""Data frames: fixed columns and dtypes, and the same facts as the objects."""

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

from mfwidgets import tables
from mfwidgets.errors import ValuesNotRead
from mfwidgets.queries.rows import FlowRow
from mfwidgets.queries.values.reading import NotRead

RUNS = [
    "pathspec", "flow", "run_id", "status", "reason", "created_at", "started_at", "finished_at", "stopped_at", "duration",
    "elapsed", "user", "user_tags", "system_tags", "origin_run_id",
]  # fmt: skip
TASKS = [
    "pathspec", "flow", "run_id", "step", "task_id", "status", "reason", "attempt", "attempts", "created_at", "started_at",
    "finished_at", "duration", "elapsed", "earlier_attempts", "foreach_index", "foreach_value", "runtime",
]  # fmt: skip
ARTIFACTS = ["pathspec", "step", "task_id", "attempt", "name", "type", "size", "sha", "encoding"]
UTC = "datetime64[ms, UTC]"


def local(ms_series):
    """Return the times as objects have them, naive. Tests run in UTC."""
    return [None if pd.isna(time) else time.tz_localize(None).to_pydatetime() for time in ms_series]


def test_runs(client, runs):
    frame = client["FailingFlow"].runs().to_pandas()
    assert list(frame.columns) == RUNS
    assert list(frame.pathspec) == [runs["resumed"], runs["failing"]]
    assert list(frame.status) == ["completed", "failed"]
    objects = list(client["FailingFlow"])
    assert local(frame.created_at) == [run.created_at for run in objects]
    assert local(frame.finished_at) == [run.finished_at for run in objects]
    assert frame.duration[0].to_pytimedelta() == objects[0].duration
    assert frame.duration[1].to_pytimedelta() == objects[1].duration > pd.Timedelta(0)
    assert frame.elapsed.isna().all()
    assert list(frame.user) == ["ann", "ann"]
    assert frame.user_tags[1] == ["nightly"]
    assert "runtime:dev" in frame.system_tags[1]
    assert frame.origin_run_id[0] == objects[1].id
    assert frame.origin_run_id[1] is pd.NA
    assert client["FailingFlow"].to_pandas().equals(frame)


def test_tasks(client, runs):
    frame = client.get(runs["foreach"]).to_pandas()
    assert list(frame.columns) == TASKS
    assert list(frame.step) == ["start", "work", "work", "work", "work", "join", "end"]
    work = frame[frame.step == "work"].sort_values("foreach_index")
    assert list(work.foreach_index) == [0, 1, 2, 3]
    assert list(work.foreach_value) == ["a", "b=c", "ü/d", "x" * 30]
    assert frame.foreach_index[0] is pd.NA
    assert set(frame.runtime) == {"dev"}
    task = client.get(frame.pathspec[1])
    assert local(frame.started_at)[1] == task.started_at
    assert frame.duration[1].to_pytimedelta() == task.duration
    retried = client.get(runs["retry"]).to_pandas().set_index("step")
    assert (retried.attempt["flaky"], retried.attempts["flaky"]) == (1, 2)
    assert retried.status["hopeless"] == "caught"
    assert client.get(runs["foreach"])["work"].to_pandas().step.unique() == ["work"]


def test_artifacts(client, runs):
    task = client.get(runs["linear"])["start"].task
    frame = task.to_pandas().set_index("name")
    assert ["pathspec", *frame.columns[1:]] == [column for column in ARTIFACTS if column != "name"]
    assert frame.type["numbers"] == "list"
    assert frame["size"]["x"] == 5
    assert frame.sha["x"] == task["x"].sha
    assert frame.encoding["x"] == "pickle-v4"
    assert frame.pathspec["x"] == f"{task.pathspec}/x"


def test_empty_frames_have_the_same_columns_and_dtypes(client):
    some, none = client["LinearFlow"].runs().to_pandas(), client["LinearFlow"].runs("no-such-tag").to_pandas()
    assert len(none) == 0
    assert dict(none.dtypes) == dict(some.dtypes)
    assert dict(some.dtypes) == {
        "pathspec": "string", "flow": "string", "run_id": "string", "status": pd.CategoricalDtype(tables.STATUSES),
        "reason": "string", "created_at": UTC, "started_at": UTC, "finished_at": UTC, "stopped_at": UTC,
        "duration": "timedelta64[ms]", "elapsed": "timedelta64[ms]", "user": "string",
        "user_tags": "object", "system_tags": "object", "origin_run_id": "string",
    }  # fmt: skip


EVENTS = ["pathspec", "step", "task_id", "attempt", "name", "value", "type", "created_at"]
LINES = ["time", "line", "stream", "message"]
FLOWS = ["flow", "latest_run", "status", "reason", "started_at", "duration", "elapsed", "user"]
STEPS = [
    "pathspec", "flow", "run_id", "step", "status", "reason", "task_count", "planned_tasks", "task_statuses", "attempts", "started_at",
    "finished_at", "duration", "elapsed", "task_time", "longest_task", "earlier_attempts",
]  # fmt: skip
ATTEMPTS = ["attempt", "status", "reason", "started_at", "finished_at", "duration", "elapsed"]


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        ("flows", FLOWS),
        ("runs", RUNS),
        ("tasks", TASKS),
        ("artifacts", ARTIFACTS),
        ("events", EVENTS),
        ("log lines", LINES),
        ("steps", STEPS),
        ("attempts", ATTEMPTS),
    ],
)
def test_no_rows(kind, columns):
    frame = tables.to_frame(kind, [])
    assert list(frame.columns) == columns
    assert {str(dtype) for dtype in frame.dtypes} <= {"string", "Int64", "category", UTC, "timedelta64[ms]", "object"}
    assert tables.to_dicts(kind, []) == []


@pytest.fixture
def examples(client, runs):
    """A table of each kind, with its dicts."""
    run = client.get(runs["retry"])
    log = client.get(runs["logs"])["start"].task.logs()
    made = [client, client["LinearFlow"], run, run["flaky"], run["flaky"].task, run.artifacts(), run.metadata_events()]
    return {what: (what.to_pandas(), what.to_dicts()) for what in [*made, log, client["RetryFlow"].runs().timings()]}


def test_filled_and_empty_tables_have_the_same_dtypes(examples):
    empty = {
        tuple(frame.columns): dict(frame.dtypes) for frame in (tables.to_frame(kind, []) for kind in tables.SCHEMAS)
    }
    for what, (frame, _) in examples.items():
        assert len(frame) > 0, what
        assert dict(frame.dtypes) == empty[tuple(frame.columns)], what


def test_dicts_have_the_facts_of_frames(examples):
    for what, (frame, dicts) in examples.items():
        assert len(frame) == len(dicts), what
        for row, facts in zip(frame.itertuples(index=False), dicts, strict=True):
            for cell, (name, fact) in zip(row, facts.items(), strict=True):
                assert fact == cell if fact is not None else pd.isna(cell), (what, name)
                assert not hasattr(fact, "dtype"), (what, name)


def test_flows(client, runs):
    frame = client.to_pandas().set_index("flow")
    assert frame.latest_run["RetryFlow"] == runs["killed"]
    assert frame.status["RetryFlow"] == "failed"
    assert frame.user["RetryFlow"] == "bob"
    assert list(frame.index) == [flow.id for flow in client]


def test_events(client, runs):
    run = client.get(runs["retry"])
    frame = run.metadata_events().to_pandas()
    flaky = run["flaky"].task
    mine = frame[frame.pathspec == flaky.pathspec]
    assert len(mine) == len(flaky.metadata)
    assert list(mine.value[mine.name == "attempt_ok"]) == ["False", "True"]
    assert list(frame.created_at) == sorted(frame.created_at)
    first = run.metadata_events().first()
    assert repr(first) == f"MetadataEvent({first.pathspec!r}, {first.name}={first.value!r})"


def test_log_lines(client, runs):
    task = client.get(runs["linear"])["start"].task
    frame = task.logs().to_pandas()
    assert frame.message[0] == "out: first"
    assert list(frame.line) == list(range(len(frame)))
    assert abs((frame.time[0] - pd.Timestamp(task.created_at, tz="UTC")).total_seconds()) < 60
    assert list(task.logs(tail=1).to_pandas().message) == [frame.message.iloc[-1]]


def test_timings(client, runs):
    frame = client["ForeachFlow"].runs().timings().to_pandas()
    mine = frame[frame.run_id == runs["foreach"].partition("/")[2]].set_index("step")
    assert list(mine.index) == ["start", "work", "join", "end"]
    tasks = client.get(runs["foreach"])["work"].to_pandas()
    assert mine.task_count["work"] == 4
    assert mine.task_time["work"] == tasks.duration.sum()
    assert mine.longest_task["work"] == tasks.duration.max()
    assert mine.duration["work"] == tasks.finished_at.max() - tasks.started_at.min()
    failing = client["FailingFlow"].runs().timings().to_pandas()
    assert set(failing.status[failing.run_id == runs["failing"].partition("/")[2]]) >= {"completed", "failed"}


def test_details_of_artifacts(client, runs):
    run = client.get(runs["linear"])
    frame = run.artifacts().to_pandas()
    assert len(frame) == len(list(run.artifacts()))
    assert frame.type.notna().all()
    assert set(frame.step) == {"start", "end"}


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (({"lr": 0.1, "n": 3}, {}), "object"),
        ((2**63 + 1, 2**63 + 3), "object"),
        ((2**60 + 1, 0.5), "object"),
        ((10**400, 0.5), "object"),
        ((np.uint64(2**64 - 1), 1), "object"),
        ((2**53, 0.5), "float64"),
        ((3, None), "Int64"),
        (("a\ud800b", "c"), None),
        (([1], [2, 3]), "object"),
        ((np.arange(3), None), "object"),
        ((True, None, False), "boolean"),
        ((1.5, 2, None), "float64"),
        ((2**63 - 1, -(2**63), None), "Int64"),
        ((2**63, 0), "object"),
        ((2**53 + 1, 0.5), "object"),
        ((True, 1), "object"),
        (("a", None), "string"),
        (("a", 1), "object"),
        ((None, None), "object"),
    ],
)
def test_columns_keep_their_values(values, dtype):
    found = tables._value_column(list(values))
    if dtype:
        assert str(found.dtype) == dtype
    for value, given in zip(found, values, strict=True):
        assert pd.isna(value) if given is None else np.array_equal(value, given), (value, given)
        if isinstance(given, dict):
            assert type(value) is dict


def test_strings_that_utf8_cannot_encode_do_not_break_tables(own_client, own_runs):
    run = own_client.get(own_runs["linear"])
    file = next((own_runs.root / run.pathspec / "_meta").glob("_self.json"))
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content | {"tags": ["a\ud800"], "user_name": "a\ud800b"}))
    frame = own_client["LinearFlow"].runs().to_pandas()
    assert len(frame) == 3
    assert "a?b" in set(frame.user)
    assert "a?" in [tag for tags in frame.user_tags for tag in tags]
    frame.to_csv().encode()


@pytest.mark.parametrize("values", [[np.int64(2), np.int64(3)], [*np.array([True, False])], [np.float64(1.5), 2]])
def test_values_of_numpy_get_the_dtype_of_python_values(values):
    plain = tables._value_column([value.item() if isinstance(value, np.generic) else value for value in values])
    assert tables._value_column(values).equals(plain)


@pytest.mark.parametrize(
    ("values", "dtype"), [([True, None], "boolean"), ([1, None], "Int64"), ([1, 1.5], "float64"), ([], "object")]
)
def test_columns_of_values_have_nullable_dtypes(values, dtype):
    assert str(tables._value_column(values).dtype) == dtype


def test_dates_in_columns_of_values_stay_python_objects():
    column = tables._value_column([date(2026, 1, 2), date(2026, 1, 3)])
    assert str(column.dtype) == "object"
    assert [type(value) for value in column] == [date, date]


@pytest.mark.parametrize(
    ("dtype", "name", "cell"),
    [
        ("string", "string", "a"),
        ("Int64", "Int64", 2**60 + 1),
        ("time", UTC, 1_234),
        ("duration", "timedelta64[ms]", 1_234),
        ("status", "category", "failed"),
        ("object", "object", ["a"]),
    ],
)
def test_columns_of_a_schema_keep_their_dtype_with_missing_values(dtype, name, cell):
    column = tables._column([cell, None], dtype)
    assert str(column.dtype) == name
    converted = {"time": pd.Timestamp(1_234, unit="ms", tz="UTC"), "duration": pd.Timedelta(1_234, unit="ms")}
    assert column[0] == converted.get(dtype, cell)
    assert pd.isna(column[1])
    assert str(tables._column([None], dtype).dtype) == str(tables._column([], dtype).dtype) == name


def test_a_status_that_is_not_in_the_schema_is_missing():
    column = tables._column(["failed", None], "status")
    assert tuple(column.cat.categories) == tables.STATUSES
    assert column.isna().tolist() == [False, True]


def test_a_lone_surrogate_in_a_column_of_a_schema_does_not_break_it():
    column = tables._column(["a\ud800b", None, "c"], "string")
    assert str(column.dtype) == "string"
    assert column.tolist() == ["a?b", pd.NA, "c"]


FLOW = [FlowRow("A", None), FlowRow("B", None), FlowRow("C", None)]
UNREAD = {
    "x": [1, NotRead("too large"), None],
    "y": [NotRead("rare"), NotRead("often"), NotRead("often")],
    "z": [1, 2, 3],
}


@pytest.mark.parametrize("convert", [tables.to_frame, tables.to_dicts])
def test_values_that_were_not_read_are_missing_and_the_commonest_reason_is_a_warning(convert):
    with pytest.warns(ValuesNotRead) as warned:
        table = convert("flows", FLOW, UNREAD)
    assert [str(warning.message) for warning in warned] == [
        "x: 1 of 3 values are missing: too large.",
        "y: 3 of 3 values are missing: often.",
    ]
    frame = table if convert is tables.to_frame else pd.DataFrame(table)
    assert list(frame.columns) == [*FLOWS, "x", "y", "z"]
    assert list(frame.flow) == ["A", "B", "C"]
    assert frame.x.isna().tolist() == [False, True, True]
    assert frame.y.isna().all()
    assert list(frame.z) == [1, 2, 3]


def test_dicts_have_the_values_of_their_row_and_none_without_a_value():
    facts = tables.to_dicts("flows", FLOW[:2], {"x": [1, None]})
    assert [list(row) for row in facts] == [[*FLOWS, "x"]] * 2
    assert [(row["flow"], row["x"]) for row in facts] == [("A", 1), ("B", None)]


def test_a_column_of_values_has_one_value_for_each_row():
    for values in ([1], [1, 2, 3, 4]):
        with pytest.raises(ValueError, match="zip"):
            tables.to_dicts("flows", FLOW, {"x": values})
