"""The metadata of a task by Metaflow's rules: the records of an attempt, and those that a clone takes from its origin."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mfwidgets.datastore.base import Datastore
from mfwidgets.files import parse_json
from mfwidgets.providers.records import MetadataRecord, TaskRecord
from mfwidgets.queries.context import ClientContext

if TYPE_CHECKING:
    from mfwidgets.client.task import Task


ORIGIN_FIELDS = frozenset({"origin-run-id", "origin-task-id"})
"""The metadata that names the origin of a clone."""

TRIGGERS = "execution-triggers"
"""The metadata of a start task that lists the events which triggered its run."""

LOG_LOCATIONS = frozenset({"log_location_stdout", "log_location_stderr"})
"""The metadata of old versions that names the datastore of a log, and so that of the task."""

_DATASTORE_FIELDS = LOG_LOCATIONS | {"ds-type", "ds-root"}


class Metadata(NamedTuple):
    """A metadata event, as ``Task.metadata`` gives it.

    Attributes
    ----------
    name, type
        For example ``attempt_ok`` and ``internal_attempt_status``.
    value
        Nearly always a str.
    created_at
        Milliseconds since the epoch, UTC.
    task
        The task whose metadata was read.
    """

    name: str
    value: object
    created_at: int
    type: str
    task: "Task"


def task_metadata(context: ClientContext, task: TaskRecord, attempt: int | None = None) -> list[MetadataRecord]:
    """Return the metadata of a task. A clone also has the fields of its origin that it lacks itself.

    Costs one request, and one more for each origin.
    """
    records = context.provider.metadata(task.path)
    if attempt is not None:
        records = of_attempt(records, attempt)
    origin = origin_of(context, task, records)
    if origin is None:
        return records
    newest = {record.field: record for record in _by_time(task_metadata(context, origin))}
    own = {record.field for record in records}
    return records + [record for field, record in newest.items() if field not in own]


def of_attempt(records: Sequence[MetadataRecord], attempt: int) -> list[MetadataRecord]:
    """Return the records of one attempt.

    Selects by the attempt of each record if all records have one. Else selects by time, from the record that begins the
    attempt to the record that begins the next (the rule of ``metaflow.metadata_provider``).
    """
    if all(record.attempt is not None for record in records):
        return [record for record in records if record.attempt == attempt]
    begins = {str(record.value): record.created_ms for record in _by_time(records) if record.field == "attempt"}
    first, last = begins.get(str(attempt)), begins.get(str(attempt + 1))
    if first is None:
        return []
    return [record for record in records if record.created_ms >= first and (last is None or record.created_ms < last)]


def newest_values(records: Collection[MetadataRecord]) -> dict[str, object]:
    """Return the newest value of each field."""
    return {record.field: record.value for record in _by_time(records)}


def origin_of(context: ClientContext, task: TaskRecord, records: Collection[MetadataRecord]) -> TaskRecord | None:
    """Return the origin of a cloned task. None for other tasks, or if the origin no longer exists."""
    values = newest_values(records)
    run_id, task_id = values.get("origin-run-id"), values.get("origin-task-id")
    if not run_id or not task_id:
        return None
    run = context.provider.run(task.run.flow, str(run_id))
    return context.provider.task(run, task.step, str(task_id)) if run else None


def _by_time(records: Collection[MetadataRecord]) -> list[MetadataRecord]:
    return sorted(records, key=lambda record: record.created_ms)


def recorded_datastore(context: ClientContext, task: TaskRecord) -> tuple[str, str]:
    """Return the type and the root of the datastore that a task records. Costs one small request.

    A clone does not record a datastore, and neither does a task that died early. They use the local root, if any.
    Metaflow before 2.2.10 recorded the locations of the logs instead.
    """
    recorded = {event.field: str(event.value) for event in context.provider.metadata(task.path, _DATASTORE_FIELDS)}
    if "ds-type" not in recorded:
        location = next((value for field, value in recorded.items() if field in LOG_LOCATIONS), "")
        return _datastore_of_log(location)
    return recorded["ds-type"], recorded.get("ds-root", "")


def task_datastore(context: ClientContext, task: TaskRecord) -> Datastore:
    """Return the datastore with the logs and the cards of a task. Costs one small request."""
    return context.datastore(*recorded_datastore(context, task))


def _datastore_of_log(location: str) -> tuple[str, str]:
    """Return the type and the root of the datastore in a ``log_location_stdout``. The local one if there is none."""
    try:
        recorded = parse_json(location)
    except ValueError:
        recorded = {}
    if not isinstance(recorded, dict) or not isinstance(recorded.get("location"), str):
        return "local", ""
    root = recorded["location"].split("/")[:-5]  # without flow, run, step, task and file
    return str(recorded.get("ds_type", "local")), "/".join(root)
