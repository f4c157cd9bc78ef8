"""Files that ``IncludeFile`` parameters stored beside a run: the artifact holds only where they lie.

An uploaded file is gzipped and named by the SHA-1 of its content, so what is read is proved. A local one is looked for
in the folder that is being read first, then where it was written, like everything local.
"""

import gzip
import hashlib
import io
import zlib
from pathlib import Path
from typing import Any

from mfwidgets.datastore.base import Datastore
from mfwidgets.datastore.stand_ins import IncludedFile
from mfwidgets.errors import BlobMissing, DataException

TYPE = "metaflow.includefile.IncludedFile"
"""How ``data.json`` calls the type of such an artifact."""


def read_included(included: IncludedFile, datastore: Datastore, flow: str, what: str) -> str | bytes:
    """Return the content of an included file: text where it was included as text (one read).

    Raises
    ------
    BlobMissing, DataException
        It is gone, damaged, or lies where nothing can be read from.
    """
    descriptor = included.descriptor
    content = _content(descriptor, datastore, flow, what)
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


def _content(descriptor: dict[str, Any], datastore: Datastore, flow: str, what: str) -> bytes:
    scheme, _, place = str(descriptor.get("url")).partition("://")
    if scheme != "local":
        raise DataException(
            f"{what} is a file at {descriptor.get('url')}, which this version of mfwidgets cannot read."
        )
    uploaded = descriptor.get("sub-type", descriptor.get("type")) != "external"
    sha = place.rpartition("/")[2]
    stored = datastore.read(f"data/{flow}/{sha}") if uploaded else None
    if stored is None:
        try:
            stored = Path(place).read_bytes()
        except OSError as error:
            raise BlobMissing(
                f"{what} is a file at {place}, which cannot be read: {error.strerror or error}."
            ) from error
    if not uploaded:
        return stored
    try:
        content = gzip.decompress(stored)
    except (OSError, EOFError, zlib.error) as error:
        raise DataException(f"{what}: the file at {place} is damaged: {error}.") from error
    if hashlib.sha1(content, usedforsecurity=False).hexdigest() != sha:
        raise DataException(f"{what}: the file at {place} is damaged: it does not have the recorded hash.")
    return content
