"""Reads Metaflow's own configuration with Metaflow's rules, when a client is made and never at import.

The value of a variable comes from the first of these that has it:

1. the environment (``METAFLOW_<NAME>``),
2. the project's ``.metaflow/config.json``,
3. the user's ``$METAFLOW_HOME/config.json``, or ``config_<profile>.json``,
4. the built-in default.

An installed package can replace 3, see :class:`mfwidgets.extensions.ConfigurationProvider`.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mfwidgets.config_values import as_mapping, as_text, expanded, folder_with, read_object
from mfwidgets.entry_points import extensions
from mfwidgets.errors import MetaflowConfigurationError, MetaflowUnknownUser
from mfwidgets.extensions import CONFIGURATION
from mfwidgets.redaction import redact, remember_secrets, secrets_in_variables

NAMESPACE_ADVICE = "namespace('user:NAME'), or namespace(None) to see all runs."
"""The end of the message about a missing user name."""

LOCAL_DIRS = {"local": ".metaflow", "spin": ".metaflow_spin"}
"""Metaflow's folders for local metadata and the local datastore, for runs and for spins. They cannot be configured."""

_CLOUDS = (
    "METAFLOW_S3_ENDPOINT_URL",
    "METAFLOW_S3_VERIFY_CERTIFICATE",
    "METAFLOW_DATATOOLS_CLIENT_PARAMS",
    "METAFLOW_DATATOOLS_SESSION_VARS",
    "METAFLOW_AZURE_STORAGE_BLOB_SERVICE_ENDPOINT",
)
"""The endpoints of clouds, which get the user's credentials."""

_USERS_OWN = (*_CLOUDS, "METAFLOW_CLIENT_CACHE_PATH", "METAFLOW_CLIENT_CACHE_MAX_SIZE")
"""The endpoints of clouds, and the place of the user's cache."""

_KEYS = ("SERVICE_HEADERS", "SERVICE_AUTH_KEY")
"""Variables with keys of the metadata service."""

_KIND = re.compile(r"[a-z][a-z0-9_]{0,30}")

METADATA_KINDS = (*LOCAL_DIRS, "service")
"""Metaflow's kinds of metadata providers."""


