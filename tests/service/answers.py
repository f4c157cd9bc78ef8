"""Returns the response of the metadata service to each request, for reading and writing."""

import json
import re
import time
from collections.abc import Iterable, Sequence
from typing import Any

from service.queries import Refused, failed, is_paged, listing
from service.store import Row, Store, as_text, shown

VERSION = "2.5.1"

Answer = tuple[int, Any, dict[str, str]]
"""Status, body, headers."""


def get(store: Store, path: Sequence[str], query: Sequence[tuple[str, str]]) -> Answer:
    """Return the response to a GET of a path."""
    match path:
        case ["flows"]:
            return _many(store, "flows", store.flows.values(), query)
        case ["flows", flow]:
            return _one(store.flows.get(flow))
        case ["flows", flow, "runs"]:
            runs = store.newest_runs(flow) if is_paged("runs", query) else store.runs.get(flow, {}).values()
            return _many(store, "runs", runs, query)
        case ["flows", flow, "runs", run_id, *rest]:
            _check_number(store, run_id)
            run = store.run(flow, run_id)
            if not rest:
                return _one(run)
            if run is None:
                return _nothing(store, rest, query)
            return _below(store, run, rest, query)
    raise Refused(404, None)


def _below(store: Store, run: Row, path: Sequence[str], query: Sequence[tuple[str, str]]) -> Answer:
    key = (run["flow_id"], run["run_number"])
    match path:
        case ["steps"]:
            return _many(store, "steps", store.steps[key].values(), query, run)
        case ["steps", step]:
            return _one(store.steps[key].get(step), run)
        case ["steps", step, "tasks"]:
            return _many(store, "tasks", store.tasks[*key, step].values(), query, run)
        case ["steps", step, "filtered_tasks"]:
            return 200, _filtered_tasks(store, run, step, dict(query)), {}
        case ["metadata"]:
            rows = [row for found in store.metadata[key].values() for row in found]
            return _many(store, "metadata", rows, query, run)
        case ["artifacts"]:
            rows = [row for found in store.artifacts[key].values() for row in found]
            return _artifacts(store, rows, query, run)
        case ["steps", step, "artifacts"]:
            rows = [row for (of_step, _), found in store.artifacts[key].items() if of_step == step for row in found]
            return _artifacts(store, rows, query, run)
        case ["steps", step, "tasks", task_id, *rest]:
            return _of_task(store, run, store.task(key[0], run, step, task_id), rest, query)
    raise Refused(404, None)


def _of_task(store: Store, run: Row, task: Row | None, path: Sequence[str], query: Sequence[tuple[str, str]]) -> Answer:
    if not path:
        return _one(task, run)
    if task is None:
        return _nothing(store, path, query)
    key, place = (run["flow_id"], run["run_number"]), (task["step_name"], task["task_id"])
    artifacts = store.artifacts[key][place]
    match path:
        case ["metadata"]:
            rows = sorted(store.metadata[key][place], key=lambda row: (row["ts_epoch"], row["id"]), reverse=True)
            return _many(store, "metadata", rows, query, run)
        case ["artifacts"]:
            return _artifacts(store, artifacts, query, run)
        case ["attempt", attempt, "artifacts"]:
            if not attempt.isdecimal():
                return 500, b"500 Internal Server Error\n\nServer got itself in trouble", {}
            rows = [row for row in artifacts if row["attempt_id"] == int(attempt)]
            return 200, [shown(row, run) for row in rows], {}
        case ["artifacts", name, *rest]:
            last = max((row["attempt_id"] for row in artifacts), default=0)
            rows = [row for row in artifacts if row["name"] == name]
            if not rest:
                rows = [row for row in rows if row["attempt_id"] == last]
            else:
                if not rest[1].isdecimal():
                    raise _refused_by_database("22P02", f'invalid input syntax for type smallint: "{rest[1]}"')
                rows = [row for row in rows if row["attempt_id"] == int(rest[1])]
            newest = max(rows, key=lambda row: row["attempt_id"], default=None)
            return _one(newest, run)
    raise Refused(404, None)


