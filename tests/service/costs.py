"""How long a real metadata service takes for a response.

Measured on the head of July 2026 over PostgreSQL 15 with 130,000 runs, without latency. The service is one process: while it
builds a long answer, it answers nobody else, and it builds an answer even if the client has hung up.
"""

from collections.abc import Sequence
from typing import Any

from service.store import Store

_REQUEST_S = 0.003
"""One run, one step, one task."""

_PER_BYTE_S = 1.0 / 10_800_000
"""All metadata of a run of 3,000 tasks: 1.0 s, 10.8 MB. All artifacts: 1.3 s, 14.2 MB."""

_PER_ROW_WITH_STATUS_S = 0.32 / 500
"""A page of 500 runs takes 0.02 s without the status, 0.32 s with it."""

_PER_ARTIFACT_OF_RUN_S = 0.15 / 30_000
"""Each page of artifacts costs a scan of the run: 0.12 to 0.17 s if it has 3,000 tasks, 0.49 s if it has 20,000."""

_PER_TASK_FILTERED_S = 0.12 / 20_000
"""The tasks of a step whose metadata matches."""


def seconds_for(store: Store, path: str, query: Sequence[tuple[str, str]], content: Any, size: int) -> float:
    """Return the seconds that a real service takes.

    Parameters
    ----------
    store
        The rows.
    path, query
        The request.
    content
        The response.
    size
        Its bytes.
    """
    parts, names = path.strip("/").split("/"), {name for name, _ in query}
    rows = len(content) if isinstance(content, list) else 1
    seconds = _REQUEST_S + size * _PER_BYTE_S
    if any(name.startswith("status") for name in names):
        seconds += rows * _PER_ROW_WITH_STATUS_S
    of_run = parts[1:4:2]
    if parts[-1] == "artifacts" and names & {"_limit", "_cursor"}:
        artifacts = store.artifacts.get((of_run[0], int(of_run[1])), {})
        seconds += sum(map(len, artifacts.values())) * _PER_ARTIFACT_OF_RUN_S
    if parts[-1] == "filtered_tasks":
        seconds += len(store.tasks.get((of_run[0], int(of_run[1]), parts[5]), {})) * _PER_TASK_FILTERED_S
    return seconds
