"""The interface of metadata providers.

Most methods return many records, so that nobody sends one request per object by accident. Children are sorted newest
first, as in Metaflow. None or an empty result means that there is no such object. Errors mean that something cannot be
read.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.providers.folder_memory import FolderMemory
from mfwidgets.providers.records import (
    ArtifactRecord,
    FlowRecord,
    MetadataRecord,
    RunRecord,
    RunStamp,
    StepRecord,
    TaskRecord,
)

Headers = Mapping[str, str] | Callable[[], Mapping[str, str]]
"""Extra headers for a service, or a function that returns them for each request (for tokens that expire)."""

PathPrefix = tuple[str, ...]
"""(flow, run), (flow, run, step) or (flow, run, step, task): the part of the tree to read."""


TagUpdate = Callable[[frozenset[str], frozenset[str]], frozenset[str]]
"""Takes a run's current user and system tags, returns its new user tags. Raises if the change is not allowed."""


@fast_dataclass(frozen=True, slots=True)
class RunQuery:
    """Selects runs. A provider may ignore the query: the caller filters the runs again.

    Attributes
    ----------
    tags
        Tags that a run must have, user or system tags. A namespace is a tag.
    limit
        The number of runs that the caller needs, if known.
    with_status
        Fill :attr:`RunRecord.service_status`, if that needs no extra request.
    service_status
        Only runs with this status of the service. Several are separated by commas.
    user
        The user who started the run.
    since_ms, until_ms
        The earliest and the latest start, in milliseconds. 0 means no limit.
    page_size
        The number of runs per request. 0 leaves it to the provider.
    """

    tags: tuple[str, ...] = ()
    limit: int | None = None
    with_status: bool = False
    service_status: str = ""
    user: str = ""
    since_ms: int = 0
    until_ms: int = 0
    page_size: int = 0


ALL = RunQuery()


@fast_dataclass(frozen=True, slots=True)
class AllFieldsExcept:
    """The names of all metadata fields except these, for a provider that reads a file per event."""

    names: frozenset[str]

    def __contains__(self, name: object) -> bool:
        """Return whether it is one of the others."""
        return name not in self.names


class RecordMemory(Protocol):
    """Remembers the records of local runs. It is above this layer, so the provider gets it."""

    folders: FolderMemory
    """The memory of displays about the folders of tasks."""

    def prepare(self, flow: str, run_ids: Sequence[str]) -> None:
        """Read what is remembered about these runs, at once."""

    def record(self, flow: str, run_id: str, stamp: RunStamp) -> RunRecord | None:
        """Return a remembered record with this stamp."""

    def keep_record(self, run: RunRecord) -> None:
        """Remember a record with its stamp."""

    def flow_fact(self, flow: str, name: str) -> Any:
        """Return a remembered fact about a flow as JSON. None if it is not remembered."""

    def keep_flow_fact(self, flow: str, name: str, content: Any) -> None:
        """Remember a fact about a flow as JSON."""

    def flush(self) -> None:
        """Write what is new."""


Memories = Callable[[str, Path], RecordMemory | None]
"""Takes the address of a provider and the folder of its runs, returns its memory, if there is one."""


def no_memory(address: str, root: Path) -> None:
    """Return no memory."""


class MetadataProvider(Protocol):
    """A source of records."""

    @property
    def selector(self) -> str:
        """The string that ``get_metadata()`` returns and ``metadata()`` takes: ``local@/home/ann/project``."""

    @property
    def address(self) -> str:
        """A selector that is valid in any folder of this machine. It contains no secret."""

    @property
    def remote(self) -> bool:
        """Whether each call sends requests, instead of reading local files."""

    @property
    def lacks_bulk_routes(self) -> bool:
        """Whether the records of a run are requested task by task. A service shows this only in its responses."""

    @property
    def local_root(self) -> Path | None:
        """The folder that this provider reads, or None. Local data is looked up there first."""

    def version(self) -> str:
        """Return the version of the service. Empty for files."""

    def flows(self) -> list[FlowRecord]:
        """Return all flows."""

    def flow(self, flow: str) -> FlowRecord | None:
        """Return one flow."""

    def flow_names(self) -> list[str]:
        """Return the names of all flows. In a folder, a name can be that of something else."""

    def newest_start(self, flow: str) -> int | None:
        """Return a time after which no run of a flow started, in milliseconds. 0 if it has no runs.

        Reads no run. None if only reading runs would show the time.
        """

    def runs(self, flow: str, query: RunQuery = ALL) -> Iterator[RunRecord]:
        """Yield a flow's runs, newest first. Only the runs that the caller takes are read."""

    def with_status(self, runs: Sequence[RunRecord]) -> list[RunRecord]:
        """Return runs of one flow with :attr:`RunRecord.service_status`, if one request can fill it."""

    def count_runs(self, flow: str) -> int | None:
        """Return the number of runs. None if only reading them would show it."""

    def run(self, flow: str, run_id: str) -> RunRecord | None:
        """Return one run."""

    def steps(self, run: RunRecord) -> list[StepRecord]:
        """Return a run's steps, including private ones such as ``_parameters``."""

    def step(self, run: RunRecord, step: str) -> StepRecord | None:
        """Return one step."""

    def tasks(self, run: RunRecord, step: str | None = None) -> list[TaskRecord]:
        """Return the tasks of a step, or of all steps of the run except private ones."""

    def task(self, run: RunRecord, step: str, task_id: str) -> TaskRecord | None:
        """Return one task."""

    def metadata(self, where: PathPrefix, fields: Collection[str] | None = None) -> list[MetadataRecord]:
        """Return the metadata events of all tasks there and all attempts, if given only with these field names."""

    def is_small_flow(self, flow: str) -> bool:
        """Return whether runs of a flow can be read as a whole: those that were read before had few tasks."""

    def tasks_with(self, step: PathPrefix, field: str, pattern: str) -> set[str] | None:
        """Return the ids of the tasks of a step with a metadata value that matches. None if that cannot be asked."""

    def run_metadata(self, run: RunRecord) -> list[MetadataRecord]:
        """Return the metadata events of a run. For a very large run, successful tasks may be missing.

        The events of the step ``_parameters`` and of the last step are always included.
        """

    def artifacts(
        self,
        where: PathPrefix,
        names: Collection[str] | None = None,
        attempt: int | None = None,
        *,
        public_only: bool = False,
    ) -> list[ArtifactRecord]:
        """Return the artifacts of all tasks there, from this attempt or from each task's newest done attempt.

        ``public_only`` excludes Metaflow's own artifacts, whose names begin with ``_``.
        """

    def artifact(self, task: PathPrefix, name: str, attempt: int | None = None) -> ArtifactRecord | None:
        """Return one artifact of a task, from this attempt or from the newest done attempt."""

    def done_attempts(self, where: PathPrefix) -> Iterator[tuple[PathPrefix, int]]:
        """Yield the path of each task with a done attempt, and the number of the newest one."""

    def metadata_and_artifacts(
        self, where: PathPrefix, fields: Collection[str], names: Collection[str]
    ) -> tuple[list[MetadataRecord], list[ArtifactRecord]]:
        """Return :meth:`metadata` and :meth:`artifacts` of the newest attempts, reading each task once."""

    def change_tags(self, run: RunRecord, change: TagUpdate) -> frozenset[str]:
        """Change a run's user tags, also if others change them at the same time. Return the new user tags."""
