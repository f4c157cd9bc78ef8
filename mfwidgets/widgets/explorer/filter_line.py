"""Changes the filter line as clicks in the headers of a table do, and completes it. It reads nothing."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import chain

from mfwidgets.column_names import headings
from mfwidgets.queries.expressions.completing import complete_expression
from mfwidgets.queries.expressions.literals import literal_of, quoted, value_text
from mfwidgets.queries.expressions.parsing import parse_expression
from mfwidgets.queries.expressions.terms import KeyTerm, RunExpression, Term, ValueTerm
from mfwidgets.widgets.explorer.known_runs import FACT_COLUMNS, KnownRuns, needs_values

_KEYS = {"status": "status", "user": "user", "user_tags": "tag", "system_tags": "tag"}
"""The keys of the filter language for facts."""

_MAX_COMPLETIONS = 12


def can_filter(name: str) -> bool:
    """Return whether the filter language knows a column."""
    return needs_values(name) or name in _KEYS or name == "started_at"


def with_range(line: str, name: str, names: Sequence[str], low: float, high: float) -> str:
    """Return the line with a range for a column, instead of former conditions on it.

    Parameters
    ----------
    line
        The line.
    name
        The full name of the column.
    names
        The full names of all parameters and results.
    low, high
        Numbers, or milliseconds since the epoch for times. Both are included.

    Raises
    ------
    MetaflowInvalidArgument
        The line is not valid.
    """
    kept = _without(parse_expression(line), name, names)
    if name in FACT_COLUMNS:
        added: list[Term] = [KeyTerm("since", (_moment(low),)), KeyTerm("until", (_moment(high),))]
    else:
        written = _written(name, names)
        added = [ValueTerm(written, ">=", f"{low:.6g}"), ValueTerm(written, "<=", f"{high:.6g}")]
    return RunExpression((*kept, *added)).described()


def _moment(ms: float) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone().isoformat(timespec="seconds")


def with_value(line: str, name: str, names: Sequence[str], text: str) -> str:
    """Return the line with a condition that a column has a value. If the line has exactly that condition, remove it.

    Parameters
    ----------
    line, name, names
        As in :func:`with_range`.
    text
        The value as text, without quotes.

    Raises
    ------
    MetaflowInvalidArgument
        The line is not valid.
    """
    expression = parse_expression(line)
    if name in _KEYS:
        key = _KEYS[name]
        term: Term = KeyTerm(key, (text,))
        kept = expression.terms if key == "tag" else _without(expression, name, names)
    else:
        literal = text if not isinstance(literal_of(text), str) else value_text(text)
        term, kept = ValueTerm(_written(name, names), "=", literal), _without(expression, name, names)
    if term in expression.terms:
        return RunExpression(tuple(one for one in expression.terms if one != term)).described()
    return RunExpression((*kept, term)).described()


def without_column(line: str, name: str, names: Sequence[str]) -> str:
    """Return the line without conditions on a column.

    Raises
    ------
    MetaflowInvalidArgument
        The line is not valid.
    """
    return RunExpression(tuple(_without(parse_expression(line), name, names))).described()


def has_column(line: str, name: str, names: Sequence[str]) -> bool:
    """Return whether a valid line has a condition on a column."""
    expression = parse_expression(line)
    return len(_without(expression, name, names)) < len(expression.terms)


def _written(name: str, names: Sequence[str]) -> str:
    """Return the name as the filter writes it: the short one, if it is clear."""
    known = list(dict.fromkeys([*names, name]))
    return headings(known)[known.index(name)]


def _without(expression: RunExpression, name: str, names: Sequence[str]) -> list[Term]:
    keys = {_KEYS[name]} if name in _KEYS else {"since", "until"} if name == "started_at" else set()
    spellings = {name, _written(name, names)}
    return [
        term
        for term in expression.terms
        if not (isinstance(term, KeyTerm) and term.key in keys)
        and not (isinstance(term, ValueTerm) and term.name in spellings)
    ]


def completions(text: str, runs: KnownRuns) -> list[str]:
    """Return lines with another end of the last term, from the names, tags and users of the runs that have been read."""

    def source(kind: str) -> Sequence[str]:
        if kind == "name":
            return headings(list(runs.names))
        if kind == "user":
            return _frequent(run.row.record.user for run in runs.runs)
        return _frequent(chain.from_iterable(run.row.record.tags for run in runs.runs))

    return complete_expression(text, source)[:_MAX_COMPLETIONS]


def _frequent(words: Iterable[str]) -> list[str]:
    return [word for word, _ in Counter(words).most_common(200)]


def ids_line(run_ids: Iterable[str]) -> str:
    """Return the line that selects runs by their ids. Empty without ids."""
    ids = [quoted(run_id) if set(run_id) & set(" ,\"'\t\n") else run_id for run_id in run_ids]
    return f"id:{','.join(ids)}" if ids else ""
