"""Why an attempt failed: the exception that Metaflow recorded, read without running anything."""

from mfwidgets.client.blobs import read_bytes
from mfwidgets.client.scope import Scope
from mfwidgets.datastore.inert import load_inert
from mfwidgets.datastore.stand_ins import MetaflowExceptionWrapper
from mfwidgets.datastore.truths import is_none
from mfwidgets.errors import DataException
from mfwidgets.metadata_provider.records import ArtifactRecord, TaskRecord

LARGEST = 200_000
"""A recorded exception of more bytes is not read unasked."""


def exception_line(scope: Scope, task: TaskRecord) -> str:
    """Return ``ValueError: what it said`` of a task's newest attempt that is done; empty where none is recorded.

    One bulk question and one small blob. The pickle can make texts and our stand-in for Metaflow's exception record,
    and nothing else, so that no class of the user is imported and no code of theirs runs.
    """
    # What @catch handled is kept under the second name, and the first is None then.
    found = {record.name: record for record in scope.provider.artifacts(task.path, {"_exception", "_catch_exception"})}
    lines = (_line(scope, found[name]) for name in ("_exception", "_catch_exception") if name in found)
    return next(filter(None, lines), "")


def _line(scope: Scope, record: ArtifactRecord) -> str:
    try:
        if is_none(record.sha):
            return ""
        recorded = load_inert(read_bytes(scope, record, LARGEST))
    except DataException:
        return ""
    if not isinstance(recorded, MetaflowExceptionWrapper):
        return ""
    kind, message = getattr(recorded, "type", None), getattr(recorded, "exception", None)
    if not isinstance(kind, str) or not isinstance(message, str):  # not as Metaflow writes it; str() of it may not end
        return ""
    return f"{kind.removeprefix('builtins.')}: {message}"
