"""Reads a large pickle from a stream, without having all of it in memory: of long bytes only a part is kept.

The opcodes are those of :mod:`mfwidgets.pickles.machine`, with the same limits. The content of a large array is a single
opcode. So a pickle of gigabytes is mostly skipped, and what surrounds the arrays is read completely.
"""

import math
import pickletools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from mfwidgets.deadline import check_deadline
from mfwidgets.errors import DeadlineExceeded, UnloadableArtifact
from mfwidgets.pickles.budget import Budget
from mfwidgets.pickles.described import ArrayBeginning, LongContent
from mfwidgets.pickles.machine import PickleMachine

_KEPT_BYTES, _MAX_KEPT_BYTES = 1_000_000, 8_000_000
"""The bytes that are kept of one long argument, and of all together."""

_LONG_BYTES = 100_000
"""A longer argument is kept in part."""

_SKIPPED_BYTES = 1_000_000
"""Bytes are skipped in such pieces."""

_MAX_LINE_BYTES = 10_000

_BUDGET_BYTES = 1_000_000
"""The machine may use as much memory as for a pickle of this length."""

_MAX_ROWS = 1_000
"""An array with more rows keeps its first bytes, with fewer rows the first bytes of each."""

_OPCODES = {opcode.code: opcode for opcode in pickletools.opcodes}

_SIZES = {"BINBYTES": 4, "BINBYTES8": 8, "BYTEARRAY8": 8, "BINUNICODE": 4, "BINUNICODE8": 8, "BINSTRING": 4, "LONG4": 4}
"""Opcodes with long arguments, and the bytes of their length."""

_ARRAY_STATE = 4
"""The parts of the state of an array before its content: version, shape, dtype, order."""

_PLANE = 2


@dataclass(frozen=True, slots=True, eq=False)
class LargeValue:
    """The value of a large pickle, as far as it was read.

    Attributes
    ----------
    value
        The value or its description. Large parts are :class:`ArrayBeginning` and :class:`LongContent`.
    complete
        Whether the pickle was read to its end.
    """

    value: Any
    complete: bool


def describe_stream(stream: IO[bytes]) -> LargeValue:
    """Return the value of a pickle that is read from a stream. Runs and imports nothing.

    Raises
    ------
    UnloadableArtifact
        The beginning is not a pickle, or costs more than its :class:`Budget`.
    DeadlineExceeded
        Nobody waits for the value any more.
    """
    machine = PickleMachine(Budget(_BUDGET_BYTES))
    reader = _Reader(stream, machine)
    try:
        return LargeValue(machine.run_opcodes(reader.opcodes()), complete=True)
    except DeadlineExceeded:
        raise
    except (EOFError, UnloadableArtifact):
        return _unfinished(machine)
    except Exception as error:
        raise UnloadableArtifact(
            f"Expected a valid pickle. This one cannot be previewed: {type(error).__name__}: {error!s:.100}.",
            "not a pickle",
        ) from error


def _unfinished(machine: PickleMachine) -> LargeValue:
    """Return what a machine has read until its input or its budget ended.

    Raises
    ------
    UnloadableArtifact
        There is nothing yet.
    """
    try:
        return LargeValue(machine.unfinished(), complete=False)
    except Exception as error:
        raise UnloadableArtifact("The beginning of the pickle has no value.", "too large a value") from error


