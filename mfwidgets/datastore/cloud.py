"""Datastores in the cloud: S3 and compatible servers, Azure Blob Storage, Google Cloud Storage.

``obstore`` reads all of them. It and the package that finds credentials are extras, imported on first use.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mfwidgets.concurrency import run_interruptible
from mfwidgets.config import Configuration
from mfwidgets.datastore.blob_cache import BlobCache, blob_cache
from mfwidgets.datastore.credentials import StorageCredentials, storage_credentials
from mfwidgets.display_options import options
from mfwidgets.errors import DataException, MetaflowException
from mfwidgets.files import check_size
from mfwidgets.hidden_characters import visible
from mfwidgets.redaction import redact
from mfwidgets.request_limit import request_limit

if TYPE_CHECKING:
    from obstore import GetOptions, GetResult
    from obstore.store import ObjectStore

_CLIENT: dict[str, Any] = {"connect_timeout": "3s", "timeout": "60s", "allow_http": True}
_STREAM_BYTES = 8 * 1024 * 1024
"""Larger objects are read in pieces, with a progress bar."""

_PIECE_BYTES = 1024 * 1024
_LIST_SIZE = 1_000
_PROGRESS_DELAY_S = 0.5
"""The progress bar shows after this time."""

_RETRIES: Any = {"max_retries": 3, "retry_timeout": timedelta(seconds=10)}


class CloudDatastore:
    """Reads one bucket or container below a prefix.

    Parameters
    ----------
    store
        An obstore store for the prefix.
    root
        The recorded root, for messages.
    cache
        Where its blobs are cached.
    credentials
        Credentials of an installed package.
    """

    def __init__(
        self,
        store: "ObjectStore",
        root: str,
        cache: BlobCache | None = None,
        credentials: StorageCredentials | None = None,
    ) -> None:
        self._store, self._root, self._credentials = store, root, credentials
        self._limit = request_limit(root)
        self.cache = cache

    def describe(self) -> str:
        """Return the root."""
        return self._root

    def read(self, key: str, max_bytes: int | None = None) -> bytes | None:
        """Return the bytes of an object, or None if it is missing (one request)."""
        import obstore

        content: bytes | GetResult | None = self._request(
            key, lambda: self._content(key, obstore.get(self._store, key), max_bytes)
        )
        return content if content is None or isinstance(content, bytes) else self._in_pieces(key, content)

    def _content(self, key: str, result: "GetResult", max_bytes: int | None) -> "bytes | GetResult":
        """Return the content of a small object. For a large one, return the result, to be read in pieces."""
        size = result.meta["size"]
        check_size(f"{key} in {self._root}", size, max_bytes)
        return result if size > _STREAM_BYTES else bytes(result.bytes())

    def _in_pieces(self, key: str, result: "GetResult") -> bytes:
        from tqdm.auto import tqdm

        pieces, content = iter(result.stream(min_chunk_size=_PIECE_BYTES)), bytearray()
        size = result.meta["size"]
        with tqdm(
            desc=visible(self._root),
            total=size,
            unit="B",
            unit_scale=True,
            leave=False,
            delay=_PROGRESS_DELAY_S,
            disable=not options.progress_bars,
        ) as bar:
            while piece := self._request(key, lambda: bytes(next(pieces, b""))):
                content += piece
                bar.update(len(piece))
        return bytes(content)

    def read_from(self, key: str, start: int) -> bytes | None:
        """Return the bytes of an object from an offset on, or None if it is missing (one request for the range)."""
        import obstore

        options: GetOptions = {"range": {"offset": start}}
        content: bytes | None = self._request(
            key, lambda: bytes(obstore.get(self._store, key, options=options).bytes())
        )
        return content

    def read_range(self, key: str, start: int, length: int) -> bytes | None:
        """Return at most ``length`` bytes of an object from an offset on (one request for the range).

        Returns None if the object is missing, and no bytes behind its end.
        """
        import obstore

        def send() -> bytes:
            try:
                return bytes(obstore.get_range(self._store, key, start=start, length=length))
            except Exception:
                if start and start >= int(obstore.head(self._store, key)["size"]):
                    return b""
                raise

        content: bytes | None = self._request(key, send)
        return content

    def size(self, key: str) -> int | None:
        """Return the size of an object in bytes, or None if it is missing (one request)."""
        import obstore

        size: int | None = self._request(key, lambda: int(obstore.head(self._store, key)["size"]))
        return size

    def names(self, prefix: str) -> list[str]:
        """Return the names directly below a prefix, sorted (one request for each thousand)."""
        import obstore

        listing = self._request(prefix, lambda: obstore.list_with_delimiter(self._store, f"{prefix.rstrip('/')}/"))
        if listing is None:
            return []
        paths = [entry["path"] for entry in listing["objects"]] + list(listing["common_prefixes"])
        return sorted(path.rstrip("/").rpartition("/")[2] for path in paths)

    def sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Yield the keys and sizes of the objects below a prefix (one request for each thousand)."""
        import obstore

        pages = iter(obstore.list(self._store, f"{prefix.rstrip('/')}/", chunk_size=_LIST_SIZE))
        while page := self._request(prefix, lambda: next(pages, None)):
            for entry in page:
                yield entry["path"], int(entry["size"])

    def _request(self, key: str, send: Callable[[], Any]) -> Any:
        """Send one request when a slot is free. Return the answer, or None if there is no such object.

        Raises
        ------
        DataException
            The credentials do not allow it, or the datastore cannot be reached.
        DeadlineExceeded
            The work was given up. A request that was already sent runs on: obstore has no timeout for one request.
        """
        from obstore import exceptions

        try:
            with self._limit.slot():
                return run_interruptible(send)
        except (FileNotFoundError, exceptions.NotFoundError):
            return None
        except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError):
            problem = (
                f"The current credentials may not read {key} in {self._root}. Try other credentials (a profile, a role), or "
                "ask the owner of the bucket."
            )
        except MetaflowException:
            raise
        except Exception as error:  # noqa: BLE001 - also the packages that find credentials raise
            problem = f"{key} in {self._root} cannot be read: {_reason(error)}."
        if self._credentials is not None and self._credentials.error is not None:  # obstore only quotes it
            problem = f"{key} in {self._root} cannot be read. {self._credentials.error}"
        raise DataException(problem)  # without the cause, whose message can contain a signed URL


