"""The trigger of a run: events, or runs of other flows."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from mfwidgets.client.base import class_of
from mfwidgets.concurrency import parallel_map
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.files import parse_json
from mfwidgets.hidden_characters import visible
from mfwidgets.providers.base import RunQuery
from mfwidgets.providers.records import MetadataRecord, RunRecord, TaskRecord
from mfwidgets.queries.context import ClientContext, current_context
from mfwidgets.queries.lineage.graph import PARAMETERS, start_step
from mfwidgets.queries.rows import RunRow
from mfwidgets.queries.stored_objects import reading_context
from mfwidgets.queries.task_metadata import ORIGIN_FIELDS, TRIGGERS, newest_values, origin_of, task_metadata
from mfwidgets.safe_repr import repr_of
from mfwidgets.times import DAY, SECOND, YEAR_3000

if TYPE_CHECKING:
    from mfwidgets.client.run import Run

_RUN_PARTS = 2

_MAX_FLOWS, _MAX_RUNS_PER_FLOW = 50, 20
"""The flows, and their runs in the day after a run ended, that are searched for runs that it triggered."""


class MetaflowEvent(NamedTuple):
    """An event that triggered a run.

    Attributes
    ----------
    name
        The name of the event, or the flow of the run.
    id
        The id of the event, or the pathspec of the run.
    timestamp
        Naive local time if the record contains seconds since the epoch, otherwise as recorded.
    type
        ``event`` or ``run``.
    """

    name: str
    id: str
    timestamp: Any
    type: str


class Trigger:
    """The events of a run's ``execution-triggers`` metadata, newest first.

    Parameters
    ----------
    _meta
        The recorded events, dicts with ``name``, ``id``, ``timestamp`` and ``type``. The name is Metaflow's. Runs are looked
        up in the current provider. Use ``run.trigger`` for the trigger of a run.
    """

    def __init__(self, _meta: object = None) -> None:
        self._context: ClientContext | None = None
        self._runs: list[Run] | None = None
        events = [event for event in _meta if isinstance(event, dict)] if isinstance(_meta, list) else []
        self._events = [_event(event) for event in sorted(events, key=_timestamp, reverse=True)]

    @classmethod
    def _in_context(cls, context: ClientContext, recorded: object) -> Self:
        """Return a trigger whose runs are looked up in a context."""
        trigger = cls(recorded)
        trigger._context = context
        return trigger

    @classmethod
    def from_runs(cls, run_objs: "Iterable[Run]") -> "Trigger":
        """Return the trigger that finished runs would cause, newest first. Runs without an end task are left out.

        Costs two requests for each run.

        Parameters
        ----------
        run_objs
            The runs, in any order. Runs of Metaflow's own client are accepted.

        Returns
        -------
        Trigger
            Its events are those that Metaflow sends when a run ends.

        Raises
        ------
        MetaflowInvalidArgument
            An object is not a run.
        """
        from mfwidgets.client.metaflow_objects import ours

        runs = dict.fromkeys(map(ours, run_objs))
        for run in runs:
            if not isinstance(run, class_of("run")):
                raise MetaflowInvalidArgument(
                    f"Expected runs such as Flow('HelloFlow').latest_run, got {repr_of(run, 80)}."
                )
        ends = [(run.finished_at, run, task) for run in runs if (task := run.end_task)]
        ends.sort(key=lambda end: end[0] or datetime.min, reverse=True)  # noqa: DTZ901 - naive, as in Metaflow's client
        trigger = cls()
        trigger._runs = [run for _, run, _ in ends]
        for finished_at, run, task in ends:
            for step in dict.fromkeys((task.path_components[2], "end")):
                name = f"metaflow.{run.path_components[0]}.{step}"
                trigger._events.append(MetaflowEvent(name, task.pathspec, finished_at, "run"))
        return trigger

    @property
    def event(self) -> MetaflowEvent | None:
        """The newest event."""
        return next(iter(self._events), None)

    @property
    def events(self) -> list[MetaflowEvent] | None:
        """All events. None if there are none, as in Metaflow's client."""
        return list(self._events) or None

    @property
    def run(self) -> "Run | None":
        """The newest run that triggered the run, in any namespace. None if there is none.

        Costs one request for each triggering run.
        """
        return next(iter(self.runs or []), None)

    @property
    def runs(self) -> "list[Run] | None":
        """The runs that triggered the run, in any namespace. None if there are none. Costs one request for each.

        A run whose last step has another name than ``end`` sends two events. It is in the list once.
        """
        if self._runs is not None:  # from_runs() got them
            return list(self._runs) or None
        context = (self._context or current_context()).in_all_namespaces()
        return [class_of("run")._in_context(context, path) for path in run_paths(self._events)] or None  # type: ignore[misc]

    def __getitem__(self, key: str) -> "Run | MetaflowEvent":
        """Return the run of a flow with this name. If no run triggered it, return the event with this name."""
        runs = self.runs
        for trigger in runs or self._events:
            if key == (trigger.name if isinstance(trigger, MetaflowEvent) else trigger.path_components[0]):
                return trigger
        raise KeyError(key)

    def __setstate__(self, state: dict[str, Any]) -> None:
        # The trigger of Metaflow's client that is in an artifact, without metaflow, has no context.
        self.__dict__.update({"_context": reading_context(), **state})

    def __iter__(self) -> Iterator[MetaflowEvent]:
        return iter(self._events)

    def __contains__(self, key: object) -> bool:
        try:
            return bool(self[str(key)])
        except KeyError:
            return False

    def __repr__(self) -> str:
        return visible(f"<Trigger: {', '.join(event.name for event in self._events) or 'nothing'}>")


