"""The candidates of completions. They are read in background threads and cached. A key press waits only briefly."""

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import chain

from mfwidgets.client.answers.grid import DURATION, STATUS
from mfwidgets.client.flow import Flow
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.client.run import Run
from mfwidgets.client.step import Step
from mfwidgets.column_names import headings
from mfwidgets.concurrency import start_thread
from mfwidgets.config import profiles
from mfwidgets.magic.command import Kind
from mfwidgets.magic.completion_facts import (
    MAX_CANDIDATES,
    Candidate,
    below,
    named,
    newest_runs,
    older_runs,
    with_facts,
)
from mfwidgets.pathspec import KINDS, parse_alias
from mfwidgets.queries.artifact_rows import artifact_rows
from mfwidgets.queries.context import ClientContext, current_context
from mfwidgets.queries.namespaces import all_namespaces
from mfwidgets.queries.run_filter import RUN_STATUSES
from mfwidgets.schema import RUNS

TIMEOUT_S = 0.28
"""A completion waits this long for an answer. A later answer is cached for the next completion. The first one imports the
modules that read runs, and should not take longer than 0.4 s in all."""

CACHE_TTL_S = 30.0
"""Answers older than this are read again."""

ALIASES = ("latest", "latest-ok", "latest~1")

_NUMBER = re.compile(r"(?:int|float|bool)\Z|numpy\.(?:u?int|float)\d")

_RUNS_FOR_NAMES = 3
"""Runs whose parameters and results are offered. The newest can still be running."""

_MAX_ANSWERS = 500
"""The size of the cache. The oldest answers are removed first."""


Key = tuple[object, ...]
Read = Callable[[], list[Candidate]]


class AnswerCache:
    """A cache of lists of candidates. Each is read in its own thread, and only once at a time."""

    def __init__(self) -> None:
        self._answers: dict[Key, tuple[float, list[Candidate]]] = {}
        self._pending: dict[Key, Future[list[Candidate]]] = {}
        self._lock = threading.RLock()  # reentrant, because get() calls _read() itself if it cannot start a thread

    def get(self, key: Key, read: Read, timeout_s: float) -> list[Candidate]:
        """Return a fresh answer if there is one within the timeout, else the previous answer, else an empty list."""
        with self._lock:
            read_at, answer = self._answers.get(key, (0.0, []))
            if time.monotonic() - read_at < CACHE_TTL_S and read_at:
                return answer
            future = self._pending.get(key)
            if future is None:
                future = self._pending[key] = Future()
                read_now = partial(self._read, key, read, future)
                if not start_thread(read_now, "complete"):
                    read_now()
        wait_for([future], timeout=timeout_s)
        return future.result() if future.done() else answer

    def _read(self, key: Key, read: Read, future: "Future[list[Candidate]]") -> None:
        answer: list[Candidate] = []
        with suppress(Exception):  # after an error there are no candidates; running the line shows the error
            answer = read()
        with self._lock:
            if self._pending.get(key) is future:  # else forget() was called
                del self._pending[key]
                self._answers[key] = time.monotonic(), answer
            while len(self._answers) > _MAX_ANSWERS:
                self._answers.pop(next(iter(self._answers)))
        future.set_result(answer)

    def forget(self) -> None:
        """Forget all answers, including those that are being read."""
        with self._lock:
            self._answers.clear()
            self._pending.clear()


ANSWERS = AnswerCache()


_FIXED: dict[str, Callable[[], list[str]]] = {
    "status": lambda: list(RUN_STATUSES),
    "profile": lambda: ["default", *profiles()],
    "metadata": lambda: ["default", "local@", "service@"],
}
"""Kinds whose candidates need no provider."""


def completion_candidates(kind: Kind, word: str, about: str, *, aliases: bool = True) -> list[Candidate]:
    """Return the candidates for an unfinished word, as whole words, the most likely first.

    Parameters
    ----------
    kind
        The kind of the argument.
    word
        The unfinished word.
    about
        The pathspec earlier on the line. Tags, users and names of values come from the runs of its flow, numbers from the
        tasks of its step.
    aliases
        Whether aliases such as ``latest`` can replace a run id.
    """
    if kind in _FIXED:
        return named(_FIXED[kind]())
    context = current_context()
    here = (context.provider.address, context.namespace_setting)
    if kind == "namespace":
        known = ANSWERS.get((*here, kind), lambda: named(all_namespaces(context)[:MAX_CANDIDATES]), TIMEOUT_S)
        return [Candidate("none", note="all runs"), Candidate("default", note="the configured one"), *known]
    if kind == "number":
        names = ANSWERS.get((*here, kind, about), lambda: _numbers(context, about), TIMEOUT_S) if about else []
        return [*named([STATUS, DURATION]), *names]
    flow = about.partition("/")[0]
    if kind == "where":
        from mfwidgets.queries.expressions.completing import complete_expression

        return named(complete_expression(word, lambda what: [one.name for one in _of_flow(context, here, what, flow)]))
    if kind in ("tag", "user tag", "user", "column"):
        found = _of_flow(context, here, "name" if kind == "column" else kind, flow)
        return _columns(found, word) if kind == "column" else found
    return _pathspecs(context, here, word, _depth(kind), aliases=aliases)


