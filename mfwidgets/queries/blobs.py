"""The bytes behind records: which datastore holds them, and reading them."""

from mfwidgets.datastore.base import Datastore
from mfwidgets.datastore.blobs import load_blob
from mfwidgets.datastore.factory import root_of_location
from mfwidgets.providers.records import ArtifactRecord, TaskRecord
from mfwidgets.queries.context import ClientContext


def datastore_of(context: ClientContext, record: ArtifactRecord) -> Datastore:
    """Return the datastore that a record names."""
    return context.datastore(record.ds_type, root_of_location(record.location, record.flow))


def read_bytes(context: ClientContext, record: ArtifactRecord, most: int | None = None) -> bytes:
    """Return the serialized bytes of an artifact, as :meth:`DataArtifact.raw` does.

    Raises
    ------
    TooLarge
        There are more than ``most``.
    """
    return load_blob(datastore_of(context, record), record.flow, record.sha, f"Artifact {'/'.join(record.path)}", most)


def task_datastore(context: ClientContext, task: TaskRecord) -> Datastore:
    """Return the datastore that holds the logs and the cards of a task (one small question).

    A task that died before it could record one, and a clone, have those of a local root, where there is one.
    """
    recorded = {event.field: str(event.value) for event in context.provider.metadata(task.path, {"ds-type", "ds-root"})}
    return context.datastore(recorded.get("ds-type", "local"), recorded.get("ds-root", ""))