def run_paths(events: Iterable[MetaflowEvent]) -> list[tuple[str, str]]:
    """Return the flow and the id of each run that sent one of the events, once, in their order."""
    paths = [tuple(event.id.split("/")[:_RUN_PARTS]) for event in events if event.type == "run"]
    return list(dict.fromkeys((path[0], path[1]) for path in paths if len(path) == _RUN_PARTS and all(path)))


def trigger_of(context: ClientContext, recorded: object) -> Trigger | None:
    """Return the trigger in the metadata ``execution-triggers``. None if it names no event, or is damaged."""
    try:
        events = parse_json(recorded) if isinstance(recorded, str) else recorded
    except ValueError:
        return None
    return Trigger._in_context(context, events) if events else None


def trigger_in(context: ClientContext, run: RunRecord, events: Collection[MetadataRecord]) -> Trigger | None:
    """Return the trigger in the metadata of a run's tasks. A resumed run has that of its origin.

    Costs no request, and for a resumed run one request and three for each of its origins.
    """
    if not any(event.field in (TRIGGERS, "origin-task-id") for event in events):
        return None
    start = start_step(context, run)
    recorded = [event for event in events if event.step == start and event.field in {TRIGGERS, *ORIGIN_FIELDS}]
    if recorded and not any(event.field == TRIGGERS for event in recorded):  # a clone
        origin = origin_of(context, TaskRecord(run, start, recorded[0].task_id, 0), recorded)
        recorded = task_metadata(context, origin) if origin else []
    return trigger_of(context, newest_values(recorded).get(TRIGGERS))


def triggered_by(trigger: Trigger | None) -> list[str]:
    """Return what triggered a run, newest first: the pathspecs of runs, and the names of other events."""
    paths = [(run_paths([event]), event.name) for event in trigger or ()]
    return list(dict.fromkeys("/".join(path[0]) if path else name for path, name in paths))


def triggered_runs(context: ClientContext, row: RunRow) -> list[RunRecord]:
    """Return the runs that the end of a run triggered, oldest first, in any namespace.

    Searches the first 50 flows for runs that started until a day after the run ended, 20 in each flow. Costs one request
    for the flows, one for each flow, and one or two for each of these runs.
    """
    run = row.record
    if row.finished_ms is None or row.status not in ("completed", "caught"):  # it sent no event
        return []
    query = RunQuery(limit=_MAX_RUNS_PER_FLOW, since_ms=run.created_ms, until_ms=row.finished_ms + DAY)

    def find(flow: str) -> list[RunRecord]:
        since = takewhile(lambda other: other.created_ms >= query.since_ms, context.provider.runs(flow, query))
        others = islice((other for other in since if other.created_ms <= query.until_ms), _MAX_RUNS_PER_FLOW)
        return [other for other in others if run.path in run_paths(_own_events(context, other))]

    found = parallel_map(find, (context.flow_names() or [])[:_MAX_FLOWS], max_concurrency=context.max_concurrency)
    return sorted((other for runs in found for other in runs), key=lambda other: other.created_ms)


def _own_events(context: ClientContext, run: RunRecord) -> list[MetaflowEvent]:
    """Return the events that started a run. A run that resumed another was not started by its events."""
    recorded = context.provider.metadata((*run.path, "start"), {TRIGGERS})
    if not recorded:
        # A first step of another name is recorded, except in a resumed run. The graph would be a large read.
        named = context.provider.metadata((*run.path, PARAMETERS), {"start_step"})
        other = str(named[0].value) if named else "start"
        recorded = context.provider.metadata((*run.path, other), {TRIGGERS}) if other != "start" else []
    return list(trigger_of(context, newest_values(recorded).get(TRIGGERS)) or ())


def _event(recorded: dict[str, Any]) -> MetaflowEvent:
    moment: Any = recorded.get("timestamp")
    if _timestamp(recorded) > 0 and isinstance(moment, int):
        moment = datetime.fromtimestamp(moment)  # noqa: DTZ006 - naive local time, as in Metaflow's client
    name, event_id, kind = (str(recorded.get(key) or "") for key in ("name", "id", "type"))
    return MetaflowEvent(name, event_id, moment, kind)


def _timestamp(recorded: dict[str, Any]) -> float:
    """Return the seconds of an event. Minus infinity if they are missing or impossible."""
    moment = recorded.get("timestamp")
    is_time = isinstance(moment, int | float) and 0 < moment < YEAR_3000 / SECOND
    return float(moment) if is_time and moment else float("-inf")
