"""The listings of the metadata service: pages and filters, with the quirks of the real service."""

import base64
import binascii
import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from service.store import Row, Store

KEYS = {
    "flows": ("ts_epoch", "flow_id"),
    "runs": ("ts_epoch", "run_number"),
    "tasks": ("ts_epoch", "task_id"),
    "artifacts": ("ts_epoch", "task_id", "name"),
    "metadata": ("ts_epoch", "id"),
}
"""The columns that sort the pages of a listing, newest first. A cursor contains their values in the last row."""

FIELDS = {
    "runs": {"flow_id", "run_number", "run_id", "user_name", "ts_epoch", "last_heartbeat_ts", "tags", "system_tags", "user", "status"},
    "tasks": {"task_id", "task_name", "user_name", "ts_epoch", "last_heartbeat_ts"},
}  # fmt: skip
_NUMBERS = {"run_number", "task_id"}
_TIMES = {"ts_epoch", "last_heartbeat_ts"}
_OPERATORS = {"eq", "ne", "lt", "le", "gt", "ge", "co", "sw", "ew", "li", "is"}
_MAX_ROWS, _DEFAULT_ROWS = 500, 50


class Refused(Exception):
    """A response that is not a listing."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers or {}


def failed(detail: str) -> Refused:
    """Return the response to an internal error of the service."""
    body = {"traceback": "", "detail": detail, "status": 500, "title": "Internal Server Error", "type": "about:blank"}
    return Refused(500, body)


def listing(
    store: Store, kind: str, rows: Iterable[Row], query: Sequence[tuple[str, str]]
) -> tuple[list[Row], dict[str, str]]:
    """Return the requested rows and their headers."""
    if not is_paged(kind, query):
        return list(rows), {}
    filters = _filters(kind, query)
    last = dict(query)
    limit, after = _limit(last.get("_limit", "")), _after(kind, last.get("_cursor", ""))
    ordered = newest_first(kind, rows) if kind != "runs" else list(rows)  # runs are already sorted
    first = (
        0 if after is None else bisect_right(ordered, [-1], key=lambda row: [0 if _place(kind, row) < after else -1])
    )
    chosen = (row for row in ordered[first:] if all(_matches(store, row, *one) for one in filters))
    found = list(chosen) if limit < 0 else list(islice(chosen, limit + 1))
    page = found[:limit] if limit >= 0 else found[:-1]
    headers = {"X-Limit": str(limit)}
    if page and len(page) < len(found):
        cursor = json.dumps(dict(zip(KEYS[kind], _place(kind, page[-1]), strict=True)))
        headers["X-Next-Cursor"] = base64.b64encode(cursor.encode()).decode()
    with_status = any(field == "status" for field, _, _ in filters)
    return [{**row, "status": store.status(row)} if with_status else row for row in page], headers


def is_paged(kind: str, query: Sequence[tuple[str, str]]) -> bool:
    """Return whether a listing has pages: if pages or filters are requested."""
    asked = any(name in ("_limit", "_cursor") for name, _ in query)
    return kind in KEYS and (asked or bool(_filters(kind, query)))


def newest_first(kind: str, rows: Iterable[Row]) -> list[Row]:
    """Return rows in the order of pages."""
    return sorted(rows, key=lambda row: _place(kind, row), reverse=True)


def _place(kind: str, row: Row) -> tuple[Any, ...]:
    return tuple(row[key] for key in KEYS[kind])


def _limit(text: str) -> int:
    try:
        return min(int(text), _MAX_ROWS) if text else _DEFAULT_ROWS
    except ValueError:
        raise failed(f"invalid literal for int() with base 10: {text!r}") from None


def _after(kind: str, cursor: str) -> tuple[Any, ...] | None:
    if not cursor:
        return None
    try:
        found = json.loads(base64.b64decode(cursor, validate=True))
        place = tuple(found[key] for key in KEYS[kind])
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise Refused(400, "Invalid cursor") from None
    texts = {"flow_id", "name"}
    if any(isinstance(value, str) != (key in texts) for key, value in zip(KEYS[kind], place, strict=True)):
        raise Refused(400, "Invalid cursor")
    return place


def _filters(kind: str, query: Sequence[tuple[str, str]]) -> list[tuple[str, str, list[str]]]:
    """Return the filters of a query; unknown fields are ignored, as are all of them on other listings."""
    found = []
    for name, value in query:
        field, _, operator = name.partition(":")
        if field == "_tags" and kind == "runs":
            found.append((field, operator, value.split(",")))
        elif field in FIELDS.get(kind, ()):
            operator = operator or "eq"
            if operator not in _OPERATORS:
                raise Refused(400, f"unsupported operator '{operator}' for field '{field}'")
            _check(field, operator, value.split(","))
            found.append((field, operator, value.split(",")))
    return found


def _check(field: str, operator: str, values: list[str]) -> None:
    words = {"co", "sw", "ew", "li"}
    if values == ["null"]:
        return
    if field == "status":
        for value in values:
            if value not in ("running", "completed", "failed"):
                raise Refused(400, f"unsupported status filter: {value}")
    elif field in _TIMES and operator not in words:
        for value in values:
            if not re.fullmatch(r"-?\d+", value):
                unit = "milliseconds" if field == "ts_epoch" else "seconds"
                raise Refused(400, f"invalid {field}: expected integer epoch {unit}, got '{value}'")
    elif field in ("tags", "system_tags") and operator in ("co", "eq"):
        raise failed("'NoneType' object has no attribute '_replace'")
    refused = (field in _TIMES | _NUMBERS and operator in words) or (operator == "is" and field == "user_name")
    if refused or (field in _NUMBERS and not all(value.isdecimal() for value in values)):
        raise failed("'NoneType' object has no attribute '_replace'")


def _matches(store: Store, row: Row, field: str, operator: str, values: list[str]) -> bool:
    if field == "_tags":
        tags = {*(row["tags"] or ()), *(row["system_tags"] or ())}
        if operator in ("likeany", "likeall"):
            hits = [any(value.lower() in tag.lower() for tag in tags) for value in values]
        else:
            hits = [value in tags for value in values]
        return any(hits) if operator in ("any", "likeany") else all(hits)
    have: Any
    if field == "status":
        have = store.status(row)
    elif field == "user":
        owners = [tag.removeprefix("user:") for tag in row["system_tags"] or () if tag.startswith("user:")]
        have = row["user_name"] if row["user_name"] in owners else None
    else:
        have = row.get(field)
    return any(_fits(have, operator, value) for value in values)


def _fits(have: Any, operator: str, value: str) -> bool:
    if value == "null":
        return have is None
    if have is None:
        return False
    want: Any = int(value) if isinstance(have, int) else value
    match operator:
        case "eq" | "is":
            return have == want
        case "ne":
            return have != want
        case "lt":
            return have < want
        case "le":
            return have <= want
        case "gt":
            return have > want
        case "ge":
            return have >= want
    text, low = str(have).lower(), value.lower()
    pattern = {"co": f"%{low}%", "sw": f"{low}%", "ew": f"%{low}"}.get(operator, low)
    return re.fullmatch(re.escape(pattern).replace("%", ".*"), text, re.DOTALL) is not None
