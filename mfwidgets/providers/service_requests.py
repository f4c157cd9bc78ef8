"""Requests objects and listings of the metadata service, by their place in the tree of flows, runs, steps and tasks.

Some services have only the routes of single objects: none for all metadata or artifacts of a run, and no list of flows.
What a service lacks is learned from its responses and remembered. Then the same rows are read task by task.
"""

from collections.abc import Callable, Hashable, Iterator
from http import HTTPStatus
from typing import TypeVar
from weakref import WeakValueDictionary

from mfwidgets.concurrency import parallel_map
from mfwidgets.errors import ServiceException
from mfwidgets.providers.base import PathPrefix
from mfwidgets.providers.service_http import Query, ServiceHttp
from mfwidgets.providers.service_replies import Response
from mfwidgets.providers.service_rows import Row, attempt_of, checked_row, checked_rows, milliseconds

Kept = TypeVar("Kept")
Answer = TypeVar("Answer")

Keep = Callable[[list[Row]], list[Kept]]
"""Takes some rows of a listing, returns what is kept of them. A long listing arrives in pieces."""

PAGE_ROWS = 500
"""The largest page that the service returns."""

_MAX_PAGE_BYTES = 5_000_000
"""A larger page is not read: the service has no pages, and the run is very large."""

_MAX_DIGITS = 18
"""Longer ids do not fit into the 64-bit columns of the database."""

_MAX_RUN_NUMBER = 2**31 - 1
"""For larger numbers some services return an error of their database."""

_NO_SUCH_ROUTE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})
"""Statuses for a route that a service does not have."""

_RUN, _STEP, _TASK = 2, 3, 4
"""Parts of the path of an object."""

_NAMES = {_RUN: "run", _STEP: "step", _TASK: "task"}

_NEEDED = {
    "flows": ("flow_id",),
    "runs": ("flow_id", "run_number"),
    "steps": ("step_name",),
    "tasks": ("step_name", "task_id"),
    "artifacts": ("flow_id", "run_number", "step_name", "task_id", "name"),
    "metadata": ("step_name", "task_id", "field_name"),
}
"""The fields that each row of a listing has, by the last part of its path."""


class _Routes:
    """The routes that a service was found to lack, such as ``runs metadata``."""

    def __init__(self) -> None:
        self.missing: set[str] = set()
        self.may_lack_more = False  # it has answered 404 in another way than for an object that does not exist


_routes: WeakValueDictionary[str, _Routes] = WeakValueDictionary()
"""By the address of the service. Clients of the same service share what is known."""


