"""Reads pickles without running anything: a machine of our own follows their opcodes and makes plain values.

Python's unpickler calls what the pickle names, and its memory grows with numbers in it. Here nothing is imported or called
but a short list of makers of ours; whatever else a pickle names stays a description, :class:`ReducedCall`. Work and memory are
bounded by the length of the pickle and by :data:`MAX_OPCODES`.
"""

import pickletools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mfwidgets.errors import UnloadableArtifact
from mfwidgets.pickles.constructors import CONSTRUCTORS, PartialObject

MAX_OPCODES = 300_000
"""A moment's work; a list of so many numbers has more."""

_MAX_KEY_ITEMS = 1_000
"""Parts of a key of a dict or a set: tuples that hold one another many times over would take forever to hash."""


@dataclass(frozen=True, slots=True)
class GlobalRef:
    """A class or a function that a pickle names; nothing of it is imported."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(slots=True, eq=False)
class ReducedCall:
    """What a pickle would make by calling something.

    Attributes
    ----------
    of
        What would be called: :class:`GlobalRef`, as a rule.
    args, state, items
        What it would be given: in the call, by ``__setstate__``, and one by one into it.
    """

    of: Any
    args: Any
    state: Any = None
    items: list[Any] = field(default_factory=list)


def safe_loads(content: bytes) -> Any:
    """Turn a pickle of plain values into those: builtins, dates, numpy scalars and arrays, Metaflow's own objects.

    Safe for any bytes: nothing is imported or run that the pickle chooses.

    Raises
    ------
    UnloadableArtifact
        It holds anything else, is very long, or is no pickle.
    """
    value = describe_pickle(content)
    foreign = next(_foreign(value), None)
    if foreign is not None:
        described = _name_of(foreign)
        raise UnloadableArtifact(f"These bytes hold more than plain values: {described}.", described)
    return value


def describe_pickle(content: bytes) -> Any:
    """Turn a pickle into its value, in which :class:`ReducedCall` and :class:`GlobalRef` stand for what is no plain value.

    Raises
    ------
    UnloadableArtifact
        It is no pickle, or a very long one.
    """
    try:
        return _PickleVM().run(content)
    except UnloadableArtifact:
        raise
    except Exception as error:
        # Broken bytes can raise nearly anything: stacks underflow, numbers do not parse, lists cannot be hashed.
        raise UnloadableArtifact(f"These bytes are no pickle that can be read: {error!s:.100}.", "no pickle") from error


def _foreign(value: Any) -> Iterator[Any]:
    """Yield what is no plain value in it; each container is looked into once."""
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
    return f"an object of {foreign}" if isinstance(foreign, GlobalRef) else "an object that is not whole"


_MARK = object()


class _PickleVM:
    """The stack and the memo of one pickle."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.calls: dict[int, tuple[PartialObject, Any, Any]] = {}
        """Of what is unfinished, by its identity: itself, so that this stays its own, and what was called."""

    def run(self, content: bytes) -> Any:
        """Follow the opcodes to the last."""
        for number, (opcode, arg, _) in enumerate(pickletools.genops(content)):
            if number > MAX_OPCODES:
                raise _too_long()
            name = opcode.name
            if name == "STOP":
                return self.pop(1)[0]
            if name in _LITERALS:
                self.stack.append(arg)
            else:
                _STEPS[name](self, arg)
        raise UnloadableArtifact("These bytes are no pickle.", "no pickle")

    def since_mark(self) -> list[Any]:
        """Take what lies above the newest mark, and the mark."""
        place = len(self.stack) - 1
        while self.stack[place] is not _MARK:
            place -= 1
        items = self.stack[place + 1 :]
        del self.stack[place:]
        return items

    def memoize(self, index: int) -> None:
        """Put the top of the stack into the memo."""
        self.memo[index] = top = self.stack[-1]
        if isinstance(top, PartialObject):
            top.memo_indices.append(index)

    def pop(self, count: int) -> tuple[Any, ...]:
        """Take so many from the top, the deepest first."""
        items = tuple(self.stack[len(self.stack) - count :]) if count else ()
        if len(items) != count or any(item is _MARK for item in items):
            raise ValueError("the stack is too short")
        del self.stack[len(self.stack) - count :]
        return items

    def make(self, callee: Any, args: Any) -> None:
        """Make what a call would give: a plain value where a maker of ours is named, else its description."""
        maker = CONSTRUCTORS.get((callee.module, callee.name)) if isinstance(callee, GlobalRef) else None
        made = maker(*args) if maker and isinstance(args, tuple) and _is_small(args) else NotImplemented
        self.stack.append(ReducedCall(callee, args) if made is NotImplemented else made)
        if isinstance(made, PartialObject):
            self.calls[id(made)] = (made, callee, args)

    def build(self) -> None:
        """Give an object its state."""
        target, state = self.pop(2)
        if isinstance(target, PartialObject):
            memo_indices = target.memo_indices
            try:
                target = target.finish(state)
            except (TypeError, ValueError, LookupError):
                _, callee, args = self.calls[id(target)]
                target = ReducedCall(callee, args, state)
            self.memo.update(dict.fromkeys(memo_indices, target))
        elif isinstance(target, ReducedCall):
            target.state = state
        else:
            raise TypeError(f"{type(target).__name__} has no state")
        self.stack.append(target)

    def append(self, items: list[Any]) -> None:
        """Put items into the list below them."""
        target = self.stack[-1]
        (target.items if isinstance(target, ReducedCall) else _as(list, target)).extend(items)

    def update(self, pairs: list[Any]) -> None:
        """Put keys and values into the dict below them."""
        target = self.stack[-1]
        items = [(pairs[place], pairs[place + 1]) for place in range(0, len(pairs), 2)]
        if isinstance(target, ReducedCall):
            target.items.extend(items)
        else:
            _as(dict, target).update((_key(name), item) for name, item in items)

    def add(self, items: list[Any]) -> None:
        """Put items into the set below them."""
        target = self.stack[-1]
        if isinstance(target, ReducedCall):
            target.items.extend(items)
        else:
            _as(set, target).update(map(_key, items))


