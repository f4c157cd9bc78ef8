"""The states of runs of a metadata service that need no proof.

The service calls a run completed if its task of the step named ``end`` succeeded, and failed if that did not happen and the
heartbeat of the run has stopped. Both are right if the last step of the flow has this name. So the name is read once, from
the newest run, and the listing of runs is enough.
"""

from collections.abc import Sequence
from threading import Lock

from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import PARAMETERS, end_step

_FEW = 3
"""Proving this many failed runs takes about as long as the request for the last step."""

_lock = Lock()
_last_steps: dict[tuple[str, str], tuple[int, str]] = {}
"""When the newest known run of a flow started, and the name of its last step, by address and flow."""

_FACT = "last step"


def trusted_runs(context: ClientContext, runs: Sequence[RunRecord], *, first_look: bool = False) -> set[RunRecord]:
    """Return the runs whose status in the listing of a service is right. Costs what :func:`ends_with_end` costs per flow.

    On a first look, runs that the service calls running are trusted, too. Some of them may have failed just now.

    Parameters
    ----------
    context
        A context with a metadata service.
    runs
        Runs with the status of the service.
    first_look
        Whether proofs follow.
    """
    trusted = {run for run in runs if run.service_status == "completed"}
    statuses = ("failed", "running") if first_look else ("failed",)
    others = [run for run in runs if run.service_status in statuses and run.heartbeat_ms is not None]
    for flow in dict.fromkeys(run.flow for run in others):
        of_flow = [run for run in others if run.flow == flow]
        newest = max((run for run in runs if run.flow == flow), key=lambda run: run.created_ms)
        if len(of_flow) > (0 if first_look else _FEW) and ends_with_end(context, newest):
            trusted.update(of_flow)
    return trusted


def ends_with_end(context: ClientContext, run: RunRecord) -> bool:
    """Return whether the last step of a flow is named ``end``, from its newest run.

    Costs one request if it is, otherwise three. Asked once for a flow and its newest run.
    """
    key = (context.provider.address, run.flow)
    with _lock:
        known = _last_steps.get(key)
    known = known or _remembered(context, run.flow)
    if known is None or known[0] < run.created_ms:
        known = (run.created_ms, _last_step(context, run))
        index = context.index
        if index is not None:
            index.keep_flow_fact(run.flow, _FACT, list(known))
    with _lock:
        _last_steps[key] = known
    return known[1] == "end"


def _last_step(context: ClientContext, run: RunRecord) -> str:
    """Return the name of the last step. The service filters by the usual one, which saves a request for the task's id."""
    usual = context.provider.tasks_with((*run.path, PARAMETERS), "end_step", "^end$")
    return "end" if usual else end_step(context, run)


def _remembered(context: ClientContext, flow: str) -> tuple[int, str] | None:
    index = context.index
    match index.flow_fact(flow, _FACT) if index is not None else None:
        case [int(created_ms), str(step)]:
            return created_ms, step
    return None
