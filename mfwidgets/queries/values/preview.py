"""Previews of artifacts without unpickling: plain values as they are, numpy and pandas by shape and first rows."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from mfwidgets.concurrency import parallel_map
from mfwidgets.errors import DataException, DeadlineExceeded, TooLarge, UnloadableArtifact
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.pickles.class_names import class_name, fields_of
from mfwidgets.pickles.described import ArrayBeginning, GlobalRef, LongContent, foreign_parts, is_array
from mfwidgets.pickles.metaflow_types import IncludedFile, MetaflowExceptionWrapper
from mfwidgets.pickles.previews.frames import outline_of_frame, table_head
from mfwidgets.pickles.previews.heads import DataFrameHead
from mfwidgets.pickles.previews.numbers import Numbers, is_number_sequence, numbers_of
from mfwidgets.pickles.previews.pictures import Picture, picture_of_file, picture_of_image, pictures_of
from mfwidgets.pickles.previews.tensors import tensor_values
from mfwidgets.pickles.safe_loads import describe_pickle
from mfwidgets.pickles.unpickle import PICKLES
from mfwidgets.pickles.value_text import plain_or_described, value_text
from mfwidgets.providers.records import ArtifactRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.status.recorded_exceptions import recorded_in
from mfwidgets.queries.values.reading import datastore_of, read_bytes
from mfwidgets.queries.values.serializers import reader_of
from mfwidgets.render.numbers import number_text

if TYPE_CHECKING:
    from mfwidgets.pickles.large_pickles import LargeValue

MAX_PREVIEW_BYTES = 1_000_000
"""Of a larger artifact only a part is kept in memory, and compared with no hash."""

MAX_SMALL_PREVIEW_BYTES, MAX_SMALL_PREVIEWS_BYTES = 100_000, 500_000
"""The limits for previews in a table: bytes per artifact, and bytes of all artifacts."""

_MAX_IMPORTS = 20

_MAX_NAMES = 8
"""The columns of a frame, or the numbers of a list, that are written in one line."""


@fast_dataclass(frozen=True, slots=True)
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
    pictures
        An image, or the first ones of several.
    line
        The preview in one line, if neither the value nor the summary fits.
    fields
        The recorded fields of an object that is not a plain value, by name. Those that are not short scalars are
        :class:`DescribedObject`.
    described
        What the pickle describes: the value, or a description of an object.
    numbers
        The facts about an array or a list of numbers.
    part
        The part that was read of a large artifact: ``the first 83,333 of 1,200,000 values``. Empty if all was read.
    """

    summary: str
    value: Any = None
    has_value: bool = False
    head: DataFrameHead | None = None
    imports: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    line: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    described: Any = field(default=None, compare=False, repr=False)
    numbers: Numbers | None = None
    part: str = ""

    @property
    def holds(self) -> str:
        """The preview in one line, as tables, displays and ``--json`` show it."""
        if self.head:
            names = ", ".join(
                name if isinstance(name, str) else value_text(name) for name in self.head.columns[:_MAX_NAMES]
            )
            more = ", …" if self.head.shape[1] > _MAX_NAMES else ""
            return f"{self.summary}: {names}{more}" if names else self.summary
        is_short = not is_array(self.value) and self.numbers is not None and self.numbers.count <= _MAX_NAMES
        if self.numbers and self.numbers.low is not None and not self.pictures and not is_short:
            return f"{self.line or self.summary}, {f'{self.part}: ' if self.part else ''}{range_text(self.numbers)}"
        if self.line or not self.has_value or is_array(self.value) or isinstance(self.value, bytes | bytearray):
            return self.line or self.summary
        return value_text(self.value)


def preview(context: ClientContext, record: ArtifactRecord, max_bytes: int = MAX_PREVIEW_BYTES) -> Preview:
    """Return a preview of an artifact. Imports nothing and runs no code of the pickle.

    Costs one read, and several of ranges for an artifact of more than ``max_bytes``.
    """
    try:
        content = _content(context, record, max_bytes)
    except TooLarge:
        return _large_preview(context, record)
    return content if isinstance(content, Preview) else preview_of_pickle(content)


def _large_preview(context: ClientContext, record: ArtifactRecord) -> Preview:
    """Return a preview of a large artifact, from ranges of its stored bytes."""
    from mfwidgets.datastore.blob_stream import blob_beginning
    from mfwidgets.pickles.large_pickles import describe_stream

    owner = f"Artifact {'/'.join(record.path)}"
    try:
        large = describe_stream(blob_beginning(datastore_of(context, record), record.flow, record.sha, owner))
        return preview_of_large(large)
    except DeadlineExceeded:
        raise
    except DataException as error:
        return Preview(str(error))
    except Exception as error:  # noqa: BLE001 - a strange pickle can cause nearly any error
        return Preview(f"cannot be previewed: {type(error).__name__}")


def preview_of_large(large: "LargeValue") -> Preview:
    """Return the preview of a large pickle. It has no value: what was read may be only a part of it."""
    described = large.value
    shown = replace(_preview_of_part(described), value=None, has_value=False)
    if large.complete or shown.part:
        return shown
    return replace(shown, part="its beginning")


