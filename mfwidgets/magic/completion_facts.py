"""The candidates of one level of pathspecs, and the facts that are shown next to them.

Names come first, as fast as possible. Facts that take more reads follow: a popup shows them if they come in time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from mfwidgets.client.metaflow import Metaflow
from mfwidgets.client.run import Run
from mfwidgets.client.step import Step
from mfwidgets.client.task import Task
from mfwidgets.deadline import Deadline, stoppable
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.providers.base import RunQuery
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.artifact_rows import artifact_rows
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.status.run_end import RunState
from mfwidgets.queries.status.states import known_states, run_states
from mfwidgets.queries.step_timings import read_step_timings
from mfwidgets.render.cell import SIGNS
from mfwidgets.render.sanitize import single_line
from mfwidgets.times import age_text, now_ms
from mfwidgets.views.cells import items_text, size_text

MAX_CANDIDATES = 200
"""Candidates per level. Nobody reads a longer list."""

MAX_NAMES = 20_000
"""Names per level that are read, to find those that begin with a word."""

_MAX_OLDER_RUNS = 2_000
"""Runs of a service among which an id is searched."""

_MAX_STATUSES_READ = 20
"""The newest local runs whose status is read if it is not remembered."""

_MAX_TASKS = 300
"""Up to this many tasks of a step are offered with status and item."""

_MAX_FACT_SECONDS = 5.0
"""Reading facts stops after this time, since nobody waits for them any more."""

_MAX_NOTE_CHARS = 50


@fast_dataclass(frozen=True, slots=True)
class Candidate:
    """A name that can complete a word, with facts about its object.

    Attributes
    ----------
    status
        The status of a run, a step or a task. Empty if it is not known.
    since_ms
        When it started. None if that is not known, or is not shown.
    note
        Other facts: the type and the size of an artifact.
    """

    name: str
    status: str = ""
    since_ms: int | None = None
    note: str = ""

    @property
    def detail(self) -> str:
        """The facts in one line: ``✗ failed · 3 min ago``. Empty without facts."""
        facts = [f"{SIGNS.get(self.status, '?')} {self.status}"] if self.status else []
        facts += [age_text(now_ms() - self.since_ms)] if self.since_ms else []
        facts += [single_line(self.note, _MAX_NOTE_CHARS)] if self.note else []
        return " · ".join(facts)


def named(names: Sequence[str]) -> list[Candidate]:
    """Return candidates without facts."""
    return [Candidate(name) for name in names]


def below(context: ClientContext, above: Sequence[str]) -> list[Candidate]:
    """Return the candidates below a pathspec: the newest runs of a flow first, the steps of a run in their order."""
    if not above:
        return named(sorted(flow.flow for flow in context.provider.flows())[:MAX_NAMES])
    if len(above) == 1:
        runs = list(newest_runs(context, above[0], MAX_CANDIDATES))
        return _runs(runs, known_states(context, runs))
    parent = Metaflow._in_context(context).get("/".join(above))
    if isinstance(parent, Run):
        return named([step.id for step in parent][::-1])
    if isinstance(parent, Step):
        return named([task.id for task in islice(parent.tasks(), MAX_NAMES)])
    return named(list(parent._child_names())[:MAX_NAMES])


def older_runs(context: ClientContext, flow: str, word: str) -> list[Candidate]:
    """Return the runs whose id begins with a word, among all local runs or many runs of a service."""
    most = _MAX_OLDER_RUNS if context.provider.remote else MAX_NAMES
    runs = [run for run in newest_runs(context, flow, most) if run.run_id.startswith(word)][:MAX_CANDIDATES]
    return _runs(runs, known_states(context, runs))


def newest_runs(context: ClientContext, flow: str, most: int) -> Iterator[RunRecord]:
    """Yield the newest runs of a flow in the namespace."""
    tags = () if context.namespace is None else (context.namespace,)
    runs = context.provider.runs(flow, RunQuery(tags=tags, limit=most, with_status=True))
    return islice((run for run in runs if context.includes(run)), most)


def with_facts(context: ClientContext, above: Sequence[str], candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates below a pathspec with the facts that take more reads. Flows come by their last activity."""
    read: Callable[[ClientContext, Sequence[str], Sequence[Candidate]], list[Candidate]]
    read = (_flow_facts, _run_facts, _step_facts, _task_facts, _artifact_facts)[len(above)]
    with Deadline(_MAX_FACT_SECONDS).apply():
        return read(context, above, candidates)


