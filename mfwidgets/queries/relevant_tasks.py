"""Which of several tasks is looked for when somebody asks for "the log": one that runs, else one that failed."""

from collections.abc import Sequence

from mfwidgets.queries.rows import TaskRow


def relevant_tasks(rows: Sequence[TaskRow]) -> Sequence[TaskRow]:
    """Return those that run; where none does those that failed; where none did all of them."""
    for statuses in (("running",), ("failed", "killed")):
        telling = [row for row in rows if row.status in statuses]
        if telling:
            return telling
    return rows
