"""Where the bytes of an artifact come from, and where they went."""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from mfwidgets.client.base import class_of
from mfwidgets.concurrency import parallel_map
from mfwidgets.display import Displayable
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.providers.base import RunQuery
from mfwidgets.providers.records import ArtifactRecord, RunRecord, TaskKey
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import PARAMETERS
from mfwidgets.queries.lineage.task_graph import TaskGraph, load_task_graph

if TYPE_CHECKING:
    from mfwidgets.client.artifact import DataArtifact

EARLIER_RUNS = 20
"""So many earlier runs are looked through unasked."""


class Lineage(Displayable):
    """Which tasks of its run hold an artifact with the same name and the same bytes, and which earlier runs do.

    What is compared are stored bytes: a task that computed the very same value anew is not told from one that it was
    passed on to.

    Attributes
    ----------
    artifact
        Whose lineage.
    made_by
        The first task on the ways to it that has these bytes; of a parameter the task of ``_parameters``.
    passed_on
        All other tasks of the run that have them, oldest first.
    earlier_runs
        Those among the newest earlier runs in the namespace that have them, newest first.
    runs_searched
        How many earlier runs were looked through.
    origin
        The artifact of the run that was resumed, where its task was taken over; else None.
    """

    def __init__(self, artifact: "DataArtifact", runs: int = EARLIER_RUNS) -> None:
        if not isinstance(runs, int) or isinstance(runs, bool) or runs < 0:
            raise MetaflowInvalidArgument(f"runs= is a number of earlier runs, 0 or more; not {runs!r:.40}.")
        self.artifact = artifact
        task = artifact.parent
        context, record, run = artifact._context, artifact._record, task._record.run
        same = [one for one in context.provider.artifacts(run.path, {record.name}) if one.sha == record.sha]
        graph = load_task_graph(context, run)
        maker = _maker(graph, {one.key for one in same}, record.key)
        holders = {"/".join(one.path[:-1]) for one in same}
        tasks = {"/".join(one.path): one for one in graph.tasks.values() if "/".join(one.path) in holders}
        self.producer: Any = _task(context, run, maker, same) or task
        self.holders: list[Any] = [
            class_of("task")._of(context, one) for path, one in tasks.items() if path != self.producer.pathspec
        ]
        self.origin = artifact.origin_pathspec
        earlier = list(islice(_earlier(artifact, run), runs))
        self.runs_searched = len(earlier)
        self.earlier_runs: list[Any] = self._with_the_same(earlier)

    def _with_the_same(self, runs: list[RunRecord]) -> list[Any]:
        context, record = self.artifact._context, self.artifact._record
        found = parallel_map(
            lambda run: context.provider.artifacts(run.path, {record.name}),
            runs,
            title="earlier runs",
            max_concurrency=context.max_concurrency,
        )
        return [
            class_of("run")._of(context, run)
            for run, records in zip(runs, found, strict=True)
            if any(one.sha == record.sha for one in records)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the same as plain data, objects as their pathspecs."""
        return {
            "artifact": self.artifact.pathspec,
            "sha": self.artifact.sha,
            "producer": self.producer.pathspec,
            "holders": [task.pathspec for task in self.holders],
            "origin": self.origin,
            "earlier_runs": [run.pathspec for run in self.earlier_runs],
            "runs_searched": self.runs_searched,
        }

    def __repr__(self) -> str:
        return f"<lineage of {self.artifact.pathspec}>"


def _task(context: ClientContext, run: RunRecord, maker: TaskKey, same: list[ArtifactRecord]) -> Any:
    """Return the task of the maker, or that of the parameters, where the run has it from there; None where it is gone."""
    of_parameters = next((one for one in same if one.step == PARAMETERS), None)
    step, task_id = (PARAMETERS, of_parameters.task_id) if of_parameters else maker
    found = context.provider.task(run, step, task_id)
    return class_of("task")._of(context, found) if found else None


def _maker(graph: TaskGraph, holders: set[TaskKey], key: TaskKey) -> TaskKey:
    """Return the oldest task that is reached by going back from task to task while they have the bytes."""
    reached, waiting = {key}, [key]
    while waiting:
        for before in graph.parents.get(waiting.pop(), ()):
            if before in holders and before not in reached:
                reached.add(before)
                waiting.append(before)
    return next((one for one in graph.tasks if one in reached), key)


def _earlier(artifact: "DataArtifact", run: RunRecord) -> Iterator[RunRecord]:
    """Yield the earlier runs of the flow in the namespace, newest first."""
    context = artifact._context
    tags = () if context.namespace is None else (context.namespace,)
    for one in context.provider.runs(run.flow, RunQuery(tags=tags, until_ms=run.created_ms)):
        if one.path != run.path and one.created_ms <= run.created_ms and context.includes(one):
            yield one
