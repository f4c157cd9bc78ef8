"""What went wrong in the tasks that are shown."""

from collections.abc import Iterable
from itertools import islice

from mfwidgets.client.failure import exception_line
from mfwidgets.client.rows import TaskRow
from mfwidgets.client.scope import Scope

LOOK_AT = 5
"""The exceptions of so many failed tasks are read: the same one as a rule, in a foreach."""


def errors_of(scope: Scope, rows: Iterable[TaskRow]) -> dict[str, str]:
    """Return what the first tasks that failed recorded, by pathspec; two small reads each."""
    failed = (row for row in rows if row.status in ("failed", "caught"))
    lines = ((row.pathspec, exception_line(scope, row.record)) for row in islice(failed, LOOK_AT))
    return {pathspec: line for pathspec, line in lines if line}
