"""Previews of artifacts without unpickling: plain values as they are, numpy and pandas by shape and first rows."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from mfwidgets.concurrency import parallel_map
from mfwidgets.errors import DataException, DeadlineExceeded, TooLarge, UnloadableArtifact
from mfwidgets.pickles.class_names import class_name, fields_of
from mfwidgets.pickles.described import GlobalRef, foreign_parts, is_array
from mfwidgets.pickles.metaflow_types import IncludedFile, MetaflowExceptionWrapper
from mfwidgets.pickles.previews.frames import table_head
from mfwidgets.pickles.previews.heads import DataFrameHead
from mfwidgets.pickles.previews.pictures import picture_of_file, picture_of_image
from mfwidgets.pickles.safe_loads import describe_pickle
from mfwidgets.pickles.unpickle import PICKLES
from mfwidgets.pickles.value_text import plain_or_described, value_text
from mfwidgets.providers.records import ArtifactRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.status.recorded_exceptions import recorded_in
from mfwidgets.queries.values.reading import read_bytes
from mfwidgets.queries.values.serializers import reader_of

MAX_PREVIEW_BYTES = 1_000_000
"""A larger artifact has no preview, since reading it takes too long for a display."""

MAX_SMALL_PREVIEW_BYTES, MAX_SMALL_PREVIEWS_BYTES = 100_000, 500_000
"""The limits for previews in a table: bytes per artifact, and bytes of all artifacts."""

_MAX_IMPORTS = 20


@dataclass(frozen=True, slots=True)
class Preview:
    """A preview of an artifact.

    Attributes
    ----------
    summary
        A short description: ``array of float64, shape (3, 4)``.
    value
        The value, if it is plain.
    has_value
        Whether ``value`` is set, since None is a value.
    head
        The first rows of a DataFrame or Series.
    imports
        The names that unpickling would import, in the order of the pickle.
    picture
        An image as a data URI.
    line
        The preview in one line, if neither the value nor the summary fits.
    fields
        The recorded fields of an object that is not a plain value, by name. Those that are not short scalars are
        :class:`DescribedObject`.
    """

    summary: str
    value: Any = None
    has_value: bool = False
    head: DataFrameHead | None = None
    imports: tuple[str, ...] = ()
    picture: str = ""
    line: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)


def preview(context: ClientContext, record: ArtifactRecord, max_bytes: int = MAX_PREVIEW_BYTES) -> Preview:
    """Return a preview of an artifact. Costs one read. Imports nothing and runs no code of the pickle."""
    content = _content(context, record, max_bytes)
    return content if isinstance(content, Preview) else preview_of_pickle(content)


def small_previews(
    context: ClientContext,
    find: Callable[[set[str]], list[ArtifactRecord]],
    sizes: Mapping[str, int | None],
) -> dict[str, Preview]:
    """Return previews of the small artifacts of a task, by name. Costs one request, and concurrent reads.

    Parameters
    ----------
    context
        The context to read from.
    find
        Returns the records of the artifacts with these names.
    sizes
        The recorded sizes of the artifacts in bytes. The smallest are read, up to 500 kB in total.
    """
    names, left = set(), MAX_SMALL_PREVIEWS_BYTES
    for name, size in sorted(sizes.items(), key=lambda item: item[1] or 0):
        left -= size or 0
        if size is not None and size <= MAX_SMALL_PREVIEW_BYTES and left >= 0:
            names.add(name)
    records = find(names) if names else []
    contents = parallel_map(
        lambda record: _content(context, record, 2 * MAX_SMALL_PREVIEW_BYTES),
        records,
        max_concurrency=context.max_concurrency,
    )
    # One after the other: several at once are not faster, and take the memory of all.
    previews: dict[str, Preview] = {}
    left = 2 * MAX_SMALL_PREVIEWS_BYTES  # recorded sizes can be wrong
    for record, content in zip(records, contents, strict=True):
        left -= 0 if isinstance(content, Preview) else len(content)
        if left < 0:
            previews[record.name] = Preview("not read, since the others are larger than recorded")
        else:
            previews[record.name] = content if isinstance(content, Preview) else preview_of_pickle(content)
    return previews


def _content(context: ClientContext, record: ArtifactRecord, max_bytes: int) -> bytes | Preview:
    """Return the pickle of an artifact. Return a preview that says why it was not read."""
    if record.encoding not in PICKLES:
        package = reader_of(record.encoding)
        reader = f"; .data reads it with the package {package}" if package else ""
        return Preview(f"serialized as '{record.encoding}' by an extension of Metaflow{reader}")
    try:
        return read_bytes(context, record, max_bytes)
    except TooLarge:
        return Preview(f"larger than {max_bytes / 1_000_000:g} MB, not read")
    except DataException as error:
        return Preview(str(error))


def preview_of_pickle(content: bytes) -> Preview:
    """Return the preview of a pickle, or one that says why it cannot be previewed. Never fails."""
    try:
        return preview_of(describe_pickle(content))
    except DeadlineExceeded:
        raise
    except UnloadableArtifact as error:
        return Preview(str(error))
    except Exception as error:  # noqa: BLE001 - a strange pickle can cause nearly any error
        return Preview(f"cannot be previewed: {type(error).__name__}")


def preview_of(described: Any) -> Preview:
    """Return the preview of a pickle that :func:`describe_pickle` read."""
    imports = tuple(islice(_imported_names(described), _MAX_IMPORTS))
    if isinstance(described, IncludedFile):
        size = described.descriptor.get("size")
        return Preview(f"file of {size:,} bytes" if isinstance(size, int) else "file")
    if isinstance(described, MetaflowExceptionWrapper) and (recorded := recorded_in(described)):
        return Preview("exception", recorded.traceback or str(recorded), has_value=True, line=str(recorded))
    head = table_head(described)
    if head is not None:
        size = f"{_counted(head.shape[0], 'row')}, {_counted(head.shape[1], 'column')}"
        return Preview(size, head=head, imports=imports)
    picture, summary = picture_of_image(described)
    if summary:
        return Preview(summary, imports=imports, line=summary, picture=picture)
    if any(True for _ in foreign_parts(described)):
        name = class_name(described)
        fields = {field: plain_or_described(value) for field, value in fields_of(described).items()}
        summary = f"object of {name}" if name else f"{_summary(described)}, with objects"
        return Preview(summary, imports=imports, line=value_text(described), fields=fields)
    picture = picture_of_file(described) if isinstance(described, bytes | bytearray) else ""
    return Preview(_summary(described), described, has_value=True, picture=picture)


def _imported_names(described: Any) -> Iterator[str]:
    """Yield the names that unpickling would import, each once."""
    seen: set[GlobalRef] = set()
    for part in foreign_parts(described):
        if isinstance(part, GlobalRef) and part not in seen:
            seen.add(part)
            yield str(part)


def _summary(value: Any) -> str:
    """Return the type and size of a plain value. Empty for a number, which needs no description."""
    if isinstance(value, bytes | bytearray):
        return f"{len(value):,} bytes"
    if isinstance(value, str):
        lines = value.count("\n") + 1
        described = f"str of {len(value):,} characters"
        return f"{described}, {lines:,} lines" if lines > 1 else described
    if isinstance(value, list | tuple | dict | set | frozenset):
        return f"{type(value).__name__} of {len(value):,}"
    return f"array of {value.dtype}, shape {value.shape}" if is_array(value) else ""


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
