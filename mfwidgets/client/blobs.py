"""The bytes behind records: which datastore holds them, and reading them."""

from mfwidgets.client.scope import Scope
from mfwidgets.datastore.base import Datastore
from mfwidgets.datastore.blobs import load_blob
from mfwidgets.datastore.opening import root_of_location
from mfwidgets.metadata_provider.records import ArtifactRecord, TaskRecord


def datastore_of(scope: Scope, record: ArtifactRecord) -> Datastore:
    """Return the datastore that a record names."""
    return scope.datastore(record.ds_type, root_of_location(record.location, record.flow))


def read_bytes(scope: Scope, record: ArtifactRecord, most: int | None = None) -> bytes:
    """Return the serialized bytes of an artifact, as :meth:`DataArtifact.raw` does.

    Raises
    ------
    TooLarge
        There are more than ``most``.
    """
    return load_blob(datastore_of(scope, record), record.flow, record.sha, f"Artifact {'/'.join(record.path)}", most)


def task_datastore(scope: Scope, task: TaskRecord) -> Datastore:
    """Return the datastore that holds the logs and the cards of a task (one small question).

    A task that died before it could record one, and a clone, have those of a local root, where there is one.
    """
    recorded = {event.field: str(event.value) for event in scope.provider.metadata(task.path, {"ds-type", "ds-root"})}
    return scope.datastore(recorded.get("ds-type", "local"), recorded.get("ds-root", ""))
