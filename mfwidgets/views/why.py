"""The display of why a run failed: a sentence, the user's own code, what it logged, and what differs from a good run."""

import math
from collections.abc import Callable, Iterator, Sequence

from mfwidgets.client.answers.changed_files import ChangedFile
from mfwidgets.client.answers.comparison_facts import PACKAGE
from mfwidgets.client.answers.differences import Difference
from mfwidgets.client.answers.why import Why
from mfwidgets.concurrency import call_with_timeout
from mfwidgets.deadline import check_deadline, current_deadline
from mfwidgets.display_options import options
from mfwidgets.errors import DeadlineExceeded, MetaflowException
from mfwidgets.queries.error_groups import ErrorGroup, end_text
from mfwidgets.queries.lineage.foreach_items import whole_items
from mfwidgets.queries.rows import TaskRow
from mfwidgets.queries.values.value_memory import is_secret_name
from mfwidgets.redaction import redact_message
from mfwidgets.render.cell import EMPTY, Cell
from mfwidgets.render.numbers import counted
from mfwidgets.render.sanitize import single_line
from mfwidgets.render.view import Line, Part, Span, Table, View
from mfwidgets.times import age_text, now_ms, time_text
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits, age, duration, zoned
from mfwidgets.views.comparison import fact_cell, short_names
from mfwidgets.views.failure import failure_blocks, short_exception, traceback_part
from mfwidgets.views.item_labels import item_labels
from mfwidgets.views.tables import shown_of_total, without_empty_columns


@build_view.register
def build_why_view(why: Why, limits: Limits) -> View:
    """Show what happened in one sentence, the user's own code, the log, the differences, and what to try.

    What failed is shown in any case. The last good run and earlier errors are searched in a part of the time.
    """
    problems: list[str] = []
    parts: list[Part] = [*failure_blocks(why, limits)]
    groups = why.errors if _in_time(lambda: why.errors, 0.5, why, problems) else []
    compares = why.task is not None and why.status not in ("completed", "caught")
    has_differences = compares and _in_time(lambda: why.differences, 0.5, why, problems)
    files = why.changed_files if has_differences and _in_time(lambda: why.changed_files, 0.4, why, problems) else []
    has_history = _in_time(lambda: why.history, 0.25, why, problems)
    parts += _errors(why, groups, limits)
    parts += _differences(why, files, limits) if has_differences else ()
    parts += [*_try(why, limits), *_attempts(why, limits), *traceback_part(why.exception, limits)]
    return View(
        kind="Why",
        name=limits.text(why.run.pathspec).text,
        status=limits.status(why.status),
        reason="" if why.task else limits.text(why.status.reason).text,
        lead=_lead(why, groups, limits),
        facts=(
            *_facts(why, limits),
            *(_history(why, limits) if has_history else ()),
            *(_last_good(why, limits) if has_differences else ()),
        ),
        notes=(*why.meanings(), *_notes(why), *problems),
        parts=tuple(parts),
    )


def _in_time(read: Callable[[], object], rest: float, why: Why, problems: list[str]) -> bool:
    """Read something, unless less than this part of the display's time would be left. Return whether it was read."""
    deadline = current_deadline()
    seconds = deadline.remaining_s() - options.display_timeout_s * rest if deadline else math.inf
    try:
        if seconds == math.inf:
            read()
        else:
            call_with_timeout(max(seconds, 0), read)
    except DeadlineExceeded:
        check_deadline()
        checked = f" {counted(why._search.checked, 'run')} before this one were checked." if why._search.checked else ""
        problem = (
            f"The comparison with the last good run is not finished.{checked} why.causes() or another look continues."
        )
    except MetaflowException as error:
        problem = f"The comparison with the last good run failed: {single_line(redact_message(str(error)), 300)}"
    else:
        return True
    if not any(other.startswith("The comparison") for other in problems):
        problems.append(problem)
    return False


# -- what happened -----------------------------------------------------------------------------------------------------


def _lead(why: Why, groups: Sequence[ErrorGroup], limits: Limits) -> Line:
    """Say in one sentence what failed, and how."""
    if why.task is None:
        return ()
    step, name = why.task.path_components[2], "/".join(why.task.path_components[2:])
    item = "" if why.item is None else f" (item {single_line(why.item, min(limits.chars, 120))})"
    failed = sum(len(group.tasks) for group in groups if group.step == step)
    if failed < len(why._failed) and len(groups) == 1:
        failed = len(why._failed)
    planned = next((row.planned or 0 for row in why._failed if row.record.step == step), 0)
    total = max(why._task_counts.get(step, 0), planned, failed)
    error = _error(why, limits)
    caught = (Span(". @catch handled it, and the run went on."),) if why.status in ("completed", "caught") else ()
    if failed > 1 and why.status not in ("completed", "caught"):
        same = " with the same error" if len(groups) == 1 and failed == len(groups[0].tasks) else ""
        words = f"{failed:,} of {total:,} tasks of {single_line(step, 100)} failed{same}. First, {single_line(name, 200)}{item} "
        return (Span(words), *error)
    return (Span(f"{single_line(name, 200)}{item} "), *error, *caught)