def open_cloud(ds_type: str, root: str, configuration: Configuration) -> CloudDatastore:
    """Return the datastore of a root such as ``s3://bucket/prefix``.

    This sends no request. Only credentials of an installed package may need one, for the region.

    Raises
    ------
    DataException
        The extra for this cloud is not installed, or its configuration is incomplete.
    """
    extra, package, opened = CLOUDS[ds_type]
    for name in ("obstore", package):
        try:
            import_module(name)
        except ImportError:
            raise DataException(
                f"The data of this run is in {root}, which needs an extra: pip install 'mfwidgets[{extra}]'."
            ) from None
    try:
        credentials = storage_credentials(ds_type, configuration)
        store = opened(root, configuration, credentials)
        return CloudDatastore(store, root, blob_cache(configuration), credentials)
    except MetaflowException:
        raise
    except Exception as error:  # noqa: BLE001 - the packages of the clouds raise many kinds
        problem = _reason(error)
    raise DataException(f"The datastore {root} cannot be opened: {problem}.")


def import_clients(ds_type: str) -> None:
    """Import the packages that read from a cloud. A missing one is reported when something is read."""
    if ds_type in CLOUDS:
        _, package, _ = CLOUDS[ds_type]
        for name in ("obstore", package):
            with suppress(ImportError):
                import_module(name)


