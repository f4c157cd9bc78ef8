"""Datastores in the cloud: S3 and whatever speaks its protocol, Azure Blob Storage, Google Cloud Storage.

``obstore`` reads them all. It and each cloud's own finder of credentials are extras, imported when a run lies there.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mfwidgets.concurrency import run_interruptible
from mfwidgets.config import Configuration
from mfwidgets.datastore.base import check_size
from mfwidgets.datastore.blob_cache import BlobCache, blob_cache
from mfwidgets.display_options import options
from mfwidgets.errors import DataException
from mfwidgets.request_limit import request_limit

if TYPE_CHECKING:
    from obstore import GetOptions, GetResult
    from obstore.store import ObjectStore

_CLIENT: dict[str, Any] = {"connect_timeout": "3s", "timeout": "60s", "allow_http": True}
_LARGE = 8 * 1024 * 1024
"""Bytes; larger objects come in pieces, with a bar that tells how far it got when that takes more than a moment."""

_PIECE = 1024 * 1024
_MOMENT = 0.5
_RETRIES: Any = {"max_retries": 3, "retry_timeout": timedelta(seconds=10)}


class CloudDatastore:
    """Reads one bucket or container below a prefix.

    Parameters
    ----------
    store
        An obstore store, set to the prefix.
    root
        The root as records name it, for messages.
    cache
        Where its blobs are kept.
    """

    def __init__(self, store: "ObjectStore", root: str, cache: BlobCache | None = None) -> None:
        self._store, self._root = store, root
        self._limit = request_limit(root)
        self.cache = cache

    def describe(self) -> str:
        """Return the root."""
        return self._root

    def read(self, key: str, most: int | None = None) -> bytes | None:
        """Return the bytes of an object, or None when there is none (one request)."""
        import obstore

        found: bytes | GetResult | None = self._asked(
            key, lambda: self._small(key, obstore.get(self._store, key), most)
        )
        return found if found is None or isinstance(found, bytes) else self._in_pieces(key, found)

    def _small(self, key: str, found: "GetResult", most: int | None) -> "bytes | GetResult":
        """Return the content of an object if it is small, else what gives it piece by piece."""
        size = found.meta["size"]
        check_size(f"{key} in {self._root}", size, most)
        return found if size > _LARGE else bytes(found.bytes())

    def _in_pieces(self, key: str, found: "GetResult") -> bytes:
        from tqdm.auto import tqdm

        pieces, content = iter(found.stream(min_chunk_size=_PIECE)), bytearray()
        size = found.meta["size"]
        with tqdm(
            desc=self._root,
            total=size,
            unit="B",
            unit_scale=True,
            leave=False,
            delay=_MOMENT,
            disable=not options.progress_bars,
        ) as bar:
            while piece := self._asked(key, lambda: bytes(next(pieces, b""))):
                content += piece
                bar.update(len(piece))
        return bytes(content)

    def read_from(self, key: str, start: int) -> bytes | None:
        """Return the bytes of an object from one on, or None when there is none (one request for that range)."""
        import obstore

        options: GetOptions = {"range": {"offset": start}}
        found: bytes | None = self._asked(key, lambda: bytes(obstore.get(self._store, key, options=options).bytes()))
        return found

    def size(self, key: str) -> int | None:
        """Return the size of an object in bytes, or None when there is none (one request)."""
        import obstore

        found: int | None = self._asked(key, lambda: int(obstore.head(self._store, key)["size"]))
        return found

    def names(self, prefix: str) -> list[str]:
        """Return the names directly below a prefix, sorted (one request for each thousand)."""
        import obstore

        found = self._asked(prefix, lambda: obstore.list_with_delimiter(self._store, f"{prefix.rstrip('/')}/"))
        if found is None:
            return []
        paths = [entry["path"] for entry in found["objects"]] + list(found["common_prefixes"])
        return sorted(path.rstrip("/").rpartition("/")[2] for path in paths)

    def _asked(self, key: str, ask: Callable[[], Any]) -> Any:
        """Return the answer, or None if there is no such object; one request, in one of the slots of the datastore.

        Raises
        ------
        DataException
            It is forbidden, or cannot be reached.
        DeadlineExceeded
            The work was given up. A request that was sent before ends by itself: obstore has no timeout for one request.
        """
        from obstore import exceptions

        try:
            with self._limit.slot():
                return run_interruptible(ask)
        except (FileNotFoundError, exceptions.NotFoundError):
            return None
        except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError) as error:
            raise DataException(
                f"{key} in {self._root} may not be read with the credentials of this place: choose others (a profile, "
                "a role), or ask whoever owns the bucket."
            ) from error
        except exceptions.BaseError as error:
            raise DataException(f"{key} in {self._root} cannot be read: {_reason(error)}.") from error


def open_cloud(ds_type: str, root: str, configuration: Configuration) -> CloudDatastore:
    """Return the datastore of a root such as ``s3://bucket/prefix``; nothing is asked of it yet.

    Raises
    ------
    DataException
        The extra for this cloud is not installed, or something that it needs is not configured.
    """
    extra, package, opened = CLOUDS[ds_type]
    for name in ("obstore", package):
        try:
            import_module(name)
        except ImportError:
            raise DataException(
                f"This run has its data in {root}, which needs an extra: pip install 'mfwidgets[{extra}]'."
            ) from None
    try:
        return CloudDatastore(opened(root, configuration), root, blob_cache(configuration))
    except ValueError as error:
        raise DataException(f"The datastore {root} cannot be opened: {error}.") from error


def import_clients(ds_type: str) -> None:
    """Import what reading from a cloud needs; what is not installed is reported when something is read."""
    if ds_type in CLOUDS:
        _, package, _ = CLOUDS[ds_type]
        for name in ("obstore", package):
            with suppress(ImportError):
                import_module(name)


def _open_s3(root: str, configuration: Configuration) -> "ObjectStore":
    """Open S3 with boto3's credentials: environment, profiles, SSO, roles."""
    from boto3 import Session
    from obstore.auth.boto3 import Boto3CredentialProvider
    from obstore.store import S3Store

    bucket, prefix = _parts(root.removeprefix("s3://"))
    session = Session()
    client = configuration.mapping("DATATOOLS_CLIENT_PARAMS")
    options: dict[str, Any] = {"region": session.region_name or "us-east-1"}
    verify = client.get("verify") or configuration.get("S3_VERIFY_CERTIFICATE") or ""
    endpoint = client.get("endpoint_url") or configuration.get("S3_ENDPOINT_URL")
    if endpoint:
        options["endpoint"] = endpoint
    if session.get_credentials() is None:
        options["skip_signature"] = True  # a public bucket needs none, and any other says what is missing
    else:
        options["credential_provider"] = Boto3CredentialProvider(session)
    return S3Store(
        bucket, prefix=prefix, client_options=_client(verify, "AWS_CA_BUNDLE"), retry_config=_RETRIES, **options
    )


