"""What triggered a run: events, or runs of other flows."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from mfwidgets.client.base import class_of
from mfwidgets.pathspec import parse
from mfwidgets.queries.context import ClientContext

if TYPE_CHECKING:
    from mfwidgets.client.run import Run


class MetaflowEvent(NamedTuple):
    """An event that triggered a run.

    Attributes
    ----------
    timestamp
        Naive local time, where the record gives seconds since the epoch; otherwise as recorded.
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
    scope
        Where triggering runs are found.
    recorded
        The list in that metadata.
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
        """All events; None for none, as in Metaflow's client."""
        return list(self._events) or None

    @property
    def run(self) -> "Run | None":
        """The newest run among them."""
        return next(iter(self.runs or []), None)

    @property
    def runs(self) -> "list[Run] | None":
        """The runs among them, in whatever namespace (one question each); None for none."""
        context = self._context.in_all_namespaces()
        paths = [parse(event.id)[:2] for event in self._events if event.type == "run"]
        return [class_of("run")._in_context(context, path) for path in paths] or None  # type: ignore[misc]

    def __getitem__(self, key: str) -> "Run | MetaflowEvent":
        """Return the run of a flow of that name, or, where no run triggered it, the event of that name."""
        runs = self.runs
        for found in runs or self._events:
            if key == (found.name if isinstance(found, MetaflowEvent) else found.path_components[0]):
                return found
        raise KeyError(key)

    def __iter__(self) -> Iterator[MetaflowEvent]:
        return iter(self._events)

    def __contains__(self, key: object) -> bool:
        try:
            return bool(self[str(key)])
        except KeyError:
            return False

    def __repr__(self) -> str:
        return f"<Trigger: {', '.join(event.name for event in self._events) or 'nothing'}>"


def _event(recorded: dict[str, Any]) -> MetaflowEvent:
    moment = recorded.get("timestamp")
    if moment and isinstance(moment, int):
        moment = datetime.fromtimestamp(moment)  # noqa: DTZ006 - naive local time, as in Metaflow's client
    return MetaflowEvent(recorded.get("name", ""), recorded.get("id", ""), moment, recorded.get("type", ""))
