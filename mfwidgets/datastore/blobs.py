"""Content-addressed blobs: ``Flow/data/<2 hex>/<sha>``, where ``sha`` is the SHA-1 of the unprocessed bytes.

Metaflow stores a blob raw or gzipped. A separate note says which. The note is not needed: the hash matches either the
stored bytes or the unpacked bytes. The match also verifies the bytes.
"""

import zlib

from mfwidgets.datastore.base import Datastore
from mfwidgets.datastore.stored_bytes import GZIP_OVERHEAD_BYTES, SHA, gunzip, sha1_of
from mfwidgets.deadline import check_deadline
from mfwidgets.errors import BlobMissing, DataException
from mfwidgets.files import check_size


def load_blob(datastore: Datastore, flow: str, sha: str, name: str, max_bytes: int | None = None) -> bytes:
    """Return the bytes whose SHA-1 is ``sha`` (one object read, unless it is cached).

    Parameters
    ----------
    datastore, flow, sha
        The datastore, the flow and the hash of the blob.
    name
        The object that needs the bytes, for messages: ``Artifact HelloFlow/2/start/1/x``.
    max_bytes
        The maximum size of the blob. None means no limit.

    Raises
    ------
    TooLarge
        The blob is larger. A part of it may have been read or unpacked.
    BlobMissing
        The datastore does not have the blob.
    DataException
        The hash is malformed, or the stored bytes are damaged.
    """
    if not SHA.match(sha):
        raise DataException(f"{name}: expected a SHA-1 in its record, got {sha[:60]!r}. Its bytes cannot be located.")
    check_deadline()  # the cache reads files too
    cached = datastore.cache.get(sha, max_bytes) if datastore.cache else None
    if cached is not None:
        return cached
    content = _fetched(datastore, flow, sha, name, max_bytes)
    if datastore.cache:
        datastore.cache.put(sha, content)
    return content


def _fetched(datastore: Datastore, flow: str, sha: str, name: str, max_bytes: int | None) -> bytes:
    key = blob_key(flow, sha)
    stored = datastore.read(key, None if max_bytes is None else max_bytes + GZIP_OVERHEAD_BYTES)
    if stored is None:
        raise BlobMissing(
            f"{name}: its bytes {sha} are missing from {datastore.describe()}. They may have been deleted, or only "
            "part of the folder was copied."
        )
    if sha1_of(stored) == sha:
        return stored
    content = _unpacked(stored, name, max_bytes)
    if sha1_of(content) == sha:
        return content
    raise DataException(
        f"{name}: the {len(stored)} bytes in {datastore.describe()} at {key} are damaged. Their hash is not the "
        "recorded hash, neither as stored nor after gunzip."
    )


def _unpacked(stored: bytes, name: str, max_bytes: int | None) -> bytes:
    """Return gunzipped bytes, or no bytes if they are not gzip. The size is limited: gzip can hide gigabytes."""
    try:
        content = gunzip(stored, max_bytes)
    except (zlib.error, EOFError):
        return b""
    check_size(name, len(content), max_bytes)
    return content


def blob_key(flow: str, sha: str) -> str:
    """Return the key of a blob in its datastore."""
    return f"{flow}/data/{sha[:2]}/{sha}"
