"""The runs of a comparison: their rows, their failures and their results, in columns that all runs share."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.queries.failures import Failure, failures_of
from mfwidgets.queries.rows import RunRow, run_rows
from mfwidgets.queries.values.results import result_columns
from mfwidgets.queries.values.value_columns import ARTIFACT_PREFIX

if TYPE_CHECKING:
    from mfwidgets.client.run import Run


@fast_dataclass(frozen=True, slots=True)
class ComparedRuns:
    """Facts about compared runs, one of each for each run.

    Attributes
    ----------
    rows
        Their rows.
    failures
        Their failures. None for a run that did not fail.
    results
        Their results by name: ``rmse``, ``metrics.auc``. None for a run without the result.
    """

    rows: tuple[RunRow, ...]
    failures: tuple[Failure | None, ...]
    results: dict[str, tuple[Any, ...]]


def load_compared_runs(runs: Sequence["Run"]) -> ComparedRuns:
    """Load facts about runs, which can belong to different clients. The runs of one client are read at once.

    Costs for each run its status, and what :func:`result_columns` costs. Reads each distinct value of a client once.
    """
    by_client: dict[int, list[int]] = {}
    for place, run in enumerate(runs):
        by_client.setdefault(id(run._context), []).append(place)
    rows: dict[int, RunRow] = {}
    failures: dict[int, Failure | None] = {}
    results: dict[str, list[Any]] = {}
    for places in by_client.values():
        context, records = runs[places[0]]._context, [runs[place]._record for place in places]
        own_rows = run_rows(context, records)
        rows.update(zip(places, own_rows, strict=True))
        failures.update(zip(places, failures_of(context, own_rows), strict=True))
        for name, values in result_columns(context, records).items():
            shared = results.setdefault(name.removeprefix(ARTIFACT_PREFIX), [None] * len(runs))
            for place, value in zip(places, values, strict=True):
                shared[place] = value
    return ComparedRuns(
        tuple(rows[place] for place in range(len(runs))),
        tuple(failures[place] for place in range(len(runs))),
        {name: tuple(values) for name, values in sorted(results.items())},
    )
