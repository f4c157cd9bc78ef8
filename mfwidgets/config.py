"""Metaflow's own configuration, read as Metaflow reads it, whenever a client is built (never at import).

Each variable comes from the first of: the environment (``METAFLOW_<NAME>``), the project's ``.metaflow/config.json``,
the user's ``$METAFLOW_HOME/config.json`` (or ``config_<profile>.json``), the built-in default.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mfwidgets.errors import MetaflowConfigurationError, MetaflowUnknownUser

LOCAL_DIRS = {"local": ".metaflow", "spin": ".metaflow_spin"}
"""Metaflow's folders for local metadata and the local datastore, of runs and of spins; they cannot be configured."""


METADATA_KINDS = (*LOCAL_DIRS, "service")
"""Metaflow's kinds of metadata providers."""


@dataclass(frozen=True)
class Configuration:
    """What the environment and Metaflow's files say.

    Attributes
    ----------
    environ
        The environment it was read from.
    project, user
        The contents of the project's and of the user's configuration file, keyed ``METAFLOW_<NAME>``.
    cwd
        The folder from which ``.metaflow`` is searched upward.
    """

    environ: Mapping[str, str] = field(repr=False)  # these hold keys and headers
    project: Mapping[str, Any] = field(repr=False)
    user: Mapping[str, Any] = field(repr=False)
    cwd: Path

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return a text variable by its name without ``METAFLOW_``; an empty string in the environment counts."""
        value = self._raw(f"METAFLOW_{name}", default)
        if isinstance(value, list | dict):
            raise MetaflowConfigurationError(f"METAFLOW_{name} is configured as {value!r:.80}: expected a text.")
        return value if value is None else str(value)

    def _raw(self, key: str, default: object = None) -> Any:
        return next((source[key] for source in (self.environ, self.project, self.user) if key in source), default)

    def number(self, name: str, default: int) -> int:
        """Return an integer variable.

        Raises
        ------
        MetaflowConfigurationError
            It is none.
        """
        value = self.get(name)
        try:
            return default if value is None else int(value)
        except ValueError:
            raise MetaflowConfigurationError(f"METAFLOW_{name} is {value!r:.80}: expected a number.") from None

    def mapping(self, name: str) -> dict[str, str]:
        """Return a variable that is a JSON object, in the environment as text; its content may be secret.

        Raises
        ------
        MetaflowConfigurationError
            It is none.
        """
        value = self._raw(f"METAFLOW_{name}")
        try:
            found = json.loads(value) if isinstance(value, str) else value
        except ValueError:
            found = ""  # the text may hold a key: it is not repeated
        if not isinstance(found, dict | None):
            raise MetaflowConfigurationError(f'METAFLOW_{name} is no JSON object, such as {{"name": "value"}}.')
        return {str(key): str(item) for key, item in (found or {}).items()}

    def service_headers(self) -> dict[str, str]:
        """Return what is sent along to the metadata service: ``SERVICE_HEADERS``, and ``SERVICE_AUTH_KEY`` as the key."""
        key = self.get("SERVICE_AUTH_KEY")
        return self.mapping("SERVICE_HEADERS") | ({} if key is None else {"x-api-key": key})

    @property
    def default_metadata(self) -> str:
        """The provider type that is used when no selector is given: ``local``, ``service`` or ``spin``.

        Raises
        ------
        MetaflowConfigurationError
            It is none of these.
        """
        kind = self.get("DEFAULT_METADATA") or "local"
        if kind not in METADATA_KINDS:
            raise MetaflowConfigurationError(
                f"METAFLOW_DEFAULT_METADATA is {kind!r:.80}: expected {', '.join(METADATA_KINDS)}."
            )
        return kind

    def local_root(self, kind: str = "local") -> Path | None:
        """Return the ``.metaflow`` folder of this place (``.metaflow_spin`` for ``spin``), or None when there is none yet.

        ``METAFLOW_DATASTORE_SYSROOT_LOCAL`` (``_SPIN``) names its parent; otherwise it is the first one upward from the
        current folder.
        """
        sysroot = self.get(f"DATASTORE_SYSROOT_{kind.upper()}")
        if sysroot:
            return Path(sysroot).expanduser() / LOCAL_DIRS[kind]
        found = _folder_with(LOCAL_DIRS[kind], self.cwd)
        return found / LOCAL_DIRS[kind] if found else None

    def default_namespace(self) -> str:
        """Return ``user:<name>``, or ``production:<token>`` when a production token is set.

        Raises
        ------
        MetaflowUnknownUser
            When neither names anybody; like Metaflow, ``root`` is nobody.
        """
        token = self.get("PRODUCTION_TOKEN")
        if token:
            return f"production:{token}"
        candidates = [self.get("USER"), *(self.environ.get(name) for name in ("SUDO_USER", "USERNAME", "USER"))]
        for name in candidates:
            if name and name != "root":
                return f"user:{name}"
        raise MetaflowUnknownUser(
            "Metaflow knows no user name here, so there is no default namespace: set METAFLOW_USER "
            "(or USER), or choose one with namespace('user:NAME'), or namespace(None) to see all runs."
        )


def read_configuration(
    environ: Mapping[str, str] | None = None, cwd: str | os.PathLike[str] | None = None
) -> Configuration:
    """Read the configuration as it is now.

    Parameters
    ----------
    environ
        Instead of ``os.environ``.
    cwd
        Instead of the current folder.

    Raises
    ------
    MetaflowConfigurationError
        A file is not a JSON object, or the profile that ``METAFLOW_PROFILE`` names has none.
    """
    environ = dict(os.environ if environ is None else environ)
    here = Path(cwd or Path.cwd())
    project_dir = _folder_with(LOCAL_DIRS["local"], here)
    project = _read(project_dir / LOCAL_DIRS["local"] / "config.json") if project_dir else None
    home = _home(environ)
    profile = environ.get("METAFLOW_PROFILE")
    user_file = home / (f"config_{profile}.json" if profile else "config.json")
    user = _read(user_file)
    if user is None and profile:
        raise MetaflowConfigurationError(
            f"METAFLOW_PROFILE is '{profile}', but there is no {user_file}: unset it, or write that file."
        )
    return Configuration(environ, project or {}, user or {}, here)


def profiles(environ: Mapping[str, str] | None = None) -> dict[str, Path]:
    """Return the profiles that can be chosen with ``METAFLOW_PROFILE``, by name, and the file of each."""
    home = _home(os.environ if environ is None else environ)
    try:
        files = sorted(home.glob("config_*.json"))
    except OSError:
        return {}
    return {file.stem.removeprefix("config_"): file for file in files}


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("METAFLOW_HOME") or "~/.metaflowconfig").expanduser()


def _folder_with(name: str, start: Path) -> Path | None:
    """Return the first folder upward that contains a folder of that name."""
    for folder in (start, *start.parents):
        if (folder / name).is_dir():
            return folder
    return None


def _read(path: Path) -> dict[str, Any] | None:
    """Return the JSON object in a file, or None when there is no such file."""
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise MetaflowConfigurationError(f"Metaflow's configuration file {path} cannot be read: {error}.") from error
    if not isinstance(content, dict):
        raise MetaflowConfigurationError(f"Metaflow's configuration file {path} holds no JSON object.")
    return content
