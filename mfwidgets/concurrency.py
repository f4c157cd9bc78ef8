"""The only place that starts threads.

It runs many calls at once, or one call that can be interrupted, given up or replaced. Threads that need the same result
share one call.

If no thread can be started (Pyodide), everything here runs in the caller's thread.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, wait
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from mfwidgets.deadline import Deadline, check_deadline
from mfwidgets.display_options import options
from mfwidgets.errors import DeadlineExceeded, MetaflowInvalidArgument

if TYPE_CHECKING:
    from tqdm import tqdm

Item = TypeVar("Item")
Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")

MAX_WORKERS = 16
"""The maximum number of threads of one :func:`parallel_map`: enough to hide latency, few enough to spare a service."""

BATCH_SIZE = 32
"""The number of items in one task of an executor. For fewer items, sending the task takes too long."""

PROGRESS_DELAY_S = 0.5
"""A progress bar shows after this time."""

INTERRUPT_POLL_S = 0.5
"""The maximum delay before an interrupt is handled."""

WAIT_NOTICE_DELAY_S = 0.3
"""A :class:`LatestTask` reports that it is working after this time."""


# -- many items at once -------------------------------------------------------------------------------------------------


def parallel_map(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    title: str = "",
    executor: Executor | None = None,
    max_concurrency: int = MAX_WORKERS,
) -> list[Result]:
    """Return the results of a function for all items, in their order.

    A nested call uses the thread that it is made in, and the free threads of the outermost call.

    If an item fails or the caller is interrupted, items that have not started are dropped. The deadline of started items
    is cancelled, so that they stop soon.

    Parameters
    ----------
    function
        Called with each item.
    items
        The arguments.
    title
        Name of the items. A progress bar with this title shows in the main thread after :data:`PROGRESS_DELAY_S`.
    executor
        Runs the function, :data:`BATCH_SIZE` items per task. Function and items are sent to it. None means threads of
        this process.
    max_concurrency
        The maximum number of threads. 1 means the caller's thread, which is best for local files: the GIL lets only one
        thread parse them.

    Raises
    ------
    MetaflowInvalidArgument
        The executor is shut down.
    DeadlineExceeded
        The work was given up.
    """
    given = list(items)
    if executor is not None:
        batches = [given[first : first + BATCH_SIZE] for first in range(0, len(given), BATCH_SIZE)]
        try:
            futures = [executor.submit(_batch, function, batch, max_concurrency) for batch in batches]
        except RuntimeError as error:
            raise MetaflowInvalidArgument(f"The executor takes no work: {error}.") from error
        return [result for results in _results(futures, title, "batches") for result in results]
    if len(given) <= 1 or max_concurrency == 1:
        return [_checked(function, item) for item in given]
    outer = _crew.get()
    with Deadline().apply(), _using(outer or _Crew(max_concurrency)) as crew:
        batch = _Batch(function, given, crew)
        if outer is not None or not crew.start(batch.work):
            batch.work()  # a thread that only waits would occupy the place of one that works
        return list(_results(batch.futures, title, ""))


class _Crew:
    """The threads of an outermost :func:`parallel_map`. Nested calls share them."""

    def __init__(self, max_threads: int) -> None:
        self._free = threading.Semaphore(max_threads)

    def start(self, work: Callable[[], object]) -> bool:
        """Run work in one more thread. Return False if no thread is free."""
        if not self._free.acquire(blocking=False):
            return False

        def run() -> None:
            try:
                work()
            finally:
                self._free.release()

        if start_thread(run, "worker"):
            return True
        self._free.release()
        return False


_crew: ContextVar[_Crew | None] = ContextVar("mfwidgets_crew", default=None)


@contextmanager
def _using(crew: _Crew) -> Iterator[_Crew]:
    token = _crew.set(crew)
    try:
        yield crew
    finally:
        _crew.reset(token)


class _Batch(Generic[Item, Result]):
    """The items of one :func:`parallel_map`. Several threads can work on them."""

    def __init__(self, function: Callable[[Item], Result], items: Sequence[Item], crew: _Crew) -> None:
        self._function, self._crew = function, crew
        self.futures: list[Future[Result]] = [Future() for _ in items]
        self._waiting = deque(zip(self.futures, items, strict=True))

    def work(self) -> None:
        """Work on items until none is left. Start one more thread per item while there are free ones."""
        while self._waiting:
            try:
                future, item = self._waiting.popleft()
            except IndexError:  # another thread took the last one
                return
            if not future.set_running_or_notify_cancel():
                continue
            if self._waiting:
                self._crew.start(self.work)
            settle(future, partial(_checked, self._function, item))
            if future.exception() is not None:
                self._waiting.clear()  # later items do not matter any more


def _checked(function: Callable[[Item], Result], item: Item) -> Result:
    check_deadline()
    return function(item)


def _batch(function: Callable[[Item], Result], items: Sequence[Item], max_concurrency: int) -> list[Result]:
    return parallel_map(function, items, max_concurrency=max_concurrency)


def _results(futures: Sequence["Future[Result]"], title: str, unit: str) -> Iterator[Result]:
    """Yield results in order. When the caller stops, cancel items that have not started."""
    began, bar = time.monotonic(), None
    watched = bool(title) and options.progress_bars and threading.current_thread() is threading.main_thread()
    try:
        for number, future in enumerate(futures):
            if watched and bar is None and time.monotonic() - began > PROGRESS_DELAY_S:
                bar = _progress_bar(title, unit, number, len(futures))
            yield _result_of(future)
            if bar is not None:
                bar.update()
    finally:
        for future in futures:
            future.cancel()
        if bar is not None:
            bar.close()


def _result_of(future: "Future[Result]") -> Result:
    """Wait for a future, in short waits. Python handles an interrupt that came just before a wait only after it."""
    while not future.done():
        wait([future], INTERRUPT_POLL_S)
    return future.result()


def _progress_bar(title: str, unit: str, done: int, total: int) -> "tqdm[Any]":
    from tqdm.auto import tqdm

    return tqdm(desc=title, initial=done, total=total, unit=f" {unit}" if unit else "", leave=False)


# -- one call in its own thread -----------------------------------------------------------------------------------------


def start_thread(work: Callable[[], object], name: str) -> bool:
    """Run work in a daemon thread with the caller's deadline. Return False if no thread can be started."""
    thread = threading.Thread(target=copy_context().run, args=(work,), name=f"mfwidgets-{name}", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # Pyodide has no threads
        return False
    return True


def in_background(work: Callable[[], Result], name: str) -> "Future[Result]":
    """Run work in a daemon thread and return a future. If no thread can be started, run it now."""
    future: Future[Result] = Future()
    future.set_running_or_notify_cancel()  # from now on, it cannot be cancelled
    if not start_thread(partial(settle, future, work), name):
        settle(future, work)
    return future


def settle(future: "Future[Result]", work: Callable[[], Result]) -> None:
    """Run work and give its result or its error to a future."""
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001 - raised in the thread that waits
        future.set_exception(error)


def run_interruptible(function: Callable[[], Result]) -> Result:
    """Run ``function`` in a daemon thread so that KeyboardInterrupt reaches the caller.

    After an interrupt the thread is abandoned, and its deadline is cancelled.
    """
    if threading.current_thread() is not threading.main_thread():  # interrupts go to the main thread
        return function()
    with Deadline().apply():
        return _result_of(in_background(function, "aside"))


def call_with_timeout(seconds: float, work: Callable[[], Result]) -> Result:
    """Run work in its own thread, and wait at most ``seconds`` for it.

    Its :class:`Deadline` ends after that time, or when the caller is interrupted. Providers check the deadline before
    each read, so the work stops within half a second.

    Raises
    ------
    DeadlineExceeded
        The work did not end in time.
    """
    with Deadline(seconds).apply():
        try:
            return in_background(work, "show").result(seconds)
        except TimeoutError:
            raise DeadlineExceeded(f"This took longer than {seconds:g} s and was given up.") from None


def call_later(seconds: float, work: Callable[[], object]) -> Callable[[], None]:
    """Run work in a thread after a delay, or now if no thread can be started. Return a function that cancels it."""
    timer = threading.Timer(seconds, work)
    timer.daemon = True
    try:
        timer.start()
    except RuntimeError:  # Pyodide has no threads
        work()
    return timer.cancel


class LatestTask:
    """Runs one request at a time for a pane. A new request replaces the older one.

    Parameters
    ----------
    on_wait
        Called if the newest request takes longer than :data:`WAIT_NOTICE_DELAY_S`.
    finish_all
        Whether replaced requests still finish, because they change something. Their results are dropped.
    """

    def __init__(self, on_wait: Callable[[], object] = lambda: None, *, finish_all: bool = False) -> None:
        self._on_wait, self._finish_all = on_wait, finish_all
        self._lock = threading.RLock()
        self._newest = Deadline()
        self._closed = False
        self._idle = threading.Event()
        self._idle.set()

    def ask(
        self, work: Callable[[], Result], done: Callable[[Result], object], failed: Callable[[Exception], object]
    ) -> None:
        """Run work in a thread. Call ``done`` or ``failed``, unless a newer request has replaced it."""
        with self._lock:
            if self._closed:
                return
            deadline = self._replace_newest()
            self._idle.clear()
        stop_notice = call_later(WAIT_NOTICE_DELAY_S, lambda: self._notice(deadline))

        def run() -> None:
            try:
                with Deadline().apply() if self._finish_all else deadline.apply():
                    result = work()
            except Exception as error:  # noqa: BLE001 - shown in the pane
                settle: Callable[[], object] = partial(failed, error)
            else:
                settle = partial(done, result)
            stop_notice()
            self._settle(deadline, settle)

        if not start_thread(run, "pane"):
            run()

    def _replace_newest(self) -> Deadline:
        before, self._newest = self._newest, Deadline()
        before.cancel()
        return self._newest

    def _notice(self, deadline: Deadline) -> None:
        with self._lock:
            if deadline is self._newest and not self._closed and not self._idle.is_set():
                self._on_wait()

    def _settle(self, deadline: Deadline, settle: Callable[[], object]) -> None:
        with self._lock:
            if deadline is not self._newest or self._closed:
                return
            try:
                settle()
            finally:
                if deadline is self._newest:  # otherwise the callback started a new request
                    self._idle.set()

    def drop(self) -> None:
        """Give up the current request."""
        with self._lock:
            self._replace_newest()
            self._idle.set()

    def wait(self, seconds: float) -> bool:
        """Wait until the newest request is done. Return False if that takes longer."""
        return self._idle.wait(seconds)

    def close(self) -> None:
        """Give up the current request, and accept no new one."""
        with self._lock:
            self._closed = True
        self.drop()


# -- one result for many threads ----------------------------------------------------------------------------------------


class CallOnce(Generic[Key, Result]):
    """Calls a function once per key and remembers the result. Thread-safe; errors are not remembered.

    Parameters
    ----------
    function
        Takes a key and returns the result.
    """

    def __init__(self, function: Callable[[Key], Result]) -> None:
        self._function = function
        self._results: dict[Key, Result] = {}
        self._running: dict[Key, threading.Lock] = {}
        self._lock = threading.Lock()

    def __call__(self, key: Key) -> Result:
        """Return the result for a key. If another thread is computing it, wait for that thread."""
        if key not in self._results:
            with self._lock:
                running = self._running.setdefault(key, threading.Lock())
            with running:
                if key not in self._results:
                    self._results[key] = self._function(key)
            with self._lock:
                self._running.pop(key, None)
        return self._results[key]

    def __contains__(self, key: Key) -> bool:
        """Return whether the result for a key is remembered."""
        return key in self._results
