"""The facts about a run, a step or a task that a comparison looks at, with the same names for all objects."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from mfwidgets.client.base import MetaflowObject
from mfwidgets.deadline import stoppable
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.providers.base import AllFieldsExcept
from mfwidgets.providers.local import LocalProvider
from mfwidgets.providers.records import ArtifactRecord, MetadataRecord, RunRecord, TaskRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import FLOW_NAME, PARAMETERS, graph_info
from mfwidgets.queries.packages import requested_packages
from mfwidgets.queries.rows import RunRow, TaskRow, run_rows, task_rows
from mfwidgets.queries.run_snapshot import STATUS_ARTIFACTS, RunSnapshot, load_attempt_files
from mfwidgets.queries.snapshot_provider import remembering_context, snapshot_context
from mfwidgets.queries.step_timings import StepTiming, step_timing, step_timings
from mfwidgets.queries.task_hashes import TaskHashes, local_hashes, recorded_hashes
from mfwidgets.queries.task_metadata import newest_values, of_attempt
from mfwidgets.queries.values.value_columns import parameters_of
from mfwidgets.queries.values.value_filter import proofs_of
from mfwidgets.times import duration_text

SECTIONS = ("status", "parameters", "tags", "versions", "packages", "code", "artifacts", "durations", "metadata")
"""The sections of a comparison, in order."""

PACKAGE = "package"

_VERSIONS = ("metaflow_version", "metaflow_r_version", "r_version", "python_version", "runtime")
_STRUCTURE = frozenset(
    {
        "attempt",
        "attempt_ok",
        "attempt-done",
        "code-package",
        "git-info",
        "start_step",
        "end_step",
        "foreach-stack",
        "foreach-execution-path",
        "origin-run-id",
        "user",
        "production",
        *_VERSIONS,
    }
)
"""Metadata that describes the place or the status of a task, or that another section shows."""

_NEVER_COMPARED = frozenset({"user", "production", "start_step", "end_step", *_VERSIONS})
"""Metadata that no section shows, because the tags of the run say the same. Reading it would cost ten files per task."""


@fast_dataclass(frozen=True, slots=True)
class Name:
    """The name of a fact.

    Attributes
    ----------
    section
        One of :data:`SECTIONS`.
    step
        The step of an artifact or duration of a run. Otherwise empty.
    name
        The name within the section.
    """

    section: str
    step: str
    name: str


@fast_dataclass(frozen=True, slots=True)
class Fact:
    """A fact.

    Attributes
    ----------
    key
        Equal keys mean equal facts.
    value
        The value that is shown. For an artifact: its record or its hash. If several tasks have different ones: their hashes.
    """

    key: Any
    value: Any


Facts = dict[Name, Fact]


def facts_of(compared: MetaflowObject) -> Facts:
    """Return the facts about a run, a step or a task.

    Costs its tasks, its metadata and its artifacts once each, and for a run its graph. No value is read. Of local tasks,
    reads the hashes of all artifacts from one file per task.
    """
    compared = _remembering(compared)
    loaded = _load(compared)
    steps = loaded.steps()
    facts = [
        *_status_facts(loaded.row),
        *_run_facts(loaded.run),
        *_code_facts(loaded.metadata),
        *_artifact_facts(loaded, steps),
        *_duration_facts(loaded.row, step_timings(loaded.run, loaded.tasks, steps) if loaded.whole_run else []),
        *_metadata_facts(loaded.metadata),
    ]
    if loaded.whole_run:
        graph = graph_info(compared._context, loaded.run)
        facts += [
            (Name("parameters", "", record.name), Fact(record.sha, record))
            for record in parameters_of(loaded.parameters, graph)
        ]
        facts += _package_facts(graph)
    return dict(facts)


def _remembering(compared: MetaflowObject) -> MetaflowObject:
    """Return the same object in a context that reads nothing twice."""
    context, record = remembering_context(compared._context), compared._record
    if isinstance(record, RunRecord):
        context = snapshot_context(context, record)
    return type(compared)._of(context, record, compared._attempt)


@fast_dataclass(frozen=True, slots=True)
class _Loaded:
    """The records of a run, a step or a task.

    Attributes
    ----------
    row
        Its row in a table. None for a task that was deleted.
    """

    run: RunRecord
    whole_run: bool
    row: RunRow | StepTiming | TaskRow | None
    tasks: Sequence[TaskRow]
    metadata: Sequence[MetadataRecord]
    artifacts: Sequence[TaskHashes]
    parameters: Sequence[ArtifactRecord]

    def steps(self) -> list[str]:
        """Return the names of the steps, ordered by their first task."""
        tasks = [row.record for row in self.tasks]
        return list(dict.fromkeys(task.step for task in sorted(tasks, key=lambda task: task.created_ms)))


def _load(compared: MetaflowObject) -> _Loaded:
    context, path = compared._context, compared._record.path
    run: RunRecord = getattr(compared._record, "run", compared._record)
    attempt: int | None = compared._attempt
    tasks = _tasks(context, run, path)
    if attempt is None and isinstance(context.provider, LocalProvider):
        return _load_local(context, context.provider, run, path, tasks)
    events = context.provider.metadata(path)
    records = context.provider.artifacts(path, None, attempt)
    rows = _rows(context, run, path, tasks, events, records)
    if attempt is not None:
        events = of_attempt(events, attempt)
        rows = [replace(row, state=row.state.at_attempt(attempt, row.asked_ms)) for row in rows]
    parameters = [record for record in records if record.step == PARAMETERS]
    return _Loaded(
        run, path == run.path, _row_of(context, run, path, rows), rows, events, recorded_hashes(records), parameters
    )


def _load_local(
    context: ClientContext, provider: LocalProvider, run: RunRecord, path: tuple[str, ...], tasks: Sequence[TaskRecord]
) -> _Loaded:
    """Load a run, a step or a task from a folder: metadata that is compared, and one file with hashes per task."""
    events, results = provider.metadata_and_artifacts(path, AllFieldsExcept(_NEVER_COMPARED), STATUS_ARTIFACTS)
    rows = _rows(context, run, path, tasks, events, results)
    hashes = list(local_hashes(provider, context, path))
    parameters = provider.artifacts((*run.path, PARAMETERS), public_only=True) if path == run.path else []
    return _Loaded(run, path == run.path, _row_of(context, run, path, rows), rows, events, hashes, parameters)


def _rows(
    context: ClientContext,
    run: RunRecord,
    path: tuple[str, ...],
    tasks: Sequence[TaskRecord],
    events: Sequence[MetadataRecord],
    records: Sequence[ArtifactRecord],
) -> list[TaskRow]:
    files = load_attempt_files(context, tasks, events, records)
    return task_rows(RunSnapshot(context, run, path, tasks, events, records, files))


def _row_of(
    context: ClientContext, run: RunRecord, path: tuple[str, ...], tasks: Sequence[TaskRow]
) -> RunRow | StepTiming | TaskRow | None:
    _, _, *below = path
    if not below:
        return run_rows(context, [run])[0]
    return step_timing(run, below[0], tasks) if len(below) == 1 else next(iter(tasks), None)


def _tasks(context: ClientContext, run: RunRecord, path: tuple[str, ...]) -> list[TaskRecord]:
    _, _, *below = path
    if len(below) == 2:  # noqa: PLR2004 - step and task
        task = context.provider.task(run, *below)
        return [task] if task else []
    tasks = context.provider.tasks(run, below[0] if below else None)
    return [task for task in tasks if below or not task.step.startswith("_")]


def _status_facts(row: RunRow | StepTiming | TaskRow | None) -> Iterator[tuple[Name, Fact]]:
    if row is not None and row.status is not None:
        yield Name("status", "", "status"), Fact(str(row.status), str(row.status))


def _run_facts(run: RunRecord) -> Iterator[tuple[Name, Fact]]:
    for tag in sorted(run.user_tags):
        yield Name("tags", "", tag), Fact(tag, tag)
    yield Name("versions", "", "user"), Fact(run.user, run.user)
    for tag in sorted(run.system_tags):
        name, colon, value = tag.partition(":")
        if colon and name != "user":
            yield Name("versions", "", name), Fact(value, value)


def _code_facts(events: Iterable[MetadataRecord]) -> Iterator[tuple[Name, Fact]]:
    newest = newest_values([event for event in events if event.field in ("code-package", "git-info")])
    package, git = _json_dict(newest.get("code-package")), _json_dict(newest.get("git-info"))
    if package is not None:
        yield Name("code", "", PACKAGE), Fact(str(package.get("sha")), package.get("sha"))
    for name, value in sorted((git or {}).items()):
        yield Name("code", "", f"git {name}"), Fact(str(value), value)


def _package_facts(graph: dict[str, Any]) -> Iterator[tuple[Name, Fact]]:
    """Yield the versions that decorators ask for. The installed ones are in code packages: Comparison.packages()."""
    versions: dict[str, set[str]] = defaultdict(set)
    for requested in requested_packages(graph).values():
        for name, version in requested.items():
            versions[name].add(version or "any")
    for name, texts in sorted(versions.items()):
        yield Name("packages", "", name), Fact(tuple(sorted(texts)), ", ".join(sorted(texts)))


def _json_dict(text: object) -> dict[str, Any] | None:
    try:
        content = json.loads(str(text))
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _artifact_facts(loaded: _Loaded, steps: Sequence[str]) -> Iterator[tuple[Name, Fact]]:
    """Yield public artifacts by step and name. If a step has several tasks, all hashes count.

    The name of the flow, which Metaflow stores as an artifact, is left out.
    """
    groups: dict[tuple[int, str], list[TaskHashes]] = defaultdict(list)
    order, flow_names = {step: number for number, step in enumerate(steps)}, proofs_of(loaded.run.flow)
    for task in stoppable(loaded.artifacts):
        number = order.get(task.step)
        if number is None:
            continue
        for name, sha in task.hashes.items():
            if name != FLOW_NAME or sha not in flow_names:
                groups[number, name].append(task)
    for (number, name), group in sorted(groups.items()):
        shas = tuple(sorted(task.hashes[name] for task in group))
        if len(set(shas)) == 1:
            fact = Fact(shas[0], group[0].artifact(name))
        else:
            fact = Fact(shas, [task.artifact(name) for task in group])
        yield Name("artifacts", steps[number] if loaded.whole_run else "", name), fact


def _duration_facts(
    whole: RunRow | StepTiming | TaskRow | None, steps: Sequence[StepTiming]
) -> Iterator[tuple[Name, Fact]]:
    """Yield the durations of the steps and of the whole. Durations are equal if they display as the same text."""
    for step, row in (*((timing.step, timing) for timing in steps), ("", whole)):
        if row is not None and row.duration_ms is not None:
            yield Name("durations", step, "duration"), Fact(duration_text(row.duration_ms), row.duration_ms)


def _metadata_facts(events: Iterable[MetadataRecord]) -> Iterator[tuple[Name, Fact]]:
    values: dict[str, set[str]] = defaultdict(set)
    for event in stoppable(events):
        if event.field not in _STRUCTURE and not event.field.endswith("-id") and event.type != "card-info":
            values[event.field].add(str(event.value))
    for field, texts in sorted(values.items()):
        yield Name("metadata", "", field), Fact(tuple(sorted(texts)), ", ".join(sorted(texts)))