def _error(why: Why, limits: Limits) -> Line:
    """Return the exception, or how the task ended without one, after the subject of a sentence."""
    if why.exception:
        return Span("raised "), Span(single_line(short_exception(why.exception), 3 * limits.chars), ("red", "bold"))
    if why.reported:
        return Span("failed: "), Span(single_line(redact_message(why.reported), 3 * limits.chars), ("red", "bold"))
    reason = (why.attempt or why).status.reason
    end = single_line(end_text(reason), limits.chars)
    if end == "failed":
        return Span("failed"), Span(" without a recorded exception")
    was = "was " if end.startswith("killed") else "" if end.startswith(("failed", "exited")) else "has ended: "
    return Span(was), Span(end, ("red", "bold"))


def _facts(why: Why, limits: Limits) -> Iterator[tuple[str, Cell]]:
    if why.task is None:
        return
    row = why._failed[0] if why._failed else None
    yield "task", limits.object(why.task.pathspec, why.task.pathspec)
    if row and row.finished_ms:
        yield zoned("failed"), age(row.finished_ms, row.asked_ms)
    if row and row.duration_ms is not None:
        yield "duration", duration(row.duration_ms)
    if len(why.attempts) > 1:
        yield "attempts", Cell(f"{len(why.attempts)}, the last one is shown")
    stopped = why.other_failed_tasks + 1 - len(why._failed)
    if stopped > 0 and row:
        yield "stopped afterwards", Cell(counted(stopped, "task"))
    if row:
        yield "user", limits.text(row.record.run.user)


def _last_good(why: Why, limits: Limits) -> Iterator[tuple[str, Cell]]:
    """Name the last run that completed. If something differs from it, the heading of the table names it."""
    if why.last_good is None:
        limit = f" (the newest {why._search.checked} were checked)" if why._search.is_limited else ""
        yield "last completed run", Cell(f"none before this run{limit}", "dim")
    elif not why.causes():
        has_code = why._sources.code is not None
        yield "last completed run", limits.object(why.last_good.pathspec, why.last_good.pathspec)
        yield zoned("which started"), age(why.last_good._record.created_ms, now_ms())
        yield (
            "differences",
            limits.text(
                f"none in parameters, tags, versions{', code' if has_code else ''} and metadata"
                + ("" if has_code else "; no code is stored")
            ),
        )


def _notes(why: Why) -> Iterator[str]:
    """Say what is not shown, and why."""
    if why.caught_tasks > 1:
        yield f"@catch handled the failure of {counted(why.caught_tasks, 'task')}."
    if why.task is None:
        yield _no_failure(why)
    elif why.status == "running":
        yield "The run is still running."


def _no_failure(why: Why) -> str:
    if why.status == "completed":
        return "The run completed. It did not fail."
    if why.status == "running":
        return "The run is running. No task has failed."
    return "No task has failed."


def _when(why: Why) -> str:
    """Return when the last good run started. Text displays have no tooltips, so both the age and the time."""
    assert why.last_good is not None
    started = why.last_good._record.created_ms
    return f"{age_text(now_ms() - started)} ({time_text(started)})"


def _history(why: Why, limits: Limits) -> Iterator[tuple[str, Cell]]:
    """Say how often the same error ended the last runs, and since when."""
    history = why.history
    if history is None or history.runs == 1:
        return
    count = len(history.same) + 1
    if history.failed == 1:
        words = f"the only failure in the last {counted(history.runs, 'run')}"
    elif count == 1:
        others = "other failed run" if history.failed == 2 else f"{history.failed - 1} other failed runs"  # noqa: PLR2004
        words = f"new: not in the {others} of the last {history.runs}"
    else:
        first = history.same[-1]
        words = (
            f"the same error in {count} of the last {counted(history.runs, 'run')}, since {first.flow}/{first.run_id} "
            f"{age_text(now_ms() - first.created_ms)}"
        )
    if history.not_compared:
        words += f" ({counted(history.not_compared, 'failed run')} not compared)"
    yield "earlier runs", limits.text(words)


# -- parts -------------------------------------------------------------------------------------------------------------


def _errors(why: Why, groups: Sequence[ErrorGroup], limits: Limits) -> tuple[Table, ...]:
    """Show the failed tasks, those with the same error in one row. The sentence names a single task, so this does not."""
    if len(why._failed) < 2:  # noqa: PLR2004 - the sentence shows the only one
        return ()
    labels = _item_labels(why, [row for group in groups for row in group.tasks])
    rows = tuple(
        (
            Cell(str(len(group.tasks)), "number"),
            limits.text(short_exception(group.exception) if group.exception else group.error),
            limits.object(f"{group.step}/{group.tasks[0].record.task_id}", group.tasks[0].pathspec),
            limits.text(_listed([labels[row.pathspec] for row in group.tasks if labels.get(row.pathspec)], limits)),
        )
        for group in groups[: limits.rows]
    )
    read = sum(len(group.tasks) for group in groups)
    note = f"the first {read:,} of {len(why._failed):,} tasks" if read < len(why._failed) else ""
    caught = why.status in ("completed", "caught")
    heading = "Tasks whose failure @catch handled, by error" if caught else "Failed tasks by error"
    table = Table(
        heading,
        ("tasks", "error of the first", "first", "items"),
        rows,
        note,
        left_out=bool(note) or len(groups) > len(rows),
    )
    return (without_empty_columns(table, keep=3),) if rows else ()


