"""A wrapper that calls a function once per key, so that the parts of one display share what was read."""

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")


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