def _columns(values: Sequence[Candidate], word: str) -> list[Candidate]:
    """Return the names of columns for the last name in a list: values first, then facts. The names before it stay."""
    before, comma, _ = word.rpartition(",")
    present = {name.partition(":")[0] for name in before.split(",")}
    facts = [Candidate(column.name, note="fact") for column in RUNS.columns]
    return [
        replace(found, name=f"{before}{comma}{found.name}")
        for found in chain(values, facts)
        if found.name not in present and "," not in found.name
    ]


def _of_flow(context: ClientContext, here: Key, kind: str, flow: str) -> list[Candidate]:
    """Return tags, users, or names of values of a flow."""
    read = partial(_value_names, context, flow) if kind == "name" else partial(_of_runs, context, kind, flow)
    return ANSWERS.get((*here, kind, flow), read, TIMEOUT_S) if flow else []


def _depth(kind: Kind) -> int:
    return KINDS.index(kind) + 1 if kind in KINDS else len(KINDS)


def _pathspecs(context: ClientContext, here: Key, word: str, depth: int, *, aliases: bool) -> list[Candidate]:
    """Return the pathspecs of the level that the word is in."""
    *above, last = word.split("/")
    if len(above) >= depth:
        return []
    until, parent = time.monotonic() + TIMEOUT_S, "/".join(above)
    key = (*here, "below", parent)
    known = ANSWERS.get(key, lambda: below(context, above), TIMEOUT_S)
    shown = _beginning_with(last, known, len(above))
    if not shown and len(above) == 1 and len(known) == MAX_CANDIDATES and last.isdigit():
        older = partial(older_runs, context, above[0], last)
        return [
            replace(found, name=f"{parent}/{found.name}")
            for found in ANSWERS.get((*key, last), older, until - time.monotonic())
        ]
    # The facts of all names serve each further letter, unless there are too many names.
    about, beginning = (known, "") if len(known) <= MAX_CANDIDATES else (shown, last)
    facts = ANSWERS.get(
        (*key, "facts", beginning), lambda: with_facts(context, above, about), max(until - time.monotonic(), 0.0)
    )
    if facts:
        shown = _beginning_with(last, facts, len(above))
    first = _aliases(facts or known) if aliases and len(above) == 1 and known else []
    return [replace(found, name=f"{parent}/{found.name}" if parent else found.name) for found in chain(first, shown)]


def _aliases(runs: Sequence[Candidate]) -> list[Candidate]:
    """Return the aliases of run ids, with the facts of the runs that they mean now."""
    good = next((run for run in runs if run.status in ("completed", "caught")), None)
    second = runs[1] if len(runs) > 1 else None
    meant = zip(ALIASES, (runs[0], good, second), strict=True)
    return [replace(run, name=alias) if run else Candidate(alias) for alias, run in meant]


def _beginning_with(word: str, candidates: Sequence[Candidate], depth: int) -> list[Candidate]:
    """Return the candidates that begin with the word. If there are none, ignore case."""
    usable = [found for found in candidates if _means_itself(found.name, depth)]
    exact = [found for found in usable if found.name.startswith(word)]
    return (exact or [found for found in usable if found.name.lower().startswith(word.lower())])[:MAX_CANDIDATES]


def _means_itself(name: str, depth: int) -> bool:
    """Return whether a name in a pathspec leads to its object: it has no slash, and a run id is not an alias."""
    return bool(name) and "/" not in name and not (depth == 1 and parse_alias(name))


def _of_runs(context: ClientContext, kind: str, flow: str) -> list[Candidate]:
    """Return the tags or the users of the newest runs of a flow, the most frequent first."""
    runs = list(newest_runs(context, flow, MAX_CANDIDATES))
    if kind == "user":
        counts = Counter(run.user for run in runs if run.user).most_common()
    else:
        counts = Counter(tag for run in runs for tag in run.user_tags).most_common()
        if kind == "tag":
            counts += Counter(tag for run in runs for tag in run.system_tags).most_common()
    return [
        Candidate(name, note=f"{count:,} run{'' if count == 1 else 's'}") for name, count in counts[:MAX_CANDIDATES]
    ]


def _value_names(context: ClientContext, flow: str) -> list[Candidate]:
    """Return the short names of parameters and results of the newest runs of a flow."""
    from mfwidgets.queries.values.filter_notes import value_names_of

    return named(headings(value_names_of(context, newest_runs(context, flow, _RUNS_FOR_NAMES)))[:MAX_CANDIDATES])


def _numbers(context: ClientContext, about: str) -> list[Candidate]:
    """Return the names of a task's artifacts whose type is a number. For a run, use its foreach if it has only one."""
    source = Metaflow._in_context(context).get(about)
    run = source.latest_run if isinstance(source, Flow) else source
    step = run if isinstance(run, Step) else None
    if isinstance(run, Run):
        wide = Counter(task.step for task in context.provider.tasks(run._record))
        several = [step for step, tasks in wide.items() if tasks > 1]
        step = run[several[0]] if len(several) == 1 else None
    task = step.task if step else None
    rows = artifact_rows(context, task._record.path) if task else ()
    numbers = sorted((row.name, row.type) for row in rows if row.type and _NUMBER.match(row.type))
    return [Candidate(name, note=kind) for name, kind in numbers]
