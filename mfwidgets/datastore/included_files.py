"""Files that ``IncludeFile`` parameters stored. The artifact contains only the place of the file.

An uploaded file is gzipped and named by the SHA-1 of its content, so each read is verified. A local file is looked up
first in the folder that is being read, then where it was written, like all local data.
"""

import gzip
import hashlib
import io
import zlib
from collections.abc import Callable
from pathlib import Path

from mfwidgets.datastore.base import Datastore, LocalDatastore
from mfwidgets.errors import BlobMissing, DataException
from mfwidgets.pickles.metaflow_types import IncludedFile

Source = Callable[[str, str], Datastore]
"""Returns the datastore of a type and a root."""

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
    descriptor = included.descriptor
    content = _content(included, source, flow, name)
    if not descriptor.get("is_text"):
        return content
    try:
        return io.TextIOWrapper(io.BytesIO(content), encoding=descriptor.get("encoding")).read()
    except (UnicodeDecodeError, LookupError) as error:
        raise DataException(
            f"{name} was included as {descriptor.get('encoding')} text, but cannot be decoded: {error}."
        ) from error


def included_size(included: IncludedFile) -> int | None:
    """Return the size of an included file in bytes. None if an old Metaflow did not record it."""
    size = included.descriptor.get("size")
    return size if isinstance(size, int) else None


def is_uploaded(included: IncludedFile) -> bool:
    """Return whether the file is in the datastore, named by its hash. If not, it can be anywhere, such as a local path."""
    descriptor = included.descriptor
    return descriptor.get("sub-type", descriptor.get("type")) != "external"


def _content(included: IncludedFile, source: Source, flow: str, name: str) -> bytes:
    url = str(included.descriptor.get("url"))
    sha = url.rpartition("/")[2]
    uploaded = is_uploaded(included)
    stored = _stored(url, source, f"data/{flow}/{sha}" if uploaded else "")
    if stored is None:
        raise BlobMissing(f"{name} is a file at {url}, which is missing.")
    if not uploaded:
        return stored
    try:
        content = gzip.decompress(stored)
    except (OSError, EOFError, zlib.error) as error:
        raise DataException(f"{name}: the file at {url} is damaged: {error}.") from error
    if hashlib.sha1(content, usedforsecurity=False).hexdigest() != sha:
        raise DataException(f"{name}: the file at {url} is damaged: it does not have the recorded hash.")
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