def _preview_of_part(described: Any) -> Preview:
    if isinstance(described, ArrayBeginning):
        return Preview(
            f"array of {described.dtype}, shape {described.shape}",
            described=described,
            numbers=numbers_of(described),
            part=_part_of(described),
            pictures=pictures_of(described.sample),
        )
    if isinstance(described, LongContent):
        part = f"the first {len(described.beginning):,} of {described.length:,} bytes"
        return Preview(described.words, described=described, part=part)
    return preview_of(described)


def small_previews(
    context: ClientContext,
    find: Callable[[set[str]], list[ArtifactRecord]],
    sizes: Mapping[str, int | None],
) -> dict[str, Preview]:
    """Return previews of the small artifacts of a task, for a line each, by name. Costs one request, and concurrent reads.

    The head of a frame has only names, so that frames do not make a display import numpy.

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
    others = {name: Preview("large, not read here") for name, size in sizes.items() if size and name not in names}
    contents = parallel_map(
        lambda record: _small_content(context, record),
        records,
        max_concurrency=context.max_concurrency,
    )
    # One after the other: several at once are not faster, and take the memory of all.
    previews: dict[str, Preview] = others
    left = 2 * MAX_SMALL_PREVIEWS_BYTES  # recorded sizes can be wrong
    for record, content in zip(records, contents, strict=True):
        left -= 0 if isinstance(content, Preview) else len(content)
        if left < 0:
            previews[record.name] = Preview("not read, since the others are larger than recorded")
        else:
            previews[record.name] = content if isinstance(content, Preview) else _line_of_pickle(content)
    return previews


def _small_content(context: ClientContext, record: ArtifactRecord) -> bytes | Preview:
    try:
        return _content(context, record, 2 * MAX_SMALL_PREVIEW_BYTES)
    except TooLarge:
        return Preview("larger than recorded, not read")


def _content(context: ClientContext, record: ArtifactRecord, max_bytes: int) -> bytes | Preview:
    """Return the pickle of an artifact. Return a preview that says why it was not read.

    Raises
    ------
    TooLarge
        It has more than ``max_bytes``.
    """
    if record.encoding not in PICKLES:
        package = reader_of(record.encoding)
        reader = f"; .data reads it with the package {package}" if package else ""
        return Preview(f"serialized as '{record.encoding}' by an extension of Metaflow{reader}")
    try:
        return read_bytes(context, record, max_bytes)
    except TooLarge:
        raise
    except DataException as error:
        return Preview(str(error))


def _part_of(array: ArrayBeginning) -> str:
    """Return which part of an array is in memory. Empty for all of it."""
    total = math.prod(array.shape)
    return f"the first {array.sample.size:,} of {total:,} values" if array.sample.size < total else ""


def _line_of_pickle(content: bytes) -> Preview:
    outline = outline_of_frame(content)
    return preview_of_pickle(content) if outline is None else Preview(_size_of(outline), head=outline)


def _size_of(head: DataFrameHead) -> str:
    return f"{_counted(head.shape[0], 'row')}, {_counted(head.shape[1], 'column')}"


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
        return Preview(_size_of(head), head=head, imports=imports)
    picture, summary = picture_of_image(described)
    if summary:
        return Preview(summary, imports=imports, line=summary, pictures=(picture,) if picture else ())
    if any(True for _ in foreign_parts(described)):
        return _preview_of_objects(described, imports)
    picture = picture_of_file(described) if isinstance(described, bytes | bytearray) else None
    pictures = (picture,) if picture else pictures_of(described)
    return Preview(
        _summary(described),
        described,
        has_value=True,
        pictures=pictures,
        described=described,
        numbers=numbers_of(described) if is_array(described) or is_number_sequence(described) else None,
    )


def _preview_of_objects(described: Any, imports: tuple[str, ...]) -> Preview:
    """Return the preview of an object, or of a collection with objects."""
    pictures = pictures_of(described)
    if pictures:
        summary = f"{type(described).__name__} of {_counted(len(described), 'image')}"
        return Preview(summary, imports=imports, line=summary, described=described, pictures=pictures)
    name = class_name(described)
    fields = {field: plain_or_described(value) for field, value in fields_of(described).items()}
    summary = f"object of {name}" if name else f"{_summary(described)}, with objects"
    tensor = tensor_values(described)
    part = _part_of(tensor) if isinstance(tensor, ArrayBeginning) else ""
    return Preview(
        summary,
        imports=imports,
        line=value_text(described),
        fields=fields,
        described=described if tensor is None else tensor,
        numbers=None if tensor is None else numbers_of(tensor),
        part=part,
    )


def range_text(numbers: Numbers) -> str:
    """Return the range of numbers: ``0.1 to 3.2``, or the number itself if all are equal."""
    low, high = (number_text(number) for number in (numbers.low, numbers.high) if number is not None)
    return f"all {low}" if numbers.low == numbers.high else f"{low} to {high}"


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
    if not is_array(value):
        return ""
    described = f"array of {value.dtype}, shape {value.shape}"
    return f"{described}, {int(value.sum()):,} True" if value.dtype.kind == "b" else described


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
