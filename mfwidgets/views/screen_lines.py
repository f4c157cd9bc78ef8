"""The lines of a log as a terminal shows them, and the line with the error."""

from collections.abc import Sequence

from mfwidgets.datastore.logs import STREAMS, LogLine
from mfwidgets.deadline import check_deadline
from mfwidgets.queries.status.recorded_exceptions import last_traceback
from mfwidgets.queries.status.tracebacks import TRACEBACK, frame_in
from mfwidgets.render.terminal import TerminalRow, has_moves, terminal_rows


def screen_lines(lines: Sequence[LogLine]) -> Sequence[LogLine]:
    """Return the lines as they remain on a terminal: progress bars in their last state.

    A progress bar that was erased is left out. A stream does not overwrite the other one, so that no line of the program is lost. A line that was overwritten has the time
    of the last change.
    """
    check_deadline()
    if not any(map(has_moves, (line.message for line in lines))):
        return lines
    numbers = {stream: [n for n, line in enumerate(lines) if line.stream == stream] for stream in _streams(lines)}
    rows: list[TerminalRow] = []
    changed = False
    for of_stream in numbers.values():
        messages = [lines[number].message for number in of_stream]
        for row in terminal_rows(messages):
            if messages[row.first].strip() and not row.text.strip():
                changed = True  # a progress bar was erased: it leaves no empty line
                continue
            rows.append(TerminalRow(of_stream[row.first], of_stream[row.last], row.text))
            changed = changed or row.text is not messages[row.first] or row.first != row.last
    if not changed:
        return lines
    rows.sort(key=_first)
    return [LogLine(lines[row.last].time, row.text, lines[row.first].stream) for row in rows]


def error_line(lines: Sequence[LogLine]) -> int | None:
    """Return the number of the line with the exception of the last traceback. None if there is none.

    The streams are read one by one: lines of the other stream can be inside of a traceback.
    """
    found = []
    if not any(line.message.startswith(TRACEBACK) for line in lines):
        return None
    for stream in _streams(lines):
        numbers = [number for number, line in enumerate(lines) if line.stream == stream]
        place = last_traceback([lines[number].message for number in numbers])
        if place:
            found.append(numbers[place[1]])
    return max(found, default=None)


def library_lines(lines: Sequence[LogLine]) -> list[int]:
    """Return the numbers of the lines of tracebacks that are frames of Python, Metaflow or packages, not of the user."""
    found: list[int] = []
    is_library = dict.fromkeys(STREAMS, False)
    for number, line in enumerate(lines):
        message = line.message
        frame = frame_in(message) if message.startswith("  File ") else None
        if frame:
            is_library[line.stream] = not frame.is_users
        elif not message.startswith("    "):
            is_library[line.stream] = False
        if is_library.get(line.stream):
            found.append(number)
    return found


def _streams(lines: Sequence[LogLine]) -> list[str]:
    return sorted({line.stream for line in lines}, key=(*STREAMS, "").index)


def _first(row: TerminalRow) -> int:
    return row.first
