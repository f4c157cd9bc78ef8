"""An interrupt ends any bulk call at once, and everything stays usable."""

import concurrent.futures

import pytest
from waiting import PATIENCE_S, interrupt_when

from mfwidgets import Metaflow, compare
from mfwidgets.providers import service_http

pytestmark = pytest.mark.usefixtures("interruptible")

CALLS = {
    "a table with values": lambda flow, run: flow.runs().to_pandas(params=True, artifacts=["score"]),
    "tasks with values": lambda flow, run: run.tasks().to_pandas(artifacts=["loss"]),
    "where": lambda flow, run: list(flow.runs().where(rate=0.1)),
    "find_artifacts": lambda flow, run: list(flow.runs().find_artifacts("loss")),
    "timings": lambda flow, run: flow.runs().timings().to_pandas(),
    "compare": lambda flow, run: compare(run, flow.runs()[1]),
    "why": lambda flow, run: run.why(),
    "lineage": lambda flow, run: run["end"].task["seed"].lineage(),
    "ancestors": lambda flow, run: list(run["end"].task.ancestors()),
    "critical path": lambda flow, run: list(run.critical_path()),
}


def is_interrupted(ask, service):
    """Interrupt a call while requests hang. The interrupt reaches the caller at once."""
    service.reset()
    service.faults([{"match": "artifacts", "times": None, "kind": "hang"}])
    try:
        with interrupt_when(lambda: service.was_asked("artifacts")), pytest.raises(KeyboardInterrupt):
            ask()
    finally:
        service.faults([])


@pytest.mark.parametrize("name", CALLS)
def test_bulk_calls(name, on_service):
    _, service = on_service
    flow = Metaflow(metadata=service.url, namespace=None)["ValueFlow"]
    run = flow.latest_run
    is_interrupted(lambda: CALLS[name](flow, run), service)
    assert CALLS[name](flow, run) is not None


def test_an_executor_stays_usable(on_service, monkeypatch):
    monkeypatch.setattr(service_http, "_READ_TIMEOUT_S", 2.0)  # submitted work ends in the executor by itself
    _, service = on_service
    flow = Metaflow(metadata=service.url, namespace=None)["ValueFlow"]
    with concurrent.futures.ThreadPoolExecutor(2) as executor:
        is_interrupted(lambda: flow.runs().to_pandas(artifacts=["score"], executor=executor, times=False), service)
        assert executor.submit(int, "5").result(PATIENCE_S) == 5
        assert len(flow.runs().to_pandas(artifacts=["score"], executor=executor)) == 3
