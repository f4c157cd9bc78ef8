"""Artifacts: the values that tasks stored."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn, Self, cast

from mfwidgets.client.answers.artifact_lineage import EARLIER_RUNS, Lineage, trace_lineage
from mfwidgets.client.base import MetaflowObject, suggest
from mfwidgets.datastore.included_files import TYPE as INCLUDED_FILE
from mfwidgets.datastore.included_files import included_size, read_included
from mfwidgets.display import Displayable
from mfwidgets.errors import NoSuchArtifact, NoSuchChild
from mfwidgets.hidden_characters import visible
from mfwidgets.pathspec import PathComponents
from mfwidgets.pickles.metaflow_types import IncludedFile
from mfwidgets.pickles.safe_loads import safe_loads
from mfwidgets.providers.records import ArtifactRecord, RunRecord
from mfwidgets.queries.artifact_rows import rows_of
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.values.reading import MAX_READ_BYTES, load_artifact, read_bytes

if TYPE_CHECKING:
    from mfwidgets.client.task import Task


class DataArtifact(MetaflowObject, kind="artifact"):
    """An artifact: ``DataArtifact('HelloFlow/2/start/1/x')``.

    Only :attr:`data` and :meth:`raw` read the value. All other members read records.

    Constructing an artifact costs one request for the artifact and one for its run.

    Parameters
    ----------
    pathspec
        The address of the artifact, such as ``HelloFlow/2/start/1/x``.
    attempt
        The number of an attempt, from 0. None means the newest attempt that is done.

    Examples
    --------
    >>> artifact = DataArtifact("HelloFlow/1795378926761243/start/1/message")
    >>> artifact.data
    'Grüezi, Metaflow!'
    >>> artifact == Run("HelloFlow/1795378926761243")["start"]["1"]["message"]
    True
    """

    _record: ArtifactRecord

    def _find(self, run: RunRecord, path: PathComponents) -> ArtifactRecord | None:  # noqa: ARG002 - the path is enough
        return self._context.provider.artifact(path[:-1], path[-1], self._attempt)

    def _run_record(self) -> RunRecord | None:
        return self._context.provider.run(*self._record.path[:2])

    def _child(self, name: str) -> None:  # noqa: ARG002 - an artifact has no children
        return None

    def _child_names(self) -> list[str]:
        return []

    def __getitem__(self, name: str) -> NoReturn:
        raise NoSuchChild(
            f"{self!r} has no children. Try .data for its value.",
            pathspec=f"{self.pathspec}/{name}",
            suggestions=[self.pathspec],
        )

    @property
    def parent(self) -> "Task":
        """Its task, with the same attempt if one was passed. Costs two requests."""
        return cast("Task", super().parent)

    @property
    def origin_pathspec(self) -> str | None:
        """The artifact of the task that a resumed run took this one over from. None if the task is not a clone.

        Costs one or two requests for the task and one for its metadata.
        """
        origin = self.parent.origin_pathspec
        return f"{origin}/{self.id}" if origin else None

    @property
    def data(self) -> Any:
        """The value.

        Each access reads one blob and unpickles it. Unpickling runs the code that the pickle names. For an
        ``IncludeFile`` parameter the value is the content of the file, as str or bytes, and costs one more read.

        Raises
        ------
        BlobMissing
            The bytes are missing.
        DataException
            The bytes are damaged.
        UnloadableArtifact
            The value cannot be unpickled here, or no installed package reads the encoding of a Metaflow extension.
            :meth:`raw` still works. If a module or a class is missing, the error is an ImportError or an AttributeError,
            too.

        Examples
        --------
        >>> DataArtifact("ForecastFlow/1795378919475034/end/15/worst").data
        'İzmir'
        """
        description = f"Artifact {self.pathspec}"
        value = load_artifact(self._context, self._record, self.raw())
        if isinstance(value, IncludedFile):
            return read_included(value, self._context.datastore, self._record.flow, description)
        return value

    def raw(self) -> bytes:
        """Return the serialized bytes, without unpickling them.

        Returns
        -------
        bytes
            The bytes before compression. Their SHA-1 is :attr:`sha`. Costs one read of a blob.

        Raises
        ------
        BlobMissing
            The bytes are missing.
        DataException
            The bytes are damaged: their hash is not :attr:`sha`.
        """
        return read_bytes(self._context, self._record)

    def _small_bytes(self) -> bytes:
        """Return what :meth:`raw` returns. Raise TooLarge if that would take long."""
        return read_bytes(self._context, self._record, MAX_READ_BYTES)

    @property
    def sha(self) -> str:
        """The SHA-1 of the serialized bytes. Equal hashes mean equal bytes."""
        return self._record.sha

    @property
    def encoding(self) -> str:
        """The serialization format, such as ``pickle-v4``."""
        return self._record.encoding

    @property
    def type(self) -> str | None:
        """The class of the value, such as ``numpy.ndarray``. None if it is not recorded. Costs one small read.

        Examples
        --------
        >>> DataArtifact("ForecastFlow/1795378919475034/end/15/errors").type
        'pandas.DataFrame'
        """
        return next(rows_of(self._context, [self._record])).type

    @property
    def size(self) -> int | None:
        """The size of the serialized value in bytes, before compression. None if it is not recorded.

        For an ``IncludeFile`` parameter this is the size of the file. Costs one small read.

        Examples
        --------
        >>> DataArtifact("HelloFlow/1795378926761243/start/1/message").size
        33
        """
        row = next(rows_of(self._context, [self._record]))
        if row.type != INCLUDED_FILE:
            return row.size
        included = safe_loads(self._small_bytes())
        return included_size(included) if isinstance(included, IncludedFile) else row.size

    def lineage(self, *, runs: int = EARLIER_RUNS) -> Lineage:
        """Return which tasks have the same bytes: the first task of the run, later tasks and earlier runs.

        Costs five bulk requests and a few others for the run, and one bulk request for each earlier run. Values are not
        read, except those that say which branch a switch took.

        Parameters
        ----------
        runs
            The maximum number of earlier runs to search.

        Returns
        -------
        Lineage
            The lineage. It displays itself. Its attributes are client objects.

        Raises
        ------
        MetaflowInvalidArgument
            ``runs`` is not a number, or is negative.

        Examples
        --------
        >>> lineage = DataArtifact("HelloFlow/1795378926761243/end/2/message").lineage()
        >>> lineage.producer
        Task('HelloFlow/1795378926761243/start/1')
        >>> lineage.holders
        [Task('HelloFlow/1795378926761243/end/2')]
        """
        return trace_lineage(self, runs)

    @property
    def finished_at(self) -> datetime:
        """The time when the artifact was recorded, in naive local time."""
        return self.created_at


class MetaflowArtifacts(tuple[DataArtifact, ...], Displayable):  # noqa: SLOT001 - each instance has its own names
    """The public artifacts of a task, as a named tuple: ``task.artifacts.x`` is a :class:`DataArtifact`.

    Values are not read. Use ``getattr`` for names that are not Python identifiers.

    Parameters
    ----------
    artifacts
        The artifacts of one task.

    Attributes
    ----------
    _fields
        The names, as in other named tuples.
    """

    _fields: tuple[str, ...]

    def __new__(cls, artifacts: Iterable[DataArtifact]) -> Self:
        """Make the tuple from the artifacts of one task."""
        instance = super().__new__(cls, artifacts)
        instance._fields = tuple(artifact.id for artifact in instance)
        return instance

    def __getattr__(self, name: str) -> DataArtifact:
        fields = self.__dict__.get("_fields", ())  # not set yet during unpickling
        if name in fields:
            artifact: DataArtifact = self[fields.index(name)]
            return artifact
        if name.startswith("_"):  # Python and IPython look up such names
            raise AttributeError(name)
        raise NoSuchArtifact(
            f"The task has no artifact {name!r}.{_other_names(name, list(fields))}",
            pathspec=f"{self[0].pathspec.rpartition('/')[0]}/{name}" if fields else "",
            suggestions=[self[fields.index(other)].pathspec for other in suggest(name, list(fields))[1]],
        )

    def __dir__(self) -> Iterator[str]:
        return iter({*super().__dir__(), *filter(str.isidentifier, self._fields)})

    def _asdict(self) -> dict[str, DataArtifact]:
        """Return the artifacts by name."""
        return dict(zip(self._fields, self, strict=True))

    def __repr__(self) -> str:
        return visible(
            f"MetaflowArtifacts({', '.join(f'{name}={artifact!r}' for name, artifact in self._asdict().items())})"
        )


def _other_names(name: str, names: list[str]) -> str:
    """Return a hint for a missing artifact: the similar names, otherwise all names."""
    hint, suggested = suggest(name, names)
    return hint if len(suggested) < len(names) and "Did you mean" in hint else f" It has {', '.join(names) or 'none'}."


class MetaflowData(Displayable):
    """The artifacts of a task as attributes: ``run.data.x``. Each access reads and unpickles one value.

    Parameters
    ----------
    context
        The context of the task.
    task
        The pathspec of the task, for messages.
    records
        The records of its public artifacts.
    attempt
        The attempt that the caller passed, or None.
    """

    def __init__(self, context: ClientContext, task: str, records: list[ArtifactRecord], attempt: int | None) -> None:
        self._context, self._task, self._attempt = context, task, attempt
        self._artifacts = {record.name: DataArtifact._of(context, record, attempt) for record in records}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # copy and pickle look up such names
            raise AttributeError(name)
        if name in self._artifacts:
            return self._artifacts[name].data
        raise NoSuchArtifact(
            f"Task {self._task} has no artifact {name!r}.{_other_names(name, list(self._artifacts))}",
            pathspec=f"{self._task}/{name}",
            suggestions=[f"{self._task}/{other}" for other in suggest(name, list(self._artifacts))[1]],
        )

    def __contains__(self, name: object) -> bool:
        return name in self._artifacts

    def __dir__(self) -> Iterator[str]:
        return filter(str.isidentifier, self._artifacts)  # Tab inserts these as code

    def __repr__(self) -> str:
        return visible(f"<MetaflowData: {', '.join(self._artifacts)}>")
