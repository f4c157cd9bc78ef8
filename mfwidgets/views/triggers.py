"""Which events and runs triggered a run, and which runs it triggered: the same for displays and dicts."""

from typing import TypedDict

from mfwidgets.client.trigger import trigger_in, triggered_by, triggered_runs
from mfwidgets.errors import MetaflowException
from mfwidgets.queries.rows import RunRow
from mfwidgets.queries.run_snapshot import RunSnapshot


class TriggerFacts(TypedDict):
    """The facts.

    Attributes
    ----------
    triggered_by
        The pathspecs of the runs and the names of the other events that triggered the run, newest first.
    triggers
        The pathspecs of the runs that it triggered, oldest first. None if they were not searched: with a service that
        takes a request for each flow, which a display must not send.
    """

    triggered_by: list[str]
    triggers: list[str] | None


def trigger_data(snapshot: RunSnapshot, row: RunRow) -> TriggerFacts:
    """Return the facts about the triggers of a run. Costs no request, except for a resumed run."""
    context = snapshot.context
    try:
        by = triggered_by(trigger_in(context, snapshot.record, snapshot.metadata))
    except MetaflowException:  # the origin of a resumed run cannot be read
        by = []
    triggers = None
    if not context.provider.remote:
        try:
            triggers = ["/".join(run.path) for run in triggered_runs(context, row)]
        except MetaflowException:  # another flow cannot be read, and it must not hide this run
            triggers = None
    return TriggerFacts(triggered_by=by, triggers=triggers)
