"""Where the bytes of an artifact come from, and where they went."""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from mfwidgets.client.base import class_of
from mfwidgets.client.graph import PARAMETERS
from mfwidgets.client.presentable import Presentable
from mfwidgets.client.scope import Scope
from mfwidgets.client.task_graph import Key, TaskGraph, task_graph
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.fan_out import each
from mfwidgets.metadata_provider.base import Choice
from mfwidgets.metadata_provider.records import ArtifactRecord, RunRecord

if TYPE_CHECKING:
    from mfwidgets.client.artifact import DataArtifact

EARLIER = 20
"""So many earlier runs are looked through unasked."""


class Lineage(Presentable):
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
    looked_through
        How many earlier runs were looked through.
    origin
        The artifact of the run that was resumed, where its task was taken over; else None.
    """

    def __init__(self, artifact: "DataArtifact", runs: int = EARLIER) -> None:
        if not isinstance(runs, int) or isinstance(runs, bool) or runs < 0:
            raise MetaflowInvalidArgument(f"runs= is a number of earlier runs, 0 or more; not {runs!r:.40}.")
        self.artifact = artifact
        task = artifact.parent
        scope, record, run = artifact._scope, artifact._record, task._record.run
        same = [one for one in scope.provider.artifacts(run.path, {record.name}) if one.sha == record.sha]
        graph = task_graph(scope, run)
        maker = _maker(graph, {(one.step, one.task_id) for one in same}, (record.step, record.task_id))
        holders = {"/".join(one.path[:-1]) for one in same}
        tasks = {"/".join(one.path): one for one in graph.tasks.values() if "/".join(one.path) in holders}
        self.made_by: Any = _task(scope, run, maker, same) or task
        self.passed_on: list[Any] = [
            class_of("task").of(scope, one) for path, one in tasks.items() if path != self.made_by.pathspec
        ]
        self.origin = artifact.origin_pathspec
        earlier = list(islice(_earlier(artifact, run), runs))
        self.looked_through = len(earlier)
        self.earlier_runs: list[Any] = self._with_the_same(earlier)

    def _with_the_same(self, runs: list[RunRecord]) -> list[Any]:
        scope, record = self.artifact._scope, self.artifact._record
        found = each(
            lambda run: scope.provider.artifacts(run.path, {record.name}),
            runs,
            title="earlier runs",
            at_once=scope.at_once,
        )
        return [
            class_of("run").of(scope, run)
            for run, records in zip(runs, found, strict=True)
            if any(one.sha == record.sha for one in records)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the same as plain data, objects as their pathspecs."""
        return {
            "artifact": self.artifact.pathspec,
            "sha": self.artifact.sha,
            "made_by": self.made_by.pathspec,
            "passed_on": [task.pathspec for task in self.passed_on],
            "origin": self.origin,
            "earlier_runs": [run.pathspec for run in self.earlier_runs],
            "looked_through": self.looked_through,
        }

    def __repr__(self) -> str:
        return f"<lineage of {self.artifact.pathspec}>"


def _task(scope: Scope, run: RunRecord, maker: Key, same: list[ArtifactRecord]) -> Any:
    """Return the task of the maker, or that of the parameters, where the run has it from there; None where it is gone."""
    of_parameters = next((one for one in same if one.step == PARAMETERS), None)
    step, task_id = (PARAMETERS, of_parameters.task_id) if of_parameters else maker
    found = scope.provider.task(run, step, task_id)
    return class_of("task").of(scope, found) if found else None


def _maker(graph: TaskGraph, holders: set[Key], key: Key) -> Key:
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
    scope = artifact._scope
    tags = () if scope.namespace is None else (scope.namespace,)
    for one in scope.provider.runs(run.flow, Choice(tags=tags, until_ms=run.created_ms)):
        if one.path != run.path and one.created_ms <= run.created_ms and scope.admits(one):
            yield one
