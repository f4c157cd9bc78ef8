"""Rows of artifacts, read in bulk: names, types, sizes and hashes. Reads no value."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain, groupby, islice

from mfwidgets.concurrency import MAX_WORKERS, parallel_map
from mfwidgets.datastore.base import Datastore
from mfwidgets.datastore.task_files import ArtifactInfo, artifact_infos
from mfwidgets.errors import CorruptFile, DataException
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.providers.base import PathPrefix
from mfwidgets.providers.records import ArtifactRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.values.reading import datastore_of

_RECORDED_TYPE = re.compile(r"<[\w ]+ '([^']+)'>\Z")

_RUN = 2
"""Components of the path of a run."""


@fast_dataclass(frozen=True, slots=True)
class ArtifactRow:
    """An artifact in a table.

    Attributes
    ----------
    task, attempt
        The path of its task, and the number of the attempt.
    sha
        SHA-1 of the serialized bytes.
    type
        Its class, such as ``int`` or ``numpy.ndarray``. None if not recorded.
    size
        Bytes of the serialized value. None if not recorded.
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
    """Yield the public artifacts of all tasks below ``where``, task by task. Reads nothing ahead.

    Parameters
    ----------
    context
        The context to read from.
    where
        The path of a run, a step or a task. For a run, private steps are excluded.
    attempt
        For a task only: the number of an attempt, instead of the newest attempt that is done.
    details
        Whether to add types and sizes. They cost a small read per task, except for local tasks.
    """
    provider = context.provider
    if provider.local_root is None:
        records = _visible(where, provider.artifacts(where, None, attempt, public_only=True))
        yield from rows_of(context, records) if details else map(bare_row, records)
        return
    # Local records take one file per artifact. One file next to them has all artifacts of an attempt, without times.
    datastore = context.datastore("local", "")
    attempts = provider.done_attempts(where) if attempt is None else [(where, attempt)]
    without_infos = []
    for task, number in attempts:
        if len(where) == _RUN and task[2].startswith("_"):
            continue
        infos = _infos(datastore, task, number, public_only=True)
        if infos:
            yield from (_row(task, number, name, infos[name]) for name in sorted(infos))
        else:
            without_infos.append((task, number))
    artifacts = (provider.artifacts(task, None, number, public_only=True) for task, number in without_infos)
    yield from rows_of(context, chain.from_iterable(artifacts))


def rows_of(context: ClientContext, records: Iterable[ArtifactRecord]) -> Iterator[ArtifactRow]:
    """Yield a row for each record. Costs one ``data.json`` per attempt, several at once."""
    attempts = (list(group) for _, group in groupby(records, key=lambda record: (record.path[:-1], record.attempt)))
    while batch := list(islice(attempts, MAX_WORKERS)):
        infos_of_batch = parallel_map(lambda group: _recorded_infos(context, group[0]), batch)
        for group, infos in zip(batch, infos_of_batch, strict=True):
            for record in group:
                recorded = infos.get(record.name, ArtifactInfo("", None, "", ""))
                info = ArtifactInfo(record.sha, recorded.size, recorded.type, record.encoding)
                yield _row(record.path[:-1], record.attempt, record.name, info)


def _visible(where: PathPrefix, records: list[ArtifactRecord]) -> Iterator[ArtifactRecord]:
    return (record for record in records if len(where) > _RUN or not record.step.startswith("_"))


def _row(task: PathPrefix, attempt: int, name: str, info: ArtifactInfo) -> ArtifactRow:
    return ArtifactRow(task, attempt, name, info.sha, info.encoding, _type_name(info.type), info.size)


def bare_row(record: ArtifactRecord) -> ArtifactRow:
    """Return a row from a record alone, without type and size."""
    return _row(record.path[:-1], record.attempt, record.name, ArtifactInfo(record.sha, None, "", record.encoding))


def _recorded_infos(context: ClientContext, record: ArtifactRecord) -> dict[str, ArtifactInfo]:
    try:
        return _infos(datastore_of(context, record), record.path[:-1], record.attempt)
    except DataException:  # without the datastore, types and sizes are unknown
        return {}


def _infos(
    datastore: Datastore, task: PathPrefix, attempt: int, *, public_only: bool = False
) -> dict[str, ArtifactInfo]:
    try:
        return artifact_infos(datastore, task, attempt, public_only=public_only)
    except (DataException, CorruptFile):
        return {}


@lru_cache(maxsize=1_000)
def _type_name(recorded: str) -> str | None:
    """Return ``numpy.ndarray`` for the recorded ``<class 'numpy.ndarray'>``. None if nothing was recorded.

    The class of a member of an enumeration is recorded as ``<enum 'Colour'>``.
    """
    match = _RECORDED_TYPE.match(recorded)
    return (match[1] if match else recorded) or None
