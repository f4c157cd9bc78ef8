"""The values of many artifacts at once, as tables, searches and comparisons want them: small and plain ones only.

Equal bytes are read once, however many artifacts hold them; True, False and None are known by their hash. Nothing is
unpickled, unless that is asked for.
"""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import batched
from typing import Any

from mfwidgets.client.blobs import read_bytes
from mfwidgets.client.scope import Scope
from mfwidgets.datastore.artifacts import PICKLES, load_value
from mfwidgets.datastore.included_files import included_size, read_included
from mfwidgets.datastore.inert import load_inert
from mfwidgets.datastore.stand_ins import IncludedFile
from mfwidgets.datastore.truths import KNOWN, truth
from mfwidgets.errors import DataException, TooLarge, UnloadableArtifact
from mfwidgets.fan_out import each
from mfwidgets.metadata_provider.records import ArtifactRecord

SMALL = 100_000
"""Bytes; what is larger, serialized, is no matter of tables."""


@dataclass(frozen=True, slots=True)
class NotRead:
    """Stands for a value that was not read.

    Attributes
    ----------
    reason
        Why, in a few words: ``sklearn.svm.SVC is no plain value``.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """How values are read.

    Attributes
    ----------
    max_bytes
        Larger ones are not.
    unpickle
        Also unpickle what is no plain value, which runs what the pickle says.
    """

    max_bytes: int = SMALL
    unpickle: bool = False


PLAIN = Reading()


def values_of(
    scope: Scope,
    records: Sequence[ArtifactRecord],
    reading: Reading = PLAIN,
    executor: Executor | None = None,
) -> list[Any]:
    """Return the value of each record, in this order, or :class:`NotRead`; one read for each distinct one.

    Parameters
    ----------
    scope, records
        Where to read, and whose values.
    reading
        What may be read.
    executor
        Where to read them: many at a time, in processes or on machines that can open the same provider. None takes
        threads of this process.
    """
    distinct = {(record.sha, record.encoding): record for record in records if record.sha not in KNOWN}
    found: dict[tuple[str, str], Any] = {}
    if distinct:
        some = list(distinct.values())
        values = _in_executor(executor, scope, some, reading) if executor else _read_all(scope, some, reading)
        found = dict(zip(distinct, values, strict=True))
    return [
        truth(record.sha) if record.sha in KNOWN else found[record.sha, record.encoding] for record in records
    ]


def read_value(scope: Scope, record: ArtifactRecord, reading: Reading = PLAIN) -> Any:
    """Return the value of a record, or :class:`NotRead` (one read)."""
    what = f"Artifact {'/'.join(record.path)}"
    if record.encoding not in PICKLES:
        return NotRead(f"'{record.encoding}' is an extension's encoding")
    try:
        content = read_bytes(scope, record, reading.max_bytes)
        try:
            value = load_inert(content)
        except UnloadableArtifact as error:
            if not reading.unpickle:
                return NotRead(f"no plain value ({error.args[0].rpartition(': ')[2].rstrip('.')})")
            value = load_value(content, record.encoding, what)
        if not isinstance(value, IncludedFile):
            return value
        if (included_size(value) or reading.max_bytes + 1) > reading.max_bytes:
            return NotRead(f"a file of more than {reading.max_bytes:,} bytes")
        return read_included(value, scope.datastore, record.flow, what)
    except TooLarge:
        return NotRead(f"more than {reading.max_bytes:,} bytes")
    except DataException as error:
        return NotRead(str(error))


def _read_all(scope: Scope, records: Sequence[ArtifactRecord], reading: Reading) -> list[Any]:
    return each(lambda record: read_value(scope, record, reading), records)


_BATCH = 32
"""Values that one task of an executor reads: fewer are not worth the way there."""


def _in_executor(
    executor: Executor, scope: Scope, records: Sequence[ArtifactRecord], reading: Reading
) -> list[Any]:
    futures = [executor.submit(_read_all, scope, batch, reading) for batch in batched(records, _BATCH)]
    try:
        return [value for future in futures for value in future.result()]
    finally:
        for future in futures:
            future.cancel()
