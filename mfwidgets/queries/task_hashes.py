"""The hashes of the public artifacts of many tasks, without types and values.

Local records take one file per artifact. ``<N>.data.json`` next to them has the hashes of all artifacts of an attempt.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from functools import partial

from mfwidgets.datastore.base import Datastore
from mfwidgets.datastore.task_files import artifact_hashes
from mfwidgets.deadline import stoppable
from mfwidgets.errors import CorruptFile, DataException
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.providers.base import PathPrefix
from mfwidgets.providers.local import LocalProvider
from mfwidgets.providers.records import ArtifactRecord
from mfwidgets.queries.context import ClientContext


@fast_dataclass(frozen=True, slots=True)
class ArtifactHash:
    """The hash of an artifact of an attempt.

    Attributes
    ----------
    task, attempt, name
        The path of the task, the number of the attempt, and the name of the artifact.
    sha
        SHA-1 of the serialized bytes.
    """

    task: PathPrefix
    attempt: int
    name: str
    sha: str

    def record(self, context: ClientContext) -> ArtifactRecord | None:
        """Return the record of the artifact. Costs one read. None if it is missing."""
        return context.provider.artifact(self.task, self.name, self.attempt)


@fast_dataclass(frozen=True, slots=True)
class TaskHashes:
    """The hashes of the public artifacts of an attempt of a task, by name, and their records if these were read."""

    task: PathPrefix
    attempt: int
    hashes: Mapping[str, str]
    records: Mapping[str, ArtifactRecord] = field(default_factory=dict)

    @property
    def step(self) -> str:
        """The step of the task."""
        return self.task[2]

    def artifact(self, name: str) -> ArtifactRecord | ArtifactHash:
        """Return the record of an artifact, or what leads to it."""
        return self.records.get(name) or ArtifactHash(self.task, self.attempt, name, self.hashes[name])


def recorded_hashes(records: Iterable[ArtifactRecord]) -> list[TaskHashes]:
    """Return the hashes in records."""
    by_task: dict[tuple[PathPrefix, int], dict[str, ArtifactRecord]] = defaultdict(dict)
    for record in stoppable(records):
        if not record.name.startswith("_"):
            by_task[record.path[:-1], record.attempt][record.name] = record
    return [
        TaskHashes(task, attempt, {name: record.sha for name, record in own.items()}, own)
        for (task, attempt), own in by_task.items()
    ]


def local_hashes(provider: LocalProvider, context: ClientContext, where: PathPrefix) -> Iterator[TaskHashes]:
    """Yield the hashes of the newest done attempt of each local task below ``where``, task by task.

    Costs one listing and one read per task, and one read per artifact of a task without ``data.json``.
    """
    datastore = context.datastore("local", "")
    for task, attempt in provider.done_attempts(where):
        read = partial(_hashes, datastore, task, attempt)
        hashes = provider.remembered(task, ("hashes", attempt), read, bool)
        if not hashes:
            records = provider.artifacts(task, None, attempt, public_only=True)
            hashes = {record.name: record.sha for record in records}
        yield TaskHashes(task, attempt, hashes)


def _hashes(datastore: Datastore, task: PathPrefix, attempt: int) -> Mapping[str, str]:
    try:
        hashes = artifact_hashes(datastore, task, attempt)
    except (DataException, CorruptFile):
        return {}
    return {name: sha for name, sha in hashes.items() if not name.startswith("_")}
