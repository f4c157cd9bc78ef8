"""Namespaces: the system tags of runs that ``namespace()`` selects, such as ``user:ann`` and ``production:TOKEN``."""

import time
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from weakref import WeakKeyDictionary

from mfwidgets.concurrency import parallel_map
from mfwidgets.providers.base import MetadataProvider, RunQuery
from mfwidgets.providers.records import FlowRecord, RunRecord
from mfwidgets.queries.context import ClientContext

MAX_FLOWS, MAX_RUNS_PER_FLOW = 50, 50
"""The flows, and the newest runs of each, that are searched for namespaces."""

CACHE_TTL_S = 60.0
"""An answer older than this is read again."""

_PREFIXES = ("user:", "production:")

_answers: WeakKeyDictionary[MetadataProvider, tuple[float, list[str]]] = WeakKeyDictionary()


def namespaces_of(run: RunRecord) -> list[str]:
    """Return the namespaces of a run in order."""
    return sorted(tag for tag in run.system_tags if tag.startswith(_PREFIXES))


def namespaces_of_flow(context: ClientContext, flow: str, max_runs: int = 100) -> list[str]:
    """Return the namespaces of the newest runs of a flow, the newest first."""
    newest = islice(context.provider.runs(flow, RunQuery(limit=max_runs)), max_runs)
    return list(dict.fromkeys(name for run in newest for name in namespaces_of(run)))


def all_namespaces(context: ClientContext) -> list[str]:
    """Return the namespaces of the newest runs of the first flows, those of most runs first.

    Costs one request for the flows and one for each flow. Locally, reads two files for each run. The answer is cached for
    a minute.
    """
    read_at, names = _answers.get(context.provider, (0.0, []))
    if not read_at or time.monotonic() - read_at > CACHE_TTL_S:
        names = _by_frequency(_newest_runs(context))
        _answers[context.provider] = time.monotonic(), names
    return list(names)


def _newest_runs(context: ClientContext) -> Iterable[RunRecord]:
    def newest(flow: FlowRecord) -> list[RunRecord]:
        runs = context.provider.runs(flow.flow, RunQuery(limit=MAX_RUNS_PER_FLOW))
        return list(islice(runs, MAX_RUNS_PER_FLOW))

    flows = context.provider.flows()[:MAX_FLOWS]
    batches = parallel_map(newest, flows, max_concurrency=context.max_concurrency)
    return (run for batch in batches for run in batch)


def _by_frequency(runs: Iterable[RunRecord]) -> list[str]:
    counts = Counter(name for run in runs for name in namespaces_of(run))
    return sorted(counts, key=lambda name: (-counts[name], name))
