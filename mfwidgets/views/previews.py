"""The display of a value: numbers with their distribution, nested values as trees, tables, pictures, text and bytes."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mfwidgets.pickles.described import ArrayBeginning, LongContent, ReducedCall, is_array
from mfwidgets.pickles.previews.column_facts import ColumnFacts, column_facts, is_missing
from mfwidgets.pickles.previews.heads import DataFrameHead, TimeText
from mfwidgets.pickles.previews.numbers import Numbers, matrix_of
from mfwidgets.pickles.previews.outlines import Node, outline_of
from mfwidgets.pickles.previews.records import columns_head, records_head
from mfwidgets.pickles.value_text import value_text
from mfwidgets.queries.values.preview import Preview, range_text
from mfwidgets.render.cell import EMPTY, Cell
from mfwidgets.render.numbers import number_text
from mfwidgets.render.sanitize import log_line
from mfwidgets.render.view import Branch, Image, Part, Preformatted, Table, Tree, plain_line
from mfwidgets.views.cells import Limits
from mfwidgets.views.tables import shown_of_total, without_empty_columns

_MAX_LINE_WIDTH = 100
"""Characters per line of a numpy array."""

_CUBE = 3
"""The dimensions of an array of which fewer numbers are written."""

_SPARK_POINTS = 60
"""The points of a small curve."""

_MAX_UNFOLDED = 40
"""The branches of a tree with more parts are folded."""

MAX_HOLDS_CHARS = 100
"""A longer line for what an artifact holds is left out if the value is shown below."""

_BYTES_PER_LINE = 16

_MAX_PIXEL_VALUES = 48
"""The values of a larger picture are not shown as numbers."""

_MIN_FREQUENT = 0.02
"""The most frequent values are not named if even the first has a smaller share."""

_MIN_NUMBERS = 3
"""Fewer numbers have no mean."""

_MIDNIGHT = " 00:00:00"


def preview_parts(shown: Preview, limits: Limits) -> tuple[Part, ...]:
    """Show a preview of an artifact."""
    parts: list[Part] = []
    if shown.pictures:
        heading = "Picture" if len(shown.pictures) == 1 else "Pictures"
        pictures = tuple((picture.uri, picture.width, picture.height) for picture in shown.pictures)
        parts.append(Image(heading, pictures, shown.summary))
    if shown.head:
        parts += _table_parts(shown.head, limits)
    elif not shown.has_value and shown.described is None:
        pass  # the summary is all that is known
    elif shown.has_value and isinstance(shown.value, str):
        parts += _text_parts(shown, limits)
    elif isinstance(shown.described, LongContent):
        parts.append(_long_part(shown.described, limits))
    elif isinstance(shown.value, bytes | bytearray):
        parts += [] if shown.pictures else [_bytes_part(shown.value, limits)]
    elif not shown.pictures or (shown.numbers and shown.numbers.count <= _MAX_PIXEL_VALUES):
        parts += _value_parts(shown, limits)
    if shown.imports and not shown.head:
        names = tuple((limits.code(name),) for name in shown.imports[: limits.rows])
        parts.append(Table("Unpickling would import", ("class or function",), names, folded=True))
    return tuple(parts)


def number_facts(numbers: Numbers | None) -> tuple[tuple[str, Cell], ...]:
    """Show the mean of numbers, and how many are missing or infinite. Empty for few numbers."""
    if numbers is None or numbers.mean is None or numbers.count < _MIN_NUMBERS:
        return ()
    counts = (("missing", numbers.missing), ("infinite", numbers.infinite))
    return (
        ("mean", Cell(number_text(numbers.mean))),
        *((label, Cell(f"{count:,} ({_percent(count / numbers.count)})")) for label, count in counts if count),
    )


def _text_parts(shown: Preview, limits: Limits) -> list[Part]:
    """Show the first lines of a string. A short line is shown elsewhere."""
    if "\n" not in shown.value and len(shown.value) <= MAX_HOLDS_CHARS:
        return []
    lines = _lines(shown.value, limits)
    total = shown.value.count("\n") + 1
    more = f", {len(lines):,} lines shown" if len(lines) < total else ""
    return [Preformatted("Text", lines, f"{shown.summary}{more}")]


def _value_parts(shown: Preview, limits: Limits) -> list[Part]:
    """Show a number, an array, a nested value or a described object."""
    table = records_head(shown.described) or columns_head(shown.described)
    if table is not None:
        return _table_parts(table, limits)
    from mfwidgets.views.number_charts import number_parts  # the display of a run has no charts

    matrix = matrix_of(shown.described, limits.rows)
    if matrix:
        return [_matrix_table(matrix, shown.summary)]
    charts = number_parts(shown.described, shown.numbers, limits) if shown.numbers else []
    outline = outline_of(shown.described)
    if outline is None or (shown.numbers and shown.numbers.count <= limits.rows):
        if shown.holds == value_text(shown.described) and len(shown.holds) <= MAX_HOLDS_CHARS:
            return []  # the line has all
        return [*charts, Preformatted("Value", _lines(_text(shown.described), limits), shown.summary)]
    return _outline_parts(outline, shown, limits)


def _outline_parts(outline: Node, shown: Preview, limits: Limits) -> list[Part]:
    """Show the parts of a dict or a list, or the fields of an object. Those that a model has learned come last."""
    from mfwidgets.views.number_charts import curves_part  # as above

    if shown.has_value or not isinstance(shown.described, ReducedCall):
        heading = "Contents" if isinstance(shown.described, dict) else "Items"
        curves = curves_part(outline.children, limits) if isinstance(shown.described, dict) else []
        return [*curves, _tree(heading, outline.children, limits, outline.left_out, shown.summary)]
    learned = tuple(node for node in outline.children if node.name.endswith("_"))
    fields = tuple(node for node in outline.children if not node.name.endswith("_"))
    heading = "Parameters" if learned else "Fields"
    trees = [_tree(heading, fields, limits, 0 if learned else outline.left_out, outline.words)]
    if learned:
        trees.append(_tree("Learned", learned, limits, outline.left_out, "attributes that end in _"))
    return [tree for tree in trees if tree.branches]


def _matrix_table(matrix: list[list[float]], note: str) -> Table:
    """Show a small matrix of numbers, with the places of its rows and columns, shaded by value."""
    largest = max((abs(number) for row in matrix for number in row if math.isfinite(number)), default=0) or 1
    columns = ("", *(str(place) for place in range(len(matrix[0]))))
    rows = tuple(
        (Cell(str(place), "dim"), *(_shaded(number, largest) for number in row)) for place, row in enumerate(matrix)
    )
    return Table("Matrix", columns, rows, note)


def _shaded(number: float, largest: float) -> Cell:
    share = number / largest if math.isfinite(number) else 0.0
    return Cell(number_text(number), "number", levels=(share,) if math.isfinite(share) else ())


def _tree(heading: str, nodes: Sequence[Node], limits: Limits, left_out: int, note: str) -> Tree:
    unfolded = sum(map(_size, nodes)) <= _MAX_UNFOLDED
    shown = nodes[: 2 * limits.rows]
    left_out += len(nodes) - len(shown)
    more = (Branch("", (Cell(f"{left_out:,} more", "dim"),)),) if left_out else ()
    return Tree(
        heading, (*(_branch(node, limits, unfolded=unfolded) for node in shown), *more), note, left_out=left_out > 0
    )


def _branch(node: Node, limits: Limits, *, unfolded: bool = False) -> Branch:
    shown = node.children[: 2 * limits.rows]
    left_out = node.left_out + len(node.children) - len(shown)
    words = (
        limits.code(node.words) if not (node.children or node.numbers) else Cell(limits.text(node.words).text, "dim")
    )
    return Branch(
        limits.text(node.name).text,
        (words, *(_spark(node.numbers) if node.numbers else ())),
        tuple(_branch(child, limits, unfolded=unfolded) for child in shown),
        f"{left_out:,} more" if left_out else "",
        unfolded,
    )


def _size(node: Node) -> int:
    return 1 + sum(map(_size, node.children))


def _spark(numbers: Numbers) -> tuple[Cell, ...]:
    """Show numbers as a small curve, or a small histogram if they have several dimensions, with their range."""
    if numbers.low is None:
        return ()
    text = range_text(numbers)
    if len(numbers.points) > 1 and numbers.low != numbers.high:
        return (curve_cell(numbers, text),)
    return (bins_cell(numbers, text),) if numbers.bins else (Cell(text),)


def curve_cell(numbers: Numbers, text: str = "") -> Cell:
    """Show numbers in their order as a small curve."""
    low, high = float(numbers.low or 0), float(numbers.high or 0)
    points = numbers.points
    if len(points) > _SPARK_POINTS:
        points = tuple(points[place * len(points) // _SPARK_POINTS] for place in range(_SPARK_POINTS))
    span = high / 2 - low / 2 or 1.0  # halves, so that the difference of huge numbers is finite
    return Cell(
        text, "curve", levels=tuple(None if point is None else (point / 2 - low / 2) / span for point in points)
    )


def bins_cell(numbers: Numbers, text: str = "") -> Cell:
    """Show the distribution of numbers as a small histogram."""
    most = max(numbers.bins, default=0)
    return Cell(text, "bins", levels=tuple(count / most for count in numbers.bins)) if most else Cell(text)


# --- tables ----------------------------------------------------------------------------------------------------------


def _table_parts(head: DataFrameHead, limits: Limits) -> list[Part]:
    """Show the first rows of a table, and the facts about its columns."""
    parts: list[Part] = []
    if head.rows:
        names = ("", *(limits.text(_plain(name)).text for name in head.columns))
        midnights = tuple(_are_midnights([row[place] for row in head.rows]) for place in range(len(head.columns)))
        rows = tuple(
            (
                Cell(limits.text(_plain(label, midnight=True)).text, "dim"),
                *(_item(item, limits, midnight=midnight) for item, midnight in zip(row, midnights, strict=True)),
            )
            for label, row in zip(head.index, head.rows, strict=True)
        )
        left_out = head.shape[0] > len(rows) or head.shape[1] > len(head.columns)
        note = f"{len(rows):,} of {head.shape[0]:,} rows" if head.shape[0] > len(rows) else ""
        if head.shape[1] > len(head.columns):
            note += f"{', ' if note else ''}{len(head.columns):,} of {head.shape[1]:,} columns"
        parts.append(Table("First rows" if left_out else "Rows", names, rows, note, left_out=left_out))
    facts = column_facts(head, 3 * limits.rows)
    if facts:
        columns = ("column", "type", "missing", "values", "mean", "distribution")
        table = Table("Columns", columns, tuple(_column_row(column, limits) for column in facts))
        note = shown_of_total(len(facts), head.shape[1])
        rows_note = _examined_note(facts, head.shape[0])
        table = without_empty_columns(table, keep=2)
        parts.append(replace(table, note=", ".join(filter(None, (note, rows_note))), left_out=bool(note)))
    return parts


def _examined_note(facts: Sequence[ColumnFacts], rows: int) -> str:
    examined = [column.examined for column in facts if 0 < column.examined < rows]
    return f"some describe the first {min(examined):,} rows" if examined else ""


def _column_row(column: ColumnFacts, limits: Limits) -> tuple[Cell, ...]:
    share = f" ({_percent(column.missing / column.examined)})" if column.missing else ""
    mean = column.facts["mean"]
    return (
        limits.code(_plain(column.name)),
        limits.text(column.dtype),
        Cell(f"{column.missing:,}{share}", "number") if column.missing else EMPTY,
        limits.text(_values_text(column)),
        Cell(number_text(mean), "number") if mean is not None else EMPTY,
        bins_cell(column.numbers) if column.numbers else EMPTY,
    )


def _values_text(column: ColumnFacts) -> str:
    """Return the range of a column, or its most frequent values."""
    if isinstance(column.low, str):
        return " to ".join(dict.fromkeys(text.removesuffix(_MIDNIGHT) for text in (column.low, column.high)))
    if column.numbers:
        range_ = (
            [range_text(replace(column.numbers, low=column.low, high=column.high))] if column.low is not None else []
        )
        infinite = [f"{column.numbers.infinite:,} infinite"] if column.numbers.infinite else []
        return ", ".join(range_ + infinite)
    return _frequencies_text(column, column.examined - column.missing)


def _frequencies_text(column: ColumnFacts, present: int) -> str:
    """Return the most frequent values with their shares of those that are present."""
    if column.distinct is None:
        return ""
    frequent = [f"{_plain(value)} {_percent(count / present)}" for value, count in column.frequent]
    if not frequent:
        return "all different" if present > 1 else ""
    if column.frequent[0][1] < _MIN_FREQUENT * present:
        return f"{column.distinct:,} different"
    if column.distinct <= len(frequent):
        return ", ".join(frequent)
    return f"{column.distinct:,} different: {', '.join(frequent)}, …"


def _percent(share: float) -> str:
    """Return a share as a percentage. Small ones and nearly all do not become 0% and 100%."""
    if 0 < share < 0.01:  # noqa: PLR2004 - one percent
        return "<1%"
    return ">99%" if 0.99 < share < 1 else f"{share:.0%}"  # noqa: PLR2004 - as above


def _item(value: Any, limits: Limits, *, midnight: bool) -> Cell:
    """Show a value of a table."""
    if is_missing(value):
        return Cell("NaN" if isinstance(value, float) else str(value), "dim")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Cell(number_text(value), "number")
    return limits.text(_plain(value, midnight=midnight))


def _plain(value: Any, *, midnight: bool = False) -> str:
    """Return a value of a table as text. Strings have quotes only if they look like something else."""
    if isinstance(value, TimeText):
        return value.removesuffix(_MIDNIGHT) if midnight else value
    if isinstance(value, str) and value.strip() == value and value not in ("", "None", "NaN", "True", "False", "…"):
        return value if not _is_number(value) else value_text(value)
    return value_text(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _are_midnights(values: Sequence[Any]) -> bool:
    """Return whether all times of a column are midnights, which are shown as days."""
    return all(value.endswith(_MIDNIGHT) or value == "NaT" for value in values if isinstance(value, TimeText))


# --- text ------------------------------------------------------------------------------------------------------------


def _text(shown: Any) -> str:
    """Return the repr of a value, with the first and last numbers of an array."""
    if isinstance(shown, ArrayBeginning):
        shown = shown.sample
    if is_array(shown) and not shown.dtype.hasobject:
        import numpy as np

        return np.array2string(
            shown, threshold=50, edgeitems=3 if shown.ndim < _CUBE else 2, precision=4, max_line_width=_MAX_LINE_WIDTH
        )
    return value_text(shown)


def _lines(text: str, limits: Limits) -> tuple[Any, ...]:
    """Return the first lines of a string."""
    lines = text[: 50 * limits.chars].splitlines()[: 2 * limits.rows]
    return tuple(plain_line(log_line(line, 5 * limits.chars)) for line in lines)


def _long_part(content: LongContent, limits: Limits) -> Preformatted:
    """Show the beginning of a long text, or of long bytes."""
    if not content.is_text:
        return _bytes_part(content.beginning, limits, content.length)
    lines = _lines(content.text, limits)
    return Preformatted("Text", lines, f"{content.words}, {len(lines):,} lines shown")


def _bytes_part(content: bytes | bytearray, limits: Limits, length: int = 0) -> Preformatted:
    """Show bytes: as text if they are UTF-8, else in hexadecimal, next to their ASCII characters."""
    length = length or len(content)
    start = bytes(content[: 50 * limits.chars])
    text = _utf8(start, complete=len(start) == length)
    if text:
        return Preformatted("Bytes as text", _lines(text, limits), f"{length:,} bytes, UTF-8")
    places = range(0, min(len(content), limits.rows * _BYTES_PER_LINE), _BYTES_PER_LINE)
    rows = [bytes(content[place : place + _BYTES_PER_LINE]) for place in places]
    lines = (
        f"{row.hex(' ', 1):<{3 * _BYTES_PER_LINE}} " + "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in row)  # noqa: PLR2004 - ASCII
        for row in rows
    )
    shown = shown_of_total(min(len(content), limits.rows * _BYTES_PER_LINE), length)
    return Preformatted(
        "Bytes",
        tuple(map(plain_line, lines)),
        f"{shown} bytes" if shown else f"{length:,} bytes",
        margin=tuple(f"{place:x}" for place in places),
    )


def _utf8(start: bytes, *, complete: bool) -> str:
    """Return bytes as text. Empty if they are not printable UTF-8. The last character of a part may be cut."""
    for cut in range(1 if complete else 4):
        try:
            text = start[: len(start) - cut].decode()
        except UnicodeDecodeError:
            continue
        return text if all(char.isprintable() or char in "\n\r\t" for char in text) else ""
    return ""
