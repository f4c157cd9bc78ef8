"""Metadata from the Metaflow metadata service, release 2.0.6 or newer.

The responses show what a service supports. The version does not: it is the same with and without pages and filters.
Each listing is requested as a page, and a response without ``X-Limit`` is the whole list. The caller filters the rows
again, so that an old service gives the same result.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from mfwidgets.concurrency import parallel_map
from mfwidgets.deadline import stoppable
from mfwidgets.errors import MetaflowTaggingError, ServiceException
from mfwidgets.providers.base import ALL, PathPrefix, RunQuery, TagUpdate
from mfwidgets.providers.records import (
    ArtifactRecord,
    FlowRecord,
    MetadataRecord,
    RunRecord,
    StepRecord,
    TaskKey,
    TaskRecord,
    attempt_number,
)
from mfwidgets.providers.service_http import ServiceHttp
from mfwidgets.providers.service_requests import PAGE_ROWS, ServiceRequests, path_of
from mfwidgets.providers.service_rows import (
    Row,
    artifact_record,
    attempt_of,
    checked_row,
    flow_record,
    metadata_record,
    run_record,
    step_record,
    strings,
    task_record,
)

_FIRST_PAGE_ROWS = 50
"""The first page, if the caller does not say how many rows it needs."""

_ANY_STATUS = "running,completed,failed"

_MAX_IDS = 100
"""Run ids in a request."""

MAX_TASKS_READ = 1_000
"""If a run has more tasks, its status is read from the unsuccessful ones, and its displays show counts only."""

_SMALL_FLOW_TASKS = 300
"""If no known run of a flow has more tasks, its other runs are expected to be as small."""

_MAX_OPEN_TASKS = 500
"""If more tasks were not successful, the metadata of all tasks is read instead of theirs."""

_RUN = 2
"""Parts in the path of a run."""

_MAX_TAG_ATTEMPTS = 10
"""Attempts to change tags while other clients change them, as in Metaflow's own client."""


_Dated = TypeVar("_Dated", StepRecord, TaskRecord)


