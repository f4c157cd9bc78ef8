"""Bytes in a datastore: by flow, and of one flow by run and by artifact. Only listings and hashes are read.

A blob is stored once per flow, however many tasks and runs refer to it. So the bytes of a run are those of all blobs that
it refers to, and its own bytes are those of blobs that no other run refers to.
"""

import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from mfwidgets.datastore.base import LOCAL_TYPES, Datastore
from mfwidgets.datastore.task_files import artifact_hashes
from mfwidgets.errors import CorruptFile, DataException, DeadlineExceeded
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.providers.base import RunQuery
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.task_metadata import recorded_datastore

MAX_OBJECTS = 1_000_000
"""At most this many objects of a flow are listed. A cloud lists a thousand with each request."""

MAX_CLOUD_OBJECTS = 100_000
"""The same for a flow in a cloud: a hundred requests."""

MAX_RUNS = 200
"""The artifacts of at most this many runs are requested from a provider, if the data is in a cloud."""

_BLOB = re.compile(r"[^/]+/data/[0-9a-f]{2}/(?:r_)?([0-9a-f]{40})\Z")
_TASK_FILE = re.compile(r"([^/]+/([^/]+)/[^/]+/[^/]+)/(\d{1,3})\.data\.json\Z", re.ASCII)

_NOT_RUNS = ("_meta", "data")
"""Folders of a flow that are not runs."""

_OBJECTS_PER_CHECK = 1_000

CARDS = "mf.cards"
"""The folder of the cards, next to those of the flows."""

MAX_CARDS = 100_000

FILES = "records and logs"
"""The name of the part with all files of tasks: records of a local provider, data.json, logs."""

OTHER_BLOBS = "other blobs"
"""The name of the part with blobs that no run refers to that was read: code packages, blobs of deleted runs."""


@fast_dataclass(frozen=True, slots=True)
class DiskRow:
    """The bytes that a flow, a run or an artifact takes.

    Attributes
    ----------
    kind
        ``flow``, ``part`` (of a flow), ``run`` or ``artifact``.
    name
        The flow, the part, the pathspec of the run, or the name of the artifact.
    size
        Bytes of everything that belongs to it, each blob counted once.
    own_size
        Bytes that belong to nothing else of its kind.
    objects
        The number of its files or objects.
    """

    kind: str
    name: str
    size: int
    own_size: int
    objects: int


@dataclass(slots=True)
class Budget:
    """How much is read.

    Attributes
    ----------
    seconds
        The time limit.
    clock
        Returns seconds that never run backwards.
    left_out
        Sentences about what was left out.
    """

    seconds: float
    clock: Callable[[], float] = time.monotonic
    left_out: list[str] = field(default_factory=list)
    _began: float | None = None

    def is_over(self) -> bool:
        """Return whether the time is over."""
        if self._began is None:
            self._began = self.clock()
        return self.clock() - self._began >= self.seconds


@dataclass(slots=True)
class Listing:
    """The objects of a flow.

    Attributes
    ----------
    blobs
        Bytes by hash.
    files
        Bytes and number of the other objects, by run id. Those of the flow itself have an empty one.
    data_files
        The path of each task and the number of each attempt with a ``data.json``, with its run id.
    """

    blobs: dict[str, int] = field(default_factory=dict)
    files: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    data_files: list[tuple[str, str, int]] = field(default_factory=list)


def list_flow(datastore: Datastore, flow: str, budget: Budget, max_objects: int) -> Listing:
    """Return the objects of a flow, as far as the budget reaches."""
    listing = Listing()
    for key, size in _listed(datastore, flow, budget, max_objects):
        if blob := _BLOB.match(key):
            listing.blobs[blob[1]] = listing.blobs.get(blob[1], 0) + size
            continue
        _, name, *below = key.split("/", 2)
        sums = listing.files[name if below and name not in _NOT_RUNS else ""]
        sums[0] += size
        sums[1] += 1
        if file := _TASK_FILE.match(key):
            listing.data_files.append((file[1], file[2], int(file[3])))
    return listing


def _listed(datastore: Datastore, prefix: str, budget: Budget, max_objects: int) -> Iterator[tuple[str, int]]:
    for number, found in enumerate(datastore.sizes(prefix)):
        if number >= max_objects:
            budget.left_out.append(f"{prefix}: only the first {max_objects:,} objects were counted.")
            return
        if not number % _OBJECTS_PER_CHECK and budget.is_over():
            budget.left_out.append(f"{prefix}: only {number:,} objects were counted in {budget.seconds:g} s.")
            return
        yield found


def datastore_of_flow(context: ClientContext, flow: str) -> tuple[Datastore, bool]:
    """Return the datastore of the newest run of a flow, and whether it is local. Costs up to three requests."""
    run = next(iter(context.provider.runs(flow, RunQuery(limit=1))), None)
    tasks = context.provider.tasks(run) if run else []
    kinds = [recorded_datastore(context, task) for task in tasks[:1]]
    ds_type, root = kinds[0] if kinds else ("local", "")
    return context.datastore(ds_type, root), ds_type in LOCAL_TYPES


