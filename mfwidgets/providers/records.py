"""What a metadata provider hands out: plain frozen records, made once at the provider's edge.

Times are milliseconds since the epoch, UTC. Tags on every record are the *run's* present tags, whatever older
snapshot its own entry may hold.
"""

from dataclasses import dataclass

TaskKey = tuple[str, str]
"""The name of a step and the id of a task: names a task within its run."""

NO_TAGS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FlowRecord:
    """A flow; Metaflow gives flows neither tags nor a user."""

    flow: str
    created_ms: int

    @property
    def path(self) -> tuple[str, ...]:
        """The parts of its pathspec."""
        return (self.flow,)

    @property
    def tags(self) -> frozenset[str]:
        """No tags: Metaflow tags runs."""
        return NO_TAGS

    user_tags = system_tags = tags


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run.

    Attributes
    ----------
    user
        Who started it.
    heartbeat_ms
        Last sign of life, where the provider has heartbeats (the service does, local metadata does not).
    service_status
        What the metadata service makes of it, where it was asked: ``running``, ``completed`` or ``failed``. A guess,
        which :mod:`mfwidgets.queries.status.states` proves.
    problem
        Why parts of this record could not be read; empty when all is well.
    """

    flow: str
    run_id: str
    created_ms: int
    user: str = ""
    user_tags: frozenset[str] = NO_TAGS
    system_tags: frozenset[str] = NO_TAGS
    heartbeat_ms: int | None = None
    problem: str = ""
    service_status: str = ""

    @property
    def path(self) -> tuple[str, ...]:
        """The parts of its pathspec."""
        return (self.flow, self.run_id)

    @property
    def tags(self) -> frozenset[str]:
        """User and system tags together, as namespaces and tag filters see them."""
        return self.user_tags | self.system_tags


@dataclass(frozen=True, slots=True)
class StepRecord:
    """A step of a run."""

    run: RunRecord
    step: str
    created_ms: int

    @property
    def path(self) -> tuple[str, ...]:
        """The parts of its pathspec."""
        return (*self.run.path, self.step)


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """A task; ``created_ms`` is when it was queued, not when an attempt began."""

    run: RunRecord
    step: str
    task_id: str
    created_ms: int
    heartbeat_ms: int | None = None
    problem: str = ""

    @property
    def path(self) -> tuple[str, ...]:
        """The parts of its pathspec."""
        return (*self.run.path, self.step, self.task_id)

    @property
    def key(self) -> TaskKey:
        """Which task of its run this is."""
        return self.step, self.task_id


@dataclass(frozen=True, slots=True)
class ArtifactRecord:
    """An artifact as one attempt of one task recorded it.

    Attributes
    ----------
    sha
        SHA-1 of the serialized bytes; equal hashes mean equal bytes.
    encoding
        How they were serialized, such as ``pickle-v4``.
    location
        ``:root:<datastore root>``, or in old records the URL of the bytes.
    """

    flow: str
    run_id: str
    step: str
    task_id: str
    attempt: int
    name: str
    sha: str
    encoding: str
    ds_type: str
    location: str
    created_ms: int

    @property
    def path(self) -> tuple[str, ...]:
        """The parts of its pathspec."""
        return (self.flow, self.run_id, self.step, self.task_id, self.name)

    @property
    def key(self) -> TaskKey:
        """Which task of its run recorded it."""
        return self.step, self.task_id


@dataclass(frozen=True, slots=True)
class MetadataRecord:
    """A metadata event of a task.

    Attributes
    ----------
    field, type, value
        As Metaflow wrote them; the value is nearly always a text.
    attempt
        From its ``attempt_id:N`` tag; None where it carries none.
    """

    step: str
    task_id: str
    field: str
    type: str
    value: object
    created_ms: int
    attempt: int | None = None
    tags: tuple[str, ...] = ()

    @property
    def key(self) -> TaskKey:
        """Which task of its run it is about."""
        return self.step, self.task_id
