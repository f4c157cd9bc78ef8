"""Reads the body of a response of the metadata service, within limits that hold after decompression.

A service can send gigabytes in a megabyte of gzip, a byte a second, or bytes without end.
"""

import time
import zlib
from typing import TYPE_CHECKING, Protocol

from mfwidgets.deadline import check_deadline
from mfwidgets.errors import MetaflowException
from mfwidgets.providers.service_session import Exchange
from mfwidgets.redaction import redact

if TYPE_CHECKING:
    import requests

MAX_BODY_BYTES = 50_000_000
"""The largest response that is kept as a whole."""

MAX_STREAM_BYTES = 1_000_000_000
"""The largest response that is read piece by piece. All artifacts of a run of 20,000 tasks have 95 MB."""

MIN_BYTES_PER_SECOND = 10_000
"""A slower response is given up."""

_MANY_READS, _MIN_BYTES_PER_READ = 10_000, 100
"""After this many reads, a response in smaller pieces is given up. Each costs a tenth of a millisecond."""

ENCODINGS = "gzip, deflate"
"""``Accept-Encoding``. Both have decoders with a limit."""

_CHUNK_BYTES = 1 << 16
_MAX_CHUNK_BYTES = 1 << 22
"""The most bytes that are unpacked at once."""

_PIECE_BYTES = 400_000
"""The bytes that a sink gets at once."""

_GZIP_OR_ZLIB, _DEFLATE = 47, -15
"""``wbits`` of zlib: recognises both formats; the format without a header, which some servers call deflate."""


_MAX_PARTS = 100
"""Parts of a gzip. Usually there is one. Millions of empty ones would take long."""


class BodyError(Exception):
    """A response is damaged, too slow or too large. The message continues "it cannot be reached:".

    Parameters
    ----------
    message
        The problem.
    permanent
        Whether a retry cannot help.
    """

    def __init__(self, message: str, *, permanent: bool = True) -> None:
        super().__init__(message)
        self.permanent = permanent


class Sink(Protocol):
    """Takes a body piece by piece."""

    def feed(self, content: bytes) -> None:
        """Take the next piece."""


def read_body(
    response: "requests.Response",
    exchange: Exchange,
    max_bytes: int | None,
    slow_after_s: float,
    sink: Sink | None = None,
) -> bytes | None:
    """Return the body of a response. None if it has more than ``max_bytes`` bytes.

    Parameters
    ----------
    response
        A response whose body was not read.
    exchange
        Ends a body that is too slow.
    max_bytes
        None means :data:`MAX_BODY_BYTES`, and an error for more.
    slow_after_s
        After this many seconds, a body with less than :data:`MIN_BYTES_PER_SECOND` is given up.
    sink
        Takes all but the last piece of the body, which is returned. Then the body can be larger.

    Raises
    ------
    BodyError
        The body cannot be read.
    DeadlineExceeded
        Nobody waits for it any more.
    """
    began = time.monotonic()
    limit = max_bytes if max_bytes is not None else MAX_BODY_BYTES if sink is None else MAX_STREAM_BYTES
    with response:
        body = _Body(response, limit)
        try:
            exchange.allow(slow_after_s)
            while body.read_more():
                check_deadline()
                exchange.allow(began + slow_after_s + body.size / MIN_BYTES_PER_SECOND - time.monotonic())
                if sink is not None and len(body.content) >= _PIECE_BYTES:
                    sink.feed(body.take())
            problem = ""
        except (MetaflowException, BodyError, MemoryError):
            raise
        except zlib.error:
            problem = "its response is not what its Content-Encoding says"
        except Exception:  # noqa: BLE001 - the libraries raise many kinds
            problem = "its response ends too early"
    check_deadline()  # if the deadline ended the response, it is not the service's fault
    if exchange.ended:
        raise BodyError(f"its response is too slow: {body.size} bytes in {time.monotonic() - began:.0f} s")
    if problem or not body.complete:
        raise BodyError(problem or "its response ends too early", permanent="early" not in problem)
    if body.too_large and max_bytes is None:
        raise BodyError(f"its response has more than {limit:,} bytes")
    return None if body.too_large else bytes(body.content)


class _Body:
    """The part of a body that has arrived, and is unpacked."""

    def __init__(self, response: "requests.Response", limit: int) -> None:
        self._raw, self._limit = response.raw, limit
        self._packed_bytes = self._reads = self._taken = 0
        self._decode = _decoder(response.headers.get("Content-Encoding", ""))
        self.content = bytearray()

    @property
    def size(self) -> int:
        """The bytes that have arrived, as they count for the speed."""
        return max(self._taken + len(self.content), self._packed_bytes)

    @property
    def too_large(self) -> bool:
        """Whether there are too many bytes, packed or not."""
        return self.size > self._limit

    @property
    def complete(self) -> bool:
        """Whether nothing is missing, as far as the bytes say."""
        return self.too_large or self._decode.complete

    def take(self) -> bytes:
        """Return the content that has arrived, and begin a new piece."""
        piece = bytes(self.content)
        self._taken += len(piece)
        self.content.clear()
        return piece

    def read_more(self) -> bool:
        """Read more bytes. Return False after the last, or if there are too many."""
        chunk = self._raw.read1(_CHUNK_BYTES, decode_content=False)
        self._reads += 1
        self._packed_bytes += len(chunk)
        if self._reads > _MANY_READS and self._packed_bytes < self._reads * _MIN_BYTES_PER_READ:
            raise BodyError("its response comes in too small pieces")
        self.content += self._decode(chunk, self._limit - self._taken - len(self.content))
        return bool(chunk) and not self.too_large


def _decoder(encoding: str) -> "_Identity | _Inflate":
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return _Identity()
    if name in ("gzip", "x-gzip", "deflate"):
        return _Inflate(raw_is_possible=name == "deflate")
    raise BodyError(f"its response has the Content-Encoding {redact(encoding)!r:.40}, which was not requested")


class _Identity:
    """Returns bytes unchanged."""

    complete = True

    def __call__(self, chunk: bytes, room: int) -> bytes:  # noqa: ARG002 - the chunk is small
        return chunk


class _Inflate:
    """Unpacks gzip and zlib, a little more than fits at most."""

    def __init__(self, *, raw_is_possible: bool) -> None:
        self._zlib = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._raw_is_possible = raw_is_possible
        self._begun, self._parts = False, 1

    @property
    def complete(self) -> bool:
        """Whether the end of the packed bytes was read. There may be none at all."""
        return self._zlib.eof or not self._begun

    def __call__(self, chunk: bytes, room: int) -> bytes:
        content = bytearray()
        while chunk and len(content) <= room:
            check_deadline()
            if self._zlib.eof:  # gzip can have several parts
                self._parts += 1
                if self._parts > _MAX_PARTS:
                    raise zlib.error
                self._zlib = zlib.decompressobj(_GZIP_OR_ZLIB)
            content += self._unpack(chunk, min(room - len(content) + 1, _MAX_CHUNK_BYTES))
            chunk = self._zlib.unused_data if self._zlib.eof else self._zlib.unconsumed_tail
        return bytes(content)

    def _unpack(self, chunk: bytes, max_bytes: int) -> bytes:
        first, self._begun = not self._begun, True
        try:
            return self._zlib.decompress(chunk, max_bytes)
        except zlib.error:
            if not (first and self._raw_is_possible):
                raise
            self._zlib = zlib.decompressobj(_DEFLATE)
            return self._zlib.decompress(chunk, max_bytes)