def _too_long() -> UnloadableArtifact:
    return UnloadableArtifact(f"These bytes hold more than {MAX_OPCODES:,} opcodes.", "very many parts")


def _as(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{type(value).__name__} is no {kind.__name__}")
    return value


def _key(value: Any) -> Any:
    """Return a value that can be hashed in little time."""
    if not _is_small(value):
        raise ValueError("a key is too large")
    return value


def _is_small(value: Any) -> bool:
    """Tell whether a value has few parts, counted as often as they are met."""
    unvisited, count = [value], 0
    while unvisited:
        part = unvisited.pop()
        count += 1
        if count > _MAX_KEY_ITEMS:
            return False
        if isinstance(part, tuple | frozenset):
            unvisited += list(part)[:_MAX_KEY_ITEMS]
    return True


def _frozen(items: list[Any]) -> frozenset[Any]:
    return frozenset(map(_key, items))


def _global(vm: _PickleVM, arg: str) -> None:
    module, _, name = arg.partition(" ")
    vm.stack.append(GlobalRef(module, name))


def _stack_global(vm: _PickleVM, _: None) -> None:
    module, name = vm.pop(2)
    vm.stack.append(GlobalRef(str(module), str(name)))


def _newobj_ex(vm: _PickleVM, _: None) -> None:
    callee, args, named = vm.pop(3)
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
"""Opcodes that push their argument: numbers, texts, bytes."""

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
    "FROZENSET": lambda vm, _: vm.stack.append(_frozen(vm.since_mark())),
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
"""What each opcode does; those that reach outside of the pickle (persistent ids, extensions, buffers) are not there."""


# -- True, False and None are recognised by the hash of their pickle, so that no byte of them is read -------------------

_VALUE_BY_HASH: dict[str, bool | None] = {
    "868436778cb011a1c6230bc12534683ab0b7f1c3": True,  # pickle protocol 4
    "69e77141c3eb7a8c9ce864251d70c02723f29332": True,  # pickle protocol 2
    "2473d4676d5b2aba674167293142f8031ada401b": False,
    "caa40ab420354941d2127f64360105b8548b8802": False,
    "dbc1aaddc8b7343d6d33b34edcf608b8f8801918": None,
    "f3627f46179fdd95bf0e83101840fd1d71b60e40": None,
}

KNOWN_HASHES = frozenset(_VALUE_BY_HASH)
"""The hashes that :func:`known_bool` knows; a rarer pickle protocol makes others."""


def is_none(sha: str) -> bool:
    """Tell whether this is the hash of the pickle of None."""
    return sha in KNOWN_HASHES and _VALUE_BY_HASH[sha] is None


def known_bool(sha: str) -> bool | None:
    """Return the value whose pickle has this hash; None also for any other hash."""
    return _VALUE_BY_HASH.get(sha)
