"""Parses a listing of the metadata service while it arrives, so that a hundred megabytes need little memory.

A piece is cut where an object seems to end. If it was cut inside of a string or of a nested value, it is not valid JSON, and
more bytes are needed. So no cut can change the rows.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from mfwidgets.errors import ServiceException
from mfwidgets.files import parse_json
from mfwidgets.providers.service_body import MAX_BODY_BYTES

Kept = TypeVar("Kept")

_MAX_ROWS = 5_000_000
"""The most rows that are kept of one listing."""


class RowStream(Generic[Kept]):
    """The rows of one listing.

    Parameters
    ----------
    keep
        Takes some rows, returns what is kept of them.
    """

    def __init__(self, keep: Callable[[list[Any]], list[Kept]]) -> None:
        self._keep = keep
        self._rows: list[Kept] = []
        self._rest = b""
        self._next_try = 0
        self._is_list = False

    def feed(self, content: bytes) -> None:
        """Parse as many rows as have arrived.

        Raises
        ------
        ServiceException
            A row is not valid, there are too many rows, or one is too large.
        """
        self._rest += content
        if not self._is_list:
            self._begin()
        if self._is_list and len(self._rest) >= self._next_try:
            self._parse_arrived()
        if len(self._rest) > MAX_BODY_BYTES:
            raise ServiceException(f"The metadata service sent more than {MAX_BODY_BYTES:,} bytes without a row.")

    def finish(self, content: bytes) -> list[Kept] | bytes:
        """Parse the last piece and return what was kept. Return the bytes if the body is not a listing."""
        self._rest += content
        if not self._is_list:
            self._begin()
        if not self._is_list:
            return self._rest
        try:
            rows = parse_json(b"[" + self._rest)
        except ValueError:
            return b"[" + self._rest
        self._add(rows)
        return self._rows

    def _begin(self) -> None:
        """Take off the bracket of a list."""
        stripped = self._rest.lstrip()
        if stripped.startswith(b"["):
            self._is_list, self._rest = True, stripped[1:]

    def _parse_arrived(self) -> None:
        end = self._rest.rfind(b"},") + 1
        try:
            rows = parse_json(b"[" + self._rest[:end] + b"]") if end else None
        except ValueError:
            rows = None
        if rows is None:
            self._next_try = 2 * len(self._rest)
            return
        self._add(rows)
        self._rest, self._next_try = self._rest[end + 1 :], 0

    def _add(self, rows: list[Any]) -> None:
        self._rows += self._keep(rows)
        if len(self._rows) > _MAX_ROWS:
            raise ServiceException(f"The metadata service sent a listing of more than {_MAX_ROWS:,} rows.")
