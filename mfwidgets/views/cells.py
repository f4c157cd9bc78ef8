"""Cells for facts: one format each for times, durations, sizes, statuses and tags."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.queries.failures import FailureLine
from mfwidgets.queries.rows import TaskRow
from mfwidgets.queries.status.rules import Status
from mfwidgets.render.cell import EMPTY, Cell
from mfwidgets.render.sanitize import single_line
from mfwidgets.times import age_text, duration_text, iso_text, now_ms, time_text, zone_text

_PLACE_CHARS, _MAX_TITLE = 70, 3_000
"""Characters of a step with its item in a line, and of a tooltip."""


@fast_dataclass(frozen=True, slots=True)
class Limits:
    """How much a display shows.

    Attributes
    ----------
    rows
        Rows of a table, and lines of a block.
    chars
        Characters of a cell.
    tags
        Tags in a cell of a table. The heading shows five times as many.
    """

    rows: int = 20
    chars: int = 200
    tags: int = 5

    def text(self, text: str) -> Cell:
        """Show text on one line."""
        return Cell(single_line(text, self.chars))

    def code(self, text: str, title: str = "") -> Cell:
        """Show a name, a hash or a pathspec."""
        return Cell(single_line(text, self.chars), "code", single_line(title, self.chars))

    def object(self, text: str, pathspec: str) -> Cell:
        """Show the name of an object, with its pathspec."""
        return replace(self.code(text, pathspec), pathspec=pathspec)

    def pathspecs(self, names: Sequence[str]) -> Cell:
        """Show pathspecs and other names. One pathspec can be opened, several are a list."""
        if len(names) == 1:
            return self.object(names[0], names[0] if "/" in names[0] else "")
        shown = [single_line(name, min(self.chars, 80)) for name in names[: 5 * self.tags]]
        shown += [f"+{len(names) - len(shown)}"] if len(names) > len(shown) else []
        return Cell(", ".join(shown), "tags", items=tuple(shown)) if shown else EMPTY

    def status(self, status: Status | None) -> Cell:
        """Show a status. Its reason is the title."""
        return Cell(str(status), "status", single_line(status.reason, self.chars)) if status else EMPTY

    def tag_counts(self, tags: Mapping[str, int], limit: int) -> Cell:
        """Show tags with their counts, the most frequent first."""
        by_count = sorted(tags.items(), key=lambda item: (-item[1], item[0]))
        shown = [f"{single_line(tag, min(self.chars, 80))} ({number:,})" for tag, number in by_count[:limit]]
        if len(tags) > limit:
            shown.append(f"+{len(tags) - limit}")
        return Cell(", ".join(shown), "tags", items=tuple(shown)) if shown else EMPTY

    def tag_list(self, tags: Collection[str], limit: int) -> Cell:
        """Show the first tags in order, and how many more there are."""
        shown = [single_line(tag, min(self.chars, 80)) for tag in sorted(tags)[:limit]]
        if len(tags) > limit:
            shown.append(f"+{len(tags) - limit}")
        return Cell(", ".join(shown), "tags", items=tuple(shown)) if shown else EMPTY


def time(ms: int | None) -> Cell:
    """Show a local time, to the second, with its age. For facts about one object."""
    if not ms:
        return EMPTY
    shown = moment(ms)
    return replace(shown, items=(shown.title.rpartition(", ")[2],))


def moment(ms: int | None) -> Cell:
    """Show a local time, to the second. The title has the full time and the age. For tables of parts of one run."""
    if not ms:
        return EMPTY
    return Cell(time_text(ms), "time", title=f"{iso_text(ms)}, {age_text(now_ms() - ms)}", value=iso_text(ms))


def age(ms: int, now_ms: int) -> Cell:
    """Show how long ago a time was. The title has the time to the second, and so do text displays. For tables of runs."""
    return Cell(time_text(ms), "age", age_text(now_ms - ms), value=iso_text(ms)) if ms else EMPTY


def zoned(label: str) -> str:
    """Add the display's time zone to a label."""
    return f"{label} ({zone_text()})"


def duration(ms: int | None) -> Cell:
    """Show a duration. The value of the cell is in seconds."""
    return EMPTY if ms is None else Cell(duration_text(ms), "number", value=str(ms / 1000))


def count(number: int | None) -> Cell:
    """Show a count."""
    return EMPTY if number is None else Cell(f"{number:,}", "number", value=str(number))


def items_text(row: TaskRow) -> str:
    """Return the items of a task, the outermost foreach first. Empty outside a foreach."""
    return " / ".join(row.item.values)


def size(number: int | None) -> Cell:
    """Show a size in decimal units. The title has the exact number of bytes."""
    if number is None:
        return EMPTY
    return Cell(size_text(number), "number", title=f"{number:,} bytes", value=str(number))


def size_text(number: int) -> str:
    """Return bytes in decimal units: ``340 B``, ``1.2 kB``, ``30.0 MB``."""
    if number < 1000:  # noqa: PLR2004 - below the first unit
        return f"{number} B"
    value = float(number)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if round(value, 1) < 1000:  # noqa: PLR2004 - the next unit
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} TB"


def failure_cell(line: FailureLine, limits: Limits, code: str = "") -> Cell:
    """Show the exception of a run, the step and the line of code. Empty if no exception is known.

    The title is the task. If the line is cut, the title has the whole, and the line ends with the code that shows it.

    Parameters
    ----------
    code
        The line that explains the failure, if it is not next to the cell.
    """
    if not line.exception:
        return EMPTY
    place = single_line(line.place, min(_PLACE_CHARS, limits.chars))
    words = " · ".join(filter(None, (limits.text(line.exception).text, place, limits.text(line.code).text)))
    whole = " · ".join(single_line(text, _MAX_TITLE) for text in (line.exception, line.place, line.code) if text)
    if words == whole:
        return Cell(words, title=limits.text(line.task).text)
    return Cell(" · ".join(filter(None, (words, code))), title=single_line(whole, _MAX_TITLE))
