"""What became of runs, in bulk: of local runs from their files, of a metadata service with as few requests as will do.

The service derives a status of its own from the step named ``end`` and from heartbeats. That a run completed is certain
enough for a table; what it calls running or failed may have a last step of another name, and is proved.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mfwidgets.client.attempts import RESULTS, STATUS_FIELDS, TaskKey, newest_task, states_from
from mfwidgets.client.graph import PARAMETERS, end_step, retries_of, steps_of
from mfwidgets.client.scope import Scope
from mfwidgets.client.status import (
    LOST_AFTER,
    Attempt,
    Status,
    TaskState,
    ended_run_status,
    open_run_status,
    task_status,
)
from mfwidgets.datastore.truths import is_none, truth
from mfwidgets.fan_out import each
from mfwidgets.metadata_provider.records import ArtifactRecord, MetadataRecord, RunRecord, TaskRecord
from mfwidgets.times import DAY, now_ms

_OF_THE_LAST = RESULTS | {"_transition"}


@dataclass(frozen=True, slots=True)
class RunState:
    """A run's status, when its end task finished, which run it resumed, and when one that failed or was lost last worked."""

    status: Status
    finished_ms: int | None
    origin_run_id: str | None
    stopped_ms: int | None = None


def run_states(scope: Scope, runs: Sequence[RunRecord], *, exact_times: bool = True) -> list[RunState]:
    """Return what became of runs, in this order.

    Parameters
    ----------
    scope, runs
        Where to read, and whose states.
    exact_times
        Of a metadata service: ask for the end time of each run that completed, a request each; else the run's last
        heartbeat stands for it.
    """
    if not scope.provider.remote:
        return [_local_state(scope, run) for run in runs]
    return each(lambda run: _service_state(scope, run, exact_times=exact_times), runs, title="runs")


def _local_state(scope: Scope, run: RunRecord) -> RunState:
    if run.problem:
        return RunState(Status("unknown", run.problem), None, None)
    quick = quick_success(scope, run)
    if quick:
        return quick
    tasks = scope.provider.tasks(run)
    events, results = scope.provider.facts(run.path, STATUS_FIELDS, RESULTS)
    return _state_of(scope, run, tasks, events, results, end_step(scope, run))


def _state_of(
    scope: Scope,
    run: RunRecord,
    tasks: Sequence[TaskRecord],
    events: Sequence[MetadataRecord],
    results: Sequence[ArtifactRecord],
    last: str,
) -> RunState:
    """Return what became of a run, from the facts about its tasks and the name of its last step."""
    states = dict(zip(tasks, states_from(scope, tasks, events, results), strict=True))
    end = newest_task([task for task in tasks if task.step == last])
    status = ended_run_status(states[end]) if end else None
    if status is None:
        now = now_ms()
        due = _retries_due(scope, run, states, now)
        status = open_run_status(list(states.values()), run.created_ms, now, due, run.heartbeat_ms)
    stopped = status in ("failed", "unknown") and max((one.last_sign_ms for one in states.values()), default=None)
    return RunState(status, states[end].finished_ms if end else None, origin_run_id(events), stopped or None)


def _service_state(scope: Scope, run: RunRecord, *, exact_times: bool) -> RunState:
    if run.service_status == "completed" and not exact_times:
        return RunState(Status("completed", "its end task succeeded, says the service"), run.heartbeat_ms, None)
    if run.service_status in ("", "completed"):
        quick = quick_success(scope, run)
        if quick:
            return quick
    return _proved(scope, run)


def _proved(scope: Scope, run: RunRecord) -> RunState:
    """Tell from the metadata of a run (one request), and from the results of its last step where it got there (one)."""
    events = scope.provider.outcome(run)
    tasks = tasks_told_of(run, events)
    recorded = [str(event.value) for event in events if event.field == "end_step" and event.step == PARAMETERS]
    if not recorded and not any(task.step == "end" for task in tasks):
        recorded = [end_step(scope, run)]
    last = recorded[0] if recorded else "end"
    # Only of a task that ended as it should, the results tell whether it succeeded or was caught, and when.
    ended = any(event.step == last and event.field == "attempt_ok" and event.value == "True" for event in events)
    results = scope.provider.artifacts((*run.path, last), RESULTS) if ended else []
    return _state_of(scope, run, tasks, events, results, last)


def tasks_told_of(run: RunRecord, events: Iterable[MetadataRecord]) -> list[TaskRecord]:
    """Return the tasks that metadata tell of; for their sign of life stands the run's."""
    created: dict[TaskKey, int] = {}
    for event in events:
        key = (event.step, event.task_id)
        created[key] = min(created.get(key, event.created_ms), event.created_ms)
    return [
        TaskRecord(run, step, task_id, created_ms, run.heartbeat_ms)
        for (step, task_id), created_ms in created.items()
        if not step.startswith("_")
    ]


def _retries_due(scope: Scope, run: RunRecord, states: Mapping[TaskRecord, TaskState], now: int) -> dict[str, int]:
    """Return when failed tasks are to be tried again; the graph is read for tasks that failed lately only."""
    if run.heartbeat_ms is not None and now - run.heartbeat_ms > LOST_AFTER:
        return {}  # nobody is left to try
    failed = {
        task: state
        for task, state in states.items()
        if state.status in ("failed", "killed") and not state.was_stopped and now - state.last_sign_ms < DAY
    }
    nodes = steps_of(scope, run) if failed else {}
    due = {}
    for task, state in failed.items():
        times, wait_ms = retries_of(nodes.get(task.step, {}))
        # A process that ended with 0, as after sys.exit(), its scheduler takes for a success.
        if state.attempts and state.attempts[-1].number < times and not state.ended_with_0:
            due[state.pathspec] = (state.finished_ms or state.last_sign_ms) + wait_ms
    return due


def quick_success(scope: Scope, run: RunRecord) -> RunState | None:
    """Recognise the usual case, a run whose one task of the step ``end`` succeeded, from a few small records.

    A task that succeeded and has no transition to a next step is the end of its flow, so that nothing else needs to be
    read to know which step is the last.
    """
    # Of a service, metadata of a step are those of the whole run; only local files give both in one look.
    fields: set[str] = set() if scope.provider.remote else {"origin-run-id"}
    events, artifacts = scope.provider.facts((*run.path, "end"), fields, _OF_THE_LAST)
    finished = successful_end(artifacts)
    if finished is None:
        return None
    attempt = Attempt(finished.attempt, success=True, finished_ms=finished.created_ms, stored=True)
    pathspec = "/".join(finished.path[:-1])
    status = Status("completed", f"its end task {pathspec}: {task_status([attempt], 0, 0).reason}")
    return RunState(status, finished.created_ms, origin_run_id(events))


def successful_end(artifacts: Sequence[ArtifactRecord]) -> ArtifactRecord | None:
    """Return the result of the one task that these are of, if it succeeded and was the last of its run; else None."""
    results = {record.name: record for record in artifacts if record.name in _OF_THE_LAST}
    if len(results) != len(_OF_THE_LAST) or len({record.task_id for record in artifacts}) != 1:
        return None
    if not truth(results["_success"].sha) or not is_none(results["_transition"].sha):
        return None
    return results["_task_ok"]


def origin_run_id(events: Iterable[MetadataRecord]) -> str | None:
    """Return the run that tasks say theirs resumed; Metaflow writes the text "None" for a run that is no resume."""
    values = (str(event.value) for event in events if event.field == "origin-run-id")
    return next((value for value in values if value not in ("None", "")), None)