@dataclass(frozen=True)
class Configuration:
    """The configuration variables from the environment and from Metaflow's files.

    Attributes
    ----------
    environ
        The environment variables.
    project, user
        The contents of the project's and of the user's configuration file. Keys are ``METAFLOW_<NAME>``.
    cwd
        The folder in which the search for ``.metaflow`` starts. It continues in the parent folders.
    project_file
        The file that ``project`` came from. None if there is none.
    separate_keys
        Whether the user's keys stay away from a host that a project's file names. A program that opens folders in which
        nobody ran anything needs this: a folder's own ``config.json`` could send the user's keys to another host.
    user_file
        The user's configuration file. None if there is none.
    origin
        Where an installed package has read ``user``, for people. Empty if that is the content of ``user_file``.
    """

    environ: Mapping[str, str] = field(repr=False)  # repr=False: values include keys and headers
    project: Mapping[str, Any] = field(repr=False)
    user: Mapping[str, Any] = field(repr=False)
    cwd: Path
    project_file: Path | None = None
    separate_keys: bool = False
    user_file: Path | None = None
    origin: str = ""

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return a variable as a str, by its name without ``METAFLOW_``. An empty string in the environment counts.

        Raises
        ------
        MetaflowConfigurationError
            The value in a file is a list or a dict.
        """
        return as_text(name, self._raw(f"METAFLOW_{name}", default))

    def _raw(self, key: str, default: object = None) -> Any:
        source = self.source(key)
        return default if source is None else source[key]

    def source(self, key: str) -> Mapping[str, Any] | None:
        """Return the source that has a variable, by its whole name. None if only the default counts."""
        return next((source for source in self._sources if key in source), None)

    def number(self, name: str, default: int) -> int:
        """Return a variable as an int.

        Raises
        ------
        MetaflowConfigurationError
            The value is not an integer.
        """
        value = self.get(name)
        try:
            return default if value is None else int(value)
        except ValueError:
            raise MetaflowConfigurationError(
                f"Expected a number for METAFLOW_{name}, got {redact(str(value))!r:.80}."
            ) from None

    def mapping(self, name: str) -> dict[str, str]:
        """Return a variable that is a JSON object. In the environment it is a JSON string. Its content may be secret.

        Raises
        ------
        MetaflowConfigurationError
            The value is not a JSON object.
        """
        return as_mapping(name, self._raw(f"METAFLOW_{name}"))

    def service_headers(self, *, explicit_url: bool = False) -> dict[str, str]:
        """Return the headers of requests to the metadata service: ``SERVICE_HEADERS``, and ``SERVICE_AUTH_KEY`` as key.

        Parameters
        ----------
        explicit_url
            Whether the user named the service. Otherwise its URL is configured, and with :attr:`separate_keys` only
            keys of the URL's own source are returned.

        Raises
        ------
        MetaflowConfigurationError
            A value has the wrong type. The message does not quote it.
        """
        sources = self._sources if explicit_url else self._key_sources()
        values = {
            name: next((source[f"METAFLOW_{name}"] for source in sources if f"METAFLOW_{name}" in source), None)
            for name in _KEYS
        }
        headers = as_mapping("SERVICE_HEADERS", values["SERVICE_HEADERS"], plain=True)
        key = as_text("SERVICE_AUTH_KEY", values["SERVICE_AUTH_KEY"])
        return headers | ({} if key is None else {"x-api-key": key})

    @property
    def _sources(self) -> tuple[Mapping[str, Any], ...]:
        return (self.environ, self.project, self.user)

    def _key_sources(self) -> tuple[Mapping[str, Any], ...]:
        """Return the sources whose keys go to the configured service. Environment and user's file are both the user's."""
        if not self.separate_keys:
            return self._sources
        return (self.project,) if self.project_names_service else (self.environ, self.user)

    @property
    def project_names_service(self) -> bool:
        """Whether the URL of the metadata service comes from the project's file, which others may have written."""
        return self.source("METAFLOW_SERVICE_URL") is self.project

    @property
    def project_names_cloud(self) -> bool:
        """Whether the project's file, which others may have written, says where a cloud is or how it is trusted."""
        return any(self.source(name) is self.project for name in _CLOUDS)

    def keys_of_the_user(self) -> list[str]:
        """Return the variables with keys of the user, if the project's file names the service.

        With :attr:`separate_keys` they are not sent there. Otherwise they are, as in Metaflow.
        """
        if not self.project_names_service:
            return []
        names = [f"METAFLOW_{name}" for name in _KEYS]
        return [name for name in names if self.source(name) not in (None, self.project)]

    @property
    def default_metadata(self) -> str:
        """The kind of metadata provider to use if no selector is given: ``local``, ``spin`` or ``service``.

        Raises
        ------
        MetaflowConfigurationError
            The configured value is none of these.
        """
        kind = self.get("DEFAULT_METADATA") or "local"
        if kind not in METADATA_KINDS:
            raise MetaflowConfigurationError(
                f"Expected {', '.join(METADATA_KINDS[:-1])} or {METADATA_KINDS[-1]} for METAFLOW_DEFAULT_METADATA, "
                f"got {redact(kind)!r:.80}."
            )
        return kind

    @property
    def datastore_kind(self) -> str:
        """The kind of the default datastore, such as ``s3``.

        Raises
        ------
        MetaflowConfigurationError
            The configured value is not the name of a kind.
        """
        kind = self.get("DEFAULT_DATASTORE") or "local"
        if not _KIND.fullmatch(kind):
            raise MetaflowConfigurationError(
                "Expected the name of a datastore, such as local or s3, for METAFLOW_DEFAULT_DATASTORE, got something else."
            )
        return kind

    def local_root(self, kind: str = "local") -> Path | None:
        """Return the ``.metaflow`` folder (``.metaflow_spin`` for ``spin``), or None if there is none.

        ``METAFLOW_DATASTORE_SYSROOT_LOCAL`` (``_SPIN``) names its parent folder. If that is not set, the folder is
        searched in the current folder and its parents.
        """
        sysroot = self.get(f"DATASTORE_SYSROOT_{kind.upper()}")
        if sysroot:
            return expanded(sysroot) / LOCAL_DIRS[kind]
        return self.nearest_root(kind)

    def nearest_root(self, kind: str = "local") -> Path | None:
        """Return the ``.metaflow`` folder of the working folder or of its nearest parent that has one, or None."""
        parent = folder_with(LOCAL_DIRS[kind], self.cwd)
        return parent / LOCAL_DIRS[kind] if parent else None

    def default_namespace(self) -> str:
        """Return ``production:<token>`` if a production token is configured, else ``user:<name>``.

        Raises
        ------
        MetaflowUnknownUser
            There is neither a token nor a user name. As in Metaflow, ``root`` does not count as a user name.
        """
        token = self.get("PRODUCTION_TOKEN")
        if token:
            return f"production:{token}"
        candidates = [self.get("USER"), *(self.environ.get(name) for name in ("SUDO_USER", "USERNAME", "USER"))]
        for name in candidates:
            if name and name != "root":
                return f"user:{name}"
        raise MetaflowUnknownUser(
            "Expected a user name for the default namespace, got none. Try setting METAFLOW_USER or USER, "
            f"{NAMESPACE_ADVICE}"
        )


