"""Metadata from the Metaflow metadata service, release 2.0.6 or newer.

The responses show what a service supports. The version does not: it is the same with and without pages and filters.
Each listing is requested as a page, and a response without ``X-Limit`` is the whole list. The caller filters the rows
again, so that an old service gives the same result.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

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

    def runs(self, flow: str, query: RunQuery = ALL) -> Iterator[RunRecord]:
        """Yield runs, newest first (one request per page of 500; the first page has only as many as needed)."""
        filters = [("_tags:all", tag) for tag in query.tags if _means_itself(tag)]
        if _means_itself(query.user):
            filters.append(("user_name:eq", query.user))
        filters += [(f"ts_epoch:{how}", str(ms)) for how, ms in (("ge", query.since_ms), ("le", query.until_ms)) if ms]
        if query.service_status:
            filters.append(("status:eq", query.service_status))
        elif query.with_status:
            filters.append(("status:eq", "running,completed,failed"))  # only this filter makes the service return it
        path = path_of((flow,), "runs")
        if path:
            sizes = (query.limit or _FIRST_PAGE_ROWS, query.page_size or PAGE_ROWS)
            yield from map(run_record, self._requests.pages(path, filters, *sizes))

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
        return _newest_first(task_record(run, row) for rows in lists for row in stoppable(rows))

    def task(self, run: RunRecord, step: str, task_id: str) -> TaskRecord | None:
        """Return one task (one request)."""
        row = self._requests.one((*run.path, step, task_id))
        return task_record(run, row) if row else None

    # -- metadata and artifacts -------------------------------------------------------------------------------------

    def metadata(self, where: PathPrefix, fields: Collection[str] | None = None) -> list[MetadataRecord]:
        """Return metadata events (one request).

        For a step, the events of its run are requested and filtered. For the step ``_parameters``, those of its only task.
        """
        is_parameters = where[_RUN:] == ("_parameters",)
        rows = self._metadata_of_parameters(where[:_RUN]) if is_parameters else self._requests.metadata(where)
        return [metadata_record(row) for row in stoppable(rows) if fields is None or row["field_name"] in fields]

    def run_metadata(self, run: RunRecord) -> list[MetadataRecord]:
        """Return the metadata of a run (one request). For a very large run, only that of unsuccessful tasks.

        Usually only few of thousands of tasks are unsuccessful. Two requests per step find them, and one request per
        task reads their metadata.
        """
        rows = self._requests.metadata_if_small(run.path)
        return [metadata_record(row) for row in stoppable(self._outcome_of_large(run) if rows is None else rows)]

    def _metadata_of_parameters(self, run: PathPrefix) -> list[Row]:
        tasks = self._requests.task_paths((*run, "_parameters"))
        return [row for task in tasks for row in self._requests.metadata(task)]

    def _outcome_of_large(self, run: RunRecord) -> list[Row]:
        rows = self._metadata_of_parameters(run.path)
        last = next((row["value"] for row in rows if row["field_name"] == "end_step"), "end")
        lists = parallel_map(
            lambda step: self._open_tasks((*run.path, step), include_all=step == last), self._public_steps(run)
        )
        tasks = [task for open_tasks in lists for task in open_tasks or ()]
        path = path_of(run.path, "metadata")
        if path and (None in lists or len(tasks) > _MAX_OPEN_TASKS):
            return list(self._requests.pages(path))
        for task_rows in parallel_map(self._requests.metadata, tasks):
            rows += task_rows
        return rows

    def _open_tasks(self, step: PathPrefix, *, include_all: bool) -> list[PathPrefix] | None:
        """Return the tasks of a step without a successful attempt, or all of them. None if the service cannot filter."""
        tasks = self._requests.task_paths(step)
        successful = set[str]() if include_all else self._requests.filtered_tasks(step, "attempt_ok", "^True$")
        return None if successful is None else [task for task in tasks if task[-1] not in successful]

    def artifacts(
        self,
        where: PathPrefix,
        names: Collection[str] | None = None,
        attempt: int | None = None,
        *,
        public_only: bool = False,
    ) -> list[ArtifactRecord]:
        """Return artifacts of the newest attempt of each task that has artifacts (one request)."""
        records = [
            artifact_record(row)
            for row in stoppable(_of_newest_attempts(self._requests.artifacts(where, attempt)))
            if (names is None or row["name"] in names) and not (public_only and row["name"].startswith("_"))
        ]
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


def _of_newest_attempts(rows: list[Row]) -> list[Row]:
    """Exclude artifacts that only an older attempt stored. Pages include them, plain listings do not."""
    newest: dict[TaskKey, int] = {}
    for row in stoppable(rows):
        task = (row["step_name"], str(row["task_id"]))
        newest[task] = max(newest.get(task, 0), attempt_of(row))
    return [row for row in stoppable(rows) if attempt_of(row) == newest[row["step_name"], str(row["task_id"])]]


def _newest_first(records: Iterable[_Dated]) -> list[_Dated]:
    return sorted(records, key=attrgetter("created_ms", "path"), reverse=True)
