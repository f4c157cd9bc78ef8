"""The trigger of a run: events, or runs of other flows."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from mfwidgets.client.base import class_of
from mfwidgets.errors import visible
from mfwidgets.pathspec import parse
from mfwidgets.queries.context import ClientContext

if TYPE_CHECKING:
    from mfwidgets.client.run import Run


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
    context
        The context in which triggering runs are looked up.
    recorded
        The list in the metadata.
    """

    def __init__(self, context: ClientContext, recorded: list[dict[str, Any]]) -> None:
        self._context = context
        newest_first = sorted(recorded, key=lambda event: event.get("timestamp") or float("-inf"), reverse=True)
        self._events = [_event(event) for event in newest_first]

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
        """The runs that triggered the run, in any namespace. None if there are none. Costs one request for each."""
        context = self._context.in_all_namespaces()
        paths = [parse(event.id)[:2] for event in self._events if event.type == "run"]
        return [class_of("run")._in_context(context, path) for path in paths] or None  # type: ignore[misc]

    def __getitem__(self, key: str) -> "Run | MetaflowEvent":
        """Return the run of a flow with this name. If no run triggered it, return the event with this name."""
        runs = self.runs
        for trigger in runs or self._events:
            if key == (trigger.name if isinstance(trigger, MetaflowEvent) else trigger.path_components[0]):
                return trigger
        raise KeyError(key)

    def __iter__(self) -> Iterator[MetaflowEvent]:
        return iter(self._events)

    def __contains__(self, key: object) -> bool:
        try:
            return bool(self[str(key)])
        except KeyError:
            return False

    def __repr__(self) -> str:
        return visible(f"<Trigger: {', '.join(event.name for event in self._events) or 'nothing'}>")


def _event(recorded: dict[str, Any]) -> MetaflowEvent:
    moment = recorded.get("timestamp")
    if moment and isinstance(moment, int):
        moment = datetime.fromtimestamp(moment)  # noqa: DTZ006 - naive local time, as in Metaflow's client
    return MetaflowEvent(recorded.get("name", ""), recorded.get("id", ""), moment, recorded.get("type", ""))
