"""The context of client objects: a metadata provider and a namespace.

A :class:`ClientContext` never changes. Each client object keeps the context that it was made in. The functions of this
module replace the default context, which is used by objects that are made without an explicit client.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from functools import partial
from http import HTTPStatus
from os import PathLike
from typing import TYPE_CHECKING, Final

from mfwidgets.concurrency import MAX_WORKERS
from mfwidgets.config import Configuration, read_configuration, read_files
from mfwidgets.datastore.base import Datastore, Datastores, RememberedDatastores
from mfwidgets.errors import ExtensionFailed, InvalidSelector, MetaflowInvalidArgument, ServiceException, warn
from mfwidgets.index.deployments import index_of
from mfwidgets.providers.base import Headers, MetadataProvider
from mfwidgets.providers.factory import is_folder, open_provider
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.pickling import headers_from_reference, headers_reference, session_not_picklable
from mfwidgets.queries.running_step import is_in_step, step_metadata, step_namespace
from mfwidgets.safe_repr import repr_of

if TYPE_CHECKING:
    import requests

    from mfwidgets.index.run_index import RunIndex


class _Default(Enum):
    """The type of :data:`DEFAULT`. None cannot be the default because it means "no namespace"."""

    NAMESPACE = "the configured namespace"

    def __repr__(self) -> str:
        return "default"


DEFAULT: Final = _Default.NAMESPACE
"""The default of ``namespace=``: the configured namespace."""


@dataclass(frozen=True)
class ClientContext:
    """A metadata provider and a namespace.

    Attributes
    ----------
    provider
        The source of the records.
    configuration
        The configuration when the context was made.
    namespace_setting
        The selected namespace, or :data:`DEFAULT`. The default namespace is determined on first use, because it needs a
        user name. A machine may have no user name.
    headers
        The headers of an explicit client for a metadata service.
    session
        The session of an explicit client for a metadata service.
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
                f"Expected a namespace such as 'user:ann', or None to see all runs, got {repr_of(self.namespace_setting, 80)}."
            )
        # dataclasses.replace keeps the datastores of the original. That is right for another namespace or provider, but
        # another configuration may have other endpoints.
        if self._datastores is None or self._datastores.configuration is not self.configuration:
            object.__setattr__(self, "_datastores", Datastores(self.configuration))

    @property
    def namespace(self) -> str | None:
        """The namespace, such as ``user:ann``. None selects all runs. In a running step, the default is that of the step.

        Raises
        ------
        MetaflowUnknownUser
            No namespace was selected, and there is no user name for the default one.
        """
        if self.namespace_setting is DEFAULT:
            return step_namespace(self.configuration.default_namespace)
        return self.namespace_setting

    def __getstate__(self) -> dict[str, str | None]:
        """Pickle the selector and the namespace. The process that unpickles them reads its own configuration.

        Raises
        ------
        NotPicklableError
            The client has a session, or headers that are not a function that can be imported by name.
        """
        if self.session is not None:
            raise session_not_picklable()
        named = headers_reference(self.headers) if self.headers is not None else None
        return {"metadata": self.provider.address, "namespace": self.namespace, "headers": named}

    def check_picklable(self) -> None:
        """Raise the error that pickling would raise."""
        self.__getstate__()

    def __setstate__(self, state: dict[str, str | None]) -> None:
        """Open the same provider in this process. Nothing but this object changes.

        Raises
        ------
        InvalidSelector
            The provider cannot be opened here.
        """
        named = state["headers"]
        context = new_context(state["metadata"], state["namespace"], headers_from_reference(named) if named else None)
        for part in fields(context):
            object.__setattr__(self, part.name, getattr(context, part.name))

    @property
    def max_concurrency(self) -> int:
        """The maximum number of concurrent requests. It is 1 for local files, because reading them hardly waits."""
        return MAX_WORKERS if self.provider.remote else 1

    def flow_names(self) -> list[str] | None:
        """Return the names of all flows. None if the service has no list of them, but can show flows by name."""
        try:
            return [record.flow for record in self.provider.flows()]
        except ServiceException as error:
            if error.http_code != HTTPStatus.NOT_FOUND:
                raise
            return None

    def includes(self, run: RunRecord) -> bool:
        """Return whether a run is in the namespace: the namespace is one of its tags."""
        namespace = self.namespace
        return namespace is None or namespace in run.tags

    def datastore(self, ds_type: str, root: str) -> Datastore:
        """Return the datastore that records refer to."""
        return self._datastores.get(ds_type, root, self.provider.local_root)

    @property
    def index(self) -> "RunIndex | None":
        """The memory about runs of the provider. None if nothing is remembered."""
        root = self.provider.local_root
        if root is None and not self.provider.remote:
            return None
        return index_of(self.configuration, self.provider.address, root)

    @property
    def remembers(self) -> bool:
        """Whether the context was made for one display. Such a context reads no file twice and sends no request twice."""
        return isinstance(self._datastores, RememberedDatastores)

    def remembering(self, provider: MetadataProvider) -> "ClientContext":
        """Return the same context for one display, with a provider that remembers its answers."""
        return replace(self, provider=provider, _datastores=RememberedDatastores(self._datastores))

    def in_all_namespaces(self) -> "ClientContext":
        """Return the same context without a namespace, to follow references to runs of other namespaces."""
        return replace(self, namespace_setting=None)


