"""Columns of runs by the names that people type: facts of the schema, parameters, results and other artifacts."""

from collections.abc import Sequence
from typing import Any

from mfwidgets.column_names import find_column
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.rows import RunRow, run_rows
from mfwidgets.queries.run_memory import listing_once
from mfwidgets.queries.values.results import result_columns, result_records
from mfwidgets.queries.values.value_columns import (
    ARTIFACT_PREFIX,
    PARAMETER_PREFIX,
    Columns,
    artifact_columns,
    is_absent,
    parameter_columns,
)
from mfwidgets.schema import RUNS


def named_columns(
    context: ClientContext,
    runs: Sequence[RunRecord],
    names: Sequence[str],
    owner: str,
    rows: Sequence[RunRow] | None = None,
    *,
    skip_unknown: bool = False,
) -> list[tuple[str, Sequence[Any]]]:
    """Return the full name and the values of each column that a user names, in the same order.

    Costs nothing for facts of the schema if ``rows`` are given, else what their statuses cost. For other names, costs
    what :func:`parameter_columns` and :func:`result_columns` cost, once for all names.

    Parameters
    ----------
    context, runs
        The runs, and where they are read from.
    names
        Names of facts (``duration``), short names (``rmse``) or full names (``param.alpha``). ``artifact.<name>`` can be
        any artifact of the end task.
    owner
        Whose columns they are, for messages.
    rows
        The rows of these runs, if they are known.
    skip_unknown
        Whether names that are not a column are left out. A filter can name what is not one, such as a list in a dict.

    Raises
    ------
    MetaflowInvalidArgument
        A name is unknown, or means several columns, and unknown names are not left out.
    """
    context, values = listing_once(context), Columns()
    others = [name for name in names if isinstance(name, str) and name not in RUNS.names]
    if any(not name.startswith(ARTIFACT_PREFIX) for name in others):
        values |= parameter_columns(context, runs)
    if any(not name.startswith(PARAMETER_PREFIX) for name in others):
        values |= result_columns(context, runs)
    columns: list[tuple[str, Sequence[Any]]] = []
    for name in names:
        if isinstance(name, str) and name.startswith(ARTIFACT_PREFIX) and name not in values:
            values |= _other_artifact(context, runs, name)
        try:
            full = find_column(name, values, owner)
        except MetaflowInvalidArgument:
            if skip_unknown:
                continue
            _explain_other_artifact(context, runs, name)
            raise
        if full not in values:
            rows = run_rows(context, runs) if rows is None else rows
            column = next(column for column in RUNS.columns if column.name == full)
            values[full] = [column.value(row) for row in rows]
        columns.append((full, values[full]))
    return columns


def _explain_other_artifact(context: ClientContext, runs: Sequence[RunRecord], name: object) -> None:
    """Raise an error that says what an artifact is, if there is one with this name that is not a result."""
    if any(record.name == name for row in result_records(context, runs) for record in row):
        raise MetaflowInvalidArgument(
            f"Expected a number, a bool or a short text, but the artifact {name!r:.80} is something else, or its name is that of "
            f"a secret. Try plot.curves() for a list of numbers, or the full name {ARTIFACT_PREFIX}{name:.80}."
        )


def _other_artifact(context: ClientContext, runs: Sequence[RunRecord], name: str) -> Columns:
    """Return the column of an artifact that is not a result, such as a list. Empty if no run has the artifact."""
    columns = artifact_columns(context, runs, [name.removeprefix(ARTIFACT_PREFIX)], None)
    return {} if all(is_absent(value) for column in columns.values() for value in column) else columns
