"""The lineage of an artifact: which tasks and runs hold the same bytes."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from mfwidgets.concurrency import parallel_map
from mfwidgets.display import Displayable
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.hidden_characters import visible
from mfwidgets.providers.base import RunQuery
from mfwidgets.providers.records import ArtifactRecord, RunRecord, TaskKey, TaskRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import PARAMETERS
from mfwidgets.queries.lineage.task_graph import TaskGraph, load_task_graph
from mfwidgets.queries.snapshot_provider import remembering_context, snapshot_context
from mfwidgets.safe_repr import repr_of

if TYPE_CHECKING:
    from mfwidgets.client.artifact import DataArtifact
    from mfwidgets.client.run import Run
    from mfwidgets.client.task import Task

EARLIER_RUNS = 20
"""The number of earlier runs to search by default."""


@dataclass(eq=False, repr=False)
class Lineage(Displayable):
    """The tasks of a run, and the earlier runs, that hold an artifact with the same name and the same bytes.

    Stored bytes are compared. A task that computed an equal value again looks like a task that received the value.

    Attributes
    ----------
    artifact
        The artifact.
    producer
        The earliest task on the paths to the artifact that has these bytes. For a parameter: the ``_parameters`` task.
    holders
        All other tasks of the run that have these bytes, oldest first.
    earlier_runs
        The searched runs that have these bytes, newest first.
    runs_searched
        The number of earlier runs that were searched.
    origin
        The artifact of the resumed run, if the task was taken over from it. Otherwise None.
    """

    artifact: "DataArtifact"
    producer: "Task"
    holders: "list[Task]"
    earlier_runs: "list[Run]"
    runs_searched: int
    origin: str | None

    def __repr__(self) -> str:
        return visible(f"<lineage of {self.artifact.pathspec}>")


def trace_lineage(artifact: "DataArtifact", runs: int = EARLIER_RUNS) -> Lineage:
    """Find the tasks of the run, and the runs among the given number of earlier runs, that hold the same bytes.

    Raises
    ------
    MetaflowInvalidArgument
        ``runs`` is not a number, or is negative.
    """
    if not isinstance(runs, int) or isinstance(runs, bool) or runs < 0:
        raise MetaflowInvalidArgument(f"Expected runs= to be a number from 0, got {repr_of(runs, 40)}.")
    from mfwidgets.client.run import Run
    from mfwidgets.client.task import Task

    context, record = artifact._context, artifact._record
    reading = type(artifact)._of(remembering_context(context), record, artifact._attempt)
    task_record = reading.parent._record
    run = task_record.run
    snapshot = snapshot_context(reading._context, run)
    same = [other for other in snapshot.provider.artifacts(run.path, {record.name}) if other.sha == record.sha]
    graph = load_task_graph(snapshot, run)
    keys = {other.key for other in same}
    producer = Task._of(context, _producer(snapshot, run, _maker(graph, keys, record.key), same) or task_record)
    holders = [
        Task._of(context, task) for key, task in graph.tasks.items() if key in keys and key != producer._record.key
    ]
    earlier = list(islice(_earlier(snapshot, run), runs))
    same_bytes = [Run._of(context, other) for other in _with_same_bytes(snapshot, earlier, record)]
    return Lineage(artifact, producer, holders, same_bytes, len(earlier), reading.origin_pathspec)


def _with_same_bytes(context: ClientContext, runs: list[RunRecord], record: ArtifactRecord) -> list[RunRecord]:
    """Return the runs that have an artifact with the same name and the same bytes."""
    artifacts = parallel_map(
        lambda run: context.provider.artifacts(run.path, {record.name}),
        runs,
        title="earlier runs",
        max_concurrency=context.max_concurrency,
    )
    pairs = zip(runs, artifacts, strict=True)
    return [run for run, records in pairs if any(other.sha == record.sha for other in records)]


def _producer(context: ClientContext, run: RunRecord, maker: TaskKey, same: list[ArtifactRecord]) -> TaskRecord | None:
    """Return the task of the parameters if it has these bytes, otherwise the maker. None if the task was deleted."""
    parameter = next((record for record in same if record.step == PARAMETERS), None)
    step, task_id = (PARAMETERS, parameter.task_id) if parameter else maker
    return context.provider.task(run, step, task_id)


def _maker(graph: TaskGraph, holders: set[TaskKey], key: TaskKey) -> TaskKey:
    """Return the oldest task that is reached by going back from task to task while they have the bytes."""
    reached, waiting = {key}, [key]
    while waiting:
        for before in graph.parents.get(waiting.pop(), ()):
            if before in holders and before not in reached:
                reached.add(before)
                waiting.append(before)
    return next((task for task in graph.tasks if task in reached), key)


def _earlier(context: ClientContext, run: RunRecord) -> Iterator[RunRecord]:
    """Yield the earlier runs of the flow in the namespace, newest first."""
    tags = () if context.namespace is None else (context.namespace,)
    for other in context.provider.runs(run.flow, RunQuery(tags=tags, until_ms=run.created_ms)):
        if other.path != run.path and other.created_ms <= run.created_ms and context.includes(other):
            yield other
