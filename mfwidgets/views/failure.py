"""Parts of displays about a failure: where an exception was raised, and what the user's code logged before."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from mfwidgets.client.answers.source_lines import PACKAGE, PackageSources, SourceLines
from mfwidgets.client.answers.why import Why
from mfwidgets.concurrency import call_with_timeout
from mfwidgets.datastore.logs import LogLine
from mfwidgets.deadline import check_deadline, current_deadline
from mfwidgets.errors import DeadlineExceeded
from mfwidgets.queries.status.recorded_exceptions import RecordedException
from mfwidgets.queries.status.tracebacks import ChainedException, Frame, packages_of
from mfwidgets.redaction import redact_message
from mfwidgets.render.cell import Cell
from mfwidgets.render.highlight import highlight
from mfwidgets.render.numbers import counted
from mfwidgets.render.sanitize import parse_ansi, single_line
from mfwidgets.render.stack import CodeFrame, FoldedLines, Stack
from mfwidgets.render.view import Line, Part, Preformatted, Span, plain_line
from mfwidgets.views.cells import Limits
from mfwidgets.views.log import log_block

_MAX_EXCEPTIONS = 4
"""The exceptions of a chain or a group that are shown. The whole traceback has the others."""

_SHARE = 0.4
"""The part of the time that a display has left, for reading a code package."""

_MAX_CALLERS = 4
"""The callers of a place that are shown."""

_MAX_FOLDED = 40
"""The frames of libraries in one fold."""

_WORDS = {
    "cause": "Caused by",
    "context": "While handling",
    "member": "In the group:",
    "quoted": "In its message:",
}


def exception_facts(exception: RecordedException | None, limits: Limits) -> list[tuple[str, Cell]]:
    """Show the exception, and the line of the user's code that raised it."""
    if exception is None:
        return []
    facts = [("exception", limits.text(short_exception(exception)))]
    where = exception.where
    return [*facts, ("raised at", limits.code(str(where), where.file))] if where else facts


def short_exception(exception: RecordedException) -> str:
    """Return ``ValueError: message`` with the first line of the message. Metaflow's own exceptions lose their module."""
    line = redact_message(str(exception).strip().partition("\n")[0].rstrip())
    return line.removeprefix(exception.type.rpartition(".")[0] + ".") if line.startswith("metaflow.") else line


def failure_blocks(why: Why, limits: Limits) -> tuple[Part, ...]:
    """Show where the exception was raised, and the last lines that the user's code logged."""
    return (*stack_parts(why.exception, why._sources, limits), *own_log_part(why.own_log, limits))