def _open_s3(root: str, configuration: Configuration, credentials: StorageCredentials | None) -> "ObjectStore":
    """Open S3 with boto3's credentials: environment, profiles, SSO, roles. Those of a package come first."""
    from boto3 import Session
    from obstore.auth.boto3 import Boto3CredentialProvider
    from obstore.store import S3Store

    bucket, prefix = _parts(root.removeprefix("s3://"))
    session = Session()
    client = configuration.mapping("DATATOOLS_CLIENT_PARAMS")
    region = credentials.region if credentials is not None else None
    options: dict[str, Any] = {"region": region or session.region_name or "us-east-1"}
    verify = client.get("verify") or configuration.get("S3_VERIFY_CERTIFICATE") or ""
    endpoint = client.get("endpoint_url") or configuration.get("S3_ENDPOINT_URL")
    if endpoint:
        options["endpoint"] = endpoint
    if credentials is not None:
        options["credential_provider"] = credentials
    elif session.get_credentials() is None:
        options["skip_signature"] = True  # a public bucket needs no credentials; other buckets refuse the request
    else:
        options["credential_provider"] = Boto3CredentialProvider(session)
    return S3Store(
        bucket, prefix=prefix, client_options=_client(verify, "AWS_CA_BUNDLE"), retry_config=_RETRIES, **options
    )


def _open_azure(root: str, configuration: Configuration, credentials: StorageCredentials | None) -> "ObjectStore":
    """Open Azure Blob Storage with the default credentials of azure-identity. Those of a package come first."""
    from obstore.auth.azure import AzureCredentialProvider
    from obstore.store import AzureStore

    endpoint = configuration.get("AZURE_STORAGE_BLOB_SERVICE_ENDPOINT")
    if not endpoint:
        raise ValueError("METAFLOW_AZURE_STORAGE_BLOB_SERVICE_ENDPOINT, the URL of the storage account, is not set")
    container, prefix = _parts(root)
    provider: Any = credentials or AzureCredentialProvider()
    return AzureStore(
        container,
        prefix=prefix,
        account_name=_azure_account(endpoint),
        endpoint=endpoint.rstrip("/"),
        credential_provider=provider,
        client_options=_client(),
        retry_config=_RETRIES,
    )


def _azure_account(endpoint: str) -> str:
    """Return the storage account of an endpoint: the first part of its path (emulators, proxies) or of its host."""
    parts = urlsplit(endpoint)
    return parts.path.strip("/").partition("/")[0] or (parts.hostname or "").partition(".")[0]


def _open_gs(
    root: str,
    configuration: Configuration,  # noqa: ARG001 - same signature as the others
    credentials: StorageCredentials | None,
) -> "ObjectStore":
    """Open Google Cloud Storage with the default credentials of google-auth. Those of a package come first."""
    from obstore.auth.google import GoogleCredentialProvider
    from obstore.store import GCSStore

    bucket, prefix = _parts(root.removeprefix("gs://"))
    provider: Any = credentials or GoogleCredentialProvider()
    return GCSStore(
        bucket,
        prefix=prefix,
        credential_provider=provider,
        client_options=_client(),
        retry_config=_RETRIES,
    )


CLOUDS: Mapping[str, tuple[str, str, Callable[[str, Configuration, StorageCredentials | None], Any]]] = {
    "s3": ("s3", "boto3", _open_s3),
    "azure": ("azure", "azure.identity", _open_azure),
    "gs": ("gcs", "google.auth", _open_gs),
}
"""Metaflow's name of the type: our extra, the package that finds credentials, and the function that opens it."""


def _client(verify: str = "", variable: str = "REQUESTS_CA_BUNDLE") -> Any:
    """Return the options of a connection.

    Parameters
    ----------
    verify
        A file of certificates to trust in addition to the system's, or ``False`` to trust any, as in boto3.
    variable
        The environment variable of the cloud's own package that can name such a file.
    """
    if verify == "False":
        return {**_CLIENT, "allow_invalid_certificates": True}
    bundle = verify or os.environ.get(variable, "")
    if not bundle:
        return _CLIENT
    try:
        return {**_CLIENT, "root_certificate": Path(bundle).read_bytes()}
    except OSError as error:
        raise ValueError(f"the certificates in {bundle} cannot be read ({error.strerror})") from error


def _parts(root: str) -> tuple[str, str | None]:
    bucket, _, prefix = root.strip("/").partition("/")
    return bucket, prefix or None


def _reason(error: BaseException) -> str:
    """Return a short reason from an error of obstore, whose messages are long and contain URLs."""
    return " ".join(redact(str(error)).split())[:200].rstrip(".")