def read_configuration(
    environ: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    *,
    separate_keys: bool = False,
) -> Configuration:
    """Read the current configuration. Costs at most two small files, and what an installed package requests for it.

    Parameters
    ----------
    environ
        The environment variables. None means ``os.environ``.
    cwd
        The folder in which the search for ``.metaflow`` starts. None means the current folder.
    separate_keys
        Whether the user's keys stay away from a host that the project's file names.

    Raises
    ------
    MetaflowConfigurationError
        A file cannot be read, a file is not a JSON object, or the profile in ``METAFLOW_PROFILE`` has no file.
    ServiceException
        A package reads the configuration from a server, which does not answer or refuses the key.
    """
    configuration = read_files(environ, cwd, separate_keys=separate_keys)
    for provider in extensions(CONFIGURATION):
        origin = provider.call(provider.value.source, configuration, expected=str)
        variables = provider.call(provider.value.read, configuration, expected=Mapping) if origin is not None else None
        if variables is not None:
            user = {str(name): value for name, value in variables.items()}
            remember_secrets(secrets_in_variables(user))
            return replace(configuration, user=user, origin=origin or provider.label)
    return configuration


def configuration_origin(configuration: Configuration) -> str:
    """Return where an installed package would read the user's variables, without a request. Empty if none applies."""
    sources = (
        provider.call(provider.value.source, configuration, expected=str) for provider in extensions(CONFIGURATION)
    )
    return next(filter(None, sources), "")


def read_files(
    environ: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    *,
    separate_keys: bool = False,
) -> Configuration:
    """Read the configuration from the environment and files only, with the parameters of :func:`read_configuration`.

    Raises
    ------
    MetaflowConfigurationError
        A file cannot be read, a file is not a JSON object, or the profile in ``METAFLOW_PROFILE`` has no file.
    """
    environ = dict(os.environ if environ is None else environ)
    remember_secrets(secrets_in_variables(_relevant(environ)))
    here = Path(cwd) if cwd else _working_folder()
    project_dir = folder_with(LOCAL_DIRS["local"], here)
    project_file = project_dir / LOCAL_DIRS["local"] / "config.json" if project_dir else None
    project = (read_object(project_file) if project_file else None) or {}
    if separate_keys:
        project = {name: value for name, value in project.items() if name not in _USERS_OWN}
    home = _home(environ)
    profile = environ.get("METAFLOW_PROFILE")
    user_file = home / (f"config_{profile}.json" if profile else "config.json")
    user = read_object(user_file)
    if user is None and profile:
        raise MetaflowConfigurationError(
            f"Expected {redact(str(user_file)):.300} for METAFLOW_PROFILE={redact(profile)!r:.80}, got no such file. "
            "Try another profile, or unset METAFLOW_PROFILE."
        )
    found = None if user is None else user_file
    return Configuration(environ, project, user or {}, here, project_file, separate_keys, found)


def profiles(environ: Mapping[str, str] | None = None) -> dict[str, Path]:
    """Return the available values of ``METAFLOW_PROFILE`` and the configuration file of each."""
    home = _home(os.environ if environ is None else environ)
    try:
        files = sorted(home.glob("config_*.json"))
    except OSError:
        return {}
    return {file.stem.removeprefix("config_"): file for file in files}


def _relevant(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that mfwidgets and its libraries use to reach a service."""
    return {
        name: value
        for name, value in environ.items()
        if name.startswith("METAFLOW_") or name.upper().endswith("_PROXY")
    }


def _working_folder() -> Path:
    try:
        return Path.cwd()
    except OSError:  # it was deleted
        return expanded("~")


def _home(environ: Mapping[str, str]) -> Path:
    return expanded(environ.get("METAFLOW_HOME") or "~/.metaflowconfig")
