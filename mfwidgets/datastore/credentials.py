"""Credentials of clouds that an installed package finds. See :class:`mfwidgets.extensions.StorageCredentialsProvider`."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from mfwidgets.config import Configuration
from mfwidgets.entry_points import Extension, extensions
from mfwidgets.errors import DataException, MetaflowException
from mfwidgets.extensions import STORAGE_CREDENTIALS, StorageCredentialsProvider
from mfwidgets.redaction import remember_secrets


class StorageCredentials:
    """A credential provider for obstore that keeps its error, because obstore only quotes it.

    Parameters
    ----------
    label
        The package, for messages.
    provide
        Returns the credentials.

    Attributes
    ----------
    error
        Why the last call failed. None if it did not.
    """

    def __init__(self, label: str, provide: Callable[[], Mapping[str, Any]]) -> None:
        self._label, self._provide = label, provide
        self.error: MetaflowException | None = None

    def __repr__(self) -> str:
        return f"<StorageCredentials of {self._label}>"

    @property
    def region(self) -> str | None:
        """The region that the package names. It may send a request for it."""
        config = getattr(self._provide, "config", None)
        region = config.get("region") if isinstance(config, Mapping) else None
        return region if isinstance(region, str) else None

    def __call__(self) -> Mapping[str, Any]:
        """Return the credentials."""
        try:
            found = _in_utc(self._provide())
        except MetaflowException as error:
            self.error = error
            raise
        except Exception as error:
            # The text of the error is left out, because it can contain a key.
            self.error = DataException(f"The package {self._label} finds no credentials: {type(error).__name__}.")
            raise self.error from error
        self.error = None
        return found


_SECRETS = ("secret_access_key", "token")


def _in_utc(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return credentials with their time in UTC, as obstore requires."""
    expires_at = found.get("expires_at")
    if isinstance(expires_at, datetime) and expires_at.tzinfo is None:
        raise ValueError("expires_at has no time zone")
    remember_secrets(secret for name in _SECRETS if isinstance(secret := found.get(name), str))
    return {**found, "expires_at": expires_at.astimezone(UTC) if expires_at is not None else None}


def storage_credentials(kind: str, configuration: Configuration) -> StorageCredentials | None:
    """Return the credentials of the first installed package that has some for this kind of datastore.

    There are none for a cloud whose endpoint a project's own file names, because that host would get them.

    Parameters
    ----------
    kind
        Metaflow's name of the datastore: ``s3``, ``azure`` or ``gs``.
    configuration
        The configuration.
    """
    chosen = _chosen(kind, configuration)
    if chosen is None:
        return None
    package, _ = chosen
    provide = package.call(package.value.credentials, kind, configuration)
    return StorageCredentials(package.label, provide) if callable(provide) else None


def credentials_source(kind: str, configuration: Configuration) -> str:
    """Return where an installed package finds the credentials. Empty if they are found the cloud's usual way."""
    chosen = _chosen(kind, configuration)
    return chosen[1] if chosen else ""


def _chosen(kind: str, configuration: Configuration) -> tuple[Extension[StorageCredentialsProvider], str] | None:
    if configuration.project_names_cloud:
        return None
    for package in extensions(STORAGE_CREDENTIALS):
        source = package.call(package.value.source, kind, configuration, expected=str)
        if source is not None:
            return package, source
    return None