class ServiceProvider:
    """Reads one metadata service.

    Parameters
    ----------
    http
        The connection to it.
    """

    remote = True
    local_root: Path | None = None

    def __init__(self, http: ServiceHttp) -> None:
        self._http = http
        self._requests = ServiceRequests(http)
        self._most_tasks: dict[str, int] = {}
        """The tasks of the largest run that was read, by flow."""

    @property
    def selector(self) -> str:
        """``service@`` and the URL, without name and password."""
        return f"service@{self._http.shown}"

    @property
    def address(self) -> str:
        """The same as the selector: a URL is valid everywhere."""
        return self.selector

    @property
    def lacks_bulk_routes(self) -> bool:
        """Whether the service is known to have no listings of a whole run. Then a run is read task by task."""
        return self._requests.lacks_bulk_routes

    def version(self) -> str:
        """Return the version of the service (one request)."""
        return self._http.version()

    # -- flows and runs ---------------------------------------------------------------------------------------------

    def flows(self) -> list[FlowRecord]:
        """Return all flows, sorted by name (one request)."""
        return sorted(map(flow_record, self._requests.flows()), key=lambda flow: flow.flow)

    def flow(self, flow: str) -> FlowRecord | None:
        """Return one flow (one request)."""
        row = self._requests.one((flow,))
        return flow_record(row) if row else None

    def flow_names(self) -> list[str]:
        """Return the names of all flows (one request)."""
        return [record.flow for record in self.flows()]

    def newest_start(self, flow: str) -> int | None:  # noqa: ARG002 - same for each flow
        """Return None: the service does not know."""
        return None

    def runs(self, flow: str, query: RunQuery = ALL) -> Iterator[RunRecord]:
        """Yield runs, newest first (one request per page of 500; the first page has only as many as needed)."""
        filters = [("_tags:all", tag) for tag in query.tags if _means_itself(tag)]
        if _means_itself(query.user):
            filters.append(("user_name:eq", query.user))
        filters += [(f"ts_epoch:{how}", str(ms)) for how, ms in (("ge", query.since_ms), ("le", query.until_ms)) if ms]
        if query.service_status:
            filters.append(("status:eq", query.service_status))
        elif query.with_status:
            filters.append(("status:eq", _ANY_STATUS))  # only this filter makes the service return it
        path = path_of((flow,), "runs")
        if path:
            sizes = (query.limit or _FIRST_PAGE_ROWS, query.page_size or PAGE_ROWS)
            yield from map(run_record, self._requests.pages(path, filters, *sizes))

    def with_status(self, runs: Sequence[RunRecord]) -> list[RunRecord]:
        """Return runs of one flow with the status of the service (one request per 100 runs).

        Unchanged if they have one, if their ids are not numbers, or if the service is not known to have filters.
        """
        wanted = [run for run in runs if run.run_id.isdecimal() and not run.service_status]
        path = path_of((wanted[0].flow,), "runs") if wanted and self._requests.has_pages else None
        if path is None:
            return list(runs)
        batches = [wanted[first : first + _MAX_IDS] for first in range(0, len(wanted), _MAX_IDS)]

        def ask(batch: Sequence[RunRecord]) -> list[RunRecord]:
            ids = ("run_number:eq", ",".join(run.run_id for run in batch))
            rows = self._requests.pages(path, [ids, ("status:eq", _ANY_STATUS)], _MAX_IDS)
            return list(map(run_record, rows))

        filled = {run.run_id: run for found in parallel_map(ask, batches) for run in found}
        return [filled.get(run.run_id, run) for run in runs]

    def count_runs(self, flow: str) -> int | None:  # noqa: ARG002 - same for each flow
        """Return None: the service does not count."""
        return None

    def run(self, flow: str, run_id: str) -> RunRecord | None:
        """Return one run (one request)."""
        row = self._requests.one((flow, run_id))
        return run_record(row) if row else None

    # -- steps and tasks --------------------------------------------------------------------------------------------

    def steps(self, run: RunRecord) -> list[StepRecord]:
        """Return a run's steps (one request)."""
        return _newest_first(step_record(run, row) for row in self._requests.below(run.path, "steps"))

    def step(self, run: RunRecord, step: str) -> StepRecord | None:
        """Return one step (one request)."""
        row = self._requests.one((*run.path, step))
        return step_record(run, row) if row else None

    def tasks(self, run: RunRecord, step: str | None = None) -> list[TaskRecord]:
        """Return tasks (one request for a step; for a run, one for its steps and then one per step)."""
        steps = [step] if step else self._public_steps(run)
        lists = parallel_map(lambda name: self._requests.below((*run.path, name), "tasks"), steps)
        tasks = _newest_first(task_record(run, row) for rows in lists for row in stoppable(rows))
        if len(tasks) > self._most_tasks.get(run.flow, -1) and (step is None or len(tasks) >= _SMALL_FLOW_TASKS):
            self._most_tasks[run.flow] = len(tasks)
        return tasks

    def task(self, run: RunRecord, step: str, task_id: str) -> TaskRecord | None:
        """Return one task (one request)."""
        row = self._requests.one((*run.path, step, task_id))
        return task_record(run, row) if row else None

    # -- metadata and artifacts -------------------------------------------------------------------------------------

    def metadata(self, where: PathPrefix, fields: Collection[str] | None = None) -> list[MetadataRecord]:
        """Return metadata events (one request).

        For a step, the events of its run are requested and filtered. For the step ``_parameters``, those of its only task.
        """
        names = None if fields is None else frozenset(fields)

        def keep(rows: list[Row]) -> list[MetadataRecord]:
            return [metadata_record(row) for row in stoppable(rows) if names is None or row["field_name"] in names]

        if where[_RUN:] != ("_parameters",):
            return self._requests.metadata(where, keep, names)
        tasks = self._requests.task_paths(where)
        return [event for task in tasks for event in self._requests.metadata(task, keep, names)]

    def run_metadata(self, run: RunRecord) -> list[MetadataRecord]:
        """Return the metadata of a run (one request). For a very large run, only that of unsuccessful tasks.

        If nothing is known about the size of the flow's runs and the metadata does not fit into a page, the tasks are counted
        first: one request for the steps, and one per step. Usually only few of thousands of tasks are unsuccessful. One
        request per step finds them, and one request per task reads their metadata.
        """
        if self.is_small_flow(run.flow):
            return self.metadata(run.path)
        rows = self._requests.few_metadata(run.path) if run.flow not in self._most_tasks else None
        if rows is not None:
            self._most_tasks.setdefault(run.flow, 0)
            return list(map(metadata_record, rows))
        tasks = self.tasks(run)
        return self.metadata(run.path) if len(tasks) <= MAX_TASKS_READ else self._outcome_of_large(run, tasks)

    def is_small_flow(self, flow: str) -> bool:
        """Return whether runs of a flow are known, and none had many tasks."""
        return self._most_tasks.get(flow, MAX_TASKS_READ) < _SMALL_FLOW_TASKS

    def _outcome_of_large(self, run: RunRecord, tasks: list[TaskRecord]) -> list[MetadataRecord]:
        events = self.metadata((*run.path, "_parameters"))
        last = next((str(event.value) for event in events if event.field == "end_step"), "end")
        steps = sorted({task.step for task in tasks})
        sets = parallel_map(
            lambda step: set[str]() if step == last else self.tasks_with((*run.path, step), "attempt_ok", "^True$"),
            steps,
        )
        successful = {(step, task_id) for step, ids in zip(steps, sets, strict=True) for task_id in ids or ()}
        unsuccessful = [task.path for task in tasks if task.key not in successful]
        if None in sets or len(unsuccessful) > _MAX_OPEN_TASKS:
            return self.metadata(run.path)
        for more in parallel_map(self.metadata, unsuccessful):
            events += more
        return events

    def tasks_with(self, step: PathPrefix, field: str, pattern: str) -> set[str] | None:
        """Return the ids of the tasks of a step with a matching value (one request). None without such a route."""
        return self._requests.filtered_tasks(step, field, pattern)

    def artifacts(
        self,
        where: PathPrefix,
        names: Collection[str] | None = None,
        attempt: int | None = None,
        *,
        public_only: bool = False,
    ) -> list[ArtifactRecord]:
        """Return artifacts of the newest attempt of each task that has artifacts (one request)."""
        chosen = None if names is None else frozenset(names)

        def keep(rows: list[Row]) -> list[_Artifacts]:
            return [_Artifacts.of(rows, chosen, public_only=public_only)]

        records = _of_newest_attempts(self._requests.artifacts(where, attempt, keep, (chosen, public_only)))
        return sorted(records, key=attrgetter("step", "task_id", "name"))

    def artifact(self, task: PathPrefix, name: str, attempt: int | None = None) -> ArtifactRecord | None:
        """Return one artifact (one request)."""
        row = self._requests.artifact(task, name, attempt)
        return artifact_record(row) if row else None

    def done_attempts(self, where: PathPrefix) -> Iterator[tuple[PathPrefix, int]]:
        """Yield tasks with their newest done attempt (one request)."""
        done: dict[PathPrefix, int] = {}
        for event in sorted(self.metadata(where, {"attempt-done"}), key=lambda event: event.created_ms):
            if (attempt := attempt_number(event.value)) is not None:
                done[*where[:2], event.step, event.task_id] = attempt
        yield from done.items()

    def metadata_and_artifacts(
        self, where: PathPrefix, fields: Collection[str], names: Collection[str]
    ) -> tuple[list[MetadataRecord], list[ArtifactRecord]]:
        """Return metadata events and artifacts (two simultaneous requests; none for an empty collection)."""
        reads: list[Callable[[], list[Any]]] = [
            lambda: self.metadata(where, fields) if fields else [],
            lambda: self.artifacts(where, names) if names else [],
        ]
        events, records = parallel_map(lambda read: read(), reads)
        return events, records

    # -- tags -------------------------------------------------------------------------------------------------------

    def change_tags(self, run: RunRecord, change: TagUpdate) -> frozenset[str]:
        """Change a run's user tags (two requests: read and write; repeated if another client changes them)."""
        path = path_of(run.path, "tag", "mutate")
        for _ in range(_MAX_TAG_ATTEMPTS):
            now = self.run(*run.path)
            if now is None or path is None:
                raise MetaflowTaggingError(f"The run was deleted: {self.selector} has no {'/'.join(run.path)}.")
            after = change(now.user_tags, now.system_tags)
            if after == now.user_tags:
                return after
            body = {"tags_to_add": sorted(after - now.user_tags), "tags_to_remove": sorted(now.user_tags - after)}
            try:
                answer = self._http.patch(path, body)
            except ServiceException as error:
                raise MetaflowTaggingError(f"The tags of {'/'.join(run.path)} cannot be changed: {error}") from error
            if answer is not None:
                return frozenset(strings(checked_row(answer.content, ()).get("tags")))
        raise MetaflowTaggingError(
            f"The tags of {'/'.join(run.path)} keep being changed by another client. Try again later."
        )

    # -- helpers ----------------------------------------------------------------------------------------------------

    def _public_steps(self, run: RunRecord) -> list[str]:
        return [record.step for record in self.steps(run) if not record.step.startswith("_")]