def _item_labels(why: Why, rows: Sequence[TaskRow]) -> dict[str, str]:
    """Return short words for the items of tasks, by pathspec."""
    in_foreach = [row for row in rows if row.foreach_index is not None]
    try:
        labels = item_labels(whole_items(why._context, in_foreach)) if in_foreach else []
    except MetaflowException:
        check_deadline()
        return {row.pathspec: " / ".join(row.item.values) for row in in_foreach}
    return {row.pathspec: label for row, label in zip(in_foreach, labels, strict=True)}


def _listed(texts: Sequence[str], limits: Limits) -> str:
    shown = [single_line(text, 40) for text in texts[: limits.tags]]
    return "; ".join(shown) + (f" and {len(texts) - len(shown):,} more" if len(texts) > len(shown) else "")


def _differences(why: Why, files: Sequence[ChangedFile], limits: Limits) -> tuple[Table, ...]:
    """Show what differs from the last completed run, in one table with a heading that names the run."""
    causes = why.causes()
    if why.differences is None or why.last_good is None or not causes:
        return ()
    sections = list(dict.fromkeys(cause.section for cause in causes))
    rows: list[tuple[Cell, ...]] = []
    left_out = 0
    for section in sections:
        members = [cause for cause in causes if cause.section == section]
        if len(sections) > 1:
            rows.append((Cell(section.capitalize(), "group"), EMPTY, EMPTY, EMPTY))
        rows += [
            row
            for cause in members[: limits.rows]
            for row in (_files(why, files, limits) if files and _is_package(cause) else [_difference(cause, limits)])
        ]
        left_out += max(len(members) - limits.rows, 0)
    good, bad = short_names(why.differences.names())
    table = Table(
        f"Differs from the last completed run {limits.text(why.last_good.pathspec).text}, {_when(why)}",
        ("" if len(sections) > 1 else sections[0], f"{good} completed", f"{bad} {why.status}", "note"),
        tuple(rows),
        shown_of_total(len(causes) - left_out, len(causes)),
        pathspecs=("", why.last_good.pathspec, why.run.pathspec, ""),
        left_out=left_out > 0,
    )
    return (without_empty_columns(table, keep=3),)


def _is_package(cause: Difference) -> bool:
    return (cause.section, cause.name) == ("code", PACKAGE)


def _files(why: Why, files: Sequence[ChangedFile], limits: Limits) -> list[tuple[Cell, ...]]:
    """Show the files that changed, the one with the failing line first."""
    failing = why.source.file if why.source else ""
    ordered = sorted(files, key=lambda file: (file.name != failing, file.name))
    rows: list[tuple[Cell, ...]] = [
        (
            limits.code(file.name),
            EMPTY,
            Cell(str(file)),
            Cell("has the failing line", "dim") if file.name == failing else EMPTY,
        )
        for file in ordered[: limits.rows // 2]
    ]
    left_out = len(ordered) - len(rows)
    note = f"{left_out:,} more files; " if left_out else ""
    rows.append((EMPTY, EMPTY, EMPTY, Cell(f"{note}why.differences.code() shows the lines", "dim")))
    return rows


def _difference(cause: Difference, limits: Limits) -> tuple[Cell, ...]:
    values = [fact_cell(cause, place, limits) for place in range(2)]
    if is_secret_name(cause.name):
        values = [Cell("not shown", "dim")] * 2
    note = cause.note.replace("; code() shows the files", "; why.differences.code() shows the files")
    return limits.code(cause.name), *values, Cell(limits.text(note).text, "dim") if note else EMPTY


def _try(why: Why, limits: Limits) -> tuple[Table, ...]:
    """Show lines that people can run."""
    rows = tuple(
        (Cell(single_line(advice.line, 5 * limits.chars), "code"), Cell(advice.meaning, "dim"))
        for advice in why.what_to_try()
    )
    return (Table("What to try", ("line", "what it does"), rows, commands=True),) if rows else ()


def _attempts(why: Why, limits: Limits) -> tuple[Table, ...]:
    if len(why.attempts) < 2:  # noqa: PLR2004 - the facts show the only one
        return ()
    rows = tuple(
        (
            Cell(str(attempt.number)),
            limits.status(attempt.status),
            limits.text(short_exception(attempt.exception) if attempt.exception else end_text(attempt.status.reason)),
        )
        for attempt in why.attempts
    )
    same = len({row[2].text for row in rows}) == 1
    note = f"all {len(rows)} alike" if same else ""
    return (Table("Attempts", ("attempt", "status", "why"), rows, note, folded=same),)
