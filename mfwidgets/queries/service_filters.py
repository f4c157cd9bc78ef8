"""The filters of the metadata service, ``{"user_name:eq": "ann"}``, that ``Flow.runs(filters=)`` of Metaflow's client takes.

They are applied here, to the records of the runs, with the rules of the service. So they hold for local runs and for old
services, too. A filter that cannot be applied is refused.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.run_filter import RUN_STATUSES, RunFilter
from mfwidgets.safe_repr import repr_of
from mfwidgets.times import SECOND

Value = str | int | None


def _owner(run: RunRecord) -> Value:
    """Return the user, if a system tag confirms it."""
    return run.user if f"user:{run.user}" in run.system_tags else None


_FIELDS: dict[str, Callable[[RunRecord], Value]] = {
    "user_name": lambda run: run.user or None,
    "user": _owner,
    "ts_epoch": lambda run: run.created_ms,
    "run_number": lambda run: int(run.run_id) if run.run_id.isdecimal() else run.run_id,
    "run_id": lambda run: run.run_id,
    "flow_id": lambda run: run.flow,
    "last_heartbeat_ts": lambda run: None if run.heartbeat_ms is None else run.heartbeat_ms // SECOND,
}
"""The value of each field. The service also knows ``tags`` and ``system_tags``, for which ``_tags`` is better."""

_NUMBERS = ("ts_epoch", "last_heartbeat_ts")

_ORDERS: dict[str, Callable[[int, int], bool]] = {
    "eq": lambda own, value: own == value,
    "is": lambda own, value: own == value,
    "ne": lambda own, value: own != value,
    "lt": lambda own, value: own < value,
    "le": lambda own, value: own <= value,
    "gt": lambda own, value: own > value,
    "ge": lambda own, value: own >= value,
}

_WORDS: dict[str, Callable[[str, str], bool]] = {
    **_ORDERS,  # type: ignore[dict-item]  # they also compare strings
    "co": lambda own, value: value.casefold() in own.casefold(),
    "sw": lambda own, value: own.casefold().startswith(value.casefold()),
    "ew": lambda own, value: own.casefold().endswith(value.casefold()),
    "li": lambda own, value: _like(value).fullmatch(own) is not None,
}

_TAGS: dict[str, Callable[[frozenset[str], tuple[str, ...]], bool]] = {
    "all": lambda tags, values: tags.issuperset(values),
    "any": lambda tags, values: not tags.isdisjoint(values),
    "likeall": lambda tags, values: all(any(value in tag for tag in tags) for value in values),
    "likeany": lambda tags, values: any(value in tag for value in values for tag in tags),
}

_EXAMPLES = "user_name:eq, ts_epoch:ge, run_number:le, status:eq and _tags:all"


@fast_dataclass(frozen=True, slots=True)
class Condition:
    """A filter.

    Attributes
    ----------
    values
        Its values. A run must match one of them, or for tags what the operator says. None matches a missing value.
    """

    field: str
    operator: str
    values: tuple[Value, ...]

    @property
    def name(self) -> str:
        """The name of the filter, ``user_name:eq``."""
        return f"{self.field}:{self.operator}"

    def matches(self, run: RunRecord) -> bool:
        """Return whether a run passes the filter."""
        if self.field == "_tags":
            return _TAGS[self.operator](run.tags, tuple(map(str, self.values)))
        own = _FIELDS[self.field](run)
        return any(_fits(self.operator, own, value) for value in self.values)

    def described(self) -> str:
        """Return the filter as words."""
        return f"with {self.name}={','.join('null' if value is None else str(value) for value in self.values)}"


def with_filters(selection: RunFilter, filters: Mapping[str, object] | None, *, has_heartbeats: bool) -> RunFilter:
    """Return a filter that also applies filters of the service.

    Parameters
    ----------
    selection
        The filter so far.
    filters
        The filters, by name.
    has_heartbeats
        Whether the records have heartbeats.

    Raises
    ------
    MetaflowInvalidArgument
        A filter is unknown, cannot be applied here, or has a value of the wrong type.
    """
    if filters is None:
        return selection
    if not isinstance(filters, Mapping):
        raise MetaflowInvalidArgument(
            f"Expected filters= to be a dict such as {{'user_name:eq': 'ann'}}, got {repr_of(filters, 60)}."
        )
    for name, value in filters.items():
        field, operator = _name(name, has_heartbeats=has_heartbeats)
        if field == "status":
            selection = with_status(selection, _values(name, value))
        else:
            selection = _with_condition(selection, Condition(field, operator, _checked(name, field, operator, value)))
    return selection


def _name(name: object, *, has_heartbeats: bool) -> tuple[str, str]:
    """Return the field and the operator of a filter."""
    field, _, operator = str(name).partition(":")
    field = "_tags" if field == "tags" and operator in _TAGS else field
    operator = operator or ("all" if field == "_tags" else "eq")
    if field == "last_heartbeat_ts" and not has_heartbeats:
        raise MetaflowInvalidArgument(
            f"The filter {repr_of(name, 60)} cannot be applied: local runs have no heartbeat. Try since=."
        )
    operators = {"_tags": _TAGS, "status": ("eq",)}.get(field, _ORDERS if field in _NUMBERS else _WORDS)
    if not isinstance(name, str) or field not in (*_FIELDS, "_tags", "status") or operator not in operators:
        raise MetaflowInvalidArgument(f"Expected filters such as {_EXAMPLES}, got the filter {repr_of(name, 60)}.")
    return field, operator


def _values(name: str, value: object) -> tuple[Value, ...]:
    """Return the values of a filter: a str with commas, or several values."""
    several = value.split(",") if isinstance(value, str) else value
    values = tuple(several) if isinstance(several, list | tuple | set | frozenset) else (several,)
    if not values or not all(
        isinstance(item, str | int) and not isinstance(item, bool) for item in values if item is not None
    ):
        raise MetaflowInvalidArgument(
            f"Expected a str, an int or a list of them for the filter {repr_of(name, 60)}, got {repr_of(value, 60)}."
        )
    return tuple(None if item == "null" else item for item in values)


def _checked(name: str, field: str, operator: str, value: object) -> tuple[Value, ...]:
    values = _values(name, value)
    if field in _NUMBERS or (field == "run_number" and operator in ("lt", "le", "gt", "ge")):
        try:
            return tuple(None if item is None else int(item) for item in values)
        except ValueError:
            unit = "seconds" if field == "last_heartbeat_ts" else "milliseconds"
            expected = "numbers" if field == "run_number" else f"{unit} since the epoch"
            raise MetaflowInvalidArgument(
                f"Expected {expected} for the filter {repr_of(name, 60)}, got {repr_of(value, 60)}."
            ) from None
    return values


def _fits(operator: str, own: Value, value: Value) -> bool:
    if value is None or own is None:
        return own is None and value is None
    if isinstance(own, int) and (isinstance(value, int) or value.isdecimal()) and operator in _ORDERS:
        return _ORDERS[operator](own, int(value))
    return _WORDS[operator](str(own), str(value))


def _like(pattern: str) -> re.Pattern[str]:
    """Return a pattern of SQL's ILIKE as a regular expression."""
    parts = (".*" if char == "%" else "." if char == "_" else re.escape(char) for char in pattern)
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)


