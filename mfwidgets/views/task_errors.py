"""What went wrong in the tasks that are shown."""

from collections.abc import Iterable
from itertools import islice

from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.rows import TaskRow
from mfwidgets.queries.status.recorded_exceptions import exception_line

MAX_ERRORS_READ = 5
"""The exceptions of so many failed tasks are read: the same one as a rule, in a foreach."""


def task_errors(context: ClientContext, rows: Iterable[TaskRow]) -> dict[str, str]:
    """Return what the first tasks that failed recorded, by pathspec; two small reads each."""
    failed = (row for row in rows if row.status in ("failed", "caught"))
    lines = ((row.pathspec, exception_line(context, row.record)) for row in islice(failed, MAX_ERRORS_READ))
    return {pathspec: line for pathspec, line in lines if line}
