"""Stand-ins for Metaflow's classes in artifacts that Metaflow itself stores, such as exceptions and foreach stacks.

A pickle names Metaflow's classes. They are replaced by these, so that reading does not need metaflow.
"""

from collections import namedtuple
from collections.abc import Mapping
from typing import Any

from mfwidgets.errors import MetaflowInternalError
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.hidden_characters import visible
from mfwidgets.safe_repr import repr_of


class MetaflowExceptionWrapper(Exception):
    """The exception that ended an attempt, as Metaflow recorded it.

    Attributes
    ----------
    exception
        The message.
    type
        The class, ``module.Class``.
    stacktrace
        The traceback. None if Metaflow did not store it.
    """

    exception: str
    type: str
    stacktrace: str | None

    def __init__(self, exc: object = None) -> None:
        super().__init__(exc)
        self.exception, self.type, self.stacktrace = str(exc), type(exc).__name__, None

    def __setstate__(self, state: Any) -> None:
        self.__dict__.update(state)

    def __str__(self) -> str:
        return visible(str(self.stacktrace or f"{self.type}: {self.exception}"), lines=True)

    def __repr__(self) -> str:
        return str(self)


# One level of a foreach: the step that splits, the variable, the number of splits, and the index and value of this
# split. Pickles of old versions have fewer values.
ForeachFrame = namedtuple(  # noqa: PYI024 - Metaflow's name `index` hides tuple.index, which NamedTuple does not allow
    "ForeachFrame", ["step", "var", "num_splits", "index", "value"], defaults=(None, None, None, None, None)
)


class IncludedFile:
    """A reference to a file that an ``IncludeFile`` parameter stored in the datastore."""

    @property
    def descriptor(self) -> dict[str, Any]:
        """The location and format of the content: ``type``, ``url``, ``is_text``, ``encoding``, ``size`` (bytes)."""
        descriptor = self.__dict__.get("_descriptor")
        return descriptor if isinstance(descriptor, dict) else {}


class ParallelUBF:
    """The number of tasks of a ``num_parallel`` split."""

    num_parallel: int


class ConfigValue(dict[str, Any]):
    """A part of a ``Config``: a dict whose keys are attributes, too."""

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        super().__init__({name: _config_value(value) for name, value in (data or {}).items()})

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state.get("_data"))  # type: ignore[misc]  # old versions of Metaflow pickle it so

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(name for name in self if name.isidentifier())]

    def to_dict(self) -> dict[str, Any]:
        """Return the part as plain dicts."""
        plain: dict[str, Any] = _plain(self)
        return plain


def _config_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return ConfigValue(value)
    return type(value)(map(_config_value, value)) if type(value) in (list, tuple, set) else value


def _plain(value: Any) -> Any:
    if isinstance(value, ConfigValue):
        return {name: _plain(item) for name, item in value.items()}
    return type(value)(map(_plain, value)) if type(value) in (list, tuple, set) else value


@fast_dataclass(frozen=True, slots=True)
class ClientState:
    """The pickled state of an object of Metaflow's client.

    Attributes
    ----------
    selector
        The metadata selector. None in old pickles.
    namespace
        The namespace in which the object was made. None for all runs.
    is_in_current_namespace
        Whether the namespace is not recorded, so that the current one holds.
    """

    pathspec: str
    attempt: int | None
    selector: str | None = None
    namespace: str | None = None
    is_in_current_namespace: bool = False


def client_state(state: Mapping[str, Any]) -> ClientState:
    """Return the state of an object of Metaflow's client, from any version of Metaflow.

    Raises
    ------
    MetaflowInternalError
        A newer version of Metaflow pickled the object in another form.
    """
    match state:
        case {"version": "2.12.27", "data": [pathspec, attempt, selector, namespace, checked]}:
            return ClientState(pathspec, attempt, selector, namespace if checked else None)
        case {"version": "2.12.4", "data": [pathspec, attempt, namespace, checked]}:
            return ClientState(pathspec, attempt, None, namespace if checked else None)
        case {"version": "2.8.4", "data": [pathspec, attempt, checked]}:
            return ClientState(pathspec, attempt, is_in_current_namespace=bool(checked))
        case {"_pathspec": str(pathspec)} if "version" not in state:
            return ClientState(pathspec, state.get("_attempt"))
    raise MetaflowInternalError(
        f"Expected an object of Metaflow's client from a version up to 2.19, got one of {repr_of(state.get('version'), 40)}. "
        "Try a newer mfwidgets."
    )


_CLIENT = "metaflow.client.core"

WITHOUT_METAFLOW: dict[tuple[str, str], tuple[str, str]] = {
    ("metaflow.user_configs.config_parameters", "ConfigValue"): (__name__, "ConfigValue"),
    **{(_CLIENT, name): ("mfwidgets", name) for name in ("Flow", "Run", "Step", "Task", "DataArtifact", "Metadata")},
    ("metaflow.events", "Trigger"): ("mfwidgets", "Trigger"),
    ("metaflow.events", "MetaflowEvent"): ("mfwidgets.client.trigger", "MetaflowEvent"),
}
"""Our classes by the module and the name in the pickle. They are used if metaflow is missing, and imported on first use."""

METAFLOW_TYPES: dict[tuple[str, str], type] = {
    ("metaflow.exception", "MetaflowExceptionWrapper"): MetaflowExceptionWrapper,
    ("__main__", "ForeachFrame"): ForeachFrame,  # Metaflow makes this class in the flow's own module
    ("metaflow.task", "ForeachFrame"): ForeachFrame,  # before 2.11
    ("metaflow.includefile", "IncludedFile"): IncludedFile,
    ("metaflow.flowspec", "ParallelUBF"): ParallelUBF,
}
"""The stand-ins by the module and the name in the pickle."""