def _runs(runs: Sequence[RunRecord], states: Sequence[RunState | None]) -> list[Candidate]:
    return [
        Candidate(run.run_id, str(state.status) if state else "", run.created_ms)
        for run, state in zip(runs, states, strict=True)
    ]


def _flow_facts(context: ClientContext, _: Sequence[str], candidates: Sequence[Candidate]) -> list[Candidate]:
    """Add the newest run of each flow. A service would need a request for each flow."""
    if context.provider.remote:
        return list(candidates)
    newest: dict[str, RunRecord] = {}
    for candidate in stoppable(candidates):
        first = islice(newest_runs(context, candidate.name, 1), 1)
        newest |= {run.flow: run for run in first}
    runs = sorted(newest.values(), key=lambda run: run.created_ms, reverse=True)
    facts = [
        replace(candidate, name=run.flow) for run, candidate in zip(runs, _with_statuses(context, runs), strict=True)
    ]
    return [*facts, *(candidate for candidate in candidates if candidate.name not in newest)]


def _run_facts(context: ClientContext, above: Sequence[str], candidates: Sequence[Candidate]) -> list[Candidate]:
    runs = list(newest_runs(context, above[0], MAX_CANDIDATES))
    facts = {candidate.name: candidate for candidate in _with_statuses(context, runs)}
    return [facts.get(candidate.name, candidate) for candidate in candidates]


def _with_statuses(context: ClientContext, runs: Sequence[RunRecord]) -> list[Candidate]:
    """Return runs with their statuses, as far as they are remembered, or cheap: the newest runs of a folder."""
    states = known_states(context, runs)
    if not context.provider.remote:
        unknown = [run for run, state in zip(runs, states, strict=True) if state is None][:_MAX_STATUSES_READ]
        read = dict(zip(unknown, run_states(context, unknown), strict=True))
        states = [state or read.get(run) for run, state in zip(runs, states, strict=True)]
    return _runs(runs, states)


def _step_facts(context: ClientContext, above: Sequence[str], candidates: Sequence[Candidate]) -> list[Candidate]:
    run = Metaflow._in_context(context).get("/".join(above))
    assert isinstance(run, Run)
    by_name = {candidate.name: candidate for candidate in candidates}
    steps = [  # in the order of the graph: a resumed run registers its steps in any order
        replace(
            by_name.pop(step.step),
            status=str(step.status or ""),
            since_ms=step.started_ms,
            note=f"{step.task_count:,} tasks" if step.task_count > 1 else "",
        )
        for step in read_step_timings(context, [run._record])[0]
        if step.step in by_name
    ]
    return [*steps, *by_name.values()]


def _task_facts(context: ClientContext, above: Sequence[str], candidates: Sequence[Candidate]) -> list[Candidate]:
    step = Metaflow._in_context(context).get("/".join(above))
    if not isinstance(step, Step) or len(candidates) > _MAX_TASKS:
        return list(candidates)
    rows = {row.record.task_id: row for row in step.tasks()._rows()}
    return [
        replace(candidate, status=str(row.status), since_ms=row.started_ms, note=items_text(row))
        if (row := rows.get(candidate.name))
        else candidate
        for candidate in candidates
    ]


def _artifact_facts(context: ClientContext, above: Sequence[str], candidates: Sequence[Candidate]) -> list[Candidate]:
    task = Metaflow._in_context(context).get("/".join(above))
    if not isinstance(task, Task):
        return list(candidates)
    rows = {row.name: row for row in artifact_rows(context, task._record.path)}
    return [
        replace(
            candidate, note=" · ".join(filter(None, (row.type, size_text(row.size) if row.size is not None else "")))
        )
        if (row := rows.get(candidate.name))
        else candidate
        for candidate in candidates
    ]
