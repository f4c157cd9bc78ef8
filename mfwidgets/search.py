"""Searches lines for regular expressions that a user or a stranger wrote, within a time limit.

Some patterns try exponentially many ways (``(a|a)*$``). Python's ``re`` cannot be stopped, and stops all other threads.
The package ``regex`` reads the same patterns, has a timeout, and lets other threads run.
"""

import time
from collections.abc import Iterable, Iterator

from mfwidgets.deadline import check_deadline
from mfwidgets.errors import DeadlineExceeded, MetaflowInvalidArgument
from mfwidgets.safe_repr import repr_of

SEARCH_TIMEOUT_S = 5.0
"""The time limit of a search in all lines. A search in a million lines takes about a second."""

LINE_TIMEOUT_S = 0.3
"""The time limit of a search in one line, and so the time that an interrupted search goes on."""

_MAX_PATTERN_CHARS = 10_000

_CHECKED_LINES = 1_000
"""Clock and deadline are checked after this many lines."""


class LinePattern:
    """A regular expression.

    Parameters
    ----------
    pattern
        The regular expression, in the syntax of Python's ``re``.
    ignore_case, literal
        Whether case is ignored, and whether the pattern is ordinary text.

    Attributes
    ----------
    pattern : str
        The parameter ``pattern``.

    Raises
    ------
    MetaflowInvalidArgument
        It is not a regular expression.
    """

    def __init__(self, pattern: str, *, ignore_case: bool = False, literal: bool = False) -> None:
        import regex

        if not isinstance(pattern, str) or len(pattern) > _MAX_PATTERN_CHARS:
            raise MetaflowInvalidArgument(
                f"Expected a regular expression of at most {_MAX_PATTERN_CHARS:,} characters, got {repr_of(pattern, 80)}."
            )
        try:
            self._compiled: regex.Pattern[str] = regex.compile(
                regex.escape(pattern) if literal else pattern, regex.IGNORECASE if ignore_case else 0
            )
        except (regex.error, RecursionError, OverflowError, MemoryError) as error:
            raise MetaflowInvalidArgument(
                f"Expected a regular expression, got {repr_of(pattern, 80)} ({error})."
            ) from None
        self.pattern = pattern

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LinePattern) and self._compiled == other._compiled

    def __hash__(self) -> int:
        return hash(self._compiled)

    def matching(self, texts: Iterable[str], most: int | None = None) -> Iterator[int]:
        """Yield the numbers of the texts that contain a match, at most ``most``.

        Raises
        ------
        DeadlineExceeded
            The search takes longer than its limit, or nobody waits for it any more.
        """
        search, end, count = self._compiled.search, time.monotonic() + SEARCH_TIMEOUT_S, 0
        try:
            for number, text in enumerate(texts):
                if not number % _CHECKED_LINES:
                    self._check(end)
                if search(text, timeout=LINE_TIMEOUT_S, concurrent=True):
                    yield number
                    count += 1
                    if count == most:
                        return
        except TimeoutError as error:
            if isinstance(error, DeadlineExceeded):
                raise
            raise self._too_slow() from None

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return where a line matches. Empty matches are left out, and all if the search takes too long."""
        try:
            return [
                match.span()
                for match in self._compiled.finditer(text, timeout=LINE_TIMEOUT_S, concurrent=True)
                if match.group()
            ]
        except TimeoutError:
            return []

    def _check(self, end: float) -> None:
        check_deadline()
        if time.monotonic() > end:
            raise self._too_slow()

    def _too_slow(self) -> DeadlineExceeded:
        return DeadlineExceeded(
            f"The search for {repr_of(self.pattern, 80)} was given up, because it takes too long. Try a pattern without nested "
            "repetitions such as (a+)+, or fewer lines."
        )
