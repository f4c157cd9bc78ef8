"""The state of a run as the task of its step ``end`` shows it, which takes a few small reads."""

from collections.abc import Iterable, Sequence

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.pickles.safe_loads import is_none, known_bool
from mfwidgets.providers.records import ArtifactRecord, MetadataRecord, RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.run_snapshot import STATUS_ARTIFACTS
from mfwidgets.queries.status.rules import Attempt, Status, task_status

_END_ARTIFACTS = STATUS_ARTIFACTS | {"_transition"}
"""The artifacts that say whether a task succeeded and was the last of its run."""


@fast_dataclass(frozen=True, slots=True)
class RunState:
    """The status and times of a run.

    Attributes
    ----------
    finished_ms
        When its end task finished. None if it did not.
    origin_run_id
        The id of the run that it resumed.
    last_activity_ms
        The last activity of a run that is failed or unknown. None for any other.
    """

    status: Status
    finished_ms: int | None
    origin_run_id: str | None
    last_activity_ms: int | None = None


def quick_success(context: ClientContext, run: RunRecord) -> RunState | None:
    """Return the state of a run whose only task of the step ``end`` succeeded, the usual case. Else None.

    A task that succeeded without a transition to a next step is the end of its flow. So a few small records are enough.
    """
    # A service would return the metadata of the whole run. Local files have the metadata of the step.
    fields: set[str] = set() if context.provider.remote else {"origin-run-id"}
    events, artifacts = context.provider.metadata_and_artifacts((*run.path, "end"), fields, _END_ARTIFACTS)
    finished = successful_end(artifacts)
    if finished is None:
        return None
    attempt = Attempt(finished.attempt, success=True, finished_ms=finished.created_ms, stored=True)
    pathspec = "/".join(finished.path[:-1])
    status = Status("completed", f"end task {pathspec}: {task_status([attempt], 0, 0).reason}")
    return RunState(status, finished.created_ms, origin_run_id(events))


def successful_end(artifacts: Sequence[ArtifactRecord]) -> ArtifactRecord | None:
    """Return the ``_task_ok`` of a single task that succeeded as the last of its run. Else None."""
    results = {record.name: record for record in artifacts if record.name in _END_ARTIFACTS}
    if len(results) != len(_END_ARTIFACTS) or len({record.task_id for record in artifacts}) != 1:
        return None
    if not known_bool(results["_success"].sha) or not is_none(results["_transition"].sha):
        return None
    return results["_task_ok"]


def end_succeeded(context: ClientContext, run: RunRecord) -> bool | None:
    """Return whether the task of the step ``end`` shows that a run succeeded, or that it failed. None if it does not.

    A task whose failure no ``@catch`` handled is the last of its run, whatever the last step is named. Costs one request.
    """
    artifacts = context.provider.artifacts((*run.path, "end"), _END_ARTIFACTS)
    if successful_end(artifacts):
        return True
    results = [known_bool(record.sha) for record in artifacts if record.name in STATUS_ARTIFACTS]
    is_one_task = len({record.task_id for record in artifacts}) == 1  # of several, another may have succeeded
    return False if is_one_task and results == [False, False] else None


def origin_run_id(events: Iterable[MetadataRecord]) -> str | None:
    """Return the id of the run that was resumed. Metaflow writes the str "None" if there is none."""
    values = (str(event.value) for event in events if event.field == "origin-run-id")
    return next((value for value in values if value not in ("None", "")), None)
