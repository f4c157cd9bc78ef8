"""Makes rows of tasks with chosen times, for tests of maps and timelines without runs of Metaflow."""

from collections.abc import Iterable, Sequence

from mfwidgets.providers.records import RunRecord, TaskRecord
from mfwidgets.queries.lineage.foreach import Item
from mfwidgets.queries.rows import TaskRow
from mfwidgets.queries.status.rules import Attempt, Status, TaskState

START = 1_795_000_000_000
RUN = RunRecord("F", "1", START)


def task(
    key: str,
    queued: int,
    attempts: Sequence[tuple[int | None, int | None]] = (),
    status: str = "completed",
    item: str = "",
    planned: int | None = None,
    now: int = START + 10**6,
) -> TaskRow:
    """Return the row of a task ``step/id``. Times are milliseconds after the start of the run."""
    step, task_id = key.split("/")
    record = TaskRecord(RUN, step, task_id, START + queued)
    ends = [None if end is None else START + end for _, end in attempts]
    made = tuple(
        Attempt(
            number,
            None if begin is None else START + begin,
            done_ms=end,
            ok=None if end is None else number < len(attempts) - 1 or status in ("completed", "caught"),
            success=None if end is None else number == len(attempts) - 1 and status == "completed",
            finished_ms=end,
        )
        for number, ((begin, _), end) in enumerate(zip(attempts, ends, strict=True))
    )
    state = TaskState("/".join(record.path), Status(status, "as chosen"), made, record.created_ms)
    place = Item((f"{step}:{task_id}",), (item,)) if item else Item()
    return TaskRow(record, state, place, planned, asked_ms=now)


def line_of(names: Iterable[str], kind: str = "linear") -> dict[str, dict]:
    """Return the graph of steps that follow each other."""
    steps = list(names)
    return {
        name: {"name": name, "type": kind, "next": steps[number + 1 : number + 2]} for number, name in enumerate(steps)
    }
