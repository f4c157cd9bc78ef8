"""The candidates of completions. They are read in background threads and cached. A key press waits only briefly."""

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from contextlib import suppress
from functools import partial
from itertools import chain, islice

from mfwidgets.client.answers.grid import DURATION, STATUS
from mfwidgets.client.flow import Flow
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.client.run import Run
from mfwidgets.client.step import Step
from mfwidgets.concurrency import start_thread
from mfwidgets.config import profiles
from mfwidgets.magic.command import Kind
from mfwidgets.pathspec import KINDS, parse_alias
from mfwidgets.providers.base import RunQuery
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.artifact_rows import artifact_rows
from mfwidgets.queries.context import ClientContext, current_context
from mfwidgets.queries.namespaces import all_namespaces
from mfwidgets.queries.run_filter import RUN_STATUSES

TIMEOUT_S = 0.35
"""A completion waits this long for an answer. A later answer is cached for the next completion."""

CACHE_TTL_S = 30.0
"""Answers older than this are read again."""

MAX_CANDIDATES = 200
"""Candidates per level. Nobody reads a longer list."""

_MAX_NAMES = 20_000
"""Names per level that are read, to find those that begin with a word."""

ALIASES = ("latest", "latest-ok", "latest~1")

_NUMBER = re.compile(r"(?:int|float|bool)\Z|numpy\.(?:u?int|float)\d")

_MAX_ANSWERS = 500
"""The size of the cache. The oldest answers are removed first."""


Key = tuple[object, ...]
Read = Callable[[], list[str]]


class AnswerCache:
    """A cache of lists of candidates. Each is read in its own thread, and only once at a time."""

    def __init__(self) -> None:
        self._answers: dict[Key, tuple[float, list[str]]] = {}
        self._pending: dict[Key, Future[list[str]]] = {}
        self._lock = threading.RLock()  # reentrant, because get() calls _read() itself if it cannot start a thread

    def get(self, key: Key, read: Read, timeout_s: float) -> list[str]:
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

    def _read(self, key: Key, read: Read, future: "Future[list[str]]") -> None:
        answer: list[str] = []
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


def completion_candidates(kind: Kind, word: str, about: str, *, aliases: bool = True) -> list[str]:
    """Return the candidates for an unfinished word, as whole words, the most likely first.

    Parameters
    ----------
    kind
        The kind of the argument.
    word
        The unfinished word.
    about
        The pathspec earlier on the line. Tags and users come from the runs of its flow, numbers from the tasks of its
        step.
    aliases
        Whether aliases such as ``latest`` can replace a run id.
    """
    if kind in _FIXED:
        return _FIXED[kind]()
    context = current_context()
    here = (context.provider.address, context.namespace_setting)
    if kind == "namespace":
        return [
            "none",
            "default",
            *ANSWERS.get((*here, kind), lambda: all_namespaces(context)[:MAX_CANDIDATES], TIMEOUT_S),
        ]
    if kind == "number":
        names = ANSWERS.get((*here, kind, about), lambda: _numbers(context, about), TIMEOUT_S) if about else []
        return [STATUS, DURATION, *names]
    flow = about.partition("/")[0]
    if kind in ("tag", "user tag", "user"):
        return ANSWERS.get((*here, kind, flow), lambda: _of_runs(context, kind, flow), TIMEOUT_S) if flow else []
    return _pathspecs(context, here, word, _depth(kind), aliases=aliases)


def _depth(kind: Kind) -> int:
    return KINDS.index(kind) + 1 if kind in KINDS else len(KINDS)


def _pathspecs(context: ClientContext, here: Key, word: str, depth: int, *, aliases: bool) -> list[str]:
    """Return the pathspecs of the level that the word is in."""
    *above, last = word.split("/")
    if len(above) >= depth:
        return []
    parent = "/".join(above)
    names = ANSWERS.get((*here, "below", parent), lambda: _below(context, above), TIMEOUT_S)
    first = list(ALIASES) if aliases and len(above) == 1 and names else []
    itself = [name for name in beginning_with(last, names) if _means_itself(name, len(above))][:MAX_CANDIDATES]
    return [f"{parent}/{name}" if parent else name for name in chain(first, itself)]


def beginning_with(word: str, names: Iterable[str]) -> list[str]:
    """Return the names that begin with the word. If there are none, ignore case."""
    exact = [name for name in names if name.startswith(word)]
    return exact or [name for name in names if name.lower().startswith(word.lower())]


def _means_itself(name: str, depth: int) -> bool:
    """Return whether a name in a pathspec leads to its object: it has no slash, and a run id is not an alias."""
    return bool(name) and "/" not in name and not (depth == 1 and parse_alias(name))


def _below(context: ClientContext, above: list[str]) -> list[str]:
    if not above:
        return sorted(flow.flow for flow in context.provider.flows())[:_MAX_NAMES]
    if len(above) == 1:
        return [run.run_id for run in _newest(context, above[0], MAX_CANDIDATES)]
    parent = Metaflow._in_context(context).get("/".join(above))
    if isinstance(parent, Run):
        return [step.id for step in parent][::-1]
    if isinstance(parent, Step):
        return [task.id for task in islice(parent.tasks(), _MAX_NAMES)]
    return list(parent._child_names())[:_MAX_NAMES]


def _newest(context: ClientContext, flow: str, most: int) -> Iterator[RunRecord]:
    tags = () if context.namespace is None else (context.namespace,)
    runs = context.provider.runs(flow, RunQuery(tags=tags, limit=most))
    return islice((run for run in runs if context.includes(run)), most)


def _of_runs(context: ClientContext, kind: str, flow: str) -> list[str]:
    """Return the tags or the users of the newest runs of a flow, the most frequent first."""
    runs = list(_newest(context, flow, MAX_CANDIDATES))
    if kind == "user":
        return [user for user, _ in Counter(run.user for run in runs).most_common() if user]
    user_tags = Counter(tag for run in runs for tag in run.user_tags)
    if kind == "user tag":
        return [tag for tag, _ in user_tags.most_common(MAX_CANDIDATES)]
    system_tags = Counter(tag for run in runs for tag in run.system_tags)
    return [tag for tag, _ in chain(user_tags.most_common(), system_tags.most_common())][:MAX_CANDIDATES]


def _numbers(context: ClientContext, about: str) -> list[str]:
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
    return sorted(row.name for row in rows if _NUMBER.match(row.type or ""))
