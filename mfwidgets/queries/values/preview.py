"""What an artifact holds, told without making it: plain values as they are, numpy and pandas by their shape and beginning."""

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
"""Bytes; of larger values type and size are all that is told."""

MAX_SMALL_PREVIEW_BYTES, MAX_SMALL_PREVIEWS_BYTES = 100_000, 500_000
"""Bytes; of artifacts in a table so much of each, and of all of them, is looked into."""

MAX_IMAGE_BYTES = 40_000
"""Bytes of a picture that is shown; larger ones would not fit into a cell."""

_PICTURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
_MAX_IMPORTS = 20


@dataclass(frozen=True, slots=True)
class Preview:
    """What an artifact holds.

    Attributes
    ----------
    summary
        In a few words: ``array of float64, shape (3, 4)``.
    value
        A plain value; only where there is one.
    has_value
        Whether there is one, since None is a value.
    head
        The beginning of a DataFrame or Series.
    imports
        What unpickling would import, in the order of the pickle.
    picture
        A picture as a data URI.
    line
        It in one line, where neither the value nor the summary is that.
    """

    summary: str
    value: Any = None
    has_value: bool = False
    head: DataFrameHead | None = None
    imports: tuple[str, ...] = ()
    picture: str = ""
    line: str = ""


def preview(context: ClientContext, record: ArtifactRecord, most: int = MAX_PREVIEW_BYTES) -> Preview:
    """Tell what an artifact holds (one read, of ``most`` bytes); nothing is imported, and nothing of the pickle runs."""
    if record.encoding not in PICKLES:
        return Preview(f"serialized as '{record.encoding}' by an extension of Metaflow")
    try:
        content = read_bytes(context, record, most)
        described = describe_pickle(content)
    except TooLarge:
        return Preview(f"larger than {most / 1_000_000:g} MB: not looked into")
    except DataException as error:
        return Preview(str(error))
    return preview_of(described)


def small_previews(
    context: ClientContext,
    find: Callable[[set[str]], list[ArtifactRecord]],
    sizes: Mapping[str, int | None],
) -> dict[str, Preview]:
    """Tell what the small ones among the artifacts of a task hold, by name: one question, and their bytes at once.

    Parameters
    ----------
    context
        Where to read.
    find
        Returns the records of the artifacts that have these names.
    sizes
        The artifacts, and the recorded bytes of each; the smallest are looked into, 500 kB in all at most.
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
    return {record.name: held for record, held in zip(records, previews, strict=True)}


def preview_of(described: Any) -> Preview:
    """Tell what a described pickle holds."""
    imports = tuple(dict.fromkeys(_names(described)))[:_MAX_IMPORTS]
    if isinstance(described, IncludedFile):
        size = described.descriptor.get("size")
        return Preview(f"a file of {size:,} bytes" if isinstance(size, int) else "a file")
    if isinstance(described, MetaflowExceptionWrapper) and (recorded := recorded_in(described)):
        return Preview("an exception", recorded.traceback or str(recorded), has_value=True, line=str(recorded))
    head = dataframe_head(described)
    if head is not None:
        size = f"{_counted(head.shape[0], 'row')}, {_counted(head.shape[1], 'column')}"
        return Preview(size, head=head, imports=imports)
    if imports:
        return Preview("an object: not a plain value", imports=imports)
    picture = _picture(described) if isinstance(described, bytes | bytearray) else ""
    return Preview(_summary(described), described, has_value=True, picture=picture)


def _summary(value: Any) -> str:
    """Say what kind of plain value it is and how large; nothing of a number, which says it itself."""
    if isinstance(value, bytes | bytearray):
        return f"{len(value):,} bytes"
    if isinstance(value, str):
        lines = value.count("\n") + 1
        described = f"text of {len(value):,} characters"
        return f"{described}, {lines:,} lines" if lines > 1 else described
    if isinstance(value, list | tuple | dict | set | frozenset):
        return f"{type(value).__name__} of {len(value):,}"
    shape = getattr(value, "shape", None)
    return f"array of {value.dtype}, shape {shape}" if shape else ""


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _names(value: Any) -> Iterator[str]:
    """Yield what unpickling would import, each container looked into once."""
    seen: set[int] = set()
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, GlobalRef):
            yield str(part)
            continue
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, ReducedCall):
            waiting += [part.items, part.state, part.args, part.of]
        elif isinstance(part, dict):
            waiting += [*part.values(), *part]
        elif isinstance(part, list | tuple | set | frozenset):
            waiting += list(part)[::-1]


def _picture(content: bytes | bytearray) -> str:
    kind = next((kind for magic, kind in _PICTURES.items() if content.startswith(magic)), "")
    if not kind or len(content) > MAX_IMAGE_BYTES:
        return ""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