def _means_itself(value: str) -> bool:
    """Return whether a filter takes a value literally. To the service, a comma means "or" and ``null`` means missing."""
    return value not in ("", "null") and "," not in value


class _Artifacts(NamedTuple):
    """The artifacts in one piece of a listing, and the newest attempt of each task in it."""

    records: list[ArtifactRecord]
    newest: dict[TaskKey, int]

    @classmethod
    def of(cls, rows: list[Row], names: Collection[str] | None, *, public_only: bool) -> "_Artifacts":
        """Return the artifacts with these names."""
        newest: dict[TaskKey, int] = {}
        for row in stoppable(rows):
            task = (row["step_name"], str(row["task_id"]))
            newest[task] = max(newest.get(task, 0), attempt_of(row))
        records = [
            artifact_record(row)
            for row in stoppable(rows)
            if (names is None or row["name"] in names) and not (public_only and row["name"].startswith("_"))
        ]
        return cls(records, newest)


def _of_newest_attempts(pieces: list[_Artifacts]) -> list[ArtifactRecord]:
    """Exclude artifacts that only an older attempt stored. Some services include them."""
    newest: dict[TaskKey, int] = {}
    for piece in pieces:
        for task, attempt in piece.newest.items():
            newest[task] = max(newest.get(task, 0), attempt)
    return [record for piece in pieces for record in piece.records if record.attempt == newest[record.key]]


def _newest_first(records: Iterable[_Dated]) -> list[_Dated]:
    return sorted(records, key=attrgetter("created_ms", "path"), reverse=True)
