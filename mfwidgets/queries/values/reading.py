"""Reads the values of many artifacts for tables, searches and comparisons. By default only small plain values.

Equal bytes are read once. True, False and None are recognised by their hash. Nothing is unpickled by default.
"""

from collections.abc import Collection, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Any

from mfwidgets.concurrency import MAX_WORKERS, parallel_map
from mfwidgets.datastore.base import LOCAL_TYPES, Datastore, root_of_location
from mfwidgets.datastore.blobs import load_blob
from mfwidgets.datastore.included_files import included_size, is_uploaded, read_uploaded
from mfwidgets.errors import (
    DataException,
    MetaflowInvalidArgument,
    MetaflowNamespaceMismatch,
    MetaflowNotFound,
    TooLarge,
    UnloadableArtifact,
)
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.pickles.described import DescribedObject
from mfwidgets.pickles.metaflow_types import IncludedFile
from mfwidgets.pickles.previews.frames import outline_of_frame, table_head
from mfwidgets.pickles.previews.pictures import picture_of_image
from mfwidgets.pickles.safe_loads import KNOWN_HASHES, describe_pickle, known_bool, safe_loads
from mfwidgets.pickles.unpickle import PICKLES, load_value
from mfwidgets.pickles.value_text import value_text
from mfwidgets.providers.records import ArtifactRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.stored_objects import reading_in
from mfwidgets.queries.values.serializers import deserialize, reader_of
from mfwidgets.queries.values.value_memory import looks_secret, remember_values, remembered_values
from mfwidgets.safe_repr import repr_of

MAX_READ_BYTES = 20_000_000
"""A larger graph or foreach stack is not read. The graph of a flow of 1,000 steps has 1 MB."""

SMALL_VALUE_BYTES = 100_000
"""Default ``max_bytes``. Larger pickles are not read into tables."""


@fast_dataclass(frozen=True, slots=True)
class NotRead:
    """A value that was not read.

    Attributes
    ----------
    reason
        A short reason: ``not a plain value: an object of sklearn.svm.SVC``.
    described
        The words for an object that is not a plain value. None if only its size or its class is known.
    is_final
        Whether the bytes are the reason. Otherwise another attempt can succeed, such as after a network error.
    """

    reason: str
    described: DescribedObject | None = None
    is_final: bool = False


def shown_value(value: Any) -> Any:
    """Return a value as tables and dicts show it. One that was not read is the words for it, or None."""
    return value.described if isinstance(value, NotRead) else value


@fast_dataclass(frozen=True, slots=True)
class Reading:
    """How values are read.

    Attributes
    ----------
    max_bytes
        Larger values are not read.
    unpickle
        Also unpickle values that are not plain. This runs the code of the pickle.
    executor
        Reads in other processes or on other machines that can open the same provider. None uses threads of this process.
    """

    max_bytes: int = SMALL_VALUE_BYTES
    unpickle: bool = False
    executor: Executor | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.max_bytes, int) or isinstance(self.max_bytes, bool) or self.max_bytes < 0:
            raise MetaflowInvalidArgument(
                f"Expected max_bytes= to be a number of bytes, 0 or more, got {repr_of(self.max_bytes, 40)}."
            )
        if self.executor is not None and not hasattr(self.executor, "submit"):
            raise MetaflowInvalidArgument(
                f"Expected executor= to be a concurrent.futures.Executor or similar, got {repr_of(self.executor, 60)}."
            )


PLAIN = Reading()


def values_of(
    context: ClientContext,
    records: Sequence[ArtifactRecord],
    reading: Reading = PLAIN,
    secret: Collection[tuple[str, str]] = (),
) -> list[Any]:
    """Return the value of each record, or :class:`NotRead`, in the same order. Costs one read per distinct value.

    Values of ``secret`` hashes and encodings, and those with the name of a secret in any record, are not remembered.

    Raises
    ------
    NotPicklableError
        There is an executor, and the client cannot be pickled.
    """
    distinct = {(record.sha, record.encoding): record for record in records if record.sha not in KNOWN_HASHES}
    remembered = remembered_values(context, list(distinct.values())) if reading.max_bytes >= SMALL_VALUE_BYTES else {}
    distinct = {key: record for key, record in distinct.items() if key not in remembered}
    if reading.executor is not None and distinct:
        context.check_picklable()
    read = partial(read_value, context, max_bytes=reading.max_bytes, unpickle=reading.unpickle)
    only_files = all(record.ds_type in LOCAL_TYPES for record in distinct.values())
    max_concurrency = 1 if only_files else MAX_WORKERS
    values = parallel_map(
        read, distinct.values(), title="values", executor=reading.executor, max_concurrency=max_concurrency
    )
    # Any of the names of equal bytes can be that of a secret.
    named = (
        {(record.sha, record.encoding) for record in records if looks_secret(record.name, "")} if distinct else set()
    )
    remember_values(context, list(distinct.values()), values, named.union(secret))
    values_by_key = remembered | dict(zip(distinct, values, strict=True))
    return [
        known_bool(record.sha) if record.sha in KNOWN_HASHES else values_by_key[record.sha, record.encoding]
        for record in records
    ]


