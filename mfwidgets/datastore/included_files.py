"""Files that ``IncludeFile`` parameters stored. The artifact contains only the place of the file.

An uploaded file is gzipped and named by the SHA-1 of its content, so each read is verified. A local file is looked up
first in the folder that is being read, then where it was written, like all local data.
"""

import io
import zlib
from collections.abc import Callable
from pathlib import Path

from mfwidgets.datastore.base import Datastore, LocalDatastore
from mfwidgets.datastore.stored_bytes import GZIP_OVERHEAD_BYTES, SHA, gunzip, sha1_of
from mfwidgets.errors import BlobMissing, DataException
from mfwidgets.files import check_size
from mfwidgets.pathspec import short
from mfwidgets.pickles.metaflow_types import IncludedFile

Source = Callable[[str, str], Datastore]
"""Returns the datastore of a type and a root."""

_MAX_SIZE = 2**63

TYPE = "metaflow.includefile.IncludedFile"
"""The type of such an artifact in ``data.json``."""


def read_included(included: IncludedFile, source: Source, flow: str, name: str) -> str | bytes:
    """Return the content of an included file, as str if it was included as text (one read).

    Parameters
    ----------
    included
        The value of the artifact.
    source
        Returns the datastore of a type and a root.
    flow
        The flow of the artifact.
    name
        The artifact, for messages.

    Raises
    ------
    BlobMissing, DataException
        It is missing or damaged, or its datastore cannot be read.
    """
    return _decoded(included, _content(included, source, flow, name), name)


def read_uploaded(included: IncludedFile, datastore: Datastore, flow: str, name: str, max_bytes: int) -> str | bytes:
    """Return the content of a file that is in the datastore of its artifact (one read of at most ``max_bytes``).

    The place that the artifact names is not trusted: only the blob of its hash is read.

    Raises
    ------
    BlobMissing, DataException
        It is missing, damaged or too large, or is not described as Metaflow does.
    """
    sha = _sha_of(_url_of(included, name))
    if not is_uploaded(included) or not sha:
        raise DataException(f"{name} is a file outside of the datastore. Try .data to read it.")
    stored = datastore.read(f"data/{flow}/{sha}", max_bytes + GZIP_OVERHEAD_BYTES)
    if stored is None:
        raise BlobMissing(f"{name} is a file that is missing in {datastore.describe()}.")
    return _decoded(included, _verified(stored, sha, name, max_bytes), name)


def _decoded(included: IncludedFile, content: bytes, name: str) -> str | bytes:
    encoding = included.descriptor.get("encoding")
    if not included.descriptor.get("is_text"):
        return content
    try:
        return io.TextIOWrapper(io.BytesIO(content), encoding=encoding).read()
    except (UnicodeDecodeError, LookupError, TypeError, ValueError) as error:
        raise DataException(f"{name} was included as {encoding!r:.40} text, but cannot be decoded: {error}.") from error


def included_size(included: IncludedFile) -> int | None:
    """Return the size of an included file in bytes. None if an old Metaflow did not record it."""
    size = included.descriptor.get("size")
    return size if type(size) is int and 0 <= size <= _MAX_SIZE else None


def is_uploaded(included: IncludedFile) -> bool:
    """Return whether the file is in the datastore, named by its hash. If not, it can be anywhere, such as a local path."""
    descriptor = included.descriptor
    return descriptor.get("sub-type", descriptor.get("type")) != "external"


def _content(included: IncludedFile, source: Source, flow: str, name: str) -> bytes:
    url = _url_of(included, name)
    sha = _sha_of(url)
    uploaded = is_uploaded(included)
    stored = _stored(url, source, f"data/{flow}/{sha}" if uploaded and sha else "")
    if stored is None:
        raise BlobMissing(f"{name} is a file at {short(url)}, which is missing.")
    return _verified(stored, sha, name) if uploaded else stored


def _url_of(included: IncludedFile, name: str) -> str:
    url = included.descriptor.get("url")
    if not isinstance(url, str) or "\0" in url:
        raise DataException(f"Expected the URL of an included file in {name}, got {url!r:.60}.")
    return url


def _sha_of(url: str) -> str:
    """Return the hash at the end of a URL. Empty if there is none."""
    sha = url.rpartition("/")[2]
    return sha if SHA.match(sha) else ""


def _verified(stored: bytes, sha: str, name: str, max_bytes: int | None = None) -> bytes:
    """Return the unpacked content of a stored file."""
    try:
        content = gunzip(stored, max_bytes)
    except (zlib.error, EOFError) as error:
        raise DataException(f"{name}: the stored file is damaged: {error}.") from error
    check_size(name, len(content), max_bytes)
    if sha1_of(content) != sha:
        raise DataException(f"{name}: the stored file is damaged: it does not have the recorded hash.")
    return content


def _stored(url: str, source: Source, run_key: str) -> bytes | None:
    """Return the stored bytes of a file. A local file is read from the run's datastore if it is there, else by its path."""
    scheme, _, place = url.partition("://")
    if scheme == "local":
        content = source("local", "").read(run_key) if run_key else None
        return content if content is not None else LocalDatastore((Path(place).parent,)).read(Path(place).name)
    bucket, _, key = place.partition("/")
    if scheme == "azure":  # the container is also part of the names inside it
        return source(scheme, bucket).read(place)
    return source(scheme, f"{scheme}://{bucket}").read(key)
