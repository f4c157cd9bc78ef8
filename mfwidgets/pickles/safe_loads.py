"""Reads pickles without running code: an interpreter of opcodes that constructs only plain values.

Python's unpickler calls every function that a pickle names. A pickle of a few bytes can make it allocate gigabytes. This
interpreter imports nothing and calls only our short list of constructors. Any other call is not made: it becomes a
:class:`ReducedCall` that describes it. A :class:`Budget` limits time and memory.
"""

import pickletools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mfwidgets.errors import DeadlineExceeded, UnloadableArtifact
from mfwidgets.pickles.budget import Budget, check_showable
from mfwidgets.pickles.constructors import CONSTRUCTORS, PartialObject


@dataclass(frozen=True, slots=True)
class GlobalRef:
    """The name of a class or function in a pickle. It is not imported."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(slots=True, eq=False)
class ReducedCall:
    """The description of an object that the pickle would construct by a call.

    Attributes
    ----------
    of
        The callable, usually a :class:`GlobalRef`.
    args, state, items
        The arguments of the call, the argument of ``__setstate__``, and the items that the pickle
        appends or sets.
    """

    of: Any
    args: Any
    state: Any = None
    items: list[Any] = field(default_factory=list)


def safe_loads(content: bytes) -> Any:
    """Return the value of a pickle of plain values: builtins, dates, numpy scalars and arrays, Metaflow's own objects.

    This is safe for any bytes: it imports and runs nothing that the pickle names.

    Raises
    ------
    UnloadableArtifact
        The pickle has other values, has too many opcodes, or is not a pickle.
    """
    value = describe_pickle(content)
    foreign = next(_foreign(value), None)
    if foreign is not None:
        described = _name_of(foreign)
        raise UnloadableArtifact(f"Expected only plain values in the pickle, got {described}.", described)
    return value


def describe_pickle(content: bytes) -> Any:
    """Return the value of a pickle. Parts that are not plain become :class:`ReducedCall` or :class:`GlobalRef`.

    Raises
    ------
    UnloadableArtifact
        The bytes are not a pickle, the pickle costs more than its :class:`Budget`, or its value cannot be shown.
    DeadlineExceeded
        Nobody waits for the value any more.
    """
    try:
        value = _PickleVM(Budget(len(content))).run(content)
        check_showable(value, _parts)
    except (UnloadableArtifact, DeadlineExceeded):
        raise
    except Exception as error:
        # Broken bytes can cause nearly any error: an empty stack, an invalid number, an unhashable list.
        raise UnloadableArtifact(f"Expected a valid pickle, got an error: {error!s:.100}.", "not a pickle") from error
    return value


def _parts(value: Any) -> list[Any]:
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    if isinstance(value, dict):
        return [*value, *value.values()]
    return [value.of, value.args, value.state, value.items] if isinstance(value, ReducedCall) else []


def _foreign(value: Any) -> Iterator[Any]:
    """Yield the parts of a value that are not plain. Each container is visited once."""
    seen: set[int] = set()
    unvisited = [value]
    while unvisited:
        part = unvisited.pop()
        if isinstance(part, ReducedCall | GlobalRef | PartialObject):
            yield part
        elif isinstance(part, list | tuple | set | frozenset | dict) and id(part) not in seen:
            seen.add(id(part))
            unvisited += part
            if isinstance(part, dict):
                unvisited += part.values()


def _name_of(foreign: Any) -> str:
    while isinstance(foreign, ReducedCall):
        foreign = foreign.of
    return f"an object of {foreign}" if isinstance(foreign, GlobalRef) else "an incomplete object"


_MARK = object()

_COUNTED = 1_000
"""Opcodes are counted this many at a time."""


class _PickleVM:
    """The stack and the memo of one pickle."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.calls: dict[int, tuple[PartialObject, Any, Any]] = {}
        """Incomplete objects by their id(), each with its call. The reference keeps the id valid."""

    def run(self, content: bytes) -> Any:
        """Run all opcodes and return the value."""
        for number, (opcode, arg, _) in enumerate(pickletools.genops(content)):
            if not number % _COUNTED:
                self.budget.opcodes(_COUNTED)
            name = opcode.name
            if name == "STOP":
                return self.pop(1)[0]
            if name in _LITERALS:
                self.stack.append(arg)
            else:
                _STEPS[name](self, arg)
        raise UnloadableArtifact("Expected a pickle, got bytes without a STOP opcode.", "not a pickle")

    def since_mark(self) -> list[Any]:
        """Pop the items above the topmost mark, and the mark."""
        place = len(self.stack) - 1
        while self.stack[place] is not _MARK:
            place -= 1
        items = self.stack[place + 1 :]
        self.budget.items(len(items))
        del self.stack[place:]
        return items

    def memoize(self, index: int) -> None:
        """Store the top of the stack in the memo."""
        self.memo[index] = top = self.stack[-1]
        if isinstance(top, PartialObject):
            top.memo_indices.append(index)

    def pop(self, count: int) -> tuple[Any, ...]:
        """Pop ``count`` items, and return them in the order in which they were pushed."""
        items = tuple(self.stack[len(self.stack) - count :]) if count else ()
        if len(items) != count or any(item is _MARK for item in items):
            raise ValueError("the stack is too short")
        del self.stack[len(self.stack) - count :]
        return items

    def make(self, callee: Any, args: Any) -> None:
        """Push the result of a call: a plain value if there is a constructor for it, else a description."""
        constructor = CONSTRUCTORS.get((callee.module, callee.name)) if isinstance(callee, GlobalRef) else None
        is_small = constructor is not None and isinstance(args, tuple) and self.budget.call(args)
        value = constructor(*args) if constructor and is_small else NotImplemented
        self.stack.append(ReducedCall(callee, args) if value is NotImplemented else value)
        if isinstance(value, PartialObject):
            self.calls[id(value)] = (value, callee, args)

    def build(self) -> None:
        """Set the state of an object."""
        target, state = self.pop(2)
        if isinstance(target, PartialObject):
            memo_indices = target.memo_indices
            self.budget.keys(len(memo_indices))
            self.budget.call(state)
            try:
                target = target.finish(state)
            except Exception:  # noqa: BLE001 - numpy raises nearly any error for a strange state
                _, callee, args = self.calls[id(target)]
                target = ReducedCall(callee, args, state)
            self.memo.update(dict.fromkeys(memo_indices, target))
        elif isinstance(target, ReducedCall):
            target.state = state
        else:
            raise TypeError(f"{type(target).__name__} has no state")
        self.stack.append(target)

    def append(self, items: list[Any]) -> None:
        """Add items to the list below them."""
        target = self.stack[-1]
        self.budget.items(len(items))
        (target.items if isinstance(target, ReducedCall) else _as(list, target)).extend(items)

    def update(self, pairs: list[Any]) -> None:
        """Add keys and values to the dict below them."""
        target = self.stack[-1]
        items = [(pairs[place], pairs[place + 1]) for place in range(0, len(pairs), 2)]
        self.budget.keys(len(items))
        if isinstance(target, ReducedCall):
            target.items.extend(items)
        else:
            _as(dict, target).update((self.budget.key(target, name), item) for name, item in items)

    def add(self, items: list[Any]) -> None:
        """Add items to the set below them."""
        target = self.stack[-1]
        if isinstance(target, ReducedCall):
            target.items.extend(items)
        else:
            self.budget.keys(len(items))
            _as(set, target).update(self.budget.key(target, item) for item in items)


