"""Parses the filter language for runs. It is pure: it reads nothing and evaluates nothing.

Terms are separated by blanks, and all of them must hold::

    rmse<0.3            a parameter or a result: = != < <= > >=, and ~ for "contains"
    param.alpha=0.5     a parameter; artifact.rmse is a result, metrics.auc a value in a dict
    optimizer=adam,sgd  one of these values; != for none of them
    status:failed       also since: until: tag: user: project: branch: id:
    -tag:nightly        without this tag (also !tag:nightly)
    text                in the id, the user or a tag

A value with blanks, quotes, commas or operators is quoted. A quote inside is doubled.
"""

from collections.abc import Sequence

from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.queries.expressions import EXAMPLE
from mfwidgets.queries.expressions.literals import OPERATOR_CHARS, literal_of, value_text
from mfwidgets.queries.expressions.scanner import Scanner
from mfwidgets.queries.expressions.terms import (
    EQUALITIES,
    KEYS,
    LISTS,
    MOMENTS,
    ORDERS,
    RESERVED,
    SPECIAL,
    KeyTerm,
    RunExpression,
    Term,
    ValueTerm,
    WordTerm,
    key_value_text,
    name_text,
)
from mfwidgets.queries.run_filter import RUN_STATUSES, milliseconds
from mfwidgets.safe_repr import repr_of

MAX_CHARS = 2_000
"""The maximum length of an expression."""

_QUOTES = "\"'"

_SHOWN_CHARS = 40
"""The maximum length of a name or a value in a message."""

_RESERVED_ADVICE = {
    "and": "Leave it out: all terms must hold.",
    "or": "Try status:failed,running or optimizer=adam,sgd for one of several, or use where() twice and combine the runs.",
    "not": "Try - before the term, such as -status:failed, or the operator !=.",
    "in": "Try optimizer=adam,sgd for one of several values.",
}


def parse_expression(text: object) -> RunExpression:
    """Return the terms of an expression.

    Raises
    ------
    MetaflowInvalidArgument
        It is not an expression. The message names the position, the reason and a solution.

    Examples
    --------
    >>> from mfwidgets.queries.expressions.parsing import parse_expression
    >>> parse_expression("rmse < .3  'status' = 'ok' Status:failed").described()
    'rmse<.3 status=ok status:failed'
    """
    if not isinstance(text, str):
        raise MetaflowInvalidArgument(f'Expected conditions such as "{EXAMPLE}", got {repr_of(text, 60)}.')
    if len(text) > MAX_CHARS:
        raise MetaflowInvalidArgument(
            f"Expected conditions of at most {MAX_CHARS:,} characters, got {len(text):,}. Try several where() calls."
        )
    scanner = Scanner(text)
    terms: dict[Term, None] = {}  # without repetitions, in order
    while scanner.skip_blanks():
        terms[_term(scanner)] = None
    return RunExpression(tuple(terms))


def _term(scanner: Scanner) -> Term:
    start = scanner.position
    operator = scanner.operator()
    if operator:
        raise scanner.error(start, f"a name before {operator}", f"Try rmse{operator}0.3.")
    negated = scanner.take("!-")
    if negated and (scanner.is_at_gap or scanner.next_char in "!-"):
        raise scanner.error(start, "a term after - or !", "Try -tag:nightly, or put the word in quotes.")
    head_start, is_quoted = scanner.position, scanner.is_at_quote
    if scanner.next_char == "(":
        raise scanner.error(start, "a term", "Leave out parentheses: all terms must hold. Or put the word in quotes.")
    head = scanner.quoted() if is_quoted else scanner.bare(SPECIAL)
    if not is_quoted and scanner.next_char == ":":
        return _key_term(scanner, head, head_start, negated=negated)
    operator = scanner.operator()
    if operator:
        if negated:
            advice = "Try != or the opposite order, such as rmse>=0.3. Put a name that begins with - in quotes."
            raise scanner.error(start, "a comparison without - or !", advice)
        return _value_term(scanner, head, head_start, operator)
    word = scanner.text[head_start : head_start + _SHOWN_CHARS].split()[0]
    _check_gap(scanner, start, f"Put it in quotes, such as {name_text(word)}.")
    if not head:
        raise scanner.error(start, "a word", "Leave out the empty quotes.")
    if not is_quoted and (kind := RESERVED.get(head.lower())):
        raise scanner.error(start, "a term", _RESERVED_ADVICE[kind] + " Or put the word in quotes.")
    return WordTerm(head, negated)


def _check_gap(scanner: Scanner, start: int, advice: str) -> None:
    """Check that a blank or the end comes next."""
    if not scanner.is_at_gap:
        before = scanner.text[start : scanner.position][-20:]
        raise scanner.error(scanner.position, f"a blank after {before!r}", advice, got=repr(scanner.next_char))


def _value_term(scanner: Scanner, name: str, start: int, operator: str) -> ValueTerm:
    if not name:
        raise scanner.error(start, f"a name before {operator}", f"Try rmse{operator}0.3.")
    shown = name_text(name[:_SHOWN_CHARS])
    written = f"{shown}{operator}"
    if not scanner.skip_blanks():
        raise scanner.error(
            scanner.position, f"a value after {written}", f"Try {written}{'text' if operator == '~' else '0.3'}."
        )
    first, *others = _values(scanner, shown, operator, start)
    return ValueTerm(name, operator, first, tuple(dict.fromkeys(other for other in others if other != first)))


