"""Makes a collection of runs from the arguments of ``Flow.runs`` and ``Metaflow.runs``."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mfwidgets.client.collections.ranked_runs import check_columns
from mfwidgets.client.collections.runs import Runs
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.run_filter import Moment, RunStatus, check_count, project_tags, run_filter
from mfwidgets.queries.service_filters import with_filters


def chosen_runs(  # noqa: PLR0913 - one for each filter
    context: ClientContext,
    flow: str | None,
    tags: Sequence[str],
    *,
    status: RunStatus | None,
    user: str | None,
    since: Moment | None,
    until: Moment | None,
    text: str | None,
    project: str | None,
    branch: str | None,
    limit: int | None,
    max_runs: int | None,
    filters: Mapping[str, object] | None,
    page_size: int | None,
    columns: Sequence[str],
) -> Runs:
    """Return the runs of a flow that pass the filters, or of all flows. Reads nothing.

    Raises
    ------
    MetaflowInvalidArgument
        An argument has an invalid value, or a filter is unknown or cannot be applied.
    """
    check_count("page_size", page_size)
    check_count("max_runs", max_runs)
    selection = run_filter((*tags, *project_tags(project, branch)), status, user, since, until, text)
    selection = with_filters(selection, filters, has_heartbeats=context.provider.remote)
    selection = replace(selection, page_size=page_size) if page_size else selection
    if max_runs is not None:
        limit = max_runs if limit is None else min(limit, max_runs)
    return Runs(context, flow, selection, limit, columns=check_columns(columns))