def with_status(selection: RunFilter, values: tuple[Value, ...]) -> RunFilter:
    """Add a condition on the status. The statuses of ``status=`` and of other conditions must also hold.

    Raises
    ------
    MetaflowInvalidArgument
        A status is unknown, or no run can meet all conditions on the status.
    """
    for value in values:
        if value not in RUN_STATUSES:
            raise MetaflowInvalidArgument(
                f"Expected {', '.join(RUN_STATUSES)} for the filter 'status:eq', got {repr_of(value, 40)}."
            )
    statuses = dict.fromkeys(value for value in map(str, values) if value in (selection.statuses or RUN_STATUSES))
    if not statuses:  # an empty filter would match every run
        raise MetaflowInvalidArgument(
            f"Expected conditions on the status that a run can meet, got {selection.status.replace(',', ' or ')} and "
            f"{' or '.join(map(str, values))}. Try one of them."
        )
    return replace(selection, status=",".join(statuses))


def _with_condition(selection: RunFilter, condition: Condition) -> RunFilter:
    """Add a condition. Time, user and tags are also set as such: a service can apply them and send fewer runs."""
    selection = replace(selection, conditions=(*selection.conditions, condition))
    if condition.name == "_tags:all":
        return replace(selection, tags=(*selection.tags, *map(str, condition.values)))
    value = condition.values[0]
    if len(condition.values) > 1 or value is None:
        return selection
    match condition.name:
        case "ts_epoch:ge" | "ts_epoch:gt":
            return replace(selection, since_ms=max(selection.since_ms, int(value)))
        case "ts_epoch:le" | "ts_epoch:lt" if int(value) > 0:
            until_ms = min(filter(None, (selection.until_ms, int(value))))
            return replace(selection, until_ms=until_ms)
        case "user_name:eq" if not selection.user:
            return replace(selection, user=str(value))
    return selection