class ServiceRequests:
    """Objects and listings of one metadata service.

    Parameters
    ----------
    http
        The connection to it.
    """

    def __init__(self, http: ServiceHttp) -> None:
        self._http = http
        self._routes = _routes.setdefault(http.shown, _Routes())
        self._is_service = False
        self.has_pages = False  # until a page was seen

    @property
    def lacks_bulk_routes(self) -> bool:
        """Whether the service is known to have no listings of a whole run. Then a run is read task by task."""
        return not self._routes.missing.isdisjoint(("run metadata", "run artifacts"))

    # -- single objects ---------------------------------------------------------------------------------------------

    def one(self, where: PathPrefix) -> Row | None:
        """Return a flow, run, step or task (one request). None if it does not exist."""
        path = path_of(where)
        answer = self._get(path) if path else None
        return checked_row(answer.content, _NEEDED[_KINDS[len(where) - 1]]) if answer else None

    def artifact(self, task: PathPrefix, name: str, attempt: int | None) -> Row | None:
        """Return an artifact (one request; where the service has no single artifacts, the list of the task's)."""
        path = path_of((*task, name), *_attempt(attempt))
        if path is None:
            return None
        if "artifact" not in self._routes.missing:
            answer = self._get(path)
            if answer is not None:
                return checked_row(answer.content, _NEEDED["artifacts"])
            if not self._routes.may_lack_more:
                return None
        rows = self.artifacts(task, attempt, lambda rows: [row for row in rows if row["name"] == name], name)
        row = max(rows, key=attempt_of, default=None)
        if row is not None:
            self._routes.missing.add("artifact")
        return row

    # -- listings ---------------------------------------------------------------------------------------------------

    def flows(self) -> list[Row]:
        """Return all flows (one request).

        Raises
        ------
        ServiceException
            The service has no list of flows.
        """
        answer = self._listing(("flows",), list, "all")
        if answer is None:
            raise ServiceException(
                f"The metadata service at {self._http.shown} has no list of flows (it answers 404 to /flows). "
                "Name a flow, such as Flow('NAME') or %mflow NAME.",
                HTTPStatus.NOT_FOUND,
            )
        return answer

    def below(self, where: PathPrefix, kind: str) -> list[Row]:
        """Return the ``runs`` of a flow, the ``steps`` of a run or the ``tasks`` of a step (one request)."""
        path = path_of(where, kind)
        return (self._listing(path, list, "all") or []) if path else []

    def metadata(self, where: PathPrefix, keep: Keep[Kept], key: Hashable) -> list[Kept]:
        """Return what is kept of the metadata of a run, step or task (one request; without such a route, one per task).

        No service has a request for a step, so the metadata of its run is requested.
        """
        if len(where) != _STEP:
            return self._rows(where, "metadata", keep, key)
        rows = self._bulk(where[:_RUN], "metadata", lambda rows: keep(_of_step(rows, where)), (where, key))
        return self._task_by_task(where, "metadata", "run metadata", keep, key) if rows is None else rows

    def few_metadata(self, run: PathPrefix) -> list[Row] | None:
        """Return the metadata of a run if it fits into a page (one request). Else None, also without such a route."""
        path = path_of(run, "metadata")
        if path is None:
            return []
        if not self._routes.missing.isdisjoint(("run metadata", "pages")):
            return None
        answer = self._get(path, (("_limit", str(PAGE_ROWS)),), _MAX_PAGE_BYTES)
        if answer is None or answer.cursor:
            return None
        if answer.too_large:  # a service without pages builds the whole answer each time
            self._routes.missing.add("pages")
            return None
        return checked_rows(answer.content, _needed(path))

    def artifacts(self, where: PathPrefix, attempt: int | None, keep: Keep[Kept], key: Hashable) -> list[Kept]:
        """Return what is kept of artifacts, of all attempts or of one (one request, or one per task)."""
        if attempt is None:
            return self._rows(where, "artifacts", keep, key)
        rows = self._bulk(where, "artifacts", keep, key, attempt)
        if rows is not None:
            return rows
        rows = self._rows(where, "artifacts", lambda rows: keep(_of_attempt(rows, attempt)), (attempt, key))
        if rows:
            self._routes.missing.add("attempt artifacts")
        return rows

    def _rows(self, where: PathPrefix, kind: str, keep: Keep[Kept], key: Hashable) -> list[Kept]:
        """Return all metadata or artifacts below a path. Without a route for it, of each task there."""
        rows = self._bulk(where, kind, keep, key)
        if rows is None and len(where) < _TASK:
            return self._task_by_task(where, kind, _route(where, kind), keep, key)
        return rows or []

    def _bulk(
        self, where: PathPrefix, kind: str, keep: Keep[Kept], key: Hashable, attempt: int | None = None
    ) -> list[Kept] | None:
        """Return a listing. None if the service has none there."""
        path = path_of(where, *_attempt(attempt), kind)
        if path is None:
            return []
        route = _route(where, kind) if attempt is None else "attempt artifacts"
        return None if route in self._routes.missing else self._listing(path, keep, key)

    def _task_by_task(self, where: PathPrefix, kind: str, route: str, keep: Keep[Kept], key: Hashable) -> list[Kept]:
        """Return what each task below a path has, and remember that a route for all of them is missing."""
        tasks = self.task_paths(where)
        if tasks:  # otherwise the run may not exist, and nothing is known about the route
            self._routes.missing.add(route)
        lists = parallel_map(lambda task: self._rows(task, kind, keep, key), tasks)
        return [row for rows in lists for row in rows]

    def task_paths(self, where: PathPrefix) -> list[PathPrefix]:
        """Return the tasks of a run or a step, including private steps (one request per step, and one for the steps)."""
        if len(where) == _STEP:
            return [(*where, str(row["task_id"])) for row in self.below(where, "tasks")]
        steps = [(*where, str(row["step_name"])) for row in self.below(where, "steps")]
        return [task for tasks in parallel_map(self.task_paths, steps) for task in tasks]

    def filtered_tasks(self, step: PathPrefix, field: str, pattern: str) -> set[str] | None:
        """Return the ids of the tasks of a step with a value that matches (one request). None without such a route."""
        path = path_of(step, "filtered_tasks")
        answer = self._get(path, (("metadata_field_name", field), ("pattern", pattern))) if path else None
        if answer is None or not isinstance(answer.content, list):
            return None
        return {str(pathspec).rpartition("/")[2] for pathspec in answer.content}

    def pages(
        self, path: PathPrefix, filters: Query = (), first: int = PAGE_ROWS, later: int = PAGE_ROWS
    ) -> Iterator[Row]:
        """Yield the rows of a listing, newest first. ``first`` and ``later`` are the sizes of the pages."""
        later = min(later, PAGE_ROWS)
        size, cursor, cursors = min(first, later), "", {""}
        while True:
            page = [*filters, ("_limit", str(size)), *([("_cursor", cursor)] if cursor else [])]
            answer = self._get(path, page)
            if answer is None:
                return
            rows = checked_rows(answer.content, _needed(path))
            self.has_pages |= answer.limit is not None
            if answer.limit is None:  # a service without pages returns all rows, unsorted
                yield from sorted(rows, key=milliseconds, reverse=True)
                return
            yield from rows
            if not answer.cursor:
                return
            if answer.cursor in cursors or not rows:
                raise ServiceException(
                    f"The metadata service at {self._http.shown} repeats a page of {'/'.join(path)}."
                )
            cursors.add(answer.cursor)
            size, cursor = later, answer.cursor

    # -- requests ---------------------------------------------------------------------------------------------------

    def _listing(self, path: PathPrefix, keep: Keep[Kept], key: Hashable) -> list[Kept] | None:
        """Return what is kept of a whole listing. None if there is no such route or parent."""
        needed = _needed(path)
        return self._answer(path, lambda: self._http.get_rows(path, lambda rows: keep(checked_rows(rows, needed)), key))

    def _get(self, path: PathPrefix, query: Query = (), max_bytes: int | None = None) -> Response | None:
        """Return a response. None if the service has no such object or route."""
        return self._answer(path, lambda: self._http.get(path, query, max_bytes))

    def _answer(self, path: PathPrefix, ask: Callable[[], Answer | None]) -> Answer | None:
        """Return the answer to a request. None if the service has no such object or route.

        Services differ in how they say that. A proxy, or a wrong URL, must not look like an empty service.
        """
        try:
            answer = ask()
        except ServiceException as error:
            if error.http_code in _NO_SUCH_ROUTE and self._checked_service():
                self._routes.may_lack_more = True
                return None
            if (
                error.http_code == HTTPStatus.INTERNAL_SERVER_ERROR
                and _has_large_run(path)
                and "out of range" in str(error)
            ):
                return None
            raise
        self._is_service |= answer is not None
        return answer

    def _checked_service(self) -> bool:
        """Return whether there is a metadata service: it has answered before, or answers now (one request, once)."""
        if not self._is_service:
            try:
                self._http.version()
            except ServiceException:
                return False
            self._is_service = True
        return True


