"""Previews of artifacts without unpickling: plain values as they are, numpy and pandas by shape and first rows."""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mfwidgets.concurrency import parallel_map
from mfwidgets.errors import DataException, TooLarge
from mfwidgets.pickles.dataframe_preview import DataFrameHead, dataframe_head
from mfwidgets.pickles.metaflow_types import IncludedFile, MetaflowExceptionWrapper
from mfwidgets.pickles.safe_loads import GlobalRef, ReducedCall, describe_pickle
from mfwidgets.pickles.unpickle import PICKLES
from mfwidgets.providers.records import ArtifactRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.status.recorded_exceptions import recorded_in
from mfwidgets.queries.values.reading import read_bytes

MAX_PREVIEW_BYTES = 1_000_000
"""A larger artifact has no preview, since reading it takes too long for a display."""

MAX_SMALL_PREVIEW_BYTES, MAX_SMALL_PREVIEWS_BYTES = 100_000, 500_000
"""The limits for previews in a table: bytes per artifact, and bytes of all artifacts."""

MAX_IMAGE_BYTES = 40_000
"""A larger image would not fit into the bytes of a display."""

_IMAGE_TYPES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
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
    """

    summary: str
    value: Any = None
    has_value: bool = False
    head: DataFrameHead | None = None
    imports: tuple[str, ...] = ()
    picture: str = ""
    line: str = ""


def preview(context: ClientContext, record: ArtifactRecord, max_bytes: int = MAX_PREVIEW_BYTES) -> Preview:
    """Return a preview of an artifact. Costs one read. Imports nothing and runs no code of the pickle."""
    if record.encoding not in PICKLES:
        return Preview(f"serialized as '{record.encoding}' by an extension of Metaflow")
    try:
        content = read_bytes(context, record, max_bytes)
        described = describe_pickle(content)
    except TooLarge:
        return Preview(f"larger than {max_bytes / 1_000_000:g} MB, not read")
    except DataException as error:
        return Preview(str(error))
    return preview_of(described)


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
    previews = parallel_map(
        lambda record: preview(context, record, 2 * MAX_SMALL_PREVIEW_BYTES),
        records,
        max_concurrency=context.max_concurrency,
    )
    return {record.name: shown for record, shown in zip(records, previews, strict=True)}


def preview_of(described: Any) -> Preview:
    """Return the preview of a pickle that :func:`describe_pickle` read."""
    imports = tuple(dict.fromkeys(_imported_names(described)))[:_MAX_IMPORTS]
    if isinstance(described, IncludedFile):
        size = described.descriptor.get("size")
        return Preview(f"file of {size:,} bytes" if isinstance(size, int) else "file")
    if isinstance(described, MetaflowExceptionWrapper) and (recorded := recorded_in(described)):
        return Preview("exception", recorded.traceback or str(recorded), has_value=True, line=str(recorded))
    head = dataframe_head(described)
    if head is not None:
        size = f"{_counted(head.shape[0], 'row')}, {_counted(head.shape[1], 'column')}"
        return Preview(size, head=head, imports=imports)
    if imports:
        return Preview("not a plain value", imports=imports)
    picture = _picture(described) if isinstance(described, bytes | bytearray) else ""
    return Preview(_summary(described), described, has_value=True, picture=picture)


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
    shape = getattr(value, "shape", None)
    return f"array of {value.dtype}, shape {shape}" if shape else ""


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _imported_names(value: Any) -> Iterator[str]:
    """Yield the names that unpickling would import. Visits each container once."""
    seen: set[int] = set()
    stack = [value]
    while stack:
        part = stack.pop()
        if isinstance(part, GlobalRef):
            yield str(part)
            continue
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, ReducedCall):
            stack += [part.items, part.state, part.args, part.of]
        elif isinstance(part, dict):
            stack += [*part.values(), *part]
        elif isinstance(part, list | tuple | set | frozenset):
            stack += list(part)[::-1]


def _picture(content: bytes | bytearray) -> str:
    kind = next((kind for magic, kind in _IMAGE_TYPES.items() if content.startswith(magic)), "")
    if not kind or len(content) > MAX_IMAGE_BYTES:
        return ""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
