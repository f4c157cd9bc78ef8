"""Stand-ins for the classes of Metaflow that its own artifacts are made of.

Metaflow pickles a few objects of its own (an exception, the foreach stack). They are met under Metaflow's names in
the pickle and become these, so that reading them needs no metaflow.
"""

from collections import namedtuple
from typing import Any


class MetaflowExceptionWrapper(Exception):
    """The exception that ended an attempt, as Metaflow recorded it.

    Attributes
    ----------
    exception
        Its message.
    type
        Its class, ``module.Class``.
    stacktrace
        Its traceback as text; None where Metaflow kept none.
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
        return self.stacktrace or f"{self.type}: {self.exception}"

    def __repr__(self) -> str:
        return str(self)


# One level of a foreach: the step that split, over what, into how many, and which of them this is. Old pickles hold
# fewer values.
ForeachFrame = namedtuple(  # noqa: PYI024 - `index` is Metaflow's name, which a typed tuple cannot override
    "ForeachFrame", ["step", "var", "num_splits", "index", "value"], defaults=(None, None, None, None, None)
)


class IncludedFile:
    """A reference to a file that an ``IncludeFile`` parameter stored beside the run."""

    @property
    def descriptor(self) -> dict[str, Any]:
        """Where the content lies and what it is: ``type``, ``url``, ``is_text``, ``encoding``, ``size``."""
        descriptor = self.__dict__.get("_descriptor")
        return descriptor if isinstance(descriptor, dict) else {}


class ParallelUBF:
    """How many tasks a ``num_parallel`` split makes."""

    num_parallel: int


METAFLOW_TYPES: dict[tuple[str, str], type] = {
    ("metaflow.exception", "MetaflowExceptionWrapper"): MetaflowExceptionWrapper,
    ("__main__", "ForeachFrame"): ForeachFrame,  # Metaflow makes this class in the flow's own module
    ("metaflow.includefile", "IncludedFile"): IncludedFile,
    ("metaflow.flowspec", "ParallelUBF"): ParallelUBF,
}
"""What stands in, by the module and the name in the pickle."""
