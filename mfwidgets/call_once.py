"""Functions that are called once for each key, as the displays of one moment need them."""

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")


class CallOnce(Generic[Key, Result]):
    """Calls a function once for each key and remembers the result, however many threads ask; an error is not remembered.

    Parameters
    ----------
    function
        Takes a key.
    """

    def __init__(self, function: Callable[[Key], Result]) -> None:
        self._function = function
        self._results: dict[Key, Result] = {}
        self._running: dict[Key, threading.Lock] = {}
        self._lock = threading.Lock()

    def __call__(self, key: Key) -> Result:
        """Return the result for a key; a thread that asks while another one calls waits for it."""
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
        """Tell whether the result for a key is known."""
        return key in self._results
