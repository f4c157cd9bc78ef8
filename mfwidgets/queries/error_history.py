"""Whether earlier runs failed with the same error: signatures of errors, remembered by run.

A signature has only hashes of texts. So nothing that a run logged or raised is written to the index.
"""

from collections.abc import Sequence
from typing import Any

from mfwidgets.errors import DataException
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.pickles.safe_loads import known_bool
from mfwidgets.providers.records import ArtifactRecord, RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.error_groups import ErrorSignature, signature_of
from mfwidgets.queries.failures import first_failed
from mfwidgets.queries.rows import run_row, task_rows
from mfwidgets.queries.run_memory import Question, ask, recalled
from mfwidgets.queries.run_snapshot import load_run_snapshot
from mfwidgets.queries.status.recorded_exceptions import exception_of, recorded_exception
from mfwidgets.queries.status.run_end import quick_success

RUNS_COMPARED = 10
"""The runs that are compared, the explained one included."""

MAX_READ_ON_SERVICE = 3
"""The failed runs of a service whose errors one look reads. Each costs the artifacts of a run and a small read."""

_FAILED, _COMPLETED = "failed", "completed"


@fast_dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    Attributes
    ----------
    status
        The status of the run.
    signature
        The signature of its first error. None if it has none, or it cannot be read.
    """

    status: str
    signature: ErrorSignature | None


@fast_dataclass(frozen=True, slots=True)
class ErrorHistory:
    """The runs among the last ones that failed with the same error.

    Attributes
    ----------
    same
        The earlier runs with the same error, newest first.
    runs
        The number of runs that were looked at, the explained run included.
    failed
        How many of them failed, the explained run included.
    not_compared
        How many of the failed ones were not compared, because their errors were not read.
    """

    same: tuple[RunRecord, ...]
    runs: int
    failed: int
    not_compared: int


def error_history(context: ClientContext, signature: ErrorSignature, earlier: Sequence[RunRecord]) -> ErrorHistory:
    """Return which of these earlier runs failed with the same error.

    Locally, costs the records of the runs that are not remembered. With a service, two requests for each of at most three
    failed runs that are not remembered.
    """
    outcomes: list[Outcome | None] = recalled(context, earlier, _OUTCOME)
    if context.provider.remote:
        unread = [
            run
            for run, outcome in zip(earlier, outcomes, strict=True)
            if outcome is None and run.service_status == _FAILED
        ]
        read = dict(zip(unread, ask(context, unread[:MAX_READ_ON_SERVICE], _OUTCOME), strict=False))
        outcomes = [
            outcome or read.get(run) or Outcome(run.service_status, None)
            for run, outcome in zip(earlier, outcomes, strict=True)
        ]
    else:
        outcomes = [*ask(context, earlier, _OUTCOME)]
    failed = [(run, outcome) for run, outcome in zip(earlier, outcomes, strict=True) if _is_failure(outcome)]
    same = [run for run, outcome in failed if outcome and outcome.signature and outcome.signature.is_same(signature)]
    unknown = sum(1 for _, outcome in failed if not outcome or outcome.signature is None)
    return ErrorHistory(tuple(same), len(earlier) + 1, len(failed) + 1, unknown)


def _is_failure(outcome: Outcome | None) -> bool:
    return outcome is not None and outcome.status == _FAILED


def _read(context: ClientContext, run: RunRecord) -> Outcome:
    if context.provider.remote:
        return _read_on_service(context, run)
    if quick_success(context, run):
        return Outcome(_COMPLETED, None)
    snapshot = load_run_snapshot(context, run)
    status, task = str(run_row(snapshot).status), first_failed(task_rows(snapshot))
    if task is None or status != _FAILED:
        return Outcome(status, None)
    exception = recorded_exception(snapshot.context, task.record)
    signature = signature_of(exception, task.status.reason)
    return Outcome(status, signature if signature.type else None)


def _read_on_service(context: ClientContext, run: RunRecord) -> Outcome:
    """Read the exception of the task that failed first, from the artifacts of the run."""
    try:
        records = context.provider.artifacts(run.path)
        results = [record for record in records if record.name == "_task_ok" and known_bool(record.sha) is False]
        first = min(results, key=_created_ms, default=None)
        found = [record for record in records if first and record.key == first.key]
        exception = exception_of(context, found)
    except DataException:  # the datastore is out of reach
        exception = None
    return Outcome(_FAILED, signature_of(exception) if exception else None)


def _created_ms(record: ArtifactRecord) -> int:
    return record.created_ms


def _to_json(outcome: Outcome) -> list[Any] | None:
    """Return an outcome as JSON. None if it can change."""
    if outcome.status not in (_FAILED, _COMPLETED, "caught"):
        return None
    signature = outcome.signature
    return [outcome.status, [signature.type, signature.place, signature.message] if signature else None]


def _from_json(_: RunRecord, content: list[Any]) -> Outcome:
    status, signature = content
    return Outcome(str(status), ErrorSignature(*map(str, signature)) if signature else None)


_OUTCOME = Question("error", _read, _to_json, _from_json)
