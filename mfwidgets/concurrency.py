"""Waits in threads of their own, many at once, while the caller only waits and can be interrupted."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from mfwidgets.display_options import options
from mfwidgets.errors import MetaflowInvalidArgument

if TYPE_CHECKING:
    from tqdm import tqdm

Item = TypeVar("Item")
Result = TypeVar("Result")

MAX_WORKERS = 16
"""Threads at once: enough to hide latency, few enough to be polite to a service."""

BATCH_SIZE = 32
"""Items that one task of an executor takes: fewer are not worth the way there."""

PROGRESS_DELAY_S = 0.5
"""Seconds of waiting after which a bar tells how far it got."""


def parallel_map(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    title: str = "",
    executor: Executor | None = None,
    max_concurrency: int = MAX_WORKERS,
) -> list[Result]:
    """Return what the function makes of each item, in this order; the first exception is raised.

    An interrupt ends the waiting at once; what has begun runs out in the background, the rest is dropped.

    Parameters
    ----------
    function, items
        What to do, and with what.
    title
        What the items are; a bar with this title shows in the main thread when it takes more than a moment.
    executor
        Where to do it, :data:`BATCH_SIZE` items at a time; both function and items travel there. None takes threads here.
    at_once
        So many threads; one is the caller's own, which is best for local files, since Python works on one at a time.
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
        return [function(item) for item in given]
    pool = ThreadPoolExecutor(min(len(given), max_concurrency), thread_name_prefix="mfwidgets")
    try:
        return list(_results([pool.submit(function, item) for item in given], title, ""))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _batch(function: Callable[[Item], Result], items: Sequence[Item], max_concurrency: int) -> list[Result]:
    return parallel_map(function, items, max_concurrency=max_concurrency)


def _results(futures: Sequence["Future[Result]"], title: str, unit: str) -> Iterator[Result]:
    """Yield results as they stand; what is still to come is cancelled when nobody wants it any more."""
    began, bar = time.monotonic(), None
    watched = bool(title) and options.progress_bars and threading.current_thread() is threading.main_thread()
    try:
        for number, future in enumerate(futures):
            if watched and bar is None and time.monotonic() - began > PROGRESS_DELAY_S:
                bar = _progress_bar(title, unit, number, len(futures))
            yield future.result()
            if bar is not None:
                bar.update()
    finally:
        for future in futures:
            future.cancel()
        if bar is not None:
            bar.close()


def _progress_bar(title: str, unit: str, done: int, total: int) -> "tqdm[Any]":
    from tqdm.auto import tqdm

    return tqdm(desc=title, initial=done, total=total, unit=f" {unit}" if unit else "", leave=False)


def run_interruptible(function: Callable[[], Result]) -> Result:
    """Return what a function gives that cannot be interrupted itself: the caller can, and leaves it to its own end."""
    if threading.current_thread() is not threading.main_thread():  # interrupts go to the main thread
        return function()
    answer: Future[Result] = Future()
    threading.Thread(target=_set_result, args=(answer, function), name="mfwidgets-aside", daemon=True).start()
    return answer.result()


def _set_result(answer: "Future[Result]", function: Callable[[], Result]) -> None:
    try:
        answer.set_result(function())
    except BaseException as error:  # noqa: BLE001 - whoever waits gets it
        answer.set_exception(error)
