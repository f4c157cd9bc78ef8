"""Files that ``IncludeFile`` parameters stored beside a run: the artifact holds only where they lie.

An uploaded file is gzipped and named by the SHA-1 of its content, so what is read is proved. A local one is looked for
in the folder that is being read first, then where it was written, like everything local.
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
"""From a datastore's kind and root to the datastore."""

TYPE = "metaflow.includefile.IncludedFile"
"""How ``data.json`` calls the type of such an artifact."""


def read_included(included: IncludedFile, source: Source, flow: str, what: str) -> str | bytes:
    """Return the content of an included file: text where it was included as text (one read).

    Parameters
    ----------
    included
        The value of the artifact.
    source
        Gives the datastore of a kind and a root.
    flow, what
        Whose, and the artifact for messages.

    Raises
    ------
    BlobMissing, DataException
        It is gone, damaged, or lies where nothing can be read from.
    """
    descriptor = included.descriptor
    content = _content(included, source, flow, what)
    if not descriptor.get("is_text"):
        return content
    try:
        return io.TextIOWrapper(io.BytesIO(content), encoding=descriptor.get("encoding")).read()
    except (UnicodeDecodeError, LookupError) as error:
        raise DataException(
            f"{what} was included as {descriptor.get('encoding')} text, but is none: {error}."
        ) from error


def included_size(included: IncludedFile) -> int | None:
    """Return the size of an included file in bytes; None where an old Metaflow did not record it."""
    size = included.descriptor.get("size")
    return size if isinstance(size, int) else None


def is_uploaded(included: IncludedFile) -> bool:
    """Tell whether the file lies in the datastore, named by its hash; else anywhere, such as a path of a machine."""
    descriptor = included.descriptor
    return descriptor.get("sub-type", descriptor.get("type")) != "external"


def _content(included: IncludedFile, source: Source, flow: str, what: str) -> bytes:
    url = str(included.descriptor.get("url"))
    sha = url.rpartition("/")[2]
    uploaded = is_uploaded(included)
    stored = _stored(url, source, f"data/{flow}/{sha}" if uploaded else "")
    if stored is None:
        raise BlobMissing(f"{what} is a file at {url}, which is not there.")
    if not uploaded:
        return stored
    try:
        content = gzip.decompress(stored)
    except (OSError, EOFError, zlib.error) as error:
        raise DataException(f"{what}: the file at {url} is damaged: {error}.") from error
    if hashlib.sha1(content, usedforsecurity=False).hexdigest() != sha:
        raise DataException(f"{what}: the file at {url} is damaged: it does not have the recorded hash.")
    return content


def _stored(url: str, source: Source, beside: str) -> bytes | None:
    """Return the bytes of a file: of a local one those beside the run, if there is a place for them, else in its place."""
    scheme, _, place = url.partition("://")
    if scheme == "local":
        found = source("local", "").read(beside) if beside else None
        return found if found is not None else LocalDatastore((Path(place).parent,)).read(Path(place).name)
    bucket, _, key = place.partition("/")
    if scheme == "azure":  # whose container is a part of the name inside it, too
        return source(scheme, bucket).read(place)
    return source(scheme, f"{scheme}://{bucket}").read(key)
