"""The states of runs of a metadata service that need no proof.

The service calls a run completed if its task of the step named ``end`` succeeded, and failed if that did not happen and the
heartbeat of the run has stopped. Both are right if the last step of the flow has this name. So the name is read once, from
the newest run, and the listing of runs is enough.
"""

from collections.abc import Sequence
from threading import Lock

from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import end_step

_FEW = 3
"""So many failed runs are proved at once in about the time that it takes to read the name of the last step."""

_lock = Lock()
_last_steps: dict[tuple[str, str], tuple[int, str]] = {}
"""When the newest known run of a flow started, and the name of its last step, by address and flow."""

_FACT = "last step"


def trusted_runs(context: ClientContext, runs: Sequence[RunRecord]) -> set[RunRecord]:
    """Return the runs whose status in the listing of a service is right. Costs two requests per flow, if any.

    Parameters
    ----------
    context
        A context with a metadata service.
    runs
        Runs of one flow, with the status of the service.
    """
    trusted = {run for run in runs if run.service_status == "completed"}
    failed = [run for run in runs if run.service_status == "failed" and run.heartbeat_ms is not None]
    if len(failed) > _FEW and ends_with_end(context, max(runs, key=lambda run: run.created_ms)):
        trusted.update(failed)
    return trusted


def ends_with_end(context: ClientContext, run: RunRecord) -> bool:
    """Return whether the last step of a flow is named ``end``. Costs two requests, once for a flow and its newest run."""
    key = (context.provider.address, run.flow)
    with _lock:
        known = _last_steps.get(key)
    known = known or _remembered(context, run.flow)
    if known is None or known[0] < run.created_ms:
        known = (run.created_ms, end_step(context, run))
        index = context.index
        if index is not None:
            index.keep_flow_fact(run.flow, _FACT, list(known))
    with _lock:
        _last_steps[key] = known
    return known[1] == "end"


def _remembered(context: ClientContext, flow: str) -> tuple[int, str] | None:
    index = context.index
    match index.flow_fact(flow, _FACT) if index is not None else None:
        case [int(created_ms), str(step)]:
            return created_ms, step
    return None
