"""The facts of runs, steps, tasks, artifacts and log lines as plain data: pure functions of their rows."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from mfwidgets.datastore.logs import LogLine
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.artifact_rows import ArtifactRow
from mfwidgets.queries.rows import RunRow, TaskRow
from mfwidgets.queries.status.recorded_exceptions import RecordedException
from mfwidgets.queries.status.rules import Status, attempt_statuses
from mfwidgets.queries.step_timings import StepTiming
from mfwidgets.times import iso_text

Facts = dict[str, Any]


def moment(ms: int | None) -> str | None:
    """Return a time as ISO 8601, UTC, with milliseconds; None for none."""
    return None if ms is None else iso_text(ms)


def seconds(ms: int | None) -> float | None:
    """Return a duration in seconds; None for none."""
    return None if ms is None else ms / 1000


def status_facts(status: Status | None) -> Facts:
    """Return a status and its reason."""
    return {"status": str(status) if status else None, "reason": status.reason if status else None}


def run_facts(row: RunRow) -> Facts:
    """Return what a listing tells of a run."""
    run = row.record
    return {
        "kind": "run",
        "pathspec": row.pathspec,
        "flow": run.flow,
        "run_id": run.run_id,
        **status_facts(row.status),
        "started_at": moment(row.started_ms),
        "finished_at": moment(row.finished_ms),
        "stopped_at": moment(row.last_activity_ms),
        "duration_seconds": seconds(row.elapsed_ms),
        "user": run.user,
        "tags": sorted(run.user_tags),
        "system_tags": sorted(run.system_tags),
        "resumed_from": f"{run.flow}/{row.origin_run_id}" if row.origin_run_id else None,
    }


def step_facts(run: RunRecord, timing: StepTiming, tasks: Iterable[TaskRow]) -> Facts:
    """Return what is known of a step: its tasks together."""
    return {
        "kind": "step",
        "pathspec": timing.pathspec,
        "flow": run.flow,
        "run_id": run.run_id,
        "step": timing.step,
        **status_facts(timing.status),
        "task_count": timing.tasks,
        "task_statuses": dict(Counter(str(task.status) for task in tasks)),
        "started_at": moment(timing.started_ms),
        "finished_at": moment(timing.finished_ms),
        "duration_seconds": seconds(timing.duration_ms),
    }


def task_facts(row: TaskRow, now_ms: int) -> Facts:
    """Return what a listing tells of a task, and of each of its attempts."""
    statuses = attempt_statuses(row.attempts, row.record.created_ms, now_ms)
    return {
        "kind": "task",
        "pathspec": row.pathspec,
        "flow": row.record.run.flow,
        "run_id": row.record.run.run_id,
        "step": row.record.step,
        "task_id": row.record.task_id,
        **status_facts(row.status),
        "created_at": moment(row.record.created_ms),
        "started_at": moment(row.started_ms),
        "finished_at": moment(row.finished_ms),
        "duration_seconds": seconds(row.duration_ms),
        "foreach_index": row.foreach_index,
        "foreach_value": row.foreach_value,
        "runtime": row.runtime,
        "attempts": [
            {
                "attempt": attempt.number,
                **status_facts(status),
                "started_at": moment(attempt.begun_ms),
                "finished_at": moment(attempt.ended_ms),
            }
            for attempt, status in zip(row.attempts, statuses, strict=True)
        ],
    }


def artifact_facts(row: ArtifactRow) -> Facts:
    """Return what is recorded of an artifact."""
    return {
        "kind": "artifact",
        "pathspec": row.pathspec,
        "name": row.name,
        "attempt": row.attempt,
        "type": row.type,
        "size_bytes": row.size,
        "sha": row.sha,
        "encoding": row.encoding,
    }


def exception_facts(exception: RecordedException | None) -> Facts | None:
    """Return what was raised, and where in the user's own code."""
    if exception is None:
        return None
    where = exception.where
    place = {"file": where.file, "line": where.line, "function": where.function, "code": where.code} if where else None
    return {
        "type": exception.type,
        "message": exception.message,
        "where": place,
        "traceback": exception.traceback,
    }


def line_facts(line: LogLine) -> Facts:
    """Return a line of a log; its time is None where it carries none."""
    try:
        time = datetime.fromisoformat(line.time).replace(tzinfo=UTC).isoformat() if line.time else None
    except ValueError:
        time = None
    return {"time": time, "stream": line.stream, "message": line.message}
