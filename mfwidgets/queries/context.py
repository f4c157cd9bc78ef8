"""Which runs are looked at: a metadata provider and a namespace.

A :class:`ClientContext` never changes; every client object keeps the one it was made in. The module-level functions replace
the default scope, which objects made without an explicit client take.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from os import PathLike
from typing import TYPE_CHECKING, Final

from mfwidgets.concurrency import MAX_WORKERS
from mfwidgets.config import Configuration, read_configuration
from mfwidgets.datastore.base import Datastore, Datastores, RememberedDatastores
from mfwidgets.errors import InvalidSelector, MetaflowInvalidArgument
from mfwidgets.providers.base import MetadataProvider
from mfwidgets.providers.factory import open_provider
from mfwidgets.providers.records import RunRecord
from mfwidgets.providers.service_http import Headers
from mfwidgets.queries.pickling import headers_from_reference, headers_reference, session_not_picklable

if TYPE_CHECKING:
    import requests


class _Default(Enum):
    """The type of :data:`DEFAULT`, so that None can mean "no namespace"."""

    NAMESPACE = "the configured namespace"

    def __repr__(self) -> str:
        return "default"


DEFAULT: Final = _Default.NAMESPACE
"""Stands for the namespace that the configuration gives, as ``namespace=`` of an explicit client."""


@dataclass(frozen=True)
class ClientContext:
    """A provider and a namespace.

    Attributes
    ----------
    provider
        Where the records come from.
    configuration
        What was configured when this scope was made.
    headers, session
        Of an explicit client for a metadata service, as they were given.
    namespace_setting
        The namespace as chosen; :data:`DEFAULT` is resolved when it is first needed, because a machine without a
        user name has none (and needs none once a namespace is chosen).
    """

    provider: MetadataProvider
    configuration: Configuration
    namespace_setting: str | _Default | None = DEFAULT
    headers: Headers | None = field(default=None, compare=False, repr=False)
    session: "requests.Session | None" = field(default=None, compare=False, repr=False)
    _datastores: Datastores = field(default=None, compare=False, repr=False)  # type: ignore[assignment] # __post_init__ sets it

    def __post_init__(self) -> None:
        if not (
            self.namespace_setting is None
            or self.namespace_setting is DEFAULT
            or isinstance(self.namespace_setting, str)
        ):
            raise MetaflowInvalidArgument(
                f"A namespace is a text like 'user:ann', or None to see all runs; not {self.namespace_setting!r}."
            )
        # dataclasses.replace hands on the datastores of the original: right for another namespace or provider, wrong
        # for another configuration, which may name other endpoints.
        if self._datastores is None or self._datastores.configuration is not self.configuration:
            object.__setattr__(self, "_datastores", Datastores(self.configuration))

    @property
    def namespace(self) -> str | None:
        """The namespace, such as ``user:ann``; None sees all runs.

        Raises
        ------
        MetaflowUnknownUser
            It is the default one, and there is none.
        """
        return self.configuration.default_namespace() if self.namespace_setting is DEFAULT else self.namespace_setting

    def __getstate__(self) -> dict[str, str | None]:
        """Pickle small: where to look and in which namespace. Whoever unpickles reads the configuration there.

        Raises
        ------
        NotPicklableError
            It was made with headers or a session; of headers the name of a function may travel.
        """
        if self.session is not None:
            raise session_not_picklable()
        named = headers_reference(self.headers) if self.headers is not None else None
        return {"metadata": self.provider.address, "namespace": self.namespace, "headers": named}

    def check_picklable(self) -> None:
        """Raise what pickling would raise."""
        self.__getstate__()

    def __setstate__(self, state: dict[str, str | None]) -> None:
        """Open the same provider here; nothing but this object changes.

        Raises
        ------
        InvalidSelector
            It cannot be opened here.
        """
        named = state["headers"]
        made = new_context(state["metadata"], state["namespace"], headers_from_reference(named) if named else None)
        for part in fields(made):
            object.__setattr__(self, part.name, getattr(made, part.name))

    @property
    def max_concurrency(self) -> int:
        """How many questions are put to the provider at once: many where each is a wait, one where it is work."""
        return MAX_WORKERS if self.provider.remote else 1

    def includes(self, run: RunRecord) -> bool:
        """Tell whether a run is in the namespace: whether that is one of its tags."""
        namespace = self.namespace
        return namespace is None or namespace in run.tags

    def datastore(self, ds_type: str, root: str) -> Datastore:
        """Return the datastore that records name."""
        return self._datastores.get(ds_type, root, self.provider.local_root)

    @property
    def remembers(self) -> bool:
        """Whether it was made for one display, and reads no file and makes no request twice."""
        return isinstance(self._datastores, RememberedDatastores)

    def remembering(self, provider: MetadataProvider) -> "ClientContext":
        """Return the same context for one display, with a provider that remembers."""
        return replace(self, provider=provider, _datastores=RememberedDatastores(self._datastores))

    def in_all_namespaces(self) -> "ClientContext":
        """Return the same context without a namespace, to follow references that lead to runs of other namespaces."""
        return replace(self, namespace_setting=None)


def new_context(
    metadata: str | PathLike[str] | None = None,
    namespace: str | _Default | None = DEFAULT,
    headers: Headers | None = None,
    session: "requests.Session | None" = None,
) -> ClientContext:
    """Make a scope from the configuration as it is now; headers and session are for a metadata service.

    Raises
    ------
    InvalidSelector, MetaflowConfigurationError
        Nothing can be read there.
    """
    configuration = read_configuration()
    provider = open_provider(metadata, configuration, headers, session)
    return ClientContext(provider, configuration, namespace, headers, session)


_lock = threading.Lock()
_default: ClientContext | None = None


def current_context() -> ClientContext:
    """Return the scope of objects that are made without an explicit client."""
    global _default  # noqa: PLW0603 - Metaflow's API is this global
    with _lock:
        if _default is None:
            _default = new_context()
        return _default


def preserve_context() -> Callable[[], None]:
    """Return what puts the default scope back as it is now."""
    before = _default
    return lambda: _select(before)


def _select(context: ClientContext | None) -> None:
    global _default  # noqa: PLW0603 - Metaflow's API is this global
    with _lock:
        _default = context


def namespace(ns: str | None) -> str | None:
    """Switch to a namespace, for objects that are made from now on.

    Parameters
    ----------
    ns
        A tag that runs must have to be seen, such as ``user:ann`` or ``production:mytoken``; None sees all runs.

    Returns
    -------
    str or None
        The namespace that is now current.

    Raises
    ------
    MetaflowInvalidArgument
        It is neither a text nor None.
    """
    _select(replace(current_context(), namespace_setting=ns))
    return ns


def get_namespace() -> str | None:
    """Return the current namespace; None means that all runs are seen.

    Raises
    ------
    MetaflowUnknownUser
        None was chosen, and no user name is configured.
    """
    return current_context().namespace


def default_namespace() -> str:
    """Switch back to the namespace that the configuration gives, ``user:<name>`` as a rule, and return it.

    Raises
    ------
    MetaflowUnknownUser
        No user name is configured.
    """
    context = replace(current_context(), configuration=read_configuration(), namespace_setting=DEFAULT)
    namespace_setting = context.configuration.default_namespace()
    _select(context)
    return namespace_setting


def metadata(ms: str | PathLike[str]) -> str:
    """Switch to another metadata provider, for objects that are made from now on.

    Parameters
    ----------
    ms
        A selector: ``local@FOLDER`` or ``FOLDER``, where FOLDER holds a ``.metaflow`` folder; or its path.

    Returns
    -------
    str
        The selector that is now current, as :func:`get_metadata` gives it.

    Raises
    ------
    InvalidSelector
        Nothing can be read there; the current one stays.
    """
    if ms is None:
        raise InvalidSelector("metadata(None) selects nothing; default_metadata() goes back to what is configured.")
    _select(_context_with_provider(ms))
    return get_metadata()


def inspect_spin(datastore_root: str = ".") -> None:
    """Switch to the spins below a folder, as Metaflow's ``inspect_spin`` does.

    Parameters
    ----------
    datastore_root
        The folder that holds ``.metaflow_spin``.

    Raises
    ------
    InvalidSelector
        There is none.
    """
    metadata(f"spin@{datastore_root}")


def get_metadata() -> str:
    """Return the current metadata selector, such as ``local@/home/ann/project``."""
    return current_context().provider.selector


def default_metadata() -> str:
    """Switch back to the metadata provider that the configuration gives, and return its selector."""
    _select(_context_with_provider(None))
    return get_metadata()


def _context_with_provider(selector: str | PathLike[str] | None) -> ClientContext:
    """Return the current scope with another provider, and with the configuration as it is now."""
    made = new_context(selector)
    # A default that cannot be opened must not stand in the way of choosing another one.
    return replace(made, namespace_setting=_default.namespace_setting) if _default else made


def tag_filter(tags: Iterable[object]) -> tuple[str, ...]:
    """Return the tags that runs are chosen by.

    Raises
    ------
    MetaflowInvalidArgument
        One is no text.
    """
    for tag in tags:
        if not isinstance(tag, str):
            raise MetaflowInvalidArgument(
                f"Runs are chosen by tags that are texts, each an argument of its own, like runs('nightly', 'user:ann'); "
                f"not by {tag!r:.80}."
            )
    return tuple(str(tag) for tag in tags)


def has_tags(run: RunRecord, tags: Iterable[str]) -> bool:
    """Tell whether a run has all of these tags, user or system."""
    return run.tags.issuperset(tags)
