"""Content-addressed blobs: ``Flow/data/<2 hex>/<sha>``, where ``sha`` is the SHA-1 of the unprocessed bytes.

Metaflow stores a blob raw or gzipped and keeps a note of which beside it. The hash tells as well, and proves the
bytes at the same time: they are what their name says either as they lie there, or after gunzip.
"""

import hashlib
import re
import zlib

from mfwidgets.datastore.base import Datastore, check_size
from mfwidgets.deadline import check_deadline
from mfwidgets.errors import BlobMissing, DataException

_GZIP = 31
_PACKING = 1_000
"""Bytes; what cannot be packed gets larger by fewer."""

_SHA = re.compile(r"[0-9a-f]{40}\Z")


def load_blob(datastore: Datastore, flow: str, sha: str, what: str, most: int | None = None) -> bytes:
    """Return the bytes whose SHA-1 is ``sha`` (one object read, unless it is cached).

    Parameters
    ----------
    datastore, flow, sha
        Where and what.
    what
        The object that wants them, for messages: ``Artifact HelloFlow/2/start/1/x``.
    most
        So many bytes at most.

    Raises
    ------
    TooLarge
        There are more; they were neither read nor unpacked.
    BlobMissing
        The datastore does not have them.
    DataException
        What it has are other bytes: truncated or overwritten.
    """
    if not _SHA.match(sha):
        raise DataException(f"{what}: its record holds no SHA-1 but {sha[:60]!r}, so its bytes cannot be found.")
    check_deadline()  # the cache reads files, too
    cached = datastore.cache.get(sha) if datastore.cache else None
    if cached is not None:
        check_size(what, len(cached), most)
        return cached
    content = _fetched(datastore, flow, sha, what, most)
    if datastore.cache:
        datastore.cache.put(sha, content)
    return content


def _fetched(datastore: Datastore, flow: str, sha: str, what: str, most: int | None) -> bytes:
    key = blob_key(flow, sha)
    stored = datastore.read(key, None if most is None else most + _PACKING)
    if stored is None:
        raise BlobMissing(
            f"{what}: its bytes {sha} are missing from {datastore.describe()}. They may have been deleted, or only "
            "a part of the folder was copied."
        )
    if _sha1(stored) == sha:
        return stored
    content = _unpacked(stored, what, most)
    if _sha1(content) == sha:
        return content
    raise DataException(
        f"{what}: the {len(stored)} bytes in {datastore.describe()} at {key} are damaged: neither they nor "
        "what gunzip makes of them have the recorded hash."
    )


def _unpacked(stored: bytes, what: str, most: int | None) -> bytes:
    """Return what gunzip makes of bytes, nothing where it fails; what is small packed may be very large."""
    unpacking = zlib.decompressobj(wbits=_GZIP)
    try:
        content = unpacking.decompress(stored, 0 if most is None else most + 1)
    except zlib.error:
        return b""
    check_size(what, len(content), most)
    return content if unpacking.eof else b""


def blob_key(flow: str, sha: str) -> str:
    """Return where a blob lies in its datastore."""
    return f"{flow}/data/{sha[:2]}/{sha}"


def _sha1(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()