def equal(value: Any, other: Any) -> bool:
    """Return whether ``value == other``. For arrays and frames, whether the shapes and all elements are equal."""
    try:
        answer = value == other
        if hasattr(answer, "all"):
            import numpy as np

            return np.shape(value) == np.shape(other) and bool(np.asarray(answer).all())
        return bool(answer)
    except Exception:  # noqa: BLE001 - values that cannot be compared are not equal
        return False


def read_value(
    context: ClientContext, record: ArtifactRecord, *, max_bytes: int = SMALL_VALUE_BYTES, unpickle: bool = False
) -> Any:
    """Return the value of a record, or :class:`NotRead`. Costs one read."""
    package = reader_of(record.encoding)
    if record.encoding not in PICKLES and not (unpickle and package):
        advice = f" (unpickle=True reads it with the package {package})" if package else ""
        return NotRead(f"encoding '{record.encoding}' belongs to an extension{advice}")
    owner = f"Artifact {'/'.join(record.path)}"
    try:
        content = read_bytes(context, record, max_bytes)
        if package:
            return load_artifact(context, record, content)
        try:
            value = safe_loads(content)
        except UnloadableArtifact as error:
            if not unpickle:
                return _not_plain(content, error.what)
            value = load_artifact(context, record, content)
        return _included(context, record, value, owner, max_bytes) if isinstance(value, IncludedFile) else value
    except TooLarge:
        return NotRead(f"larger than {max_bytes:,} bytes (max_bytes= sets the limit)", is_final=True)
    except (
        DataException,
        MetaflowNotFound,
        MetaflowNamespaceMismatch,
    ) as error:  # the last two: of an object in the value
        return NotRead(str(error))


def load_artifact(context: ClientContext, record: ArtifactRecord, content: bytes) -> Any:
    """Return the value of an artifact from its bytes, by unpickling or with an installed package. That can run any code.

    Raises
    ------
    UnloadableArtifact
        It cannot be loaded here.
    """
    owner = f"Artifact {'/'.join(record.path)}"
    with reading_in(context):
        if record.encoding in PICKLES:
            return load_value(content, record.encoding, owner)
        return deserialize(content, record, datastore_of(context, record), owner)


def _not_plain(content: bytes, what: str) -> NotRead:
    """Return why a value was not read, with the words for it as displays show them."""
    reason = f"not a plain value: {what} (unpickle=True reads it, but runs the code of the pickle)"
    if outline_of_frame(content) is not None:
        return NotRead(reason, is_final=True)
    try:
        described = describe_pickle(content)
    except UnloadableArtifact:
        return NotRead(reason, is_final=True)
    only_size = table_head(described) or picture_of_image(described)[1]
    return NotRead(reason, None if only_size else DescribedObject(value_text(described)), is_final=True)


def _included(context: ClientContext, record: ArtifactRecord, value: IncludedFile, owner: str, max_bytes: int) -> Any:
    """Return the content of an included file, if it is small and in the datastore."""
    size = included_size(value)
    if not is_uploaded(value) or size is None or size > max_bytes:
        return NotRead("file" if size is None else f"file of {size:,} bytes")
    return read_uploaded(value, datastore_of(context, record), record.flow, owner, max_bytes)


def datastore_of(context: ClientContext, record: ArtifactRecord) -> Datastore:
    """Return the datastore that a record names."""
    return context.datastore(record.ds_type, root_of_location(record.location, record.flow))


def read_bytes(context: ClientContext, record: ArtifactRecord, max_bytes: int | None = None) -> bytes:
    """Return the serialized bytes of an artifact, as :meth:`DataArtifact.raw` does.

    Raises
    ------
    TooLarge
        There are more than ``max_bytes``.
    """
    owner = f"Artifact {'/'.join(record.path)}"
    return load_blob(datastore_of(context, record), record.flow, record.sha, owner, max_bytes)
