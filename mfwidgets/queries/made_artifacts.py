"""The artifacts that a task made, apart from those that it inherited unchanged from its parents.

Equal hashes mean equal bytes. A value that a task assigned again with the same bytes counts as inherited.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from mfwidgets.errors import DeadlineExceeded, MetaflowException
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.providers.base import PathPrefix
from mfwidgets.providers.local import LocalProvider
from mfwidgets.providers.records import TaskRecord
from mfwidgets.queries.artifact_rows import ArtifactRow
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import PARAMETERS
from mfwidgets.queries.task_hashes import local_hashes, recorded_hashes

MAX_PARENTS_READ = 20
"""The parents whose artifacts are read. A join of more tasks rarely takes over an artifact of one of them."""


@fast_dataclass(frozen=True, slots=True)
class MadeArtifacts:
    """The artifacts of a task by their origin.

    Attributes
    ----------
    made
        New artifacts, and changed ones.
    changed
        The names of those that a parent has with another value.
    inherited
        Artifacts with the bytes that a parent has under the same name.
    """

    made: list[ArtifactRow]
    changed: frozenset[str]
    inherited: list[ArtifactRow]


def made_artifacts(rows: Iterable[ArtifactRow], before: Mapping[str, set[str]]) -> MadeArtifacts:
    """Return which artifacts are new, changed or inherited.

    Parameters
    ----------
    rows
        The artifacts of a task.
    before
        The hashes of the artifacts of its parents, by name.
    """
    given = list(rows)
    inherited = [row for row in given if row.sha in before.get(row.name, ())]
    made = [row for row in given if row.sha not in before.get(row.name, ())]
    return MadeArtifacts(made, frozenset(row.name for row in made if row.name in before), inherited)


def before_task(context: ClientContext, task: TaskRecord, parents: Sequence[TaskRecord]) -> dict[str, set[str]]:
    """Return the result of :func:`hashes_before`. Empty if the parents cannot be read."""
    try:
        return hashes_before(context, task, parents)
    except DeadlineExceeded:
        raise
    except MetaflowException:
        return {}


def hashes_before(context: ClientContext, task: TaskRecord, parents: Sequence[TaskRecord]) -> dict[str, set[str]]:
    """Return the hashes of the artifacts of the parents, by name. Of a first task: those of the parameters.

    Reads at most 20 parents. Costs one request for each, or one file of a local parent.
    """
    hashes: dict[str, set[str]] = defaultdict(set)
    paths = [parent.path for parent in parents[:MAX_PARENTS_READ]] or [(*task.run.path, PARAMETERS)]
    for path in paths:
        for name, sha in _hashes(context, path):
            hashes[name].add(sha)
    return hashes


def _hashes(context: ClientContext, path: PathPrefix) -> Iterable[tuple[str, str]]:
    provider = context.provider
    found = (
        local_hashes(provider, context, path)
        if isinstance(provider, LocalProvider)
        else recorded_hashes(provider.artifacts(path, None, None, public_only=True))
    )
    return [item for task in found for item in task.hashes.items()]