class _Reader:
    """Reads opcodes and their arguments from a stream."""

    def __init__(self, stream: IO[bytes], machine: PickleMachine) -> None:
        self._stream, self._machine = stream, machine
        self._left = _MAX_KEPT_BYTES

    def opcodes(self) -> Iterator[tuple[str, Any]]:
        """Yield the name and the argument of each opcode.

        Raises
        ------
        EOFError
            The stream ends before the pickle.
        """
        while True:
            opcode = _OPCODES.get(self.read(1).decode("latin-1"))
            if opcode is None:
                raise ValueError("an unknown opcode")
            if opcode.name in _SIZES:
                yield opcode.name, self._long_argument(opcode.name)
            else:
                yield opcode.name, opcode.arg.reader(self) if opcode.arg else None  # type: ignore[arg-type]
            if opcode.name == "STOP":
                return

    def read(self, size: int) -> bytes:
        """Return exactly this many bytes."""
        content = self._stream.read(size)
        if len(content) < size:
            raise EOFError
        return content

    def readline(self) -> bytes:
        """Return the next bytes up to the end of a line."""
        line = self._stream.readline(_MAX_LINE_BYTES)
        if not line.endswith(b"\n"):
            raise EOFError
        return line

    def _long_argument(self, name: str) -> Any:
        size = int.from_bytes(self.read(_SIZES[name]), "little")
        if size <= _LONG_BYTES:
            return _argument(name, self.read(size))
        if name == "LONG4":
            raise ValueError("a very large integer")
        state = self._machine.stack[-_ARRAY_STATE:]
        if name in ("BINBYTES", "BINBYTES8"):
            array = self._array(state, size)
            if array is not None:
                return array
        return LongContent(size, self._kept(size, size), is_text="UNICODE" in name)

    def _array(self, state: list[Any], size: int) -> ArrayBeginning | None:
        """Return the beginning of an array, if the stack has the other parts of its state. Else None."""
        import numpy as np

        if len(state) < _ARRAY_STATE:
            return None
        _, shape, dtype, by_column = state
        if not isinstance(dtype, np.dtype) or dtype.hasobject or not isinstance(shape, tuple):
            return None
        if not all(type(length) is int and length > 0 for length in shape) or math.prod(shape) * dtype.itemsize != size:
            return None
        rows = shape[0] if len(shape) == _PLANE and not by_column and shape[0] <= _MAX_ROWS else 1
        row_bytes = size // rows
        kept_bytes = min(_KEPT_BYTES, self._left) // rows
        if rows > 1 and kept_bytes < row_bytes:
            values = max(kept_bytes // dtype.itemsize, 1)
            kept = self._rows(rows, row_bytes, values * dtype.itemsize)
            return ArrayBeginning(shape, dtype, np.frombuffer(kept, dtype).reshape(-1, values))
        return ArrayBeginning(shape, dtype, _sample(self._kept(size, size), shape, dtype, by_column=bool(by_column)))

    def _rows(self, rows: int, row_bytes: int, most: int) -> bytes:
        """Return the first bytes of each row, of as many rows as there are."""
        kept: list[bytes] = []
        try:
            for _ in range(rows):
                kept.append(self._kept(row_bytes, most))  # noqa: PERF401 - keeps the rows before the end
        except EOFError:
            if not kept:
                raise
        return b"".join(kept)

    def _kept(self, size: int, most: int) -> bytes:
        """Return the first of the next ``size`` bytes, and skip the others."""
        kept = self.read(min(size, most, _KEPT_BYTES, max(self._left, 0)))
        self._left -= len(kept)
        skipped = len(kept)
        while skipped < size:
            check_deadline()
            piece = self._stream.read(min(_SKIPPED_BYTES, size - skipped))
            if not piece:
                break
            skipped += len(piece)
        return kept


def _sample(kept: bytes, shape: tuple[int, ...], dtype: Any, *, by_column: bool) -> Any:
    """Return the beginning of an array: its first rows, or for an array in columns its first columns."""
    import numpy as np

    inner = shape[:-1] if by_column else shape[1:]
    group = math.prod(inner) * dtype.itemsize
    groups = len(kept) // group
    if not groups:
        return np.frombuffer(kept[: len(kept) // dtype.itemsize * dtype.itemsize], dtype)
    values = np.frombuffer(kept[: groups * group], dtype)
    return values.reshape((*inner, groups), order="F") if by_column else values.reshape((groups, *inner))


def _argument(name: str, content: bytes) -> Any:
    """Return the argument of an opcode."""
    if "UNICODE" in name:
        return content.decode("utf-8", "surrogatepass")
    if name == "LONG4":
        return int.from_bytes(content, "little", signed=True)
    if name == "BINSTRING":
        return content.decode("latin-1")
    return bytearray(content) if name == "BYTEARRAY8" else content