def _open_azure(root: str, configuration: Configuration) -> "ObjectStore":
    """Open Azure Blob Storage with the default credentials of azure-identity."""
    from obstore.auth.azure import AzureCredentialProvider
    from obstore.store import AzureStore

    endpoint = configuration.get("AZURE_STORAGE_BLOB_SERVICE_ENDPOINT")
    if not endpoint:
        raise ValueError("METAFLOW_AZURE_STORAGE_BLOB_SERVICE_ENDPOINT, the URL of the storage account, is not set")
    container, prefix = _parts(root)
    return AzureStore(
        container,
        prefix=prefix,
        account_name=_azure_account(endpoint),
        endpoint=endpoint.rstrip("/"),
        credential_provider=AzureCredentialProvider(),
        client_options=_client(),
        retry_config=_RETRIES,
    )


def _azure_account(endpoint: str) -> str:
    """Return the storage account that an endpoint names: first in its host, or in the path of an emulator or a proxy."""
    parts = urlsplit(endpoint)
    return parts.path.strip("/").partition("/")[0] or (parts.hostname or "").partition(".")[0]


def _open_gs(root: str, configuration: Configuration) -> "ObjectStore":  # noqa: ARG001 - as the others
    """Open Google Cloud Storage with the default credentials of google-auth."""
    from obstore.auth.google import GoogleCredentialProvider
    from obstore.store import GCSStore

    bucket, prefix = _parts(root.removeprefix("gs://"))
    return GCSStore(
        bucket,
        prefix=prefix,
        credential_provider=GoogleCredentialProvider(),
        client_options=_client(),
        retry_config=_RETRIES,
    )


CLOUDS: Mapping[str, tuple[str, str, Callable[[str, Configuration], Any]]] = {
    "s3": ("s3", "boto3", _open_s3),
    "azure": ("azure", "azure.identity", _open_azure),
    "gs": ("gcs", "google.auth", _open_gs),
}
"""Metaflow's name of the kind: our extra, the package that finds credentials, and how to open it."""


def _client(verify: str = "", variable: str = "REQUESTS_CA_BUNDLE") -> Any:
    """Return the options of a connection.

    Parameters
    ----------
    verify
        A file of certificates to trust beside the system's, or ``False`` to trust any, as boto3 has it.
    variable
        An environment variable that may name such a file, as the cloud's own package has it.
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
    """Return the plainest line of an error of obstore, which tells long stories."""
    return " ".join(str(error).split())[:200].rstrip(".")
