"""The values of many artifacts at once, as tables, searches and comparisons want them: small and plain ones only.

Equal bytes are read once, however many artifacts hold them; True, False and None are known by their hash. Nothing is
unpickled, unless that is asked for.
"""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any

from mfwidgets.concurrency import MAX_WORKERS, parallel_map
from mfwidgets.datastore.base import LOCAL_TYPES, Datastore, root_of_location
from mfwidgets.datastore.blobs import load_blob
from mfwidgets.datastore.included_files import included_size, is_uploaded, read_included
from mfwidgets.errors import DataException, MetaflowInvalidArgument, TooLarge, UnloadableArtifact
from mfwidgets.pickles.metaflow_types import IncludedFile
from mfwidgets.pickles.safe_loads import KNOWN_HASHES, known_bool, safe_loads
from mfwidgets.pickles.unpickle import PICKLES, load_value
from mfwidgets.providers.records import ArtifactRecord
from mfwidgets.queries.context import ClientContext

SMALL_VALUE_BYTES = 100_000
"""Larger pickles are not read into tables, unless ``max_bytes=`` says so."""


@dataclass(frozen=True, slots=True)
class NotRead:
    """Stands for a value that was not read.

    Attributes
    ----------
    reason
        Why, in a few words: ``no plain value (an object of sklearn.svm.SVC)``.
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
    executor
        Where to read: many at a time, in processes or on machines that can open the same provider. None takes threads
        of this process.
    """

    max_bytes: int = SMALL_VALUE_BYTES
    unpickle: bool = False
    executor: Executor | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.max_bytes, int) or isinstance(self.max_bytes, bool) or self.max_bytes < 0:
            raise MetaflowInvalidArgument(f"max_bytes= is a number of bytes, 0 or more; not {self.max_bytes!r:.40}.")
        if self.executor is not None and not hasattr(self.executor, "submit"):
            raise MetaflowInvalidArgument(
                "executor= is an executor of concurrent.futures or one like it, with a method submit(); "
                f"not {self.executor!r:.60}."
            )


PLAIN = Reading()


def values_of(context: ClientContext, records: Sequence[ArtifactRecord], reading: Reading = PLAIN) -> list[Any]:
    """Return the value of each record, in this order, or :class:`NotRead`; one read for each distinct one.

    Raises
    ------
    NotPicklableError
        There is an executor, and the client cannot go there.
    """
    distinct = {(record.sha, record.encoding): record for record in records if record.sha not in KNOWN_HASHES}
    if reading.executor is not None and distinct:
        context.check_picklable()
    read = partial(read_value, context, max_bytes=reading.max_bytes, unpickle=reading.unpickle)
    here = all(record.ds_type in LOCAL_TYPES for record in distinct.values())
    max_concurrency = 1 if here else MAX_WORKERS
    values = parallel_map(
        read, distinct.values(), title="values", executor=reading.executor, max_concurrency=max_concurrency
    )
    values_by_key = dict(zip(distinct, values, strict=True))
    return [
        known_bool(record.sha) if record.sha in KNOWN_HASHES else values_by_key[record.sha, record.encoding]
        for record in records
    ]


def equal(value: Any, other: Any) -> bool:
    """Tell whether ``value == other``; of arrays and frames, whether shape and all elements are equal."""
    try:
        answer = value == other
        if hasattr(answer, "all"):
            import numpy as np

            return np.shape(value) == np.shape(other) and bool(np.asarray(answer).all())
        return bool(answer)
    except Exception:  # noqa: BLE001 - what cannot be compared is not equal
        return False


def read_value(
    context: ClientContext, record: ArtifactRecord, *, max_bytes: int = SMALL_VALUE_BYTES, unpickle: bool = False
) -> Any:
    """Return the value of a record, or :class:`NotRead` (one read)."""
    if record.encoding not in PICKLES:
        return NotRead(f"'{record.encoding}' is an extension's encoding")
    owner = f"Artifact {'/'.join(record.path)}"
    try:
        content = read_bytes(context, record, max_bytes)
        try:
            value = safe_loads(content)
        except UnloadableArtifact as error:
            if not unpickle:
                return NotRead(
                    f"no plain value: {error.what} (unpickle=True reads it, which runs what the pickle says)"
                )
            value = load_value(content, record.encoding, owner)
        return _included(context, record, value, owner, max_bytes) if isinstance(value, IncludedFile) else value
    except TooLarge:
        return NotRead(f"more than {max_bytes:,} bytes (max_bytes= sets the limit)")
    except DataException as error:
        return NotRead(str(error))


def _included(context: ClientContext, record: ArtifactRecord, value: IncludedFile, owner: str, max_bytes: int) -> Any:
    """Return the content of an included file, if it is small and lies in the datastore."""
    size = included_size(value)
    if not is_uploaded(value) or size is None or size > max_bytes:
        return NotRead("a file" if size is None else f"a file of {size:,} bytes")
    return read_included(value, context.datastore, record.flow, owner)


def datastore_of(context: ClientContext, record: ArtifactRecord) -> Datastore:
    """Return the datastore that a record names."""
    return context.datastore(record.ds_type, root_of_location(record.location, record.flow))


def read_bytes(context: ClientContext, record: ArtifactRecord, most: int | None = None) -> bytes:
    """Return the serialized bytes of an artifact, as :meth:`DataArtifact.raw` does.

    Raises
    ------
    TooLarge
        There are more than ``most``.
    """
    return load_blob(datastore_of(context, record), record.flow, record.sha, f"Artifact {'/'.join(record.path)}", most)
