"""Facts about finished runs, remembered between questions.

A fact is remembered with the stamps of the folders that it was read from. A fact about a run of a service is remembered
with the status and the heartbeat in the listing, if the run has ended or its heartbeat has stopped.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar

from mfwidgets.concurrency import parallel_map
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.index.run_index import RunIndex
from mfwidgets.providers.local import LocalProvider
from mfwidgets.providers.local_files import TracedFiles
from mfwidgets.providers.records import ArtifactRecord, RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.status.rules import HEARTBEAT_TIMEOUT_MS
from mfwidgets.times import now_ms

_Fact = TypeVar("_Fact")


@fast_dataclass(frozen=True, slots=True)
class Question(Generic[_Fact]):
    """A question about a run, and how its answer is kept.

    Attributes
    ----------
    key
        The key of the answer.
    read
        Reads the answer. Local reads must go through this context, which notes what was used.
    encode
        Returns the answer as JSON. None if it can change although the files are the same.
    decode
        Returns the answer about the run from JSON. It may raise any error.
    """

    key: str
    read: Callable[[ClientContext, RunRecord], _Fact]
    encode: Callable[[_Fact], Any]
    decode: Callable[[RunRecord, Any], _Fact]


def listing_once(context: ClientContext) -> ClientContext:
    """Return the same context for several questions about the same runs. It lists no local folder twice."""
    if context.remembers or not isinstance(context.provider, LocalProvider):
        return context
    return replace(context, provider=context.provider.listing_once())


def ask(context: ClientContext, runs: Sequence[RunRecord], question: Question[_Fact]) -> list[_Fact]:
    """Return the answer for each run, in the same order. Runs of a service are read many at once."""
    index = context.index

    def answer(run: RunRecord) -> _Fact:
        return _answer(context, index, run, question)

    remembered = recalled(context, runs, question)
    missing = [run for run, fact in zip(runs, remembered, strict=True) if fact is None]
    answers = iter(parallel_map(answer, missing, title="runs", max_concurrency=context.max_concurrency))
    if index is not None:
        index.flush()
    return [next(answers) if fact is None else fact for fact in remembered]


def recalled(context: ClientContext, runs: Sequence[RunRecord], question: Question[_Fact]) -> list[_Fact | None]:
    """Return the remembered answer for each run, and None for others. Reads nothing but the index."""
    index = context.index
    if index is None:
        return [None] * len(runs)
    if context.provider.remote:
        for flow in dict.fromkeys(run.flow for run in runs):
            index.prepare(flow, [run.run_id for run in runs if run.flow == flow])
    return [index.recall(run, question.key, question.decode) if run.stamp else None for run in runs]


def _answer(context: ClientContext, index: RunIndex | None, run: RunRecord, question: Question[_Fact]) -> _Fact:
    if index is None or not run.stamp or not _is_final(context, run):
        return question.read(context, run)
    traced, files = _traced(context)
    fact = question.read(traced, run)
    content = question.encode(fact)
    if content is not None:
        index.keep(run, question.key, fact, content, files.folders if files else {})
    return fact


def _traced(context: ClientContext) -> tuple[ClientContext, TracedFiles | None]:
    if not isinstance(context.provider, LocalProvider):
        return context, None
    provider, files = context.provider.traced()
    return replace(context, provider=provider), files


def _is_final(context: ClientContext, run: RunRecord) -> bool:
    """Return whether the row of a run of a service would change if the run did. Local files show all changes."""
    if not context.provider.remote or run.service_status == "completed":
        return True
    return run.heartbeat_ms is not None and now_ms() - run.heartbeat_ms > HEARTBEAT_TIMEOUT_MS


def artifacts_question(
    key: str, read: Callable[[ClientContext, RunRecord], list[ArtifactRecord]]
) -> Question[list[ArtifactRecord]]:
    """Return a question about artifacts of a run."""
    return Question(key, read, records_to_json, records_from_json)


def records_to_json(records: Sequence[ArtifactRecord]) -> list[list[Any]]:
    """Return artifacts of one run as JSON."""
    return [
        [
            record.step, record.task_id, record.attempt, record.name, record.sha, record.encoding, record.ds_type,
            record.location, record.created_ms,
        ]
        for record in records
    ]  # fmt: skip


def records_from_json(run: RunRecord, content: list[list[Any]]) -> list[ArtifactRecord]:
    """Return the artifacts of a run from :func:`records_to_json`."""
    return [ArtifactRecord(run.flow, run.run_id, *fields) for fields in content]
