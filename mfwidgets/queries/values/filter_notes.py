"""The warnings of a filter by values, each once, with names that exist."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

from mfwidgets.errors import MetaflowException, MetaflowInvalidArgument, ValuesNotRead, warn
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.expressions.terms import name_text
from mfwidgets.queries.lineage.graph import FLOW_NAME, PARAMETERS
from mfwidgets.queries.values.comparisons import Comparisons
from mfwidgets.queries.values.results import result_columns
from mfwidgets.queries.values.value_columns import step_artifacts
from mfwidgets.queries.values.value_names import ARTIFACT, PARAMETER, keys_inside, value_name

_MAX_NAMES = 6
_MAX_KEYS = 200


class FilterNotes:
    """The observations of one iteration.

    Parameters
    ----------
    conditions
        The conditions by name.
    step
        The step of the artifacts. None is the last step.
    """

    def __init__(self, conditions: Mapping[str, Any], step: str | None) -> None:
        self._conditions, self._step = conditions, step
        self._warned: set[tuple[str, str]] = set()
        self._meanings: dict[str, set[tuple[str, str]]] = {}
        self._missing: dict[str, tuple[str, str]] = {}
        self._keys: dict[str, dict[str, None]] = {}
        self._seen: set[str] = set()

    def label(self, name: str) -> str:
        """Return the condition on a name, for a message."""
        condition = self._conditions[name]
        return f"where({condition.text})" if isinstance(condition, Comparisons) else f"where({name}=)"

    def skipped(self, name: str, what: str, reason: str) -> None:
        """Warn that runs are skipped. ``what`` is the kind of reason, of which only the first counts."""
        if (name, what) not in self._warned:
            self._warned.add((name, what))
            warn(f"{self.label(name)}: skipped runs {what}: {reason}.", ValuesNotRead)

    def has_value(self, name: str) -> None:
        """Note that a run has a value with this name."""
        self._seen.add(name)

    def has_no_key(self, name: str, root: str, path: str, value: Any) -> None:
        """Note that a run has no such value inside of a dict."""
        self._missing[name] = root, path
        keys = self._keys.setdefault(name, {})
        keys.update(dict.fromkeys(islice(keys_inside(value), max(_MAX_KEYS - len(keys), 0))))

    def has_meaning(self, name: str, is_parameter: bool, written: str) -> None:  # noqa: FBT001 - one of two places
        """Note what a name means in a run: a parameter or an artifact, and how that is written without its prefix.

        Raises
        ------
        MetaflowInvalidArgument
            It has another meaning in another run, and the condition is in the filter language. A condition as a keyword
            accepts both.
        """
        meanings = self._meanings.setdefault(name, set())
        meanings.add((PARAMETER if is_parameter else ARTIFACT, written))
        if len(meanings) > 1 and isinstance(self._conditions[name], Comparisons):
            lines = [name_text(f"{place}.{inner}") for place, inner in sorted(meanings, reverse=True)]
            places = {place for place, _ in meanings}
            words = "a parameter of some runs and a result of others" if len(places) > 1 else "two results of the runs"
            raise MetaflowInvalidArgument(
                f"Expected a name with one meaning, got {name!r}: it is {words}. Try {lines[0]} or {lines[1]}.",
                suggestions=lines,
            )

    def warn_of_unknown_names(self, context: ClientContext, runs: Sequence[RunRecord], count: int) -> None:
        """Warn of names that no run has. Then costs two requests for each of these runs.

        Parameters
        ----------
        context
            The context of the runs.
        runs
            Runs whose names are suggested.
        count
            The number of runs that were filtered.
        """
        unknown = [name for name in self._conditions if name not in self._seen]
        has_none = f"none of {count:,} runs has"
        names = value_names_of(context, runs, self._step) if any(name not in self._missing for name in unknown) else []
        for name in unknown:
            if name in self._missing:
                root, path = self._missing[name]
                before = name.removesuffix(path)
                advice = _advice(name, [before + key for key in self._keys[name]])
                warn(f"{self.label(name)}: {has_none} {path!r} in {root!r}.{advice}", ValuesNotRead)
                continue
            if name in NAMES_OF_FACTS:
                warn(
                    f"{self.label(name)}: {has_none} this parameter or artifact. {NAMES_OF_FACTS[name]}", ValuesNotRead
                )
                continue
            place, artifact = value_name(name).place, f"an artifact of {_owner(self._step)}"
            expected = {PARAMETER: "a parameter", ARTIFACT: artifact}.get(place, f"a parameter or {artifact}")
            advice = _advice(name, names if place else _short_names(names))
            warn(f"{self.label(name)}: {has_none} {expected} with this name.{advice}", ValuesNotRead)


NAMES_OF_FACTS = {
    **{key: f"It is a fact about a run. Try {key}:..." for key in ("status", "user", "tag", "since", "until", "id")},
    **dict.fromkeys(
        ("duration", "elapsed", "started_at", "finished_at", "created_at", "run_id"),
        "It is a fact about a run: sort_by() takes it, and to_pandas() has it.",
    ),
}
"""Facts about runs that people write like values."""


def _owner(step: str | None) -> str:
    return f"step {step!r}" if step else "its end task"


def _short_names(names: Sequence[str]) -> list[str]:
    """Return names without the prefix, unless two of them would be equal."""
    shorts = [name.partition(".")[2] for name in names]
    return [name if shorts.count(short) > 1 else short for name, short in zip(names, shorts, strict=True)]


def _advice(name: str, names: Sequence[str]) -> str:
    """Return a sentence that suggests similar names, or else lists some names."""
    from difflib import get_close_matches  # only warnings need it

    place, last = value_name(name).place, name.rpartition(".")[2]
    similar = [other for other in names if other.rpartition(".")[2] == last]
    if not similar:
        by_fold = {other.casefold(): other for other in names if not place or other.startswith(f"{place}.")}
        similar = [by_fold[fold] for fold in get_close_matches(name.casefold(), by_fold, 3, 0.6)]
    if similar:
        return f" Try {' or '.join(map(name_text, similar[:_MAX_NAMES]))}."
    if not names:
        return ""
    more = ", \u2026" if len(names) > _MAX_NAMES else "."
    return f" There are {', '.join(map(name_text, names[:_MAX_NAMES]))}{more}"


def value_names_of(context: ClientContext, runs: Iterable[RunRecord], step: str | None = None) -> list[str]:
    """Return the full names of parameters and artifacts of these runs, and of numbers in dicts, such as ``param.alpha``.

    Costs two requests for each run, and one small read for each distinct value of the last step. Runs that cannot be read
    are left out.

    Parameters
    ----------
    context, runs
        The runs.
    step
        The step of the artifacts. None means the last step.
    """
    parameters: dict[str, None] = {}
    artifacts: dict[str, None] = {}
    for run in runs:
        with suppress(MetaflowException):
            records = context.provider.artifacts((*run.path, PARAMETERS), public_only=True)
            parameters.update(dict.fromkeys(record.name for record in records))
            records = step_artifacts(context, run, step=step, names=None)
            artifacts.update(dict.fromkeys(record.name for record in records if not record.name.startswith("_")))
            if step is None:
                artifacts.update(dict.fromkeys(name.partition(".")[2] for name in result_columns(context, [run])))
    full = [f"{PARAMETER}.{name}" for name in parameters if name != FLOW_NAME]
    return full + [f"{ARTIFACT}.{name}" for name in artifacts if name not in parameters]