def _as(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{type(value).__name__} is not a {kind.__name__}")
    return value


def _frozenset(vm: _PickleVM, _: None) -> None:
    items = vm.since_mark()
    vm.budget.keys(len(items))
    vm.stack.append(frozenset(vm.budget.key(items, item) for item in items))


def _global(vm: _PickleVM, arg: str) -> None:
    module, _, name = arg.partition(" ")
    vm.stack.append(GlobalRef(module, name))


def _stack_global(vm: _PickleVM, _: None) -> None:
    module, name = vm.pop(2)
    vm.stack.append(GlobalRef(_as(str, module), _as(str, name)))


def _newobj_ex(vm: _PickleVM, _: None) -> None:
    callee, args, named = vm.pop(3)
    vm.budget.items(len(args))
    vm.make(callee, (*args, named) if named else args)


def _inst(vm: _PickleVM, arg: str) -> None:
    module, _, name = arg.partition(" ")
    vm.make(GlobalRef(module, name), tuple(vm.since_mark()))


def _obj(vm: _PickleVM, _: None) -> None:
    callee, *args = vm.since_mark()
    vm.make(callee, tuple(args))


def _dict(vm: _PickleVM, _: None) -> None:
    pairs = vm.since_mark()
    vm.stack.append({})
    vm.update(pairs)


_LITERALS = frozenset(
    opcode.name
    for opcode in pickletools.opcodes
    if not opcode.stack_before and opcode.arg is not None and len(opcode.stack_after) == 1 and opcode.name not in
    {"GLOBAL", "GET", "BINGET", "LONG_BINGET", "PERSID", "EXT1", "EXT2", "EXT4"}
)  # fmt: skip
"""Opcodes that push their argument: numbers, strings, bytes."""

_STEPS: dict[str, Callable[[_PickleVM, Any], Any]] = {
    "PROTO": lambda *_: None,
    "FRAME": lambda *_: None,
    "NONE": lambda vm, _: vm.stack.append(None),
    "NEWTRUE": lambda vm, _: vm.stack.append(True),
    "NEWFALSE": lambda vm, _: vm.stack.append(False),
    "EMPTY_LIST": lambda vm, _: vm.stack.append([]),
    "EMPTY_TUPLE": lambda vm, _: vm.stack.append(()),
    "EMPTY_DICT": lambda vm, _: vm.stack.append({}),
    "EMPTY_SET": lambda vm, _: vm.stack.append(set()),
    "LIST": lambda vm, _: vm.stack.append(vm.since_mark()),
    "TUPLE": lambda vm, _: vm.stack.append(tuple(vm.since_mark())),
    "TUPLE1": lambda vm, _: vm.stack.append(vm.pop(1)),
    "TUPLE2": lambda vm, _: vm.stack.append(vm.pop(2)),
    "TUPLE3": lambda vm, _: vm.stack.append(vm.pop(3)),
    "DICT": _dict,
    "FROZENSET": _frozenset,
    "APPEND": lambda vm, _: vm.append(list(vm.pop(1))),
    "APPENDS": lambda vm, _: vm.append(vm.since_mark()),
    "SETITEM": lambda vm, _: vm.update(list(vm.pop(2))),
    "SETITEMS": lambda vm, _: vm.update(vm.since_mark()),
    "ADDITEMS": lambda vm, _: vm.add(vm.since_mark()),
    "POP": lambda vm, _: vm.stack.pop(),
    "POP_MARK": lambda vm, _: vm.since_mark(),
    "DUP": lambda vm, _: vm.stack.append(vm.stack[-1]),
    "MARK": lambda vm, _: vm.stack.append(_MARK),
    "GET": lambda vm, arg: vm.stack.append(vm.memo[arg]),
    "BINGET": lambda vm, arg: vm.stack.append(vm.memo[arg]),
    "LONG_BINGET": lambda vm, arg: vm.stack.append(vm.memo[arg]),
    "PUT": lambda vm, arg: vm.memoize(arg),
    "BINPUT": lambda vm, arg: vm.memoize(arg),
    "LONG_BINPUT": lambda vm, arg: vm.memoize(arg),
    "MEMOIZE": lambda vm, _: vm.memoize(len(vm.memo)),
    "GLOBAL": _global,
    "STACK_GLOBAL": _stack_global,
    "REDUCE": lambda vm, _: vm.make(*vm.pop(2)),
    "NEWOBJ": lambda vm, _: vm.make(*vm.pop(2)),
    "NEWOBJ_EX": _newobj_ex,
    "INST": _inst,
    "OBJ": _obj,
    "BUILD": lambda vm, _: vm.build(),
}
"""The function of each opcode. Opcodes that reach outside of the pickle (persistent ids, extensions, buffers) are missing."""


# -- True, False and None are recognised by the hashes of their pickles, without reading the blobs ----------------------

_VALUE_BY_HASH: dict[str, bool | None] = {
    "868436778cb011a1c6230bc12534683ab0b7f1c3": True,  # pickle protocol 4
    "69e77141c3eb7a8c9ce864251d70c02723f29332": True,  # pickle protocol 2
    "2473d4676d5b2aba674167293142f8031ada401b": False,
    "caa40ab420354941d2127f64360105b8548b8802": False,
    "dbc1aaddc8b7343d6d33b34edcf608b8f8801918": None,
    "f3627f46179fdd95bf0e83101840fd1d71b60e40": None,
}

KNOWN_HASHES = frozenset(_VALUE_BY_HASH)
"""The hashes of the pickles of True, False and None. Pickles of protocols that Metaflow does not use are missing."""


def is_none(sha: str) -> bool:
    """Return whether this is the hash of the pickle of None."""
    return sha in KNOWN_HASHES and _VALUE_BY_HASH[sha] is None


def known_bool(sha: str) -> bool | None:
    """Return the bool whose pickle has this hash. Return None for None and for any other hash."""
    return _VALUE_BY_HASH.get(sha)
