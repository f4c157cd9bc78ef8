"""Many small waits at once: each in a thread of its own, while the caller only waits and can be interrupted."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
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