def flow_rows(context: ClientContext, flows: Iterable[str], budget: Budget) -> list[DiskRow]:
    """Return a row for each flow, the largest first. A flow that cannot be listed is left out."""
    rows = []
    for flow in flows:
        if budget.is_over():
            budget.left_out.append(f"{flow} and later flows were not listed in {budget.seconds:g} s.")
            break
        try:
            datastore, is_local = datastore_of_flow(context, flow)
            listing = list_flow(datastore, flow, budget, MAX_OBJECTS if is_local else MAX_CLOUD_OBJECTS)
            cards = _cards(datastore, flow, budget)
        except DeadlineExceeded:
            raise
        except DataException as error:
            budget.left_out.append(f"{flow}: {error}")
            continue
        blobs, files = sum(listing.blobs.values()), sum(size for size, _ in listing.files.values())
        objects = len(listing.blobs) + sum(number for _, number in listing.files.values()) + cards.objects
        rows.append(DiskRow("flow", flow, blobs + files + cards.size, blobs + files + cards.size, objects))
    return sorted(rows, key=_by_size)


def rows_of_flow(context: ClientContext, flow: str, budget: Budget) -> list[DiskRow]:
    """Return the parts of a flow, its runs and its artifacts, each the largest first.

    Raises
    ------
    DataException
        The datastore cannot be listed.
    """
    datastore, is_local = datastore_of_flow(context, flow)
    listing = list_flow(datastore, flow, budget, MAX_OBJECTS if is_local else MAX_CLOUD_OBJECTS)
    references = list(
        _local_references(datastore, listing, budget) if is_local else _recorded_references(context, flow, budget)
    )
    runs: dict[str, set[str]] = defaultdict(set)
    names: dict[str, set[str]] = defaultdict(set)
    for run_id, name, sha in references:
        if sha in listing.blobs:
            runs[run_id].add(sha)
            names[name].add(sha)
    for run_id in filter(None, listing.files):
        runs.setdefault(run_id, set())
    return [
        *_parts(datastore, flow, listing, runs, budget),
        *_shared_rows("run", {f"{flow}/{run_id}": shas for run_id, shas in runs.items()}, listing),
        *_shared_rows("artifact", names, listing),
    ]


def _parts(
    datastore: Datastore, flow: str, listing: Listing, runs: Mapping[str, set[str]], budget: Budget
) -> list[DiskRow]:
    """Return the parts of a flow: blobs that runs refer to, other blobs, files of tasks, cards."""
    referenced = {sha for shas in runs.values() for sha in shas}
    sizes = [
        ("artifacts", [size for sha, size in listing.blobs.items() if sha in referenced]),
        (OTHER_BLOBS, [size for sha, size in listing.blobs.items() if sha not in referenced]),
    ]
    parts = [DiskRow("part", name, sum(found), sum(found), len(found)) for name, found in sizes]
    files, objects = (sum(sums[place] for sums in listing.files.values()) for place in (0, 1))
    parts += [DiskRow("part", FILES, files, files, objects), _cards(datastore, flow, budget)]
    return sorted(parts, key=_by_size)


def _cards(datastore: Datastore, flow: str, budget: Budget) -> DiskRow:
    """Return the cards of a flow that are stored next to its data."""
    sizes = [size for _, size in _listed(datastore, f"{CARDS}/{flow}", budget, MAX_CARDS)]
    return DiskRow("part", "cards", sum(sizes), sum(sizes), len(sizes))


def _local_references(datastore: Datastore, listing: Listing, budget: Budget) -> Iterator[tuple[str, str, str]]:
    """Yield run id, name and hash of each artifact, from the ``data.json`` of each attempt."""
    for number, (task, run_id, attempt) in enumerate(listing.data_files):
        if budget.is_over():
            budget.left_out.append(
                f"The artifacts of {len(listing.data_files) - number:,} of {len(listing.data_files):,} attempts were not "
                f"read in {budget.seconds:g} s. Their blobs count as {OTHER_BLOBS!r}."
            )
            return
        try:
            hashes = artifact_hashes(datastore, tuple(task.split("/")), attempt)
        except DeadlineExceeded:
            raise
        except (DataException, CorruptFile):
            continue
        for name, sha in hashes.items():
            yield run_id, name, sha


def _recorded_references(context: ClientContext, flow: str, budget: Budget) -> Iterator[tuple[str, str, str]]:
    """Yield run id, name and hash of each artifact, from the records of the newest runs. One request for each run."""
    runs = list(islice(context.provider.runs(flow, RunQuery(limit=MAX_RUNS + 1)), MAX_RUNS + 1))
    for number, run in enumerate(runs):
        if number >= MAX_RUNS or budget.is_over():
            budget.left_out.append(
                f"Only the artifacts of the newest {number:,} runs were read. Other blobs count as {OTHER_BLOBS!r}."
            )
            return
        for record in context.provider.artifacts(run.path):
            yield run.run_id, record.name, record.sha


def _shared_rows(kind: str, shas_by_name: Mapping[str, set[str]], listing: Listing) -> list[DiskRow]:
    """Return a row for each run or artifact name, the largest first. Runs also have their files."""
    users = Counter(sha for shas in shas_by_name.values() for sha in shas)
    rows = []
    for name, shas in shas_by_name.items():
        files, number = listing.files.get(name.rpartition("/")[2], (0, 0)) if kind == "run" else (0, 0)
        size = sum(listing.blobs[sha] for sha in shas)
        own = sum(listing.blobs[sha] for sha in shas if users[sha] == 1)
        rows.append(DiskRow(kind, name, size + files, own + files, len(shas) + number))
    return sorted(rows, key=_by_size)


def _by_size(row: DiskRow) -> tuple[int, str]:
    return -row.size, row.name
