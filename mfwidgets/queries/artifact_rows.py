"""What is recorded of artifacts, in bulk: names, types, sizes and hashes; no value is read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, groupby, islice

from mfwidgets.concurrency import MAX_WORKERS, parallel_map
from mfwidgets.datastore.base import Datastore
from mfwidgets.datastore.task_files import ArtifactInfo, artifact_infos
from mfwidgets.errors import CorruptFile, DataException
from mfwidgets.providers.base import PathPrefix
from mfwidgets.providers.records import ArtifactRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.values.reading import datastore_of

_RUN = 2
"""Parts in the path of a run."""


@dataclass(frozen=True, slots=True)
class ArtifactRow:
    """An artifact in a table.

    Attributes
    ----------
    task, attempt
        The path of its task, and which attempt of it.
    sha
        SHA-1 of the serialized bytes.
    type
        Its class, such as ``int`` or ``numpy.ndarray``; None where not recorded.
    size
        Bytes of the serialized value; None where not recorded.
    """

    task: PathPrefix
    attempt: int
    name: str
    sha: str
    encoding: str
    type: str | None
    size: int | None

    @property
    def pathspec(self) -> str:
        """``HelloFlow/2/start/1/x``."""
        return "/".join((*self.task, self.name))


def artifact_rows(
    context: ClientContext, where: PathPrefix, attempt: int | None = None, *, details: bool = True
) -> Iterator[ArtifactRow]:
    """Yield the artifacts of all tasks there, task by task, private ones left out; nothing is read ahead.

    Parameters
    ----------
    scope
        Where to read.
    where
        Of a run, those of its private steps are left out as well.
    attempt
        Of a task only: that attempt, not the newest one that is done.
    details
        Types and sizes as well, which cost a small read for each task, but for local ones.
    """
    provider = context.provider
    if provider.local_root is None:
        records = _visible(where, provider.artifacts(where, None, attempt, public_only=True))
        yield from rows_of(context, records) if details else map(bare_row, records)
        return
    # Beside a local attempt's records, which take a file each, lies one file that holds them all but their times.
    beside = context.datastore("local", "")
    attempts = provider.done_attempts(where) if attempt is None else [(where, attempt)]
    elsewhere = []
    for task, number in attempts:
        if len(where) == _RUN and task[2].startswith("_"):
            continue
        infos = _infos(beside, task, number)
        if infos:
            public = sorted(name for name in infos if not name.startswith("_"))
            yield from (_row(task, number, name, infos[name]) for name in public)
        else:
            elsewhere.append((task, number))
    found = (provider.artifacts(task, None, number, public_only=True) for task, number in elsewhere)
    yield from rows_of(context, chain.from_iterable(found))


def rows_of(context: ClientContext, records: Iterable[ArtifactRecord]) -> Iterator[ArtifactRow]:
    """Yield a row for each record; one ``data.json`` is read for each attempt among them, those of some attempts at once."""
    attempts = (list(group) for _, group in groupby(records, key=lambda record: (record.path[:-1], record.attempt)))
    while some := list(islice(attempts, MAX_WORKERS)):
        infos = parallel_map(lambda group: _recorded_infos(context, group[0]), some)
        for group, known in zip(some, infos, strict=True):
            for record in group:
                info = known.get(record.name, ArtifactInfo("", None, "", ""))
                told = ArtifactInfo(record.sha, info.size, info.type, record.encoding)
                yield _row(record.path[:-1], record.attempt, record.name, told)


def _visible(where: PathPrefix, records: list[ArtifactRecord]) -> Iterator[ArtifactRecord]:
    return (record for record in records if len(where) > _RUN or not record.step.startswith("_"))


def _row(task: PathPrefix, attempt: int, name: str, info: ArtifactInfo) -> ArtifactRow:
    return ArtifactRow(task, attempt, name, info.sha, info.encoding, _type_name(info.type), info.size)


def bare_row(record: ArtifactRecord) -> ArtifactRow:
    """Return a row of what a record alone tells: no type and no size."""
    return _row(record.path[:-1], record.attempt, record.name, ArtifactInfo(record.sha, None, "", record.encoding))


def _recorded_infos(context: ClientContext, record: ArtifactRecord) -> dict[str, ArtifactInfo]:
    try:
        return _infos(datastore_of(context, record), record.path[:-1], record.attempt)
    except DataException:  # a datastore out of reach leaves types and sizes unknown
        return {}


def _infos(datastore: Datastore, task: PathPrefix, attempt: int) -> dict[str, ArtifactInfo]:
    try:
        return artifact_infos(datastore, task, attempt)
    except (DataException, CorruptFile):
        return {}


def _type_name(recorded: str) -> str | None:
    """Return ``numpy.ndarray`` for the recorded ``<class 'numpy.ndarray'>``; None where nothing was recorded."""
    return recorded.removeprefix("<class '").removesuffix("'>") or None