def new_context(
    metadata: str | PathLike[str] | None = None,
    namespace: str | _Default | None = DEFAULT,
    headers: Headers | None = None,
    session: "requests.Session | None" = None,
) -> ClientContext:
    """Make a context from the current configuration. Headers and a session are for a metadata service.

    In a running step, the default metadata provider is that of the step.

    Raises
    ------
    InvalidSelector
        The selector is malformed, or its folder does not exist.
    MetaflowConfigurationError
        The configuration is not valid.
    """
    selector = step_metadata() if metadata is None else metadata
    configuration = _configuration_for(selector)
    provider = open_provider(selector, configuration, headers, session, partial(index_of, configuration))
    return ClientContext(provider, configuration, namespace, headers, session)


def _configuration_for(selector: str | PathLike[str] | None) -> Configuration:
    """Read the configuration. A folder that the user names can be read without the server of a configuration."""
    try:
        return read_configuration()
    except ServiceException as error:
        if not is_folder(selector):
            raise
        warn(f"{error} Local runs are read with the files of the configuration only.", ExtensionFailed)
        return read_files()


_lock = threading.Lock()
_default: ClientContext | None = None


def current_context() -> ClientContext:
    """Return the context of objects that are made without an explicit client."""
    global _default  # noqa: PLW0603 - Metaflow's API is this global
    with _lock:
        if _default is None:
            _default = new_context()
        return _default


def preserve_context() -> Callable[[], None]:
    """Return a function that restores the current default context."""
    before = _default
    return lambda: _select(before)


def _select(context: ClientContext | None) -> None:
    global _default  # noqa: PLW0603 - Metaflow's API is this global
    with _lock:
        _default = context


def namespace(ns: str | None) -> str | None:
    """Select a namespace. It applies to objects that are made from now on. Reads nothing.

    Parameters
    ----------
    ns
        A tag such as ``user:ann`` or ``production:mytoken``: only runs with this tag are visible. None selects all
        runs.

    Returns
    -------
    str or None
        The namespace that is now current.

    Raises
    ------
    MetaflowInvalidArgument
        The namespace is neither a string nor None.

    Examples
    --------
    >>> namespace("user:bob")
    'user:bob'
    >>> Flow("HelloFlow").latest_run
    Run('HelloFlow/1795378891724259')
    >>> namespace(None)
    >>> len(list(Flow("HelloFlow")))
    3
    """
    _select(replace(current_context(), namespace_setting=ns))
    return ns


def get_namespace() -> str | None:
    """Return the current namespace. Reads nothing but the configuration.

    Returns
    -------
    str or None
        None means that all runs are visible.

    Raises
    ------
    MetaflowUnknownUser
        No namespace was selected, and no user name is configured.

    Examples
    --------
    >>> get_namespace()
    'user:ann'
    """
    return current_context().namespace


def default_namespace() -> str:
    """Select the namespace of the configuration again, usually ``user:<name>``.

    Reads the files of the configuration again, and nothing else.

    Returns
    -------
    str
        The namespace that is now current.

    Raises
    ------
    MetaflowUnknownUser
        No user name is configured.
    """
    context = replace(current_context(), configuration=read_configuration(), namespace_setting=DEFAULT)
    configured = context.configuration.default_namespace()
    # In a step, the default is the namespace of the step. As in Metaflow's client, this call selects the configured one.
    _select(replace(context, namespace_setting=configured) if is_in_step() else context)
    return configured


def metadata(ms: str | PathLike[str]) -> str:
    """Select a metadata provider. It applies to objects that are made from now on.

    Costs no request to a service. For a folder, checks that it exists.

    Parameters
    ----------
    ms
        A selector: ``service@URL``, ``local@FOLDER`` or ``FOLDER``, where FOLDER contains a ``.metaflow`` folder.

    Returns
    -------
    str
        The selector that is now current.

    Raises
    ------
    InvalidSelector
        The selector is malformed, or its folder does not exist. The current provider stays selected.

    Examples
    --------
    >>> metadata("/no/such/folder")
    Traceback (most recent call last):
    ...
    mfwidgets.errors.InvalidSelector: ...
    """
    if ms is None:
        raise InvalidSelector("Expected a metadata selector, got None. Try default_metadata() for the configured one.")
    _select(_context_with_provider(ms))
    return get_metadata()


def inspect_spin(datastore_root: str = ".") -> None:
    """Select the spins in a folder as the metadata provider, as Metaflow's ``inspect_spin`` does.

    Costs no request. Checks that the folder exists.

    Parameters
    ----------
    datastore_root
        The folder that contains ``.metaflow_spin``.

    Raises
    ------
    InvalidSelector
        The folder does not contain ``.metaflow_spin``.
    """
    metadata(f"spin@{datastore_root}")


def get_metadata() -> str:
    """Return the selector of the current metadata provider. Reads nothing but the configuration.

    Returns
    -------
    str
        A selector such as ``local@/home/ann/project``.

    Examples
    --------
    >>> get_metadata()
    'local@...'
    """
    return current_context().provider.selector


def default_metadata() -> str:
    """Select the metadata provider of the configuration again.

    Reads the files of the configuration again. Costs no request to a service.

    Returns
    -------
    str
        The selector that is now current.
    """
    _select(_context_with_provider(None))
    return get_metadata()


def _context_with_provider(selector: str | PathLike[str] | None) -> ClientContext:
    """Return the current context with another provider and with the current configuration."""
    context = new_context(selector)
    # Do not open the default provider here: if it cannot be opened, users must be able to select another one.
    return replace(context, namespace_setting=_default.namespace_setting) if _default else context
