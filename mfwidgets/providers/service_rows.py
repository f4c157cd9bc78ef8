"""Converts rows of the metadata service into records.

The service returns numbers for its own ids and strings for others. In records all ids are strings. Heartbeats are in
seconds in rows, in milliseconds in records. ``null`` means no tags.
"""

import re
from typing import Any

from mfwidgets.deadline import stoppable
from mfwidgets.errors import ServiceException
from mfwidgets.providers.records import (
    MAX_TAGS,
    ArtifactRecord,
    FlowRecord,
    MetadataRecord,
    RunRecord,
    StepRecord,
    TaskRecord,
    attempt_in_tags,
)
from mfwidgets.times import SECOND, YEAR_3000

Row = dict[str, Any]

_MAX_ATTEMPTS = 1_000_000

_ITEM = re.compile(r'"((?:[^"\\]|\\.)*+)"?|([^",{}]+)')
"""The time is linear in the text: what was matched is not tried again, even without a closing quote."""


def flow_record(row: Row) -> FlowRecord:
    """Return a flow."""
    return FlowRecord(str(row["flow_id"]), milliseconds(row), _tags(row, "tags"), _tags(row, "system_tags"))


def run_record(row: Row) -> RunRecord:
    """Return a run."""
    status, heartbeat_ms = _text(row, "status"), _heartbeat(row)
    return RunRecord(
        flow=str(row["flow_id"]),
        run_id=str(row["run_number"]),
        created_ms=milliseconds(row),
        user=_text(row, "user_name"),
        user_tags=_tags(row, "tags"),
        system_tags=_tags(row, "system_tags"),
        heartbeat_ms=heartbeat_ms,
        service_status=status,
        stamp=(status, heartbeat_ms or 0) if status else (),
    )


def step_record(run: RunRecord, row: Row) -> StepRecord:
    """Return a step."""
    return StepRecord(run, str(row["step_name"]), milliseconds(row))


def task_record(run: RunRecord, row: Row) -> TaskRecord:
    """Return a task."""
    return TaskRecord(run, str(row["step_name"]), str(row["task_id"]), milliseconds(row), _heartbeat(row))


def artifact_record(row: Row) -> ArtifactRecord:
    """Return an artifact."""
    return ArtifactRecord(
        flow=str(row["flow_id"]),
        run_id=str(row["run_number"]),
        step=str(row["step_name"]),
        task_id=str(row["task_id"]),
        attempt=attempt_of(row),
        name=str(row["name"]),
        sha=_text(row, "sha"),
        encoding=_text(row, "content_type"),
        ds_type=_text(row, "ds_type"),
        location=_text(row, "location"),
        created_ms=milliseconds(row),
    )


def metadata_record(row: Row) -> MetadataRecord:
    """Return a metadata event."""
    tags = tuple(strings(row.get("tags")))
    return MetadataRecord(
        step=str(row["step_name"]),
        task_id=str(row["task_id"]),
        field=_text(row, "field_name"),
        type=_text(row, "type"),
        value=row.get("value"),
        created_ms=milliseconds(row),
        attempt=attempt_in_tags(tags),
        tags=tags,
    )


def attempt_of(row: Row) -> int:
    """Return the attempt that stored an artifact."""
    value = row.get("attempt_id")
    return value if type(value) is int and 0 <= value < _MAX_ATTEMPTS else 0


def checked_rows(content: object, needed: tuple[str, ...]) -> list[Row]:
    """Return a listing.

    Raises
    ------
    ServiceException
        It is not a list of objects with the needed fields.
    """
    if not isinstance(content, list):
        raise ServiceException(f"Expected a list from the metadata service, got {type(content).__name__}.")
    return [checked_row(row, needed) for row in stoppable(content)]


def checked_row(row: object, needed: tuple[str, ...]) -> Row:
    """Return an object.

    Raises
    ------
    ServiceException
        It is not an object with the needed fields.
    """
    if isinstance(row, dict) and all(isinstance(row.get(name), str | int) for name in needed):
        return row
    raise ServiceException(
        f"Expected an object with {', '.join(needed) or 'fields'} from the metadata service, got {type(row).__name__} "
        "without them."
    )


def array(text: object) -> list[str]:
    """Return the items of an array in the format of PostgreSQL: ``{items=a,"items=b c"}``."""
    return [plain or re.sub(r"\\(.)", r"\1", quoted) for quoted, plain in _ITEM.findall(str(text))]


def milliseconds(row: Row) -> int:
    """Return the time of a row. 0 if it is missing or impossible."""
    value = row.get("ts_epoch")
    return value if type(value) is int and 0 <= value < YEAR_3000 else 0


def _heartbeat(row: Row) -> int | None:
    value = row.get("last_heartbeat_ts")
    return value * SECOND if type(value) is int and 0 <= value * SECOND < YEAR_3000 else None


def _text(row: Row, key: str) -> str:
    value = row.get(key)
    return "" if value is None else str(value)


def _tags(row: Row, key: str) -> frozenset[str]:
    return frozenset(strings(row.get(key)))


def strings(value: object) -> list[str]:
    """Return the items of a list as strings. Anything else counts as empty."""
    return [str(item) for item in value[:MAX_TAGS]] if isinstance(value, list) else []
