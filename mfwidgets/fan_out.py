"""Waits in threads of their own, many at once, while the caller only waits and can be interrupted."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST = 16
"""Threads at once: enough to hide latency, few enough to be polite to a service."""


def each(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Return what the function makes of each item, in this order; the first exception is raised.

    An interrupt ends the waiting at once; what has begun runs out in the background, the rest is dropped.
    """
    given = list(items)
    if len(given) <= 1:
        return [function(item) for item in given]
    pool = ThreadPoolExecutor(min(len(given), MOST), thread_name_prefix="mfwidgets")
    try:
        return [future.result() for future in [pool.submit(function, item) for item in given]]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def aside(function: Callable[[], Result]) -> Result:
    """Return what a function gives that cannot be interrupted itself: the caller can, and leaves it to its own end."""
    if threading.current_thread() is not threading.main_thread():  # interrupts go to the main thread
        return function()
    answer: Future[Result] = Future()
    threading.Thread(target=_answer, args=(answer, function), name="mfwidgets-aside", daemon=True).start()
    return answer.result()


def _answer(answer: "Future[Result]", function: Callable[[], Result]) -> None:
    try:
        answer.set_result(function())
    except BaseException as error:  # noqa: BLE001 - whoever waits gets it
        answer.set_exception(error)
