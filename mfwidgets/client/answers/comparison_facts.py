"""The facts about a run, a step or a task that a comparison looks at, each under a name that others have it under too."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from mfwidgets.client.base import MetaflowObject
from mfwidgets.providers.records import ArtifactRecord, MetadataRecord, RunRecord, TaskRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import FLOW_NAME, PARAMETERS, graph_info
from mfwidgets.queries.run_snapshot import RunSnapshot, load_attempt_files
from mfwidgets.queries.status.rules import TaskState
from mfwidgets.queries.status.task_status import task_states
from mfwidgets.queries.task_metadata import newest_values, of_attempt
from mfwidgets.queries.values.value_columns import parameters_of
from mfwidgets.queries.values.value_filter import proofs_of
from mfwidgets.times import duration_text, now_ms

SECTIONS = ("status", "parameters", "tags", "versions", "code", "artifacts", "durations", "metadata")
"""In the order in which they are told."""

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
"""Metadata that tell a task's place or its fate, or that have a section of their own."""


@dataclass(frozen=True, slots=True)
class Name:
    """What a fact is about.

    Attributes
    ----------
    section
        One of :data:`SECTIONS`.
    step
        Of artifacts and durations of a run; else empty.
    """

    section: str
    step: str
    name: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact.

    Attributes
    ----------
    key
        What is equal where the fact is.
    value
        What is told of it; of an artifact its record.
    """

    key: Any
    value: Any


Facts = dict[Name, Fact]


def facts_of(compared: MetaflowObject) -> Facts:
    """Return the facts about a run, a step or a task.

    Costs its tasks, its metadata and its artifacts, once each, and for a run its graph; no value is read.
    """
    context, where = compared._context, compared._record.path
    run: RunRecord = getattr(compared._record, "run", compared._record)
    attempt: int | None = compared._attempt
    tasks = _tasks(context, run, where)
    events = context.provider.metadata(where)
    records = context.provider.artifacts(where, None, attempt)
    snapshot = RunSnapshot(context, run, where, tasks, events, records, load_attempt_files(context, tasks))
    states = dict(zip(tasks, task_states(snapshot), strict=True))
    if attempt is not None:
        events = of_attempt(events, attempt)
        states = {task: state.at_attempt(attempt, now_ms()) for task, state in states.items()}
    order = list(dict.fromkeys(task.step for task in sorted(tasks, key=lambda task: task.created_ms)))
    whole_run = where == run.path
    status = getattr(compared, "status", None)  # a step has none
    found = {Name("status", "", "status"): Fact(str(status), str(status))} if status else {}
    found |= dict(_run_facts(run))
    found |= dict(_code(events))
    own = [record for record in records if record.name != FLOW_NAME or record.sha not in proofs_of(run.flow)]
    found |= dict(_artifacts(own, order, steps=whole_run))
    found |= dict(_durations(states, order, steps=whole_run))
    found |= dict(_metadata(events))
    if whole_run:
        named = parameters_of([one for one in records if one.step == PARAMETERS], graph_info(context, run))
        found |= {Name("parameters", "", one.name): Fact(one.sha, one) for one in named}
    return found


def _tasks(context: ClientContext, run: RunRecord, where: tuple[str, ...]) -> list[TaskRecord]:
    _, _, *below = where
    if len(below) == 2:  # noqa: PLR2004 - step and task
        task = context.provider.task(run, *below)
        return [task] if task else []
    found = context.provider.tasks(run, below[0] if below else None)
    return [task for task in found if below or not task.step.startswith("_")]


def _run_facts(run: RunRecord) -> Iterator[tuple[Name, Fact]]:
    for tag in sorted(run.user_tags):
        yield Name("tags", "", tag), Fact(tag, tag)
    yield Name("versions", "", "user"), Fact(run.user, run.user)
    for tag in sorted(run.system_tags):
        name, colon, value = tag.partition(":")
        if colon and name != "user":
            yield Name("versions", "", name), Fact(value, value)


def _code(events: Iterable[MetadataRecord]) -> Iterator[tuple[Name, Fact]]:
    newest = newest_values([event for event in events if event.field in ("code-package", "git-info")])
    for field, value in newest.items():
        try:
            told = json.loads(str(value))
        except ValueError:
            continue
        if isinstance(told, dict):
            wanted = ["sha"] if field == "code-package" else sorted(told)
            for name in wanted:
                label = PACKAGE if field == "code-package" else f"git {name}"
                yield Name("code", "", label), Fact(str(told.get(name)), told.get(name))


def _artifacts(records: Iterable[ArtifactRecord], order: list[str], *, steps: bool) -> Iterator[tuple[Name, Fact]]:
    """Yield public artifacts by step and name; of several tasks of a step all hashes count."""
    grouped: dict[tuple[str, str], list[ArtifactRecord]] = defaultdict(list)
    for record in records:
        if record.step in order and not record.name.startswith("_"):
            grouped[record.step, record.name].append(record)
    for step, name in sorted(grouped, key=lambda key: (order.index(key[0]), key[1])):
        some = grouped[step, name]
        shas = tuple(sorted(record.sha for record in some))
        same = len(set(shas)) == 1
        yield Name("artifacts", step if steps else "", name), Fact(shas[0] if same else shas, some[0] if same else some)


def _durations(states: dict[TaskRecord, TaskState], order: list[str], *, steps: bool) -> Iterator[tuple[Name, Fact]]:
    """Yield durations; they are equal where people read the same."""
    for step in [*order, ""] if steps else [""]:
        some = [state for task, state in states.items() if step in ("", task.step)]
        started = [state.first_started_ms for state in some if state.first_started_ms is not None]
        finished = [state.finished_ms for state in some if state.finished_ms is not None]
        if started and len(finished) == len(some):
            duration = max(finished) - min(started)
            yield (
                Name("durations", step, "duration"),
                Fact(duration_text(duration), duration),
            )


def _metadata(events: Iterable[MetadataRecord]) -> Iterator[tuple[Name, Fact]]:
    values: dict[str, set[str]] = defaultdict(set)
    for event in events:
        if event.field not in _STRUCTURE and not event.field.endswith("-id") and event.type != "card-info":
            values[event.field].add(str(event.value))
    for field, some in sorted(values.items()):
        yield Name("metadata", "", field), Fact(tuple(sorted(some)), ", ".join(sorted(some)))