_KINDS = ("flows", "runs", "steps", "tasks", "artifacts")


def _needed(path: PathPrefix) -> tuple[str, ...]:
    """Return the fields that each row of a listing has."""
    return _NEEDED.get(path[-1], ())


def path_of(where: PathPrefix, *last: str) -> PathPrefix | None:
    """Return a path of the service, such as ``flows/F/runs/R/steps``. None if a name is invalid.

    Invalid names are not sent: they would lead to another path or cause an error of the database.
    """
    if not all(map(_is_name, where)):
        return None
    return (*(part for pair in zip(_KINDS, where, strict=False) for part in pair), *last)


def _of_step(rows: list[Row], step: PathPrefix) -> list[Row]:
    return [row for row in rows if row["step_name"] == step[-1]]


def _of_attempt(rows: list[Row], attempt: int) -> list[Row]:
    return [row for row in rows if attempt_of(row) == attempt]


def _attempt(attempt: int | None) -> PathPrefix:
    return () if attempt is None else ("attempt", str(attempt))


def _route(where: PathPrefix, kind: str) -> str:
    return f"{_NAMES[len(where)]} {kind}"


def _has_large_run(path: PathPrefix) -> bool:
    run_id = path[3] if len(path) > _STEP else ""
    return run_id.isdigit() and int(run_id) > _MAX_RUN_NUMBER


def _is_name(part: str) -> bool:
    if part in ("", ".", "..") or "/" in part or not part.isprintable():
        return False
    return not part.isdigit() or (part.isascii() and len(part) <= _MAX_DIGITS)
