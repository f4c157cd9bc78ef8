"""The schemas: each column of rows that are made by hand, and the makers of columns."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from mfwidgets import schema, tables
from mfwidgets.client.answers.differences import Difference
from mfwidgets.client.collections.metadata_events import MetadataEvent
from mfwidgets.datastore.logs import LogLine
from mfwidgets.providers.records import MetadataRecord, RunRecord, TaskRecord
from mfwidgets.queries.artifact_rows import ArtifactRow
from mfwidgets.queries.disk import DiskRow
from mfwidgets.queries.lineage.foreach import OUTSIDE, Item
from mfwidgets.queries.packages import PackageRow
from mfwidgets.queries.part_rows import GraphRow, TimelineRow
from mfwidgets.queries.rows import AttemptRow, FlowRow, RunRow, TaskRow
from mfwidgets.queries.status.rules import Attempt, Status, TaskState
from mfwidgets.queries.step_timings import StepTiming
from mfwidgets.schema import COUNT, DURATION, OBJECT, SCHEMAS, STATUS, TEXT, TIME, Column, TableSchema

DONE, RUNNING = Status("completed", "attempt 0 succeeded"), Status("running", "attempt 0 runs")
RUN = RunRecord("F", "7", 1_000, "ann", frozenset({"b", "a"}), frozenset({"user:ann", "runtime:dev"}))
TASK = TaskRecord(RUN, "work", "3", 2_000)
STATE = TaskState("F/7/work/3", RUNNING, (), 2_000)
DONE_RUN = RunRow(RUN, DONE, 5_000, "6", None, 9_000)
RUNNING_RUN = RunRow(RunRecord("F", "8", 1_000), RUNNING, None, None, None, 9_000)

ROWS = {
    "runs": [
        (
            DONE_RUN,
            {
                "pathspec": "F/7", "flow": "F", "run_id": "7", "status": "completed", "reason": "attempt 0 succeeded",
                "created_at": 1_000, "started_at": 1_000, "finished_at": 5_000, "stopped_at": None, "duration": 4_000,
                "elapsed": None, "user": "ann", "user_tags": ["a", "b"], "system_tags": ["runtime:dev", "user:ann"],
                "origin_run_id": "6",
            },
        ),
        (
            RunRow(RunRecord("F", "9", 1_000), Status("failed", "it failed"), None, None, 3_500, 9_000),
            {
                "pathspec": "F/9", "flow": "F", "run_id": "9", "status": "failed", "reason": "it failed",
                "created_at": 1_000, "started_at": 1_000, "finished_at": None, "stopped_at": 3_500, "duration": 2_500,
                "elapsed": None, "user": "", "user_tags": [], "system_tags": [], "origin_run_id": None,
            },
        ),
        (
            RUNNING_RUN,
            {
                "pathspec": "F/8", "flow": "F", "run_id": "8", "status": "running", "reason": "attempt 0 runs",
                "created_at": 1_000, "started_at": 1_000, "finished_at": None, "stopped_at": None, "duration": None,
                "elapsed": 8_000, "user": "", "user_tags": [], "system_tags": [], "origin_run_id": None,
            },
        ),
    ],
    "flows": [
        (
            FlowRow("F", DONE_RUN),
            {
                "flow": "F", "latest_run": "F/7", "status": "completed", "reason": "attempt 0 succeeded",
                "started_at": 1_000, "duration": 4_000, "elapsed": None, "user": "ann",
            },
        ),
        (
            FlowRow("F", RUNNING_RUN),
            {
                "flow": "F", "latest_run": "F/8", "status": "running", "reason": "attempt 0 runs",
                "started_at": 1_000, "duration": None, "elapsed": 8_000, "user": "",
            },
        ),
        (
            FlowRow("Empty", None),
            {
                "flow": "Empty", "latest_run": None, "status": None, "reason": None, "started_at": None,
                "duration": None, "elapsed": None, "user": None,
            },
        ),
    ],
    "steps": [
        (
            StepTiming(RUN, "work", DONE, 2, 3, {"completed": 2}, 3, 70, 1_100, 4_000, 4_100, 2_500, 2_000, 9_000),
            {
                "pathspec": "F/7/work", "flow": "F", "run_id": "7", "step": "work", "status": "completed",
                "reason": "attempt 0 succeeded", "task_count": 2, "planned_tasks": 3, "task_statuses": {"completed": 2}, "attempts": 3,
                "started_at": 1_100, "finished_at": 4_000, "duration": 3_000, "elapsed": None, "task_time": 2_500,
                "longest_task": 2_000, "earlier_attempts": 70,
            },
        ),
        (
            StepTiming(RUN, "work", None, 0, 0, {}, 0, None, None, None, None, 0, None, 0),
            {
                "pathspec": "F/7/work", "flow": "F", "run_id": "7", "step": "work", "status": None, "reason": None,
                "task_count": 0, "planned_tasks": 0, "task_statuses": {}, "attempts": 0, "started_at": None, "finished_at": None,
                "duration": None, "elapsed": None, "task_time": 0, "longest_task": None, "earlier_attempts": None,
            },
        ),
    ],
    "tasks": [
        (
            TaskRow(
                TASK,
                TaskState(
                    "F/7/work/3", DONE,
                    (Attempt(0, 2_100, 2_400), Attempt(1, 3_000, 3_600, ok=True, success=True)), 2_000,
                ),
                Item(("work:4",), ("x",)), 9_000,
            ),
            {
                "pathspec": "F/7/work/3", "flow": "F", "run_id": "7", "step": "work", "task_id": "3",
                "status": "completed", "reason": "attempt 0 succeeded", "attempt": 1, "attempts": 2,
                "created_at": 2_000, "started_at": 3_000, "finished_at": 3_600, "duration": 600, "elapsed": None,
                "earlier_attempts": 300, "foreach_index": 4, "foreach_value": "x", "runtime": "dev",
            },
        ),
        (
            TaskRow(TaskRecord(RunRecord("F", "8", 0), "start", "1", 2_000), TaskState("F/8/start/1", RUNNING, (), 2_000),
                    OUTSIDE, 9_000),
            {
                "pathspec": "F/8/start/1", "flow": "F", "run_id": "8", "step": "start", "task_id": "1",
                "status": "running", "reason": "attempt 0 runs", "attempt": None, "attempts": 0, "created_at": 2_000,
                "started_at": None, "finished_at": None, "duration": None, "elapsed": None, "earlier_attempts": None,
                "foreach_index": None, "foreach_value": None, "runtime": None,
            },
        ),
    ],
    "attempts": [
        (
            AttemptRow(1, DONE, 3_000, 3_600, 9_000),
            {
                "attempt": 1, "status": "completed", "reason": "attempt 0 succeeded", "started_at": 3_000,
                "finished_at": 3_600, "duration": 600, "elapsed": None,
            },
        ),
        (
            AttemptRow(0, RUNNING, 3_000, None, 9_000),
            {
                "attempt": 0, "status": "running", "reason": "attempt 0 runs", "started_at": 3_000,
                "finished_at": None, "duration": None, "elapsed": 6_000,
            },
        ),
    ],
    "timeline": [
        (
            TimelineRow(TaskRow(TASK, STATE, Item(("work:2",), ("x",)), asked_ms=9_000), AttemptRow(1, DONE, 3_000, 3_600, 9_000)),
            {
                "pathspec": "F/7/work/3", "step": "work", "task_id": "3", "foreach_index": 2, "attempt": 1,
                "status": "completed", "reason": "attempt 0 succeeded", "created_at": 2_000, "started_at": 3_000,
                "finished_at": 3_600, "duration": 600, "elapsed": None,
            },
        ),
        (
            TimelineRow(TaskRow(TASK, STATE, OUTSIDE, asked_ms=9_000), None),
            {
                "pathspec": "F/7/work/3", "step": "work", "task_id": "3", "foreach_index": None, "attempt": None,
                "status": "running", "reason": "attempt 0 runs", "created_at": 2_000, "started_at": None,
                "finished_at": None, "duration": None, "elapsed": None,
            },
        ),
    ],
    "graph": [
        (
            GraphRow(
                StepTiming(RUN, "work", DONE, 2, 3, {"completed": 2}, 3, 70, 1_100, 4_000, 4_100, 2_500, 2_000, 9_000),
                "split-foreach", ("start",), ("fit", "end"), "cities",
            ),
            {
                "pathspec": "F/7/work", "step": "work", "type": "split-foreach", "previous": ["start"],
                "next": ["fit", "end"], "foreach": "cities", "status": "completed", "reason": "attempt 0 succeeded",
                "task_count": 2, "planned_tasks": 3, "started_at": 1_100, "finished_at": 4_000, "duration": 3_000,
                "elapsed": None,
            },
        ),
        (
            GraphRow(StepTiming(RUN, "work", None, 0, 0, {}, 0, None, None, None, None, 0, None, 0), None, (), (), None),
            {
                "pathspec": None, "step": "work", "type": None, "previous": [], "next": [], "foreach": None,
                "status": None, "reason": None, "task_count": 0, "planned_tasks": 0, "started_at": None,
                "finished_at": None, "duration": None, "elapsed": None,
            },
        ),
    ],
    "artifacts": [
        (
            ArtifactRow(TASK.path, 2, "x", "ab" * 20, "pickle-v4", "int", 5),
            {
                "pathspec": "F/7/work/3/x", "step": "work", "task_id": "3", "attempt": 2, "name": "x", "type": "int",
                "size": 5, "sha": "ab" * 20, "encoding": "pickle-v4",
            },
        ),
        (
            ArtifactRow(TASK.path, 0, "x", "ab" * 20, "pickle-v4", None, None),
            {
                "pathspec": "F/7/work/3/x", "step": "work", "task_id": "3", "attempt": 0, "name": "x", "type": None,
                "size": None, "sha": "ab" * 20, "encoding": "pickle-v4",
            },
        ),
    ],
    "events": [
        (
            MetadataEvent(RUN, MetadataRecord("work", "3", "attempt_ok", "internal", 12, 2_500, 1)),
            {
                "pathspec": "F/7/work/3", "step": "work", "task_id": "3", "attempt": 1, "name": "attempt_ok",
                "value": "12", "type": "internal", "created_at": 2_500,
            },
        ),
        (
            MetadataEvent(RUN, MetadataRecord("work", "3", "origin", "id", None, 2_500)),
            {
                "pathspec": "F/7/work/3", "step": "work", "task_id": "3", "attempt": None, "name": "origin",
                "value": None, "type": "id", "created_at": 2_500,
            },
        ),
    ],
    "log lines": [
        (
            (4, LogLine("1970-01-01T00:00:01.234600", "hello", "stderr")),
            {"time": 1_235, "line": 4, "stream": "stderr", "message": "hello"},
        ),
        ((0, LogLine("", "", "stdout")), {"time": None, "line": 0, "stream": "stdout", "message": ""}),
        ((1, LogLine("later", "x", "stdout")), {"time": None, "line": 1, "stream": "stdout", "message": "x"}),
    ],
    "differences": [
        (
            Difference("artifacts", "work", "x", (1, 2), ("a", "b"), "stored bytes differ"),
            {"section": "artifacts", "step": "work", "name": "x", "note": "stored bytes differ"},
        ),
    ],
    "disk": [
        (
            DiskRow("run", "F/1", 30, 20, 4),
            {"kind": "run", "name": "F/1", "size": 30, "own_size": 20, "objects": 4},
        ),
    ],
    "packages": [
        (
            PackageRow("pandas", "2.2.2", ">=2", "pypi", ("fit", "end")),
            {"name": "pandas", "version": "2.2.2", "requested": ">=2", "source": "pypi", "steps": ["fit", "end"]},
        ),
        (
            PackageRow("numpy", None, None, "uv"),
            {"name": "numpy", "version": None, "requested": None, "source": "uv", "steps": []},
        ),
    ],
}  # fmt: skip
EXAMPLES = [
    pytest.param(kind, row, facts, id=f"{kind}-{n}") for kind in ROWS for n, (row, facts) in enumerate(ROWS[kind])
]


def test_each_schema_has_examples():
    assert ROWS.keys() == SCHEMAS.keys()


@pytest.mark.parametrize(("kind", "row", "facts"), EXAMPLES)
def test_raw_values_are_milliseconds_numbers_and_plain_str(kind, row, facts):
    raw = SCHEMAS[kind].raw(row)
    assert raw == facts
    assert list(raw) == list(facts) == list(SCHEMAS[kind].names)
    assert all(type(value) is str for value in raw.values() if isinstance(value, str))


@pytest.mark.parametrize(("kind", "row", "facts"), EXAMPLES)
def test_facts_are_datetimes_and_timedeltas(kind, row, facts):
    expected = dict(facts)
    for column in SCHEMAS[kind].columns:
        value = facts[column.name]
        if value is not None and column.dtype == TIME:
            expected[column.name] = datetime.fromtimestamp(value / 1000, UTC)
        elif value is not None and column.dtype == DURATION:
            expected[column.name] = timedelta(milliseconds=value)
    shown = SCHEMAS[kind].facts(row)
    assert shown == expected
    assert list(shown) == list(SCHEMAS[kind].names)
    assert all(value.tzinfo is UTC for value in shown.values() if isinstance(value, datetime))
    assert tables.to_dicts(kind, [row]) == [expected]


@pytest.mark.parametrize(("kind", "row", "facts"), EXAMPLES)
def test_only_nullable_columns_have_missing_values(kind, row, facts):
    nullable = {column.name for column in SCHEMAS[kind].columns if column.nullable}
    assert {name for name, value in SCHEMAS[kind].raw(row).items() if value is None} <= nullable


@pytest.mark.parametrize("kind", [kind for kind in SCHEMAS if kind != "differences"])
def test_tables_of_examples_have_the_values_and_the_dtypes_of_the_schema(kind):
    frame = tables.to_frame(kind, [row for row, _ in ROWS[kind]])
    empty = tables.to_frame(kind, [])
    assert dict(frame.dtypes) == dict(empty.dtypes)
    for column in SCHEMAS[kind].columns:
        for cell, (row, _) in zip(frame[column.name], ROWS[kind], strict=True):
            value = column.value(row)
            assert cell == value if value is not None else pd.isna(cell), column.name


TIME_DTYPE, DURATION_DTYPE = "datetime64[ms, UTC]", "timedelta64[ms]"


def test_each_kind_of_column_has_one_dtype():
    dtypes = {
        TEXT: "string", STATUS: "category", TIME: TIME_DTYPE, DURATION: DURATION_DTYPE, COUNT: "Int64", OBJECT: "object",
    }  # fmt: skip
    for kind, table in SCHEMAS.items():
        frame = tables.to_frame(kind, [])
        assert len(frame) == 0
        assert {column.name: dtypes[column.dtype] for column in table.columns} == {
            name: str(dtype) for name, dtype in frame.dtypes.items()
        }


def test_durations_have_seconds_as_their_unit_and_sizes_bytes():
    for table in SCHEMAS.values():
        for column in table.columns:
            if column.dtype == DURATION and column.nullable:
                assert column.unit == "s", column.name
            elif column.name in ("size", "own_size"):
                assert column.unit == "bytes"
            else:
                assert column.unit == "", column.name


def test_a_required_column_is_never_missing():
    column = schema._required("length", COUNT, len, "its length")
    assert column == Column("length", COUNT, len, "its length", "", nullable=False)
    assert schema._required("length", COUNT, len).meaning == ""
    assert schema._required("year", COUNT, "year").value(datetime(2026, 1, 2, tzinfo=UTC)) == 2026


def test_an_optional_column_can_be_missing():
    assert schema._optional("n", COUNT, len, "how long", "cm") == Column(
        "n", COUNT, len, "how long", "cm", nullable=True
    )
    plain = schema._optional("n", COUNT, len)
    assert (plain.meaning, plain.unit) == ("", "")
    assert schema._optional("n", TIME, len).unit == ""
    assert schema._optional("n", DURATION, len).unit == "s"
    assert schema._optional("n", DURATION, len, unit="").unit == ""
    nested = schema._optional("month", COUNT, "record.created_ms")
    assert nested.value(DONE_RUN) == 1_000


def test_a_column_of_the_newest_run_is_missing_if_the_flow_has_no_run():
    get = schema._of_latest("user")
    assert get(FlowRow("F", DONE_RUN)) == "ann"
    assert get(FlowRow("F", None)) is None
    with pytest.raises(StopIteration):
        schema._of_latest("no such column")


@pytest.mark.parametrize(
    ("dtype", "raw", "value"),
    [
        (TIME, 0, datetime(1970, 1, 1, tzinfo=UTC)),
        (TIME, None, None),
        (DURATION, 0, timedelta(0)),
        (DURATION, 1_500, timedelta(seconds=1.5)),
        (DURATION, None, None),
        (COUNT, 0, 0),
        (TEXT, "", ""),
        (TEXT, None, None),
        (OBJECT, [1], [1]),
    ],
)
def test_a_column_converts_times_and_durations_only(dtype, raw, value):
    column = Column("name", dtype, lambda row: row)
    assert column.value(raw) == value
    assert (column.meaning, column.unit, column.nullable) == ("", "", True)
    table = TableSchema((column,))
    assert table.names == ("name",)
    assert table.raw(raw) == {"name": raw}
    assert table.facts(raw) == {"name": value}
