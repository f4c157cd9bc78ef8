"""Searches lines for regular expressions that a user or a stranger wrote, within a time limit.

Some patterns try exponentially many ways (``(a|a)*$``). Python's ``re`` cannot be stopped, and stops all other threads.
The package ``regex`` reads the same patterns, has a timeout, and lets other threads run.
"""

import time
from collections.abc import Iterable, Iterator, Sequence

from mfwidgets.deadline import check_deadline
from mfwidgets.errors import DeadlineExceeded, MetaflowInvalidArgument
from mfwidgets.regex_size import checked_pattern
from mfwidgets.safe_repr import repr_of

SEARCH_TIMEOUT_S = 5.0
"""The time that a search in all lines may compute. A million lines take about a second, and longer on a busy machine."""

LINE_TIMEOUT_S = 0.2
"""The time limit of a search in one line, and so the time that an interrupted search goes on."""

MARKING_TIMEOUT_S = 0.5
"""The time limit for marking the matches of a page."""

_PIECE_CHARS, _OVERLAP_CHARS = 100_000, 1_000
"""A longer text is searched piece by piece. While it skips characters, ``regex`` rarely looks at the clock."""

_CHECKED_TEXTS, _CHECKED_S = 1_000, 0.02
"""The deadline is checked after this many texts, and after this time."""


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

        source = regex.escape(pattern) if literal and isinstance(pattern, str) else pattern
        try:
            self._compiled: regex.Pattern[str] = regex.compile(
                checked_pattern(source), regex.IGNORECASE if ignore_case else 0
            )
        except (regex.error, RecursionError, OverflowError, MemoryError, ValueError) as error:
            if isinstance(error, MetaflowInvalidArgument):
                raise
            raise MetaflowInvalidArgument(
                f"Expected a regular expression, got {repr_of(pattern, 80)} ({error})."
            ) from None
        self.pattern, self._literal = pattern, literal

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LinePattern) and self._compiled == other._compiled

    def __hash__(self) -> int:
        return hash(self._compiled)

    def matching(self, texts: Iterable[str], most: int | None = None) -> Iterator[int]:
        """Yield the numbers of the texts that contain a match, at most ``most``.

        Raises
        ------
        DeadlineExceeded
            The search computes longer than its limit, or nobody waits for it any more. Ordinary text has no limit: each
            character is compared once.
        """
        clock = time.monotonic
        computed = getattr(time, "thread_time", clock)  # Python in the browser has no clocks of threads
        end, next_check, last, count = computed() + SEARCH_TIMEOUT_S, 0.0, -1, 0
        for turn, (number, text, start) in enumerate(_pieces(texts)):
            if turn % _CHECKED_TEXTS == 0 or clock() > next_check:
                check_deadline()
                next_check = clock() + _CHECKED_S
                if not self._literal and computed() > end:
                    raise self._too_slow()
            if number != last and self._matches(text, start):
                yield number
                last, count = number, count + 1
                if count == most:
                    return

    def _matches(self, text: str, start: int) -> bool:
        end = start + _PIECE_CHARS + _OVERLAP_CHARS
        try:
            match = self._compiled.search(text, start, end, timeout=LINE_TIMEOUT_S, concurrent=True)
            if match is None or match.end() < end or len(text) <= end:
                return match is not None
            # The end of the piece is not the end of the text, which $ means.
            return self._compiled.match(text, match.start(), timeout=LINE_TIMEOUT_S, concurrent=True) is not None
        except (TimeoutError, MemoryError):
            raise self._too_slow() from None

    def spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """Return where each text matches, without empty matches. After half a second, the rest has none."""
        end = time.monotonic() + MARKING_TIMEOUT_S
        return [self._spans(text, end - time.monotonic()) for text in texts]

    def _spans(self, text: str, seconds: float) -> list[tuple[int, int]]:
        if seconds <= 0:
            return []
        try:
            matches = self._compiled.finditer(text, timeout=min(seconds, LINE_TIMEOUT_S), concurrent=True)
            return [match.span() for match in matches if match.group()]
        except (TimeoutError, MemoryError):
            return []

    def _too_slow(self) -> DeadlineExceeded:
        return DeadlineExceeded(
            f"The search for {repr_of(self.pattern, 80)} was given up, because it takes too long. Try a pattern without nested "
            "repetitions such as (a+)+, or fewer lines."
        )


def _pieces(texts: Iterable[str]) -> Iterator[tuple[int, str, int]]:
    """Yield the number of each text, the text, and where to search in it: at its beginning, or several times."""
    for number, text in enumerate(texts):
        for start in range(0, len(text) or 1, _PIECE_CHARS):
            yield number, text, start