def _one(row: Row | None, run: Row | None = None) -> Answer:
    return (404, {}, {}) if row is None else (200, shown(row, run), {})


def _many(
    store: Store, kind: str, rows: Iterable[Row], query: Sequence[tuple[str, str]], run: Row | None = None
) -> Answer:
    page, headers = listing(store, kind, rows, query)
    return 200, [shown(row, run) for row in page], headers


def _nothing(store: Store, path: Sequence[str], query: Sequence[tuple[str, str]]) -> Answer:
    """Return the response for a path below a missing object: an empty listing, or 404."""
    listings = {"steps", "tasks", "metadata", "artifacts", "filtered_tasks"}
    return _many(store, path[-1], (), query) if path[-1] in listings else (404, {}, {})


def _artifacts(store: Store, rows: Sequence[Row], query: Sequence[tuple[str, str]], run: Row) -> Answer:
    """Return the artifacts of the newest attempts. Pages have the newest artifact of each name, also from older attempts."""
    paged = any(name in ("_limit", "_cursor") for name, _ in query)
    newest: dict[Any, int] = {}
    for row in rows:
        key = (row["task_id"], row["name"]) if paged else row["task_id"]
        newest[key] = max(newest.get(key, 0), row["attempt_id"])
    kept = [
        row for row in rows if row["attempt_id"] == newest[(row["task_id"], row["name"]) if paged else row["task_id"]]
    ]
    return _many(store, "artifacts", sorted(kept, key=lambda row: -row["attempt_id"]), query, run)


def _filtered_tasks(store: Store, run: Row, step: str, query: dict[str, str]) -> list[str]:
    field, pattern = query.get("metadata_field_name"), query.get("pattern")
    try:
        matching = re.compile(pattern or "")
    except re.error:
        raise failed("not enough values to unpack (expected 6, got 1)") from None
    found = []
    for number, task in sorted(store.tasks[run["flow_id"], run["run_number"], step].items()):
        events = store.metadata[run["flow_id"], run["run_number"]][step, number]
        if any(field in (None, "", row["field_name"]) and matching.search(row["value"]) for row in events):
            row = shown(task, run)
            found.append(f"{row['flow_id']}/{row['run_number']}/{step}/{row['task_id']}")
    return found


def _check_number(store: Store, run_id: str) -> None:
    if run_id.isdigit() and not run_id.isascii():
        raise _refused_by_database("22P02", f'invalid input syntax for type integer: "{run_id}"')
    if run_id.isdigit() and int(run_id) > store.largest_run:
        raise _refused_by_database("22003", f'value "{run_id}" is out of range for type integer')


def _refused_by_database(code: str, message: str) -> Refused:
    """Return the response to an error of PostgreSQL. The real service also quotes its query."""
    diagnosis = {"message_primary": message, "severity": "ERROR"}
    error = {"pgerror": f"ERROR:  {message}\n", "pgcode": code, "diag": diagnosis}
    return Refused(500, json.dumps({"err_msg": error}))


# -- writing ------------------------------------------------------------------------------------------------------------


def post(store: Store, path: Sequence[str], body: Any) -> Answer:
    """Store the rows that Metaflow writes, and return the response."""
    now = {"ts_epoch": int(time.time() * 1000)}
    match path:
        case ["flows", flow]:
            if flow in store.flows:
                return 409, shown(store.flows[flow]), {}
            store.add(
                "flows_v3",
                {"flow_id": flow, "user_name": body.get("user_name"), "tags": None, "system_tags": None} | now,
            )
            return 200, shown(store.flows[flow]), {}
        case ["flows", flow, "run"]:
            given = body.get("run_number")
            run_id = None if given is None or str(given).isdigit() else str(given)
            if run_id and store.run(flow, run_id):
                return 409, shown(store.run(flow, run_id) or {}), {}
            row = _common(body) | now | {"flow_id": flow, "run_number": store.number("run"), "run_id": run_id}
            row["last_heartbeat_ts"] = int(time.time())
            store.add("runs_v3", row)
            return 200, shown(row), {}
        case ["flows", flow, "runs", run_id, *rest]:
            run = store.run(flow, run_id)
            return (404, {}, {}) if run is None else _post_below(store, run, rest, body, now)
    raise Refused(404, None)


