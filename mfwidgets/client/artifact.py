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
from mfwidgets.pathspec import PathComponents
from mfwidgets.pickles.metaflow_types import IncludedFile
from mfwidgets.pickles.safe_loads import safe_loads
from mfwidgets.pickles.unpickle import load_value
from mfwidgets.providers.records import ArtifactRecord, RunRecord
from mfwidgets.queries.artifact_rows import rows_of
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.values.reading import read_bytes

if TYPE_CHECKING:
    from mfwidgets.client.task import Task


class DataArtifact(MetaflowObject, kind="artifact"):
    """An artifact: ``DataArtifact('HelloFlow/2/start/1/x')``.

    Everything but :attr:`data` is read from records; the value itself is not touched.
    """

    _record: ArtifactRecord

    def _find(self, run: RunRecord, path: PathComponents) -> ArtifactRecord | None:  # noqa: ARG002 - the path says it all
        return self._context.provider.artifact(path[:-1], path[-1], self._attempt)

    def _run_record(self) -> RunRecord | None:
        return self._context.provider.run(*self._record.path[:2])

    def _child(self, name: str) -> None:  # noqa: ARG002 - an artifact has no children
        return None

    def _child_names(self) -> list[str]:
        return []

    def __getitem__(self, name: str) -> NoReturn:
        raise NoSuchChild(
            f"{self!r} has no children: its value is at .data.",
            pathspec=f"{self.pathspec}/{name}",
            suggestions=[self.pathspec],
        )

    @property
    def parent(self) -> "Task":
        """Its task, of the same attempt where one was asked for."""
        return cast("Task", super().parent)

    @property
    def origin_pathspec(self) -> str | None:
        """The artifact of the task that its task was taken over from; None where that is no clone."""
        origin = self.parent.origin_pathspec
        return f"{origin}/{self.id}" if origin else None

    @property
    def data(self) -> Any:
        """The value (one blob read, unpickled at each access: unpickling runs what the pickle says).

        Of an ``IncludeFile`` parameter it is the content of the file, text or bytes (one more read).

        Raises
        ------
        BlobMissing, DataException
            The bytes are missing or damaged.
        UnloadableArtifact
            A class cannot be imported here, or the encoding is an extension's; :meth:`raw` still works.
        """
        what = f"Artifact {self.pathspec}"
        value = load_value(self.raw(), self._record.encoding, what)
        if isinstance(value, IncludedFile):
            return read_included(value, self._context.datastore, self._record.flow, what)
        return value

    def raw(self) -> bytes:
        """Return the serialized bytes, checked against :attr:`sha`; nothing is unpickled.

        Raises
        ------
        BlobMissing, DataException
            The bytes are missing or damaged.
        """
        return read_bytes(self._context, self._record)

    @property
    def sha(self) -> str:
        """SHA-1 of the serialized bytes; equal hashes mean equal bytes."""
        return self._record.sha

    @property
    def encoding(self) -> str:
        """How the value was serialized, such as ``pickle-v4``."""
        return self._record.encoding

    @property
    def type(self) -> str | None:
        """The class of the value as text, such as ``numpy.ndarray`` (one small read); None where not recorded."""
        return next(rows_of(self._context, [self._record])).type

    @property
    def size(self) -> int | None:
        """Bytes of the serialized value before compression (one small read); None where not recorded.

        Of an ``IncludeFile`` parameter it is the size of the file.
        """
        row = next(rows_of(self._context, [self._record]))
        return included_size(safe_loads(self.raw())) if row.type == INCLUDED_FILE else row.size

    def lineage(self, *, runs: int = EARLIER_RUNS) -> Lineage:
        """Tell where its bytes come from: the task that made them, those that passed them on, earlier runs that have them.

        Parameters
        ----------
        runs
            So many earlier runs are looked through.

        Returns
        -------
        Lineage
            Shows itself; its attributes are objects. Costs five bulk questions about the run, and one for each earlier
            run; no value is read but which way switches and loops took.

        Raises
        ------
        MetaflowInvalidArgument
            ``runs`` is no number.
        """
        return trace_lineage(self, runs)

    @property
    def finished_at(self) -> datetime:
        """When it was recorded; naive local time."""
        return self.created_at


class MetaflowArtifacts(tuple[DataArtifact, ...], Displayable):  # noqa: SLOT001 - its names are its own
    """The public artifacts of a task, as a tuple with names: ``task.artifacts.x`` is a :class:`DataArtifact`.

    No value is read. A name that Python cannot take as an attribute is reached by ``getattr``.

    Attributes
    ----------
    _fields
        The names, as named tuples have them.
    """

    _fields: tuple[str, ...]

    def __new__(cls, artifacts: Iterable[DataArtifact]) -> Self:
        """Take the artifacts of one task."""
        made = super().__new__(cls, artifacts)
        made._fields = tuple(artifact.id for artifact in made)
        return made

    def __getattr__(self, name: str) -> DataArtifact:
        fields = self.__dict__.get("_fields", ())  # not there yet while one is unpickled
        if name in fields:
            found: DataArtifact = self[fields.index(name)]
            return found
        if name.startswith("_"):  # Python and IPython ask for such names
            raise AttributeError(name)
        raise NoSuchArtifact(
            f"There is no artifact {name!r}; there are {', '.join(fields) or 'none'}.",
            pathspec=f"{self[0].pathspec.rpartition('/')[0]}/{name}" if fields else "",
            suggestions=[self[fields.index(other)].pathspec for other in suggest(name, list(fields))[1]],
        )

    def __dir__(self) -> Iterator[str]:
        return iter({*super().__dir__(), *self._fields})

    def _asdict(self) -> dict[str, DataArtifact]:
        """Return the artifacts by name."""
        return dict(zip(self._fields, self, strict=True))

    def __repr__(self) -> str:
        return f"MetaflowArtifacts({', '.join(f'{name}={artifact!r}' for name, artifact in self._asdict().items())})"


class MetaflowData(Displayable):
    """The artifacts of a task as attributes: ``run.data.x``. Each access reads and unpickles one value.

    Parameters
    ----------
    scope
        Where to read.
    task
        Pathspec of the task, for messages.
    records
        Its public artifacts.
    attempt
        The attempt that was asked for, if one was.
    """

    def __init__(self, context: ClientContext, task: str, records: list[ArtifactRecord], attempt: int | None) -> None:
        self._context, self._task, self._attempt = context, task, attempt
        self._artifacts = {record.name: DataArtifact._of(context, record, attempt) for record in records}

    def __getattr__(self, name: str) -> Any:
        # Python asks here for what is not found otherwise, its own questions (copy, pickle) among them.
        if name.startswith("_"):
            raise AttributeError(name)
        if name in self._artifacts:
            return self._artifacts[name].data
        known = ", ".join(self._artifacts) or "none"
        raise NoSuchArtifact(
            f"Task {self._task} has no artifact {name!r}; it has {known}.",
            pathspec=f"{self._task}/{name}",
            suggestions=[f"{self._task}/{other}" for other in suggest(name, list(self._artifacts))[1]],
        )

    def __contains__(self, name: object) -> bool:
        return name in self._artifacts

    def __dir__(self) -> Iterator[str]:
        return iter(self._artifacts)

    def __repr__(self) -> str:
        return f"<MetaflowData: {', '.join(self._artifacts)}>"
