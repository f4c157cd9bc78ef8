"""Runs whose records are made by hand, for tests of lineage without runs of Metaflow."""

import hashlib
import pickle
from pathlib import Path

from mfwidgets.config import Configuration
from mfwidgets.datastore.base import Datastores
from mfwidgets.datastore.blobs import blob_key
from mfwidgets.providers.records import ArtifactRecord, MetadataRecord, RunRecord, TaskKey, TaskRecord
from mfwidgets.queries.context import ClientContext


class HandMadeRun:
    """A run: the provider of its records, and the datastore of its blobs.

    Parameters
    ----------
    steps
        The type of each step and the steps that follow it: ``{"start": ("linear", "end"), "end": ("end", "")}``.
    """

    remote, local_root, selector, address, cache = True, None, "hand-made", "hand-made", None

    def __init__(self, steps: dict[str, tuple[str, str]]) -> None:
        self.record = RunRecord("F", "1", 0)
        self._tasks: list[TaskRecord] = []
        self._metadata: list[MetadataRecord] = []
        self._artifacts: list[ArtifactRecord] = []
        self.blobs: dict[str, bytes] = {}
        nodes = {
            name: {"name": name, "type": kind, "next": following.split()} if following else {"name": name, "type": kind}
            for name, (kind, following) in steps.items()
        }
        self.store("_parameters", "0", "_graph_info", {"steps": nodes})
        configuration = Configuration({}, {}, {}, Path("/nowhere"))
        self.context = ClientContext(self, configuration, None, _datastores=_OneDatastore(configuration, self))

    def add(
        self,
        key: str,
        path: str = "",
        *,
        ms: int | None = None,
        to: str = "",
        iteration: int | None = None,
        end: int = 0,
    ) -> None:
        """Add a task ``step/id``, with its foreach path, the step that it went to, its iteration and its end."""
        step, task_id = key.split("/")
        created_ms = 10 * len(self._tasks) if ms is None else ms
        self._tasks.append(TaskRecord(self.record, step, task_id, created_ms))
        if path:
            self._event(step, task_id, "foreach-execution-path", path, created_ms)
        if end:
            self._event(step, task_id, "attempt", "0", created_ms)
            self._event(step, task_id, "attempt-done", "0", end)
        if to:
            self.store(step, task_id, "_transition", (to.split(), None))
        if iteration is not None:
            self.store(step, task_id, "_iteration_stack", [7, iteration])

    def store(self, step: str, task_id: str, name: str, value: object) -> str:
        """Add an artifact, and return its hash."""
        content = pickle.dumps(value)
        sha = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        self.blobs[blob_key("F", sha)] = content
        record = ArtifactRecord("F", "1", step, task_id, 0, name, sha, "pickle-v4", "local", ":root:/nowhere", 0)
        self._artifacts.append(record)
        return sha

    def forget(self, sha: str) -> None:
        """Remove the bytes of an artifact. Its record stays."""
        del self.blobs[blob_key("F", sha)]

    def _event(self, step: str, task_id: str, field: str, value: str, ms: int) -> None:
        self._metadata.append(MetadataRecord(step, task_id, field, field, value, ms, 0))

    def task(self, key: str) -> TaskRecord:
        """Return a task by ``step/id``."""
        return next(task for task in self._tasks if "/".join(task.key) == key)

    # -- a provider

    def tasks(self, run: RunRecord, step: str | None = None) -> list[TaskRecord]:
        assert run == self.record
        newest_first = sorted(self._tasks, key=lambda task: -task.created_ms)
        return [task for task in newest_first if step in (None, task.step)]

    def metadata(self, where: tuple[str, ...], fields: frozenset[str]) -> list[MetadataRecord]:
        return [event for event in self._metadata if event.field in fields and _is_below(event.key, where)]

    def artifacts(self, where: tuple[str, ...], names: frozenset[str]) -> list[ArtifactRecord]:
        return [record for record in self._artifacts if record.name in names and _is_below(record.key, where)]

    def metadata_and_artifacts(
        self, where: tuple[str, ...], fields: frozenset[str], names: frozenset[str]
    ) -> tuple[list[MetadataRecord], list[ArtifactRecord]]:
        return self.metadata(where, fields), self.artifacts(where, names)

    # -- a datastore

    def describe(self) -> str:
        return "memory"

    def read(self, key: str, max_bytes: int | None = None) -> bytes | None:
        content = self.blobs.get(key)
        assert content is None or max_bytes is None or len(content) <= max_bytes
        return content


class _OneDatastore(Datastores):
    def __init__(self, configuration: Configuration, datastore: HandMadeRun) -> None:
        super().__init__(configuration)
        self.datastore = datastore

    def get(self, ds_type: str, root: str, home: Path | None) -> HandMadeRun:
        assert (ds_type, root, home) == ("local", "/nowhere", None)
        return self.datastore


def _is_below(key: TaskKey, where: tuple[str, ...]) -> bool:
    return ("F", "1", *key)[: len(where)] == tuple(where)
