"""Credentials of clouds in an Outerbounds deployment.

Its auth server gives a token for each kind of cloud, in exchange for the key of the metadata service. The cloud gives
credentials for that token. They are kept in memory until shortly before they expire. Nothing is written to files or to
the environment.
"""

import re
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mfwidgets.config import Configuration
from mfwidgets.errors import DataException, MetaflowConfigurationError, MetaflowException, ServiceException
from mfwidgets.extensions import StorageCredentialsProvider, Variables
from mfwidgets.outerbounds.clouds import EXCHANGES
from mfwidgets.outerbounds.configuration import CONFIGURE, RESOLVED
from mfwidgets.outerbounds.requests import get_object
from mfwidgets.redaction import redact, redact_url, remember_secrets

_SERVER, _SERVICE_URL = "OBP_AUTH_SERVER", "METAFLOW_SERVICE_URL"
_CLOUDS = {
    "s3": ("aws", "METAFLOW_DEFAULT_AWS_CLIENT_PROVIDER", "S3"),
    "azure": ("azure", "METAFLOW_DEFAULT_AZURE_CLIENT_PROVIDER", "Azure"),
    "gs": ("gcp", "METAFLOW_DEFAULT_GCP_CLIENT_PROVIDER", "Google Cloud Storage"),
}
"""For each kind of datastore: the last part of the URL, the variable that chooses the provider, a name for people."""

_OURS = "obp"
"""Outerbounds' name of its providers in Metaflow's configuration."""

_HOST = re.compile(r"\w[\w\-]*(\.[\w\-]+)+(:\d{1,5})?", re.ASCII)
_EARLY = timedelta(minutes=5)
_MAX_KEPT = 16


class AuthServer:
    """The auth server of a deployment, and the headers with the key for it.

    Parameters
    ----------
    host
        Its host. Requests use TLS.
    headers
        The headers, which come from the same source of the configuration as the host.
    """

    def __init__(self, host: str, headers: Mapping[str, str]) -> None:
        self.host, self.headers = host, dict(headers)

    def __repr__(self) -> str:
        return f"<AuthServer {self.host}>"

    def token(self, kind: str) -> dict[str, Any]:
        """Return the token for a kind of datastore, and the names that it is for. Costs one request.

        Raises
        ------
        ServiceException
            The server does not answer, refuses the key, or answers something else.
        """
        path, _, name = _CLOUDS[kind]
        what = f"Outerbounds' token for {name} at https://{self.host}/generate/{path}"
        if not self.headers:
            raise MetaflowConfigurationError(
                f"Expected METAFLOW_SERVICE_AUTH_KEY or METAFLOW_SERVICE_HEADERS for {what} in the same place as the "
                f"name of this host, got none. {CONFIGURE}"
            )
        answer = get_object(f"https://{self.host}/generate/{path}", self.headers, what, CONFIGURE)
        token = answer.get("token")
        if not isinstance(token, str):
            raise ServiceException(f"Expected a token from {what}, got none. {CONFIGURE}")
        remember_secrets([token])
        return answer


class OuterboundsCredentials:
    """Finds out whether the credentials come from Outerbounds, and from which server."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, ...], CloudCredentials] = {}
        self._lock = threading.Lock()

    def source(self, kind: str, configuration: Variables) -> str | None:
        """Return the auth server, or None if the credentials are found the usual way."""
        return f"Outerbounds at {auth_server(configuration).host}" if _applies(kind, configuration) else None

    def credentials(self, kind: str, configuration: Variables) -> "CloudCredentials":
        """Return the credentials of this deployment. All clients in the process share them."""
        server = auth_server(configuration)
        key = (kind, server.host, *map(str, sorted(server.headers.items())))
        with self._lock:
            if key not in self._kept:
                if len(self._kept) >= _MAX_KEPT:
                    self._kept.pop(next(iter(self._kept)))
                self._kept[key] = CloudCredentials(kind, server)
            return self._kept[key]


class CloudCredentials:
    """The credentials of a kind of datastore, which are renewed when needed.

    Parameters
    ----------
    kind
        Metaflow's name of the datastore.
    server
        Gives the tokens.
    """

    def __init__(self, kind: str, server: AuthServer) -> None:
        self._kind, self._server = kind, server
        self._credentials: Mapping[str, Any] | None = None
        self._region: str | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<CloudCredentials {self._kind} of {self._server.host}>"

    @property
    def config(self) -> dict[str, str]:
        """The region of the deployment, for S3. The first use costs one request."""
        if self._kind != "s3":
            return {}
        with self._lock:
            if self._region is None:
                self._renew()
            return {"region": self._region} if self._region else {}

    def __call__(self) -> Mapping[str, Any]:
        """Return the credentials. Costs two or three requests if there are none, or if they expire within minutes.

        Raises
        ------
        ServiceException
            Outerbounds gives no token.
        DataException
            The cloud does not accept the token.
        """
        with self._lock:
            current = self._credentials
            if current is None or current["expires_at"] - _EARLY < datetime.now(UTC):
                current = self._renew()
            return current

    def _renew(self) -> Mapping[str, Any]:
        answer = self._server.token(self._kind)
        name = _CLOUDS[self._kind][2]
        try:
            self._credentials = EXCHANGES[self._kind](answer)
        except KeyError as error:
            raise ServiceException(
                f"Expected {error} with Outerbounds' token for {name} from {self._server.host}, got none. {CONFIGURE}"
            ) from None
        except MetaflowException:
            raise
        except Exception as error:  # noqa: BLE001 - see below
            # The libraries of the clouds have many errors. Their texts can quote what was sent.
            text = " ".join(redact(str(error), [answer["token"]]).split())[:200]
            raise DataException(
                f"The credentials for {name} cannot be obtained with the token of {self._server.host}: "
                f"{type(error).__name__}: {text}. Try again later, or ask the support of Outerbounds."
            ) from None
        region = answer.get("region")
        self._region = region if isinstance(region, str) else ""
        return self._credentials


PROVIDER: StorageCredentialsProvider = OuterboundsCredentials()


def _applies(kind: str, configuration: Variables) -> bool:
    """Return whether the configuration is one of Outerbounds. The environment can choose another provider."""
    if kind not in _CLOUDS:
        return False
    variable = _CLOUDS[kind][1]
    if variable in configuration.environ:
        return configuration.environ[variable] == _OURS
    if configuration.environ.get(RESOLVED) or configuration.user.get(variable) == _OURS:
        return True
    return any(name.startswith("OBP_") for name in configuration.user)


def auth_server(configuration: Variables) -> AuthServer:
    """Return the auth server. Without its name, it is next to the metadata service: ``auth.`` for the first part.

    Raises
    ------
    MetaflowConfigurationError
        There is neither a name nor a metadata service.
    """
    place: Mapping[str, Any] | None = configuration.user
    named = configuration.user.get(_SERVER)
    if named is None:
        place = configuration.source(_SERVICE_URL)
        named = f"auth.{_host(str((place or {}).get(_SERVICE_URL) or '')).partition('.')[2]}"
    host = str(named).removeprefix("https://").rstrip("/")
    if not _HOST.fullmatch(host):
        raise MetaflowConfigurationError(
            f"Expected the host of Outerbounds' auth server in {_SERVER}, got {redact_url(host)!r:.80}. {CONFIGURE}"
        )
    # Only the keys from the place that names the host, not those of the other sources.
    only = Configuration(place or {}, {}, {}, Path())
    return AuthServer(host, only.service_headers(explicit_url=True))


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
