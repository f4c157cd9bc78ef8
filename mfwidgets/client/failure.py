"""Why an attempt failed: the exception that Metaflow recorded, read without running anything."""

from mfwidgets.client.blobs import blob_size, read_bytes
from mfwidgets.client.scope import Scope
from mfwidgets.datastore.artifacts import load_inert
from mfwidgets.datastore.stand_ins import MetaflowExceptionWrapper
from mfwidgets.errors import DataException
from mfwidgets.metadata_provider.records import TaskRecord

LARGEST = 200_000
"""A recorded exception of more stored bytes is not read unasked."""


def exception_line(scope: Scope, task: TaskRecord) -> str:
    """Return ``ValueError: what it said`` of a task's newest attempt that is done; empty where none is recorded.

    One bulk question and one small blob. The pickle can make texts and our stand-in for Metaflow's exception record,
    and nothing else, so that no class of the user is imported and no code of theirs runs.
    """
    found = scope.provider.artifacts(task.path, {"_exception"})
    if not found:
        return ""
    try:
        if (blob_size(scope, found[0]) or 0) > LARGEST:
            return ""
        recorded = load_inert(read_bytes(scope, found[0]))
    except DataException:
        return ""
    if not isinstance(recorded, MetaflowExceptionWrapper):
        return ""
    kind = str(recorded.type).removeprefix("builtins.")
    return f"{kind}: {recorded.exception}"
