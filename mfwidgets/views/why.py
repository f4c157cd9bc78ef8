"""The display of why a run failed."""

import math

from mfwidgets.client.answers.why import Why
from mfwidgets.concurrency import call_with_timeout
from mfwidgets.deadline import check_deadline, current_deadline
from mfwidgets.display_options import options
from mfwidgets.errors import DeadlineExceeded, MetaflowException
from mfwidgets.queries.status.recorded_exceptions import RecordedException
from mfwidgets.render.sanitize import parse_ansi
from mfwidgets.render.view import Cell, Preformatted, Table, View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits, counted, time, zoned
from mfwidgets.views.comparison import differences_table
from mfwidgets.views.log import log_block


@build_view.register
def build_why_view(why: Why, limits: Limits) -> View:
    """Show the exception, the attempts, the traceback, the log, and the differences from the last good run.

    What failed is shown in any case. The search for the last good run gets a part of the time.
    """
    problem = _compare(why)
    facts = exception_facts(why.exception, limits)
    if why.task:
        others = (
            f" and {why.other_failed_tasks:,} other{'' if why.other_failed_tasks == 1 else 's'}"
            if why.other_failed_tasks
            else ""
        )
        facts.append(("task", limits.code(f"{why.task.pathspec}{others}")))
    if why.item is not None:
        facts.append(("foreach item", limits.text(why.item)))
    facts += [] if problem else _last_good(why, limits)
    return View(
        kind="Why",
        name=limits.text(why.run.pathspec).text,
        status=limits.status(why.status),
        reason=limits.text(why.status.reason).text,
        facts=tuple(facts),
        notes=(*_caught(why), *((problem,) if problem else _notes(why))),
        parts=(
            *_attempts(why, limits),
            *failure_blocks(why, limits),
            *(() if problem else _causes(why, limits)),
        ),
    )


def _compare(why: Why) -> str:
    """Compare with the last good run, unless that takes more than half of the display's time. Return what prevented it."""
    if why._is_compared:
        return ""
    deadline = current_deadline()
    seconds = deadline.remaining_s() - options.display_timeout_s / 2 if deadline else math.inf
    try:
        if seconds == math.inf:
            why.differences  # noqa: B018 - it is read and kept
        else:
            call_with_timeout(max(seconds, 0), lambda: why.differences)
    except DeadlineExceeded:
        check_deadline()
        checked = f" {counted(why._search.checked, 'run')} before this one were checked." if why._search.checked else ""
        return (
            f"The comparison with the last good run is not finished.{checked} why.causes() or another look continues."
        )
    except MetaflowException as error:
        return f"The comparison with the last good run failed: {error}"
    return ""


def _last_good(why: Why, limits: Limits) -> list[tuple[str, Cell]]:
    """Show the last good run, and when it started."""
    if why.last_good:
        started = time(why.last_good._record.created_ms)
        return [("last good run", limits.code(why.last_good.pathspec)), (zoned("last good run started"), started)]
    limit = f" (the newest {why._search.checked} were checked)" if why._search.is_limited else ""
    return [("last good run", Cell(f"none before this run{limit}", "dim"))]


def exception_facts(exception: RecordedException | None, limits: Limits) -> list[tuple[str, Cell]]:
    """Show the exception, and the line of the user's code that raised it."""
    if exception is None:
        return []
    facts = [("exception", limits.text(str(exception)))]
    where = exception.where
    return [*facts, ("raised at", limits.code(str(where), where.file))] if where else facts


def failure_blocks(why: Why, limits: Limits) -> tuple[Preformatted, ...]:
    """Show the last lines of the traceback and of the log."""
    blocks = []
    if why.exception and why.exception.traceback:
        lines = why.exception.traceback.rstrip().splitlines()
        shown = lines[-2 * limits.rows :]
        note = f"last {len(shown):,} of {len(lines):,} lines" if len(shown) < len(lines) else ""
        blocks.append(Preformatted("Traceback", parse_ansi(shown, 5 * limits.chars), note))
    if why.log:
        blocks.append(log_block("End of the log", why.log[-limits.rows :], limits, folded=bool(blocks)))
    return tuple(blocks)


def _notes(why: Why) -> tuple[str, ...]:
    if why.task and why.last_good and not why.causes():
        return ("Parameters, tags, versions, code and metadata are the same as in the last good run.",)
    return () if why.task else ("The run completed." if why.status == "completed" else "No task has failed.",)


def _caught(why: Why) -> tuple[str, ...]:
    """Say that ``@catch`` handled the failure of a task, so that nobody takes it for the end of the run."""
    if not why.caught_tasks:
        return ()
    return (f"@catch handled the failure of {counted(why.caught_tasks, 'task')}, and the run went on.",)


def _attempts(why: Why, limits: Limits) -> tuple[Table, ...]:
    if len(why.attempts) < 2:  # noqa: PLR2004 - the facts show the only one
        return ()
    rows = tuple(
        (
            Cell(str(attempt.number)),
            limits.status(attempt.status),
            limits.text(str(attempt.exception) if attempt.exception else attempt.status.reason),
        )
        for attempt in why.attempts
    )
    return (Table("Attempts", ("attempt", "status", "why"), rows),)


def _causes(why: Why, limits: Limits) -> tuple[Table, ...]:
    if why.differences is None:
        return ()
    names = why.differences.names()
    return tuple(
        differences_table(section, [cause for cause in why.causes() if cause.section == section], names, limits)
        for section in dict.fromkeys(cause.section for cause in why.causes())
    )
