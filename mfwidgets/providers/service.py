"""Metadata from the Metaflow metadata service, from release 2.0.6 on.

What a service can is found out from its answers: the version tells nothing, since the release without pages and filters
and the one with them give the same. A listing is asked as a page; an answer without ``X-Limit`` is the whole list.
Whatever a filter leaves is chosen from again by whoever asked, so that an old service gives the same rows.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any, TypeVar

from mfwidgets.concurrency import parallel_map
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
)
from mfwidgets.providers.service_http import Query, ServiceHttp
from mfwidgets.providers.service_rows import (
    Row,
    artifact_record,
    flow_record,
    metadata_record,
    run_record,
    step_record,
    task_record,
)

_PAGE = 500
"""Rows of a page at most; the service cuts larger wishes."""

_FIRST_PAGE = 50
"""Rows of the first page when nobody knows how many are wanted."""

_LARGE = 20_000_000
"""Bytes; a listing that would be larger is taken by pages."""

_MANY_OPEN = 500
"""Tasks; where more than these did not end well, the metadata of all are as good as theirs."""

_MOST_DIGITS = 18

_LARGEST_NUMBER = 2**31 - 1
"""Of runs; the service answers larger ones with an error of its database."""

_NO_SUCH_ROUTE = 404

_RUN = 2
"""Parts in the path of a run."""

_TRIES = 10
"""Of a change of tags that collides with others, as in Metaflow's own client."""


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

    @property
    def selector(self) -> str:
        """``service@`` and the URL, without a name or password in it."""
        return f"service@{self._http.shown}"

    @property
    def address(self) -> str:
        """The same: a URL means the same everywhere."""
        return self.selector

    def version(self) -> str:
        """Return the version of the service (one request)."""
        return self._http.version()

    # -- flows and runs ---------------------------------------------------------------------------------------------

    def flows(self) -> list[FlowRecord]:
        """Return all flows by name (one request)."""
        return sorted(map(flow_record, self._list(("flows",))), key=lambda flow: flow.flow)

    def flow(self, flow: str) -> FlowRecord | None:
        """Return one flow (one request)."""
        row = self._one(_path((flow,)))
        return flow_record(row) if row else None

    def runs(self, flow: str, choice: RunQuery = ALL) -> Iterator[RunRecord]:
        """Yield runs, newest first: one request for each page of 500, the first of which is as small as will do."""
        query = [("_tags:all", tag) for tag in choice.tags if _means_itself(tag)]
        if _means_itself(choice.user):
            query.append(("user_name:eq", choice.user))
        query += [(f"ts_epoch:{how}", str(ms)) for how, ms in (("ge", choice.since_ms), ("le", choice.until_ms)) if ms]
        if choice.service_status:
            query.append(("status:eq", choice.service_status))
        elif choice.with_status:
            query.append(("status:eq", "running,completed,failed"))  # only then it says which
        path = _path((flow,), "runs")
        if path:
            yield from map(run_record, self._pages(path, query, choice.limit or _FIRST_PAGE))

    def count_runs(self, flow: str) -> int | None:  # noqa: ARG002 - whatever the flow
        """Return None: the service does not count."""
        return None

    def run(self, flow: str, run_id: str) -> RunRecord | None:
        """Return one run (one request)."""
        row = self._one(_path((flow, run_id)))
        return run_record(row) if row else None

    # -- steps and tasks --------------------------------------------------------------------------------------------

    def steps(self, run: RunRecord) -> list[StepRecord]:
        """Return a run's steps (one request)."""
        return _newest_first(step_record(run, row) for row in self._list(_path(run.path, "steps")))

    def step(self, run: RunRecord, step: str) -> StepRecord | None:
        """Return one step (one request)."""
        row = self._one(_path((*run.path, step)))
        return step_record(run, row) if row else None

    def tasks(self, run: RunRecord, step: str | None = None) -> list[TaskRecord]:
        """Return tasks: one request for a step; of a whole run, one for the steps and one for each of them at once."""
        steps = [step] if step else [one.step for one in self.steps(run) if not one.step.startswith("_")]
        lists = parallel_map(lambda name: self._list(_path((*run.path, name), "tasks")), steps)
        return _newest_first(task_record(run, row) for rows in lists for row in rows)

    def task(self, run: RunRecord, step: str, task_id: str) -> TaskRecord | None:
        """Return one task (one request)."""
        row = self._one(_path((*run.path, step, task_id)))
        return task_record(run, row) if row else None

    # -- metadata and artifacts -------------------------------------------------------------------------------------

    def metadata(self, where: PathPrefix, fields: Collection[str] | None = None) -> list[MetadataRecord]:
        """Return metadata events: one request for a task or for a run; the service has none for a step.

        Of a step the run's are asked and chosen from, but for ``_parameters``, which has one task.
        """
        match where:
            case (*run, "_parameters") if len(run) == _RUN:
                rows = self._metadata_of_parameters(tuple(run))
            case (flow, run_id, step):
                rows = [row for row in self._list(_path((flow, run_id), "metadata")) if row["step_name"] == step]
            case _:
                rows = self._list(_path(where, "metadata"))
        return [metadata_record(row) for row in rows if fields is None or row["field_name"] in fields]

    def run_metadata(self, run: RunRecord) -> list[MetadataRecord]:
        """Return the metadata of a run (one request), or of a very large one those of the tasks that did not end well.

        Of thousands of tasks, those are few as a rule: two requests for each step tell which, and one for each of them.
        """
        path = _path(run.path, "metadata")
        answer = self._http.get(path, max_bytes=_LARGE) if path else None
        if path is None or answer is None:
            return []
        rows = self._outcome_of_large(run, path) if answer.too_large else answer.content
        return [metadata_record(row) for row in rows]

    def _metadata_of_parameters(self, run: PathPrefix) -> list[Row]:
        step = (*run, "_parameters")
        tasks = self._list(_path(step, "tasks"))
        return [row for task in tasks for row in self._list(_path((*step, str(task["task_id"])), "metadata"))]

    def _outcome_of_large(self, run: RunRecord, path: PathPrefix) -> list[Row]:
        rows = self._metadata_of_parameters(run.path)
        last = next((row["value"] for row in rows if row["field_name"] == "end_step"), "end")
        steps = [one.step for one in self.steps(run) if not one.step.startswith("_")]
        try:
            found = parallel_map(lambda step: self._open_tasks((*run.path, step), all_of_them=step == last), steps)
        except ServiceException as error:
            if error.http_code != _NO_SUCH_ROUTE:
                raise
            return list(self._pages(path, (), _PAGE))  # before 2.5.0
        tasks = [task for some in found for task in some]
        if len(tasks) > _MANY_OPEN:
            return list(self._pages(path, (), _PAGE))
        for more in parallel_map(lambda task: self._list(_path(task, "metadata")), tasks):
            rows += more
        return rows

    def _open_tasks(self, step: PathPrefix, *, all_of_them: bool) -> list[PathPrefix]:
        """Return the tasks of a step of which no attempt ended as it should."""
        tasks = [str(row["task_id"]) for row in self._list(_path(step, "tasks"))]
        path = None if all_of_them else _path(step, "filtered_tasks")
        answer = self._http.get(path, (("metadata_field_name", "attempt_ok"), ("pattern", "^True$"))) if path else None
        ended = {pathspec.rpartition("/")[2] for pathspec in answer.content} if answer else set()
        return [(*step, task) for task in tasks if task not in ended]

    def artifacts(
        self,
        where: PathPrefix,
        names: Collection[str] | None = None,
        attempt: int | None = None,
        *,
        public_only: bool = False,
    ) -> list[ArtifactRecord]:
        """Return artifacts (one request), of the newest attempt of each task that has any."""
        asked = ("artifacts",) if attempt is None else ("attempt", str(attempt), "artifacts")
        found = [
            artifact_record(row)
            for row in _of_newest_attempts(self._list(_path(where, *asked)))
            if (names is None or row["name"] in names) and not (public_only and row["name"].startswith("_"))
        ]
        return sorted(found, key=attrgetter("step", "task_id", "name"))

    def artifact(self, task: PathPrefix, name: str, attempt: int | None = None) -> ArtifactRecord | None:
        """Return one artifact (one request)."""
        asked = () if attempt is None else ("attempt", str(attempt))
        row = self._one(_path((*task, name), *asked))
        return artifact_record(row) if row else None

    def done_attempts(self, where: PathPrefix) -> Iterator[tuple[PathPrefix, int]]:
        """Yield tasks with their newest attempt that is done (one request)."""
        done: dict[PathPrefix, int] = {}
        for event in sorted(self.metadata(where, {"attempt-done"}), key=lambda event: event.created_ms):
            if str(event.value).isdecimal():
                done[*where[:2], event.step, event.task_id] = int(str(event.value))
        yield from done.items()

    def metadata_and_artifacts(
        self, where: PathPrefix, fields: Collection[str], names: Collection[str]
    ) -> tuple[list[MetadataRecord], list[ArtifactRecord]]:
        """Return metadata events and artifacts: a request for each, at once; none for what is not asked for."""
        asked: list[Callable[[], list[Any]]] = [
            lambda: self.metadata(where, fields) if fields else [],
            lambda: self.artifacts(where, names) if names else [],
        ]
        events, records = parallel_map(lambda ask: ask(), asked)
        return events, records

    # -- tags -------------------------------------------------------------------------------------------------------

    def change_tags(self, run: RunRecord, change: TagUpdate) -> frozenset[str]:
        """Change a run's user tags in one request, after one that tells which it has; again where others collide."""
        path = _path(run.path, "tag", "mutate")
        for _ in range(_TRIES):
            now = self.run(*run.path)
            if now is None or path is None:
                raise MetaflowTaggingError(f"The run is gone: {self.selector} has no {'/'.join(run.path)}.")
            after = change(now.user_tags, now.system_tags)
            if after == now.user_tags:
                return after
            body = {"tags_to_add": sorted(after - now.user_tags), "tags_to_remove": sorted(now.user_tags - after)}
            try:
                answer = self._http.patch(path, body)
            except ServiceException as error:
                raise MetaflowTaggingError(f"The tags of {'/'.join(run.path)} cannot be changed: {error}") from error
            if answer is not None:
                return frozenset(str(tag) for tag in answer.content.get("tags") or ())
        raise MetaflowTaggingError(
            f"The tags of {'/'.join(run.path)} are being changed by somebody else all the time: try again later."
        )

    # -- asking -----------------------------------------------------------------------------------------------------

    def _one(self, path: PathPrefix | None) -> Row | None:
        answer = self._http.get(path) if path else None
        return answer.content if answer else None

    def _list(self, path: PathPrefix | None) -> list[Row]:
        """Return a whole listing: in one answer, or by pages where that would be very large."""
        answer = self._http.get(path, max_bytes=_LARGE) if path else None
        if path and answer and answer.too_large:
            return list(self._pages(path, (), _PAGE))
        return answer.content if answer else []

    def _pages(self, path: PathPrefix, query: Query, first: int) -> Iterator[Row]:
        """Yield the rows of a listing, newest first, the first page of that size."""
        size, cursor = min(first, _PAGE), ""
        while True:
            page = [*query, ("_limit", str(size)), *([("_cursor", cursor)] if cursor else [])]
            answer = self._http.get(path, page)
            if answer is None:
                return
            if answer.limit is None:  # a service without pages: all of them, in no order
                yield from sorted(answer.content, key=itemgetter("ts_epoch"), reverse=True)
                return
            yield from answer.content
            if not answer.cursor:
                return
            size, cursor = _PAGE, answer.cursor


