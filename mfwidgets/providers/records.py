"""The records that metadata providers return: dataclasses that nobody changes.

Times are milliseconds since the epoch, UTC. Tags are always the current tags of the *run*. The stored entries of steps
and tasks can contain older ones.
"""

import re
from dataclasses import field
from functools import lru_cache

from mfwidgets.fast_dataclass import fast_dataclass

TaskKey = tuple[str, str]
"""The name of a step and the id of a task. Together they identify a task in its run."""

_ATTEMPT_TAG = re.compile(r"attempt_id:(\d{1,3})\Z", re.ASCII)
_MAX_DIGITS = 3
"""Digits of an attempt's number. Metaflow makes at most six attempts, but broken records contain any number."""

MAX_TAGS = 10_000
"""The most tags of a record. Metaflow allows 50 user tags, but broken records contain any number."""

NO_TAGS: frozenset[str] = frozenset()

RunStamp = tuple[int | str, ...]
"""Changes when the record of a run changes. Empty if unknown."""


@fast_dataclass(frozen=True, slots=True)
class FlowRecord:
    """A flow. Only old versions of Metaflow gave it tags: those of its first run."""

    flow: str
    created_ms: int
    user_tags: frozenset[str] = NO_TAGS
    system_tags: frozenset[str] = NO_TAGS

    @property
    def path(self) -> tuple[str, ...]:
        """The parts of its pathspec."""
        return (self.flow,)

    @property
    def tags(self) -> frozenset[str]:
        """User tags and system tags."""
        return self.user_tags | self.system_tags


@fast_dataclass(frozen=True, slots=True)
class RunRecord:
    """A run.

    Attributes
    ----------
    user
        The user who started it.
    heartbeat_ms
        The last heartbeat. The metadata service has heartbeats, local metadata does not.
    service_status
        The status that the metadata service derived, if it was requested: ``running``, ``completed`` or ``failed``. It
        is a guess, which :mod:`mfwidgets.queries.status.states` checks.
    problem
        Why parts of this record could not be read. Empty if all was read.
    stamp
        The stamp of its file, or of its row in a listing of a service. Facts about the run are remembered with it.
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
    stamp: RunStamp = field(default=(), compare=False, repr=False)

    @property
    def path(self) -> tuple[str, ...]:
        """The parts of its pathspec."""
        return (self.flow, self.run_id)

    @property
    def tags(self) -> frozenset[str]:
        """User and system tags together. Namespaces and tag filters use these."""
        return self.user_tags | self.system_tags


@fast_dataclass(frozen=True, slots=True)
class StepRecord:
    """A step of a run."""

    run: RunRecord
    step: str
    created_ms: int

    @property
    def path(self) -> tuple[str, ...]:
        """The parts of its pathspec."""
        return (*self.run.path, self.step)


@fast_dataclass(frozen=True, slots=True)
class TaskRecord:
    """A task. ``created_ms`` is the time when it was queued, not when an attempt started."""

    run: RunRecord
    step: str
    task_id: str
    created_ms: int
    heartbeat_ms: int | None = None
    problem: str = ""

    @property
    def path(self) -> tuple[str, ...]:
        """The parts of its pathspec."""
        run = self.run
        return (run.flow, run.run_id, self.step, self.task_id)

    @property
    def key(self) -> TaskKey:
        """The key of this task in its run."""
        return self.step, self.task_id


@fast_dataclass(frozen=True, slots=True)
class ArtifactRecord:
    """An artifact that one attempt of a task recorded.

    Attributes
    ----------
    sha
        SHA-1 of the serialized bytes. Equal hashes mean equal bytes.
    encoding
        The serialization, such as ``pickle-v4``.
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
        """The key of the task that recorded it."""
        return self.step, self.task_id


@fast_dataclass(frozen=True, slots=True)
class MetadataRecord:
    """A metadata event of a task.

    Attributes
    ----------
    field, type, value
        As Metaflow wrote them. The value is nearly always a str.
    attempt
        From its ``attempt_id:N`` tag. None if there is no such tag.
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
        """The key of its task in the run."""
        return self.step, self.task_id


def attempt_number(value: object) -> int | None:
    """Return the number of an attempt, as it is in metadata and in names of files. None if it is not one."""
    text = str(value)
    return int(text) if len(text) <= _MAX_DIGITS and text.isascii() and text.isdecimal() else None


@lru_cache(maxsize=1_000)
def attempt_in_tags(tags: tuple[str, ...]) -> int | None:
    """Return the attempt in the first tag such as ``attempt_id:0``. None if there is no such tag."""
    return next((int(match[1]) for tag in tags if (match := _ATTEMPT_TAG.match(tag))), None)
