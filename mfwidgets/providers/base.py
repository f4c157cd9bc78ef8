"""What every metadata provider can answer.

The commands are plural: whoever wants facts about many objects asks once, so a request per object cannot be written by
accident. Children come newest first, as in Metaflow. None, or an empty answer, means "no such thing"; errors are for
what cannot be read.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mfwidgets.providers.records import (
    ArtifactRecord,
    FlowRecord,
    MetadataRecord,
    RunRecord,
    StepRecord,
    TaskRecord,
)

PathPrefix = tuple[str, ...]
"""(flow, run), (flow, run, step) or (flow, run, step, task): the part of the tree that a question is about."""


TagUpdate = Callable[[frozenset[str], frozenset[str]], frozenset[str]]
"""From a run's present user and system tags to the user tags it shall have; raises where that is forbidden."""


@dataclass(frozen=True, slots=True)
class RunQuery:
    """Which runs are wanted. A provider need not choose, but may: whoever asks chooses again.

    Attributes
    ----------
    tags
        Tags that a run must all have, user or system; a namespace is one.
    limit
        So many are enough; None: no telling.
    with_status
        Fill :attr:`RunRecord.service_status`, where that is to be had in the same trip.
    service_status
        Only runs of which the service says this; several are separated by commas.
    user
        Who started them.
    since_ms, until_ms
        Started at these moments at the earliest, at the latest; 0: whenever.
    """

    tags: tuple[str, ...] = ()
    limit: int | None = None
    with_status: bool = False
    service_status: str = ""
    user: str = ""
    since_ms: int = 0
    until_ms: int = 0


ALL = RunQuery()


class MetadataProvider(Protocol):
    """Where records come from."""

    @property
    def selector(self) -> str:
        """What ``get_metadata()`` returns and ``metadata()`` takes: ``local@/home/ann/project``."""

    @property
    def address(self) -> str:
        """A selector that means the same from any folder of this machine; never with a secret in it."""

    @property
    def remote(self) -> bool:
        """Whether each question is a request to somewhere else, rather than a look at files."""

    @property
    def local_root(self) -> Path | None:
        """The folder this provider reads, when it reads one: a local datastore is looked for there first."""

    def version(self) -> str:
        """Return the version of what answers; empty for files."""

    def flows(self) -> list[FlowRecord]:
        """Return all flows."""

    def flow(self, flow: str) -> FlowRecord | None:
        """Return one flow."""

    def runs(self, flow: str, choice: RunQuery = ALL) -> Iterator[RunRecord]:
        """Yield a flow's runs, newest first, reading only as far as the caller goes."""

    def count_runs(self, flow: str) -> int | None:
        """Return how many runs there are; None where that can be told only by reading them."""

    def run(self, flow: str, run_id: str) -> RunRecord | None:
        """Return one run."""

    def steps(self, run: RunRecord) -> list[StepRecord]:
        """Return a run's steps, pseudo steps such as ``_parameters`` included."""

    def step(self, run: RunRecord, step: str) -> StepRecord | None:
        """Return one step."""

    def tasks(self, run: RunRecord, step: str | None = None) -> list[TaskRecord]:
        """Return the tasks of a step, or of all steps of the run but the private ones."""

    def task(self, run: RunRecord, step: str, task_id: str) -> TaskRecord | None:
        """Return one task."""

    def metadata(self, where: PathPrefix, fields: Collection[str] | None = None) -> list[MetadataRecord]:
        """Return the metadata events of all tasks there, of all attempts; ``fields`` narrows them by name."""

    def run_metadata(self, run: RunRecord) -> list[MetadataRecord]:
        """Return the metadata events of a run; of a very large one, tasks that ended well may be left out.

        Those of the step ``_parameters`` and of the last step are always there.
        """

    def artifacts(
        self,
        where: PathPrefix,
        names: Collection[str] | None = None,
        attempt: int | None = None,
        *,
        public_only: bool = False,
    ) -> list[ArtifactRecord]:
        """Return the artifacts of all tasks there: of that attempt, or of each task's newest attempt that is done.

        ``public_only`` leaves out those of Metaflow itself, whose names begin with ``_``.
        """

    def artifact(self, task: PathPrefix, name: str, attempt: int | None = None) -> ArtifactRecord | None:
        """Return one artifact of a task: of that attempt, or of the newest that is done."""

    def done_attempts(self, where: PathPrefix) -> Iterator[tuple[PathPrefix, int]]:
        """Yield the path of each task there that has one, with its newest attempt that is done."""

    def metadata_and_artifacts(
        self, where: PathPrefix, fields: Collection[str], names: Collection[str]
    ) -> tuple[list[MetadataRecord], list[ArtifactRecord]]:
        """Return :meth:`metadata` and :meth:`artifacts` of the newest attempts from one look at each task."""

    def change_tags(self, run: RunRecord, change: TagUpdate) -> frozenset[str]:
        """Change a run's user tags in one step, whoever else changes them, and return what they are now."""
