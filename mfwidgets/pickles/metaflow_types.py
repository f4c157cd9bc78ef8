"""Stand-ins for Metaflow's classes in artifacts that Metaflow itself stores, such as exceptions and foreach stacks.

A pickle names Metaflow's classes. They are replaced by these, so that reading does not need metaflow.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping
from typing import Any


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
        return str(self.stacktrace or f"{self.type}: {self.exception}")

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
        self.__init__(state.get("_data"))  # type: ignore[misc]  # a version of Metaflow pickles it so

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def _config_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return ConfigValue(value)
    return type(value)(map(_config_value, value)) if isinstance(value, list | tuple | set) else value


CLIENT_CLASSES: dict[str, Callable[[], type]] = {}
"""Functions that return our classes of the Client API, by name. Pickled objects of Metaflow's client become ours if metaflow is missing."""

WITHOUT_METAFLOW = {("metaflow.user_configs.config_parameters", "ConfigValue"): ConfigValue}
"""Stand-ins that are used only if metaflow is missing."""

METAFLOW_TYPES: dict[tuple[str, str], type] = {
    ("metaflow.exception", "MetaflowExceptionWrapper"): MetaflowExceptionWrapper,
    ("__main__", "ForeachFrame"): ForeachFrame,  # Metaflow makes this class in the flow's own module
    ("metaflow.includefile", "IncludedFile"): IncludedFile,
    ("metaflow.flowspec", "ParallelUBF"): ParallelUBF,
}
"""The stand-ins by the module and the name in the pickle."""
