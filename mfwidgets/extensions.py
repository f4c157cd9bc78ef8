"""Objects that installed packages can add to mfwidgets: configuration, headers, credentials of clouds, readers of encodings.

A package names its objects as entry points of these groups. Each object is imported when it is first needed. The
classes here are protocols: an object needs the methods, not the base class.

An object that raises :class:`mfwidgets.errors.MetaflowException` has a message for the user, who sees it. Any other
exception is a mistake of the package: there is one warning, and mfwidgets goes on as if the package did not apply.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from mfwidgets.fast_dataclass import fast_dataclass

T = TypeVar("T")


class Variables(Protocol):
    """Metaflow's configuration, as objects of a package get it. Its values include secrets."""

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment variables."""

    @property
    def user(self) -> Mapping[str, Any]:
        """The content of the user's configuration file, or what a :class:`ConfigurationProvider` returned for it."""

    @property
    def user_file(self) -> Path | None:
        """The user's configuration file. None if there is none."""

    def source(self, key: str) -> Mapping[str, Any] | None:
        """Return the source that has a variable, by its whole name. None if only the default counts."""

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return a variable by its name without ``METAFLOW_``, from the first source that has it."""


class ConfigurationProvider(Protocol):
    """Reads Metaflow's configuration from elsewhere: an entry point of ``mfwidgets.configuration``."""

    def source(self, configuration: Variables, /) -> str | None:
        """Return where the configuration is, for people and without secrets. None if this package does not apply.

        Called each time the configuration is read. It must be fast and send no request.
        """

    def read(self, configuration: Variables, /) -> Mapping[str, Any]:
        """Return the variables that replace the user's file. Keys are ``METAFLOW_<NAME>``.

        Called if :meth:`source` returned something. It should cache what it fetches.
        """


class HeadersProvider(Protocol):
    """Adds headers to requests of the metadata service: an entry point of ``mfwidgets.headers``."""

    def headers(self, url: str, configuration: Variables, /) -> Mapping[str, str] | None:
        """Return the headers for a service. None if this package does not apply.

        Called for each request, so that tokens can expire. It must check the host of the URL before it returns a key.
        """


class StorageCredentialsProvider(Protocol):
    """Finds credentials of a cloud's datastore: an entry point of ``mfwidgets.storage_credentials``."""

    def source(self, kind: str, configuration: Variables, /) -> str | None:
        """Return where the credentials come from, for people and without secrets. None if this package does not apply.

        ``kind`` is Metaflow's name of the datastore: ``s3``, ``azure`` or ``gs``. It must be fast and send no request.
        """

    def credentials(self, kind: str, configuration: Variables, /) -> Callable[[], Mapping[str, Any]]:
        """Return a credential provider of obstore, which is called when the previous credentials have expired.

        It returns a dict with ``expires_at``, an aware datetime or None. For S3 the dict has ``access_key_id``,
        ``secret_access_key`` and ``token``, otherwise ``token``. An attribute ``config`` can name a region:
        ``{"region": "eu-west-1"}``.
        """


@fast_dataclass(frozen=True, slots=True)
class ArtifactMetadata:
    """Facts that a task recorded about an artifact. The names are Metaflow's.

    Attributes
    ----------
    obj_type
        ``str(type(value))``. Empty if it is not recorded.
    size
        Bytes of the serialized value. None if it is not recorded.
    encoding
        The encoding that the serializer recorded.
    serializer_info
        What else the serializer recorded.
    """

    obj_type: str
    size: int | None
    encoding: str
    serializer_info: Mapping[str, Any]


class ArtifactSerializer(Protocol):
    """Reads artifacts of an encoding: an entry point of ``mfwidgets.serializers``. Its name is the encoding.

    Only what unpickles (``.data``, ``unpickle=True``) calls it. A subclass of Metaflow's own ``ArtifactSerializer`` fits,
    too. Its ``setup_imports`` is called first.
    """

    def deserialize(self, data: list[bytes], metadata: ArtifactMetadata, /) -> Any:
        """Return the value from its bytes. The list has one item."""


@fast_dataclass(frozen=True, slots=True)
class Group(Generic[T]):
    """A group of entry points.

    Attributes
    ----------
    name
        Its name in the metadata of packages.
    methods
        What each object must have.
    built_in
        The objects of this package by name, as ``module:attribute``. Those of other packages come first.
    """

    name: str
    methods: tuple[str, ...]
    built_in: tuple[tuple[str, str], ...] = ()


CONFIGURATION: Group[ConfigurationProvider] = Group(
    "mfwidgets.configuration", ("source", "read"), (("outerbounds", "mfwidgets.outerbounds.configuration:PROVIDER"),)
)
HEADERS: Group[HeadersProvider] = Group("mfwidgets.headers", ("headers",))
STORAGE_CREDENTIALS: Group[StorageCredentialsProvider] = Group(
    "mfwidgets.storage_credentials",
    ("source", "credentials"),
    (("outerbounds", "mfwidgets.outerbounds.credentials:PROVIDER"),),
)
SERIALIZERS: Group[ArtifactSerializer] = Group("mfwidgets.serializers", ("deserialize",))