def _post_below(store: Store, run: Row, path: Sequence[str], body: Any, now: Row) -> Answer:
    place = {"flow_id": run["flow_id"], "run_number": run["run_number"], "run_id": run["run_id"]}
    match path:
        case ["heartbeat"]:
            store.change(run, last_heartbeat_ts=int(time.time()))
            return 200, '{"wait_time_in_seconds": 10}', {}
        case ["steps", step, "step"]:
            known = store.steps[place["flow_id"], place["run_number"]].get(step)
            if known:
                return 409, shown(known, run), {}
            row = _common(body) | now | place | {"step_name": step}
            store.add("steps_v3", row)
            return 200, shown(row, run), {}
        case ["steps", step, "task"]:
            given = body.get("task_id")
            name = None if given is None or str(given).isdigit() else str(given)
            same = store.task(place["flow_id"], run, step, name) if name else None
            if same:
                return 409, shown(same, run), {}
            row = _common(body) | now | place | {"step_name": step, "task_id": store.number("task"), "task_name": name}
            store.add("tasks_v3", row | {"last_heartbeat_ts": int(time.time())})
            return 200, shown(row, run), {}
        case ["steps", step, "tasks", task_id, what]:
            task = store.task(run["flow_id"], run, step, task_id)
            if task is None:
                return 404, {}, {}
            place |= {"step_name": step, "task_id": task["task_id"], "task_name": task["task_name"]}
            return _post_of_task(store, task, place, what, body, now)
    raise Refused(404, None)


def _post_of_task(store: Store, task: Row, place: Row, what: str, body: Any, now: Row) -> Answer:
    match what:
        case "heartbeat":
            task["last_heartbeat_ts"] = int(time.time())
            return 200, '{"wait_time_in_seconds": 10}', {}
        case "artifact":
            known = store.artifacts[task["flow_id"], task["run_number"]][task["step_name"], task["task_id"]]
            named, before = {(row["attempt_id"], row["name"]) for row in known}, len(known)
            for given in body:
                kept = {key: given.get(key) for key in ("name", "location", "ds_type", "sha", "type", "content_type")}
                row = _common(given) | now | place | kept | {"attempt_id": int(given.get("attempt_id") or 0)}
                if (
                    row["attempt_id"],
                    row["name"],
                ) not in named:  # the first artifact of a name stays, without an error
                    store.add("artifact_v3", row)
            return 200, {"artifacts_created": len(known) - before}, {}
        case "metadata":
            for given in body:
                row = _common(given) | now | place | {"id": store.number("metadata"), "system_tags": None}
                row |= {"field_name": given["field_name"], "type": given["type"], "value": as_text(given["value"])}
                store.add("metadata_v3", row)
            return 200, {"metadata_created": len(body)}, {}
    raise Refused(404, None)


def _common(body: Row) -> Row:
    return {
        "user_name": body.get("user_name"),
        "tags": list(body.get("tags") or []),
        "system_tags": list(body.get("system_tags") or []),
    }


def mutate_tags(store: Store, flow: str, run_id: str, body: Any) -> Answer:
    """Change the tags of a run: removals first, system tags never."""
    if not isinstance(body, dict):
        raise failed(f"'{type(body).__name__}' object has no attribute 'get'")
    add, remove = body.get("tags_to_add", []), body.get("tags_to_remove", [])
    for name, given in (("tags_to_add", add), ("tags_to_remove", remove)):
        if not isinstance(given, list):
            return 400, f"{name} must be a list", {}
    if not all(isinstance(tag, str) for tag in [*add, *remove]):
        return 400, "All tag values must be strings", {}
    run = store.run(flow, run_id)
    if run is None:
        return 404, {}, {}
    system = set(run["system_tags"] or ())
    if system & set(remove):
        return 422, f"Cannot remove tags that are existing system tags {system & set(remove)}", {}
    store.change(run, tags=list(set(run["tags"] or ()) - set(remove) | (set(add) - system)))
    return 200, {"tags": run["tags"]}, {}
