"""Names of columns of runs: the full names of frames, and the short names that people type and read.

``param.alpha`` and ``artifact.metrics.auc`` are full names. ``alpha``, ``metrics.auc`` and ``auc`` are short names. A short
name is accepted if it means one column only.
"""

from collections.abc import Iterable, Sequence

from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.hidden_characters import visible
from mfwidgets.queries.values.value_columns import ARTIFACT_PREFIX, ITEM_PREFIX, PARAMETER_PREFIX
from mfwidgets.queries.values.value_names import listed, several_meanings, with_last_part
from mfwidgets.schema import RUNS, TASKS

_PREFIXES = (PARAMETER_PREFIX, ARTIFACT_PREFIX, ITEM_PREFIX)


def short_name(name: str) -> str:
    """Return a name without its prefix: ``alpha`` for ``param.alpha``."""
    for prefix in _PREFIXES:
        if name.startswith(prefix) and len(name) > len(prefix):
            return name.removeprefix(prefix)
    return name


def headings(names: Sequence[str]) -> list[str]:
    """Return the shortest clear heading for each column: without the prefix, unless two columns would be equal.

    Examples
    --------
    >>> from mfwidgets.column_names import headings
    >>> headings(["param.alpha", "artifact.alpha", "artifact.rmse"])
    ['param.alpha', 'artifact.alpha', 'rmse']
    """
    shorts = [short_name(name) for name in names]
    return [name if shorts.count(short) > 1 else short for name, short in zip(names, shorts, strict=True)]


def find_column(name: object, names: Iterable[str], owner: str) -> str:
    """Return the full name of the column that a user means.

    Parameters
    ----------
    name
        A full name, the name of a column of the runs (``duration``), or a short name.
    names
        The full names of the parameters and results that exist.
    owner
        Whose columns they are, for messages: ``runs of TuningFlow``.

    Raises
    ------
    MetaflowInvalidArgument
        The column does not exist, or the short name is ambiguous.
    """
    return _find(name, tuple(names), owner, RUNS.names)


def task_column(name: object, names: Iterable[str], owner: str) -> str:
    """Return the full name of the column of tasks that a user means. See :func:`find_column`.

    Raises
    ------
    MetaflowInvalidArgument
        The column does not exist, or the short name is ambiguous.
    """
    return _find(name, tuple(names), owner, TASKS.names)


def _find(name: object, known: Sequence[str], owner: str, facts: Sequence[str]) -> str:
    if not isinstance(name, str) or not name:
        raise MetaflowInvalidArgument(f"Expected the name of a column such as 'duration' or 'rmse', got {name!r:.60}.")
    if name in known or name in facts:
        return name
    matching = [full for full in known if short_name(full) == name]
    matching = matching or with_last_part(name, known)
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise several_meanings(name, matching)
    raise MetaflowInvalidArgument(
        visible(f"The {owner} have no column {name!r:.80}.{_suggestions(name, known, facts)}")
    )


def _suggestions(name: str, known: Sequence[str], facts: Sequence[str]) -> str:
    from difflib import get_close_matches  # only errors need it

    candidates = {
        **{column: column for column in facts},
        **{short_name(full): full for full in known},
        **{full: full for full in known},
    }
    close = list(dict.fromkeys(candidates[match] for match in get_close_matches(name, candidates, n=3)))
    if close:
        return f" Did you mean {listed(close)}?"
    return f" Try one of {listed(known)}." if known else " They have neither parameters nor results."
