"""The terms of an expression, and how each is written.

Terms are stored as they are written, so that equal terms are written alike. An expression is never longer than the text
that it was parsed from.
"""

import re

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.queries.expressions.literals import BLANK_OR_QUOTE, OPERATOR_CHARS, Plain, literal_of, quoted, unquoted

OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "~")
ORDERS = ("<", "<=", ">", ">=")

KEYS = ("status", "since", "until", "tag", "user", "project", "branch", "id")
"""The keys of ``key:value``."""

LISTS = ("status", "user", "id")
"""Keys that take several values, separated by commas: a run must have one of them."""

MOMENTS = ("since", "until")

EQUALITIES = ("=", "!=")
"""Operators that take several values, separated by commas: one of them, or none of them."""

RESERVED = {"and": "and", "&": "and", "&&": "and", "or": "or", "|": "or", "||": "or", "not": "not", "in": "in"}
"""Words of other languages. They need quotes, because people would expect them to work."""

SPECIAL = f"{OPERATOR_CHARS}:\"'"
"""Characters that end a name or a word without quotes."""

_UNSAFE = re.compile(rf"[\s{re.escape(SPECIAL)}]|[-(]")
_UNSAFE_INSIDE = re.compile(rf"[\s{re.escape(SPECIAL)}]")


def name_text(name: str) -> str:
    """Return a name as it is written before an operator: with quotes, if it needs them."""
    is_plain = name and not _UNSAFE.match(name) and not _UNSAFE_INSIDE.search(name)
    return name if is_plain else quoted(name)


def key_value_text(key: str, value: str) -> str:
    """Return a value as it is written after ``key:``."""
    is_plain = value and not BLANK_OR_QUOTE.search(value) and not (key in LISTS and "," in value)
    return value if is_plain else quoted(value)


@fast_dataclass(frozen=True, slots=True)
class ValueTerm:
    """A comparison with the value of a parameter or a result: ``rmse<0.3``, or ``optimizer=adam,sgd`` for one of several.

    Attributes
    ----------
    text
        The value as it is written, with quotes if it needs them.
    others
        Further values of ``=`` or ``!=``, as they are written.
    """

    name: str
    operator: str
    text: str
    others: tuple[str, ...] = ()

    @property
    def values(self) -> tuple[Plain, ...]:
        """The values."""
        return tuple(map(self._value, (self.text, *self.others)))

    def _value(self, text: str) -> Plain:
        if text[0] in "\"'":
            return unquoted(text)
        return text if self.operator == "~" else literal_of(text)

    def described(self) -> str:
        """Return the term as it is written."""
        return f"{name_text(self.name)}{self.operator}{','.join((self.text, *self.others))}"


@fast_dataclass(frozen=True, slots=True)
class KeyTerm:
    """A fact about a run: ``status:failed``. ``-`` negates it."""

    key: str
    values: tuple[str, ...]
    negated: bool = False

    def described(self) -> str:
        """Return the term as it is written."""
        values = ",".join(key_value_text(self.key, value) for value in self.values)
        return f"{'-' if self.negated else ''}{self.key}:{values}"


@fast_dataclass(frozen=True, slots=True)
class WordTerm:
    """Text in the id, the user or a tag of a run. ``-`` negates it."""

    text: str
    negated: bool = False

    def described(self) -> str:
        """Return the term as it is written."""
        text = quoted(self.text) if self.text.lower() in RESERVED else name_text(self.text)
        return f"{'-' if self.negated else ''}{text}"


Term = ValueTerm | KeyTerm | WordTerm


@fast_dataclass(frozen=True, slots=True)
class RunExpression:
    """Terms that must all hold."""

    terms: tuple[Term, ...] = ()

    @property
    def value_terms(self) -> dict[str, list[ValueTerm]]:
        """The comparisons with values, by name."""
        by_name: dict[str, list[ValueTerm]] = {}
        for term in self.terms:
            if isinstance(term, ValueTerm):
                by_name.setdefault(term.name, []).append(term)
        return by_name

    def described(self) -> str:
        """Return the expression as it is written. Parsing it gives an equal expression."""
        return " ".join(term.described() for term in self.terms)