def own_log_part(own_log: Sequence[LogLine], limits: Limits) -> tuple[Preformatted, ...]:
    """Show the last lines that the user's code logged before the failure."""
    if not own_log:
        return ()
    lines = [line._replace(message=redact_message(line.message)) for line in own_log]
    shown = lines[-max(limits.rows // 2, 1) :]
    note = f"the last {len(shown)} lines" if len(shown) > 1 else ""
    return (log_block("Logged before the failure", shown, limits, note),)


def stack_parts(exception: RecordedException | None, sources: PackageSources, limits: Limits) -> tuple[Stack, ...]:
    """Show the user's own frame first, with the code around it, then its callers and causes. Frames of libraries are folded."""
    if exception is None or not exception.chain:
        return ()
    _read_package(exception, sources)
    telling = exception.telling_part or exception.chain[0]
    ordered = [telling, *(part for part in exception.chain if part is not telling)]
    shown = [part for part in ordered if part is telling or part.where or str(part) != str(exception)]
    parts = (
        _stack(part, str(exception), sources, limits, is_first=part is telling) for part in shown[:_MAX_EXCEPTIONS]
    )
    return tuple(part for part in parts if part.frames)


def _read_package(exception: RecordedException, sources: PackageSources) -> None:
    """Read the code package in a part of the time. The traceback has the failing line itself."""
    where, deadline = exception.where, current_deadline()
    if where is None or deadline is None or not deadline.is_limited:
        return
    try:
        call_with_timeout(max(deadline.remaining_s() * _SHARE, 0), lambda: sources.around(where))
    except DeadlineExceeded:
        check_deadline()
        sources.give_up("The code package was not read in time.")


def _stack(part: ChainedException, shown: str, sources: PackageSources, limits: Limits, *, is_first: bool) -> Stack:
    where = part.where or (part.frames[-1] if part.frames else None)
    found = sources.around(where) if where and where.is_users else None
    place = where.place if where else ""
    repeats = is_first and part.relation in ("", "cause") and str(part) == shown
    words = _WORDS.get(part.relation, "The group:" if part.type.endswith("Group") else "Raised again as")
    heading = place if repeats else f"{words} {single_line(redact_message(str(part)), limits.chars)}"
    frames = tuple(_frames(part.frames, where, found, limits, names_place=not repeats)) if where else ()
    return Stack(single_line(heading, 2 * limits.chars), frames, _origin(found, sources) if is_first else "")


def _origin(found: SourceLines | None, sources: PackageSources) -> str:
    """Say where the lines of code come from."""
    if found is None:
        return ""
    if found.origin == PACKAGE:
        return f"{single_line(found.file, 100)} in the code package"
    if sources.problem:
        return f"from the traceback; {single_line(redact_message(sources.problem), 200)}"
    if sources.code is None:
        return "from the traceback; no code package is stored"
    return "from the traceback; the code package has no such line"


def _frames(
    frames: Sequence[Frame], where: Frame, found: SourceLines | None, limits: Limits, *, names_place: bool
) -> Iterator[CodeFrame | FoldedLines]:
    """Yield the place, the deeper frames, then the callers, the nearest first."""
    at = max(number for number, frame in enumerate(frames) if frame is where)
    if found:
        yield _code_frame(where, found, limits, "at" if names_place else "")
    deeper = frames[at + 1 :]
    if deeper or not found:
        inner = deeper or frames[at:]
        last = single_line(redact_message(str(inner[-1])), limits.chars)
        words = f"{_counted_frames(inner)} deeper, the last is" if deeper else "raised at"
        yield FoldedLines(f"{words} {last}", _lines(inner, limits))
    callers = list(reversed(frames[:at]))
    own = 0
    for is_users, group in groupby(callers, key=lambda frame: frame.is_users):
        members = list(group)
        if not is_users:
            yield FoldedLines(f"called by {_counted_frames(members)}", _lines(members[::-1], limits))
            continue
        for frame, count in _runs(members):
            own += 1
            if own > _MAX_CALLERS:
                break
            times = f" ({count + frame.repeated:,} times)" if count + frame.repeated > 1 else ""
            code = (_code(frame, (frame.code,), limits)[0],) if frame.code else ()
            yield CodeFrame("called from", single_line(f"{frame.place}{times}", limits.chars), code)


def _runs(frames: Sequence[Frame]) -> Iterator[tuple[Frame, int]]:
    """Yield frames with how often they follow each other."""
    for frame, group in groupby(frames):
        yield frame, len(list(group))


def _code_frame(frame: Frame, found: SourceLines, limits: Limits, words: str) -> CodeFrame:
    lines = _code(frame, found.lines, limits)
    numbers = tuple(range(found.first, found.first + len(lines)))
    place = single_line(frame.place, limits.chars)
    return CodeFrame(words, place, lines, numbers, frame.line - found.first)


def _code(frame: Frame, lines: Sequence[str], limits: Limits) -> tuple[Line, ...]:
    """Return lines of code with colours. Blanks that all lines begin with are left out."""
    texts = [redact_message(line.expandtabs(4)) for line in lines]
    indent = min((len(text) - len(text.lstrip()) for text in texts if text.strip()), default=0)
    texts = [single_line(text[indent:], limits.chars) for text in texts]
    name = frame.parts[-1] if frame.parts else ""
    coloured = highlight("\n".join(texts), name, len(texts), limits.chars)
    return coloured if len(coloured) == len(texts) else tuple(map(plain_line, texts))


def _counted_frames(frames: Sequence[Frame]) -> str:
    """Return ``12 frames of metaflow and pandas``."""
    number = sum(1 + frame.repeated for frame in frames)
    packages = packages_of(frames)
    return f"{counted(number, 'frame')} of {packages}" if packages else counted(number, "frame")


def _lines(frames: Sequence[Frame], limits: Limits) -> tuple[Line, ...]:
    """Return a line for each frame, and one for its code."""
    lines: list[Line] = []
    for frame in frames[-_MAX_FOLDED:]:
        lines.append((Span(single_line(f"{frame.file}:{frame.line} in {frame.function}", 2 * limits.chars), ("dim",)),))
        if frame.code:
            lines.append(plain_line(f"    {single_line(redact_message(frame.code), limits.chars)}"))
    return tuple(lines)


def traceback_part(exception: RecordedException | None, limits: Limits) -> tuple[Preformatted, ...]:
    """Show the last lines of the whole traceback, folded."""
    if exception is None or not exception.traceback:
        return ()
    lines = redact_message(exception.traceback.rstrip()).splitlines()
    shown = lines[-3 * limits.rows :]
    note = f"last {len(shown):,} of {len(lines):,} lines" if len(shown) < len(lines) else counted(len(lines), "line")
    return (Preformatted("Whole traceback", parse_ansi(shown, 5 * limits.chars), note, folded=True),)
