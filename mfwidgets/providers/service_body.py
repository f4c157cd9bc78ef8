"""Reads the body of a response of the metadata service, within limits that hold after decompression.

A service can send gigabytes in a megabyte of gzip, a byte a second, or bytes without end.
"""

import time
import zlib
from typing import TYPE_CHECKING

from mfwidgets.deadline import check_deadline

if TYPE_CHECKING:
    import requests

MAX_BODY_BYTES = 50_000_000
"""The largest response. All metadata of a run of 20,000 tasks has 70 MB, and is read in pages."""

MIN_BYTES_PER_SECOND = 1_000
"""A slower response is given up."""

ENCODINGS = "gzip, deflate"
"""``Accept-Encoding``. Both have decoders with a limit."""

_CHUNK_BYTES = 1 << 16
_MAX_CHUNK_BYTES = 1 << 22
"""The most bytes that are unpacked at once."""

_GZIP_OR_ZLIB = 47
"""``wbits`` of zlib that recognises both formats."""


class BodyError(Exception):
    """The body of a response is damaged, too slow or too large. The message continues "it cannot be reached:"."""


def read_body(response: "requests.Response", max_bytes: int | None, slow_after_s: float) -> bytes | None:
    """Return the body of a response. None if it has more than ``max_bytes`` bytes.

    Parameters
    ----------
    response
        A response whose body was not read.
    max_bytes
        None means :data:`MAX_BODY_BYTES`, and an error for more.
    slow_after_s
        After this many seconds, a body with less than :data:`MIN_BYTES_PER_SECOND` is given up.

    Raises
    ------
    BodyError
        The body cannot be read.
    DeadlineExceeded
        Nobody waits for it any more.
    """
    limit = MAX_BODY_BYTES if max_bytes is None else max_bytes
    began, content = time.monotonic(), bytearray()
    decode = _decoder(response.headers.get("Content-Encoding", ""))
    with response:
        try:
            while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=False):
                content += decode(chunk, limit - len(content))
                if len(content) > limit:
                    _check_limit(max_bytes)
                    return None
                _check_speed(len(content), time.monotonic() - began, slow_after_s)
        except zlib.error as error:
            raise BodyError("its response is not what its Content-Encoding says") from error
        except (BodyError, MemoryError):
            raise
        except Exception as error:
            check_deadline()  # if the deadline ended the response, it is not the service's fault
            raise BodyError("its response ends too early") from error
    return bytes(content)


def _check_limit(max_bytes: int | None) -> None:
    """Raise if the caller passed no limit."""
    if max_bytes is None:
        raise BodyError(f"its response has more than {MAX_BODY_BYTES:,} bytes")


def _decoder(encoding: str) -> "_Identity | _Inflate":
    if encoding.strip().lower() in ("", "identity"):
        return _Identity()
    if encoding.strip().lower() in ("gzip", "x-gzip", "deflate"):
        return _Inflate()
    raise BodyError(f"its response has the Content-Encoding {encoding[:40]!r}, which was not requested")


class _Identity:
    """Returns bytes unchanged."""

    def __call__(self, chunk: bytes, room: int) -> bytes:  # noqa: ARG002 - the chunk is small
        return chunk


class _Inflate:
    """Unpacks gzip and zlib, a little more than fits at most."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(_GZIP_OR_ZLIB)

    def __call__(self, chunk: bytes, room: int) -> bytes:
        content = bytearray()
        while chunk and len(content) <= room:
            check_deadline()
            content += self._zlib.decompress(chunk, min(room - len(content) + 1, _MAX_CHUNK_BYTES))
            chunk = self._zlib.unconsumed_tail
        return bytes(content)


def _check_speed(size: int, seconds: float, slow_after_s: float) -> None:
    """Raise if the deadline has passed, or if the body arrives too slowly."""
    check_deadline()
    if seconds > slow_after_s and size < seconds * MIN_BYTES_PER_SECOND:
        raise BodyError(f"its response is too slow: {size} bytes in {seconds:.0f} s")
