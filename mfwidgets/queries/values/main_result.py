"""The main result of a flow: the one number by which people follow its runs."""

from collections.abc import Sequence

from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.values.column_choice import is_numeric
from mfwidgets.queries.values.goals import COSTS, goal_of, words_of
from mfwidgets.queries.values.results import columns_of_results, number_of, result_records
from mfwidgets.queries.values.value_columns import ARTIFACT_PREFIX, Columns


def main_result(columns: Columns) -> str:
    """Return the name of the column that says most about the runs: a metric. Empty if none is one.

    A metric of quality comes before a cost, such as seconds. Without a metric, the only number is the main result.

    Examples
    --------
    >>> from mfwidgets.queries.values.main_result import main_result
    >>> main_result({"artifact.rows": [3], "artifact.seconds": [1.5], "artifact.rmse": [0.2]})
    'artifact.rmse'
    >>> main_result({"artifact.rows": [3], "artifact.columns": [2]})
    ''
    """
    numeric = [name for name, values in columns.items() if is_numeric(values)]
    metrics = sorted(
        (name for name in numeric if goal_of(name)), key=lambda name: bool(COSTS.intersection(words_of(name)))
    )
    return metrics[0] if metrics else numeric[0] if len(numeric) == 1 else ""


def main_results(context: ClientContext, runs: Sequence[RunRecord]) -> tuple[str, list[float | None]]:
    """Return the name of the main result of a flow, and its value in each run. Empty and no values if there is none.

    Costs two bulk requests for each run and one small read for each distinct value. What was read is remembered. Only the
    newest run is searched for its main result. Of the others only this value is read.

    Parameters
    ----------
    context, runs
        Completed runs of one flow, newest first.
    """
    if not runs:
        return "", []
    newest = result_records(context, runs[:1])
    name = main_result(columns_of_results(context, newest))
    if not name:
        return "", []
    artifact = name.removeprefix(ARTIFACT_PREFIX).partition(".")[0]
    rows = [
        [record for record in row if record.name == artifact] for row in (*newest, *result_records(context, runs[1:]))
    ]
    values = columns_of_results(context, rows).get(name, [None] * len(runs))
    return name.removeprefix(ARTIFACT_PREFIX), [None if value is None else number_of(value) for value in values]
