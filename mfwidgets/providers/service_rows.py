"""Converts rows of the metadata service into records.

The service returns numbers for its own ids and strings for others. In records all ids are strings. Heartbeats are in
seconds in rows, in milliseconds in records. ``null`` means no tags.
"""

import re
from typing import Any

from mfwidgets.providers.records import (
    ArtifactRecord,
    FlowRecord,
    MetadataRecord,
    RunRecord,
    StepRecord,
    TaskRecord,
)
from mfwidgets.times import SECOND

Row = dict[str, Any]

_ATTEMPT_TAG = re.compile(r"attempt_id:(\d+)\Z")
_ITEM = re.compile(r'"((?:[^"\\]|\\.)*)"|([^",{}]+)')


def flow_record(row: Row) -> FlowRecord:
    """Return a flow."""
    return FlowRecord(str(row["flow_id"]), _milliseconds(row))


def run_record(row: Row) -> RunRecord:
    """Return a run."""
    return RunRecord(
        flow=str(row["flow_id"]),
        run_id=str(row["run_number"]),
        created_ms=_milliseconds(row),
        user=_text(row, "user_name"),
        user_tags=_tags(row, "tags"),
        system_tags=_tags(row, "system_tags"),
        heartbeat_ms=_heartbeat(row),
        service_status=_text(row, "status"),
    )


def step_record(run: RunRecord, row: Row) -> StepRecord:
    """Return a step."""
    return StepRecord(run, str(row["step_name"]), _milliseconds(row))


def task_record(run: RunRecord, row: Row) -> TaskRecord:
    """Return a task."""
    return TaskRecord(run, str(row["step_name"]), str(row["task_id"]), _milliseconds(row), _heartbeat(row))


def artifact_record(row: Row) -> ArtifactRecord:
    """Return an artifact."""
    return ArtifactRecord(
        flow=str(row["flow_id"]),
        run_id=str(row["run_number"]),
        step=str(row["step_name"]),
        task_id=str(row["task_id"]),
        attempt=int(row.get("attempt_id") or 0),
        name=str(row["name"]),
        sha=_text(row, "sha"),
        encoding=_text(row, "content_type"),
        ds_type=_text(row, "ds_type"),
        location=_text(row, "location"),
        created_ms=_milliseconds(row),
    )


def metadata_record(row: Row) -> MetadataRecord:
    """Return a metadata event."""
    tags = tuple(str(tag) for tag in row.get("tags") or ())
    attempts = [int(match[1]) for tag in tags if (match := _ATTEMPT_TAG.match(tag))]
    return MetadataRecord(
        step=str(row["step_name"]),
        task_id=str(row["task_id"]),
        field=_text(row, "field_name"),
        type=_text(row, "type"),
        value=row.get("value"),
        created_ms=_milliseconds(row),
        attempt=attempts[0] if attempts else None,
        tags=tags,
    )


def array(text: object) -> list[str]:
    """Return the items of an array in the format of PostgreSQL: ``{items=a,"items=b c"}``."""
    return [plain or re.sub(r"\\(.)", r"\1", quoted) for quoted, plain in _ITEM.findall(str(text))]


def _milliseconds(row: Row) -> int:
    value = row.get("ts_epoch")
    return value if isinstance(value, int) else 0


def _heartbeat(row: Row) -> int | None:
    value = row.get("last_heartbeat_ts")
    return value * SECOND if isinstance(value, int) else None


def _text(row: Row, key: str) -> str:
    value = row.get(key)
    return "" if value is None else str(value)


def _tags(row: Row, key: str) -> frozenset[str]:
    return frozenset(str(tag) for tag in row.get(key) or ())
