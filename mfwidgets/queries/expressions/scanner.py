"""Reads an expression from left to right, and makes errors that name a position."""

import re
from collections.abc import Iterable

from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.hidden_characters import visible
from mfwidgets.queries.expressions.literals import OPERATOR_CHARS, unquoted
from mfwidgets.queries.expressions.terms import OPERATORS

_BLANKS = re.compile(r"\s*")
_OPERATOR = re.compile(f"[{OPERATOR_CHARS}]+")
_QUOTED = {quote: re.compile(f"{quote}[^{quote}]*(?:{quote}{quote}[^{quote}]*)*{quote}") for quote in "\"'"}

_ALIASES = {"==": "="}
_CORRECTIONS = {
    "=<": "<=", "=>": ">=", "<>": "!=", "=!": "!=", "===": "=", "=~": "~", "~=": "~", "\u2260": "!=", "\u2264": "<=", "\u2265": ">=",
}  # fmt: skip

_SHOWN_CHARS = 60


class Scanner:
    """An expression and a position in it.

    Attributes
    ----------
    text
        The expression.
    position
        The number of characters that were read.
    """

    def __init__(self, text: str) -> None:
        self.text, self.position = text, 0

    @property
    def next_char(self) -> str:
        """The next character. Empty at the end."""
        return self.text[self.position : self.position + 1]

    @property
    def is_at_gap(self) -> bool:
        """Whether a blank or the end comes next."""
        return not self.next_char or self.next_char.isspace()

    @property
    def is_at_quote(self) -> bool:
        """Whether a quote comes next."""
        return self.next_char in ("'", '"')

    def skip_blanks(self) -> bool:
        """Skip blanks. Return whether anything follows."""
        match = _BLANKS.match(self.text, self.position)
        self.position = match.end() if match else self.position
        return bool(self.next_char)

    def take(self, chars: str) -> bool:
        """Skip the next character if it is one of these. Return whether it is."""
        is_one = bool(self.next_char) and self.next_char in chars
        self.position += is_one
        return is_one

    def bare(self, stop: str) -> str:
        """Return the text up to a blank or one of these characters."""
        start = self.position
        while not self.is_at_gap and self.next_char not in stop:
            self.position += 1
        return self.text[start : self.position]

    def quoted(self) -> str:
        """Return the text between quotes. Doubled quotes are one.

        Raises
        ------
        MetaflowInvalidArgument
            The quote is not closed.
        """
        start, quote = self.position, self.next_char
        match = _QUOTED[quote].match(self.text, start)
        if not match:
            raise self.error(
                start,
                f"a closing quote {quote}",
                "Close it, or put the other kind of quotes around the value.",
                got="none for the quote",
            )
        self.position = match.end()
        return unquoted(match[0])

    def operator(self) -> str:
        """Return the operator that comes next, maybe after blanks. Empty if there is none.

        Raises
        ------
        MetaflowInvalidArgument
            The operator is unknown.
        """
        blanks = _BLANKS.match(self.text, self.position)
        start = blanks.end() if blanks else self.position
        match = _OPERATOR.match(self.text, start)
        if not match or match[0] == "!":  # a negation
            return ""
        operator = _ALIASES.get(match[0], match[0])
        if operator not in OPERATORS:
            correction = _CORRECTIONS.get(operator)
            advice = f"Try {correction}." if correction else "A value with such characters needs quotes."
            raise self.error(
                start,
                f"one of the operators {' '.join(OPERATORS)}",
                advice,
                got=repr(operator[:_SHOWN_CHARS]),
                suggestions=[correction] if correction else (),
            )
        self.position = match.end()
        return operator

    def error(
        self, position: int, expected: str, advice: str, *, got: str = "", suggestions: Iterable[str] = ()
    ) -> MetaflowInvalidArgument:
        """Return an error about a position.

        Parameters
        ----------
        position
            The position.
        expected
            The words after "Expected".
        advice
            A sentence that says what to do instead.
        got
            The words after "got". Empty for the text at the position.
        suggestions
            Words to use instead.
        """
        rest = self.text[position : position + 20].split()[:1]
        got = got or (repr(rest[0]) if rest else "the end")
        start = max(position - _SHOWN_CHARS // 2, 0)
        shown = self.text[start : start + _SHOWN_CHARS]
        before = "\u2026" if start else ""
        after = "\u2026" if start + _SHOWN_CHARS < len(self.text) else ""
        return MetaflowInvalidArgument(
            visible(
                f"Expected {expected}, got {got} at character {position + 1} of {before}{shown!r}{after}. {advice}"
            ),
            suggestions=suggestions,
        )
