"""Chooses the columns that a table of runs shows: parameters that vary, and results."""

from collections.abc import Sequence
from typing import Any

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.queries.values.goals import goal_of
from mfwidgets.queries.values.ordering import sort_key
from mfwidgets.queries.values.reading import NotRead
from mfwidgets.queries.values.results import number_of
from mfwidgets.queries.values.value_columns import ARTIFACT_PREFIX, Columns
from mfwidgets.queries.values.value_memory import is_secret_name, looks_secret

_SEVERAL = 2

_MAX_TEXT = 40
"""A parameter with longer text, such as a query, is not chosen."""


@fast_dataclass(frozen=True, slots=True)
class ChosenColumns:
    """The columns that a table shows.

    Attributes
    ----------
    names
        Full names, parameters first.
    left_out
        Columns that vary as well, for which there is no room.
    """

    names: tuple[str, ...]
    left_out: tuple[str, ...] = ()


def choose_columns(columns: Columns, first: Sequence[str], max_params: int, max_results: int) -> ChosenColumns:
    """Return the columns that say most about the runs.

    A parameter is chosen if it varies. A result is chosen if it varies, or if only one run has it. Numbers come before text,
    and metrics whose names say whether they are good come before other numbers.

    Parameters
    ----------
    columns
        Columns by their full names.
    first
        Full names that are chosen in any case, such as those by which the runs are sorted.
    max_params, max_results
        The maximum number of columns of each kind.
    """
    chosen = [name for name in first if name in columns]
    params, results = [], []
    for name, values in columns.items():
        if name not in chosen and not _is_secret(name, values):
            if name.startswith(ARTIFACT_PREFIX):
                results += [name] if _is_telling(values) else []
            else:
                params += [name] if _varies(values) else []
    results.sort(key=lambda name: _rank(name, columns[name]))
    names = [*chosen, *params[:max_params], *results[:max_results]]
    names.sort(key=lambda name: name.startswith(ARTIFACT_PREFIX))  # stable: parameters first
    return ChosenColumns(tuple(names), (*params[max_params:], *results[max_results:]))


def is_numeric(values: Sequence[Any]) -> bool:
    """Return whether a column has numbers and nothing else, except missing values. Bools are not measures."""
    present = [value for value in values if value is not None and not isinstance(value, NotRead)]
    return bool(present) and all(not _is_bool(value) and _is_number(value) for value in present)


def _is_number(value: Any) -> bool:
    return number_of(value) is not None or (isinstance(value, float) or type(value).__module__ == "numpy")


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool) or type(value).__name__.startswith("bool")


def _keys(values: Sequence[Any]) -> set[Any]:
    return {sort_key(value) for value in values}


def _is_secret(name: str, values: Sequence[Any]) -> bool:
    """Return whether a column is shown only if it is named."""
    return is_secret_name(name) or any(isinstance(value, str) and looks_secret(name, value) for value in values)


def _varies(values: Sequence[Any]) -> bool:
    """Return whether runs have different values. Long text does not count."""
    if any(isinstance(value, str) and len(value) > _MAX_TEXT for value in values):
        return False
    return len(_keys(values)) >= _SEVERAL


def _is_telling(values: Sequence[Any]) -> bool:
    present = [key for key in map(sort_key, values) if key is not None]
    return len(present) == 1 or len(set(present)) >= _SEVERAL


def _rank(name: str, values: Sequence[Any]) -> tuple[bool, bool]:
    """Return a key: metrics first, then other numbers, then the rest."""
    numeric = is_numeric(values)
    return not (numeric and goal_of(name)), not numeric
