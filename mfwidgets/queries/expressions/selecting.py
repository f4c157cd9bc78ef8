"""Carries out an expression: facts about runs become a :class:`RunFilter`, so that a service can apply them.

Comparisons with values become conditions of a :class:`ValueFilter`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.expressions import EXAMPLE
from mfwidgets.queries.expressions.parsing import parse_expression
from mfwidgets.queries.expressions.terms import KeyTerm, RunExpression, ValueTerm, WordTerm
from mfwidgets.queries.run_filter import RUN_STATUSES, RunFilter, has_text, milliseconds, project_tags
from mfwidgets.queries.service_filters import with_status
from mfwidgets.queries.values.comparisons import Comparisons
from mfwidgets.queries.values.reading import Reading
from mfwidgets.queries.values.value_columns import check_step
from mfwidgets.queries.values.value_filter import ValueFilter
from mfwidgets.safe_repr import repr_of


@fast_dataclass(frozen=True, slots=True)
class TermCondition:
    """A term that is applied here, to the records of runs."""

    term: KeyTerm | WordTerm

    def matches(self, run: RunRecord) -> bool:
        """Return whether a run meets the term."""
        return self._holds(run) is not self.term.negated

    def described(self) -> str:
        """Return the term as words that follow "runs of HelloFlow"."""
        return f"with {self.term.described()}"

    def _holds(self, run: RunRecord) -> bool:
        if isinstance(self.term, WordTerm):
            return has_text(run, self.term.text)
        match self.term.key:
            case "user":
                return run.user in self.term.values
            case "id":
                return run.run_id in self.term.values
        return run.tags.issuperset(_tags(self.term))


def with_conditions(
    selection: RunFilter, conditions: object, more: Mapping[str, Any], step: str | None, reading: Reading
) -> tuple[RunFilter, tuple[ValueFilter, ...]]:
    """Return the filters for the arguments of ``where()``.

    Parameters
    ----------
    selection
        The filter so far.
    conditions
        A string, a dict of conditions by name, or None.
    more
        Further conditions by name.
    step, reading
        As in :class:`ValueFilter`.

    Raises
    ------
    MetaflowInvalidArgument
        There is no condition, or a condition is invalid.
    """
    if not isinstance(conditions, str):
        if not isinstance(conditions, Mapping | None):
            raise MetaflowInvalidArgument(
                f'Expected conditions such as "{EXAMPLE}", name=value pairs or a dict of them in where(), '
                f"got {repr_of(conditions, 60)}."
            )
        return selection, (ValueFilter({**(conditions or {}), **more}, step, reading),)
    check_step(step)
    expression = parse_expression(conditions)
    if not expression.terms and not more:
        raise MetaflowInvalidArgument(f'Expected conditions such as "{EXAMPLE}", got an empty string.')
    values = value_conditions(expression)
    if twice := sorted(values.keys() & more.keys()):
        raise MetaflowInvalidArgument(
            f"Expected one condition on {twice[0]!r}, got one in the string and one as an argument. "
            "Try two where() calls."
        )
    filters = (ValueFilter({**values, **more}, step, reading),) if values or more else ()
    return select(expression, selection), filters


def select(expression: RunExpression, selection: RunFilter) -> RunFilter:
    """Return a filter that also applies the terms about runs.

    Parameters
    ----------
    expression
        The expression.
    selection
        The filter so far. Its conditions must also hold.

    Raises
    ------
    MetaflowInvalidArgument
        No run can meet two of the conditions: each run has one status, one user and one id.
    """
    _check_contradictions(term for term in expression.terms if isinstance(term, KeyTerm))
    for term in expression.terms:
        if not isinstance(term, ValueTerm):
            selection = _with_term(selection, term)
    return selection


def value_conditions(expression: RunExpression) -> dict[str, Comparisons]:
    """Return the comparisons with values, by name."""
    return {
        name: Comparisons(
            name,
            tuple((term.operator, term.values) for term in terms),
            " ".join(term.described() for term in terms),
        )
        for name, terms in expression.value_terms.items()
    }


def _with_term(selection: RunFilter, term: KeyTerm | WordTerm) -> RunFilter:
    """Return a filter with one more term. It is a field of the filter if possible: a service can apply those."""
    match term:
        case KeyTerm("status"):
            return _with_statuses(selection, term)
        case KeyTerm("since", (moment,)):
            return replace(selection, since_ms=max(selection.since_ms, milliseconds("since", moment)))
        case KeyTerm("until", (moment,)):
            moments = (selection.until_ms, milliseconds("until", moment))
            return replace(selection, until_ms=min(filter(None, moments)))
        case KeyTerm("user", (user,), False) if selection.user in ("", user):
            return replace(selection, user=user)
        case KeyTerm("tag" | "project" | "branch", _, False):
            return replace(selection, tags=tuple(dict.fromkeys((*selection.tags, *_tags(term)))))
    return replace(selection, conditions=(*selection.conditions, TermCondition(term)))


def _with_statuses(selection: RunFilter, term: KeyTerm) -> RunFilter:
    names = tuple(name for name in RUN_STATUSES if (name in term.values) is not term.negated)
    if not names:
        raise MetaflowInvalidArgument(
            f"Expected at least one status that a run can have, got {term.described()!r}. "
            f"The statuses are {', '.join(RUN_STATUSES)}."
        )
    return with_status(selection, names)


def _tags(term: KeyTerm) -> tuple[str, ...]:
    """Return the tags of a term about a tag, a project or a branch."""
    if term.key == "tag":
        return term.values
    return project_tags(**{"project": None, "branch": None, term.key: term.values[0]})


def _check_contradictions(terms: Iterable[KeyTerm]) -> None:
    """Check that a run can meet all terms about its user, and all about its id."""
    earlier: dict[str, KeyTerm] = {}
    for term in terms:
        if term.key not in ("user", "id") or term.negated:
            continue
        other = earlier.setdefault(term.key, term)
        if not set(term.values).intersection(other.values):
            both = KeyTerm(term.key, (*other.values, *term.values)).described()
            raise MetaflowInvalidArgument(
                f"Expected conditions that a run can meet, got {other.described()!r} and {term.described()!r}. "
                f"Try {both}, which means one of them."
            )
