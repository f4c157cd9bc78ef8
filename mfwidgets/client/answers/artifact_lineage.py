"""Where the bytes of an artifact come from, and where they went."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from mfwidgets.concurrency import parallel_map
from mfwidgets.display import Displayable
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.providers.base import RunQuery
from mfwidgets.providers.records import ArtifactRecord, RunRecord, TaskKey, TaskRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import PARAMETERS
from mfwidgets.queries.lineage.task_graph import TaskGraph, load_task_graph
from mfwidgets.queries.snapshot_provider import remembering_context, snapshot_context

if TYPE_CHECKING:
    from mfwidgets.client.artifact import DataArtifact
    from mfwidgets.client.run import Run
    from mfwidgets.client.task import Task

EARLIER_RUNS = 20
"""So many earlier runs are looked through unasked."""


@dataclass(eq=False, repr=False)
class Lineage(Displayable):
    """Which tasks of its run hold an artifact with the same name and the same bytes, and which earlier runs do.

    What is compared are stored bytes: a task that computed the very same value anew is not told from one that it was
    passed on to.

    Attributes
    ----------
    artifact
        Whose lineage.
    producer
        The first task on the ways to it that has these bytes; of a parameter the task of ``_parameters``.
    holders
        All other tasks of the run that have them, oldest first.
    earlier_runs
        Those among the newest earlier runs in the namespace that have them, newest first.
    runs_searched
        How many earlier runs were looked through.
    origin
        The artifact of the run that was resumed, where its task was taken over; else None.
    """

    artifact: "DataArtifact"
    producer: "Task"
    holders: "list[Task]"
    earlier_runs: "list[Run]"
    runs_searched: int
    origin: str | None

    def __repr__(self) -> str:
        return f"<lineage of {self.artifact.pathspec}>"


def trace_lineage(artifact: "DataArtifact", runs: int = EARLIER_RUNS) -> Lineage:
    """Read where the bytes of an artifact come from, and which of this many earlier runs have them.

    Raises
    ------
    MetaflowInvalidArgument
        ``runs`` is not a number, or is negative.
    """
    if not isinstance(runs, int) or isinstance(runs, bool) or runs < 0:
        raise MetaflowInvalidArgument(f"runs= is a number of earlier runs, 0 or more; not {runs!r:.40}.")
    from mfwidgets.client.run import Run
    from mfwidgets.client.task import Task

    context, record = artifact._context, artifact._record
    reading = type(artifact)._of(remembering_context(context), record, artifact._attempt)
    task_record = reading.parent._record
    run = task_record.run
    snapshot = snapshot_context(reading._context, run)
    same = [one for one in snapshot.provider.artifacts(run.path, {record.name}) if one.sha == record.sha]
    graph = load_task_graph(snapshot, run)
    keys = {one.key for one in same}
    producer = Task._of(context, _producer(snapshot, run, _maker(graph, keys, record.key), same) or task_record)
    holders = [
        Task._of(context, one) for key, one in graph.tasks.items() if key in keys and key != producer._record.key
    ]
    earlier = list(islice(_earlier(snapshot, run), runs))
    same_bytes = [Run._of(context, one) for one in _with_same_bytes(snapshot, earlier, record)]
    return Lineage(artifact, producer, holders, same_bytes, len(earlier), reading.origin_pathspec)


def _with_same_bytes(context: ClientContext, runs: list[RunRecord], record: ArtifactRecord) -> list[RunRecord]:
    """Return those runs that have an artifact of the same name and the same bytes."""
    found = parallel_map(
        lambda run: context.provider.artifacts(run.path, {record.name}),
        runs,
        title="earlier runs",
        max_concurrency=context.max_concurrency,
    )
    return [run for run, records in zip(runs, found, strict=True) if any(one.sha == record.sha for one in records)]


def _producer(context: ClientContext, run: RunRecord, maker: TaskKey, same: list[ArtifactRecord]) -> TaskRecord | None:
    """Return the task of the maker, or that of the parameters, where the run has it from there; None where it is gone."""
    of_parameters = next((one for one in same if one.step == PARAMETERS), None)
    step, task_id = (PARAMETERS, of_parameters.task_id) if of_parameters else maker
    return context.provider.task(run, step, task_id)


def _maker(graph: TaskGraph, holders: set[TaskKey], key: TaskKey) -> TaskKey:
    """Return the oldest task that is reached by going back from task to task while they have the bytes."""
    reached, waiting = {key}, [key]
    while waiting:
        for before in graph.parents.get(waiting.pop(), ()):
            if before in holders and before not in reached:
                reached.add(before)
                waiting.append(before)
    return next((one for one in graph.tasks if one in reached), key)


def _earlier(context: ClientContext, run: RunRecord) -> Iterator[RunRecord]:
    """Yield the earlier runs of the flow in the namespace, newest first."""
    tags = () if context.namespace is None else (context.namespace,)
    for one in context.provider.runs(run.flow, RunQuery(tags=tags, until_ms=run.created_ms)):
        if one.path != run.path and one.created_ms <= run.created_ms and context.includes(one):
            yield one