def _values(scanner: Scanner, name: str, operator: str, start: int) -> list[str]:
    """Return the values after an operator, as they are written: several only after ``=`` and ``!=``."""
    values = [_value(scanner, name, operator, start)]
    while operator != "~" and scanner.next_char == ",":
        comma, written = scanner.position, f"{name}{operator}"
        scanner.take(",")
        if operator not in EQUALITIES:
            advice = f"Try {written}0.3, with a point, or quotes for text."
            raise scanner.error(comma, f"one value after {written}", advice)
        if scanner.is_at_gap or scanner.next_char == ",":
            advice = (
                f"Write several values without blanks, such as {written}adam,sgd. A value with a comma needs quotes."
            )
            raise scanner.error(scanner.position, "a value right after the comma", advice)
        values.append(_value(scanner, name, operator, start))
    _check_gap(scanner, start, "Put a blank between two terms. A value with such characters needs quotes.")
    return values


def _value(scanner: Scanner, name: str, operator: str, start: int) -> str:
    written, value_start, only_text = f"{name}{operator}", scanner.position, operator == "~"
    if scanner.is_at_quote:
        text = value_text(scanner.quoted(), only_text=only_text)
        if scanner.next_char != ",":
            advice = "Put a blank after the closing quote. A quote inside of quotes is doubled."
            _check_gap(scanner, value_start, advice)
        return text
    text = scanner.bare(OPERATOR_CHARS + _QUOTES + ("" if only_text else ","))
    if not text:
        advice = (
            "Put a value before the comma."
            if scanner.next_char == ","
            else "A value with such characters needs quotes."
        )
        raise scanner.error(value_start, f"a value after {written}", advice)
    value = literal_of(text)
    if operator in ORDERS and (value is None or isinstance(value, bool) or value != value):  # noqa: PLR0124 - NaN
        _check_gap(scanner, start, "Put a blank between two terms. A value with such characters needs quotes.")
        advice = f'Try {name}={text} or {name}!={text}, or quotes for text: {written}"{text}".'
        raise scanner.error(value_start, f"a number or text after {written}", advice)
    return text


def _key_term(scanner: Scanner, name: str, start: int, *, negated: bool) -> KeyTerm:
    key, value_start = name.lower(), scanner.position + 1
    if key not in KEYS:
        raise _unknown_key(scanner, name, start)
    if negated and key in MOMENTS:
        other = "until" if key == "since" else "since"
        raise scanner.error(start, f"{key}: without - or !", f"Try {other}:.")
    scanner.take(":")
    values = [_key_value(scanner, key)]
    while key in LISTS and scanner.take(","):
        values.append(_key_value(scanner, key))
    _check_gap(scanner, start, "Put the whole value in quotes. A quote inside of quotes is doubled.")
    for value in values:
        _check_value(scanner, key, value, value_start)
    return KeyTerm(key, tuple(dict.fromkeys(values)), negated)


def _key_value(scanner: Scanner, key: str) -> str:
    start = scanner.position
    value = scanner.quoted() if scanner.is_at_quote else scanner.bare(_QUOTES + ("," if key in LISTS else ""))
    if not value:
        raise scanner.error(start, f"a value right after {key}:", f"Try {key}:{_EXAMPLES[key]}.")
    return value.lower() if key == "status" else value


_EXAMPLES = {
    "status": "failed",
    "since": "7d",
    "until": "2026-01-31",
    "tag": "nightly",
    "user": "ann",
    "project": "fraud",
    "branch": "prod",
    "id": "17",
}


def _check_value(scanner: Scanner, key: str, value: str, start: int) -> None:
    if key in MOMENTS:
        try:
            milliseconds(key, value)
        except MetaflowInvalidArgument:
            expected = f"an age such as 7d or 12h, or a time such as 2026-01-31 or 2026-01-31T12:00, after {key}:"
            raise scanner.error(start, expected, f"Try {key}:7d.") from None
    if key == "status" and value not in RUN_STATUSES:
        similar = _similar(value, RUN_STATUSES)
        raise scanner.error(
            start,
            f"one of {', '.join(RUN_STATUSES)} after status:",
            f"Try status:{similar[0] if similar else 'failed'}.",
            suggestions=similar,
        )


def _similar(word: str, words: Sequence[str]) -> list[str]:
    """Return the most similar word, if there is one."""
    from difflib import get_close_matches  # only errors need it

    return get_close_matches(word, words, 1, 0.6)


def _unknown_key(scanner: Scanner, name: str, start: int) -> MetaflowInvalidArgument:
    """Return an error for an unknown key: it is misspelled, a tag with a colon, or a value."""
    similar = _similar(name.lower(), KEYS)
    value = scanner.bare(_QUOTES)[1:][:_SHOWN_CHARS]
    lines = [f"{key}:{value}" for key in similar]
    if name:
        name = name[:_SHOWN_CHARS]
        written = value_text(value, only_text=True)
        lines += [f"tag:{key_value_text('tag', f'{name}:{value}')}"]
        lines += [f"{name_text(name)}={written} for a parameter or a result"] if value else []
    advice = f"Try {', or '.join(lines)}." if lines else f"Try {EXAMPLE}."
    return scanner.error(start, f"one of the keys {', '.join(f'{key}:' for key in KEYS)}", advice, suggestions=similar)