def _path(where: PathPrefix, *last: str) -> PathPrefix | None:
    """Return a path of the service, such as ``flows/F/runs/R/steps``; None where a name can be none.

    Such names never get to the service: some would lead to another path, some confuse its database.
    """
    if not all(map(_is_name, where)) or (len(where) > 1 and where[1].isdigit() and int(where[1]) > _LARGEST_NUMBER):
        return None
    kinds = ("flows", "runs", "steps", "tasks", "artifacts")
    return (*(part for pair in zip(kinds, where, strict=False) for part in pair), *last)


def _means_itself(value: str) -> bool:
    """Tell whether a filter may hold a text: a comma means "or" to the service, and ``null`` that there is none."""
    return value not in ("", "null") and "," not in value


def _is_name(part: str) -> bool:
    if part in ("", ".", "..") or "/" in part or not part.isprintable():
        return False
    return not part.isdigit() or (part.isascii() and len(part) <= _MOST_DIGITS)


def _of_newest_attempts(rows: list[Row]) -> list[Row]:
    """Leave out what pages give beyond plain listings: what an older attempt stored and the newest did not."""
    newest: dict[TaskKey, int] = {}
    for row in rows:
        task = (row["step_name"], str(row["task_id"]))
        newest[task] = max(newest.get(task, 0), row.get("attempt_id") or 0)
    return [row for row in rows if (row.get("attempt_id") or 0) == newest[row["step_name"], str(row["task_id"])]]


def _newest_first(records: Iterable[_Dated]) -> list[_Dated]:
    return sorted(records, key=attrgetter("created_ms", "path"), reverse=True)
