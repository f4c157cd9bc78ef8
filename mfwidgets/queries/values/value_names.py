"""Names of values: ``rmse``, ``param.alpha``, ``artifact.rmse``, and ``metrics.auc`` for a value inside of a dict."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.hidden_characters import visible

PARAMETER, ARTIFACT = "param", "artifact"

_MAX_KEYS = 50

_MAX_LISTED = 12
"""A message lists at most this many names."""

MISSING = object()
"""There is no value with this name in the dict."""


@fast_dataclass(frozen=True, slots=True)
class ValueName:
    """A name, and the artifacts that it can mean.

    Attributes
    ----------
    place
        ``param``, ``artifact``, or empty for a parameter if there is one, else an artifact.
    spellings
        Names of artifacts, each with the path inside of its value. The path is empty for the value itself. The first that
        exists counts.
    """

    place: str
    spellings: tuple[tuple[str, str], ...]

    def or_inside(self, full: str) -> "ValueName":
        """Return the same name, which can also mean a value inside of a dict, such as ``artifact.metrics.auc``."""
        root, _, path = full.partition(".")[2].partition(".")
        return ValueName(self.place, (*self.spellings, (root, path)))

    @property
    def names(self) -> frozenset[str]:
        """The names of artifacts that it can mean."""
        return frozenset(name for name, _ in self.spellings)

    def is_parameter(self, parameters: Collection[str]) -> bool:
        """Return whether it means a parameter in a run with these parameters."""
        return self.place == PARAMETER or (self.place != ARTIFACT and any(name in parameters for name in self.names))


def value_name(text: str) -> ValueName:
    """Return the artifacts that a name can mean.

    Examples
    --------
    >>> from mfwidgets.queries.values.value_names import value_name
    >>> value_name("metrics.auc").spellings
    (('metrics.auc', ''), ('metrics', 'auc'))
    >>> value_name("param.alpha")
    ValueName(place='param', spellings=(('alpha', ''),))
    """
    place, _, rest = text.partition(".")
    if place not in (PARAMETER, ARTIFACT) or not rest:
        place, rest = "", text
    root, _, path = rest.partition(".")
    inner = ((root, path),) if root and path else ()
    return ValueName(place, ((rest, ""), *inner))


def with_last_part(name: str, full_names: Iterable[str]) -> list[str]:
    """Return the full names that a short name means as their last part: ``artifact.metrics.auc`` for ``auc``."""
    return [full for full in full_names if full.partition(".")[2].rpartition(".")[2] == name]


def several_meanings(name: str, full_names: Sequence[str]) -> MetaflowInvalidArgument:
    """Return the error about a short name that means several values."""
    return MetaflowInvalidArgument(
        visible(f"The name {name!r:.80} means several columns: {listed(full_names)}. Use one of these."),
        suggestions=full_names[:_MAX_LISTED],
    )


def listed(names: Sequence[str]) -> str:
    """Return names with commas between them. A message lists at most 12."""
    shown = [visible(f"{name:.80}") for name in names[:_MAX_LISTED]]
    shown += [f"{len(names) - len(shown):,} more"] if len(names) > len(shown) else []
    return ", ".join(shown)


def inside(value: Any, path: str) -> Any:
    """Return the value at a path inside of dicts, or :data:`MISSING`. A key can contain dots.

    Examples
    --------
    >>> from mfwidgets.queries.values.value_names import inside
    >>> inside({"auc": {"test": 0.9}, "f1.test": 0.8}, "auc.test")
    0.9
    """
    while path:
        if not isinstance(value, Mapping):
            return MISSING
        if path in value:
            return value[path]
        key, _, path = path.partition(".")
        if not path or key not in value:
            return MISSING
        value = value[key]
    return value


def keys_inside(value: Any) -> Iterator[str]:
    """Yield the first paths inside of a dict, down to dicts in it."""
    if not isinstance(value, Mapping):
        return
    for key, inner in islice(value.items(), _MAX_KEYS):
        if isinstance(key, str):
            yield key
            if isinstance(inner, Mapping):
                yield from (f"{key}.{name}" for name in islice(inner, _MAX_KEYS) if isinstance(name, str))
