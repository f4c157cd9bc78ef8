"""The machine that interprets the opcodes of a pickle. It imports nothing, and calls only our own constructors."""

import pickletools
import sys
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from mfwidgets.errors import UnloadableArtifact
from mfwidgets.pickles.budget import Budget
from mfwidgets.pickles.constructors import CONSTRUCTORS
from mfwidgets.pickles.described import MAX_NAME_CHARS, GlobalRef, PartialObject, ReducedCall

_MARK = object()

_OBJECT = frozenset(("builtins.object", "__builtin__.object"))

_COUNTED = 1_000
"""Opcodes are counted this many at a time."""


class PickleMachine:
    """The stack and the memo of one pickle.

    Parameters
    ----------
    budget
        Limits what it costs.
    constructors
        The constructors by the module and the name in the pickle. Any other call is only described.
    """

    def __init__(
        self, budget: Budget, constructors: Mapping[tuple[str, str], Callable[..., Any]] = CONSTRUCTORS
    ) -> None:
        self.budget = budget
        self.constructors = constructors
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.calls: dict[int, tuple[PartialObject, Any, Any]] = {}
        """Incomplete objects by their id(), each with its call. The reference keeps the id valid."""

    def run(self, content: bytes) -> Any:
        """Run all opcodes and return the value."""
        return self.run_opcodes((opcode.name, arg) for opcode, arg, _ in pickletools.genops(content))

    def run_opcodes(self, opcodes: Iterable[tuple[str, Any]]) -> Any:
        """Run opcodes, each a name and an argument, and return the value."""
        for number, (name, arg) in enumerate(opcodes):
            if not number % _COUNTED:
                self.budget.opcodes(_COUNTED)
            if name == "STOP":
                return self.pop(1)[0]
            if name in _LITERALS:
                self.stack.append(arg)
            else:
                self.budget.result(name)
                _STEPS[name](self, arg)
        raise UnloadableArtifact("Expected a pickle, got bytes without a STOP opcode.", "not a pickle")

    def unfinished(self) -> Any:
        """Return the value as far as the opcodes went: collections with their first items, and objects with what is known.

        It only guesses what the next opcodes would do, so it is good for a display only.
        """
        while _MARK in self.stack:
            items = _joined(self.since_mark(), self.calls)
            below = self.stack[-1] if self.stack else None
            if isinstance(below, list | deque):
                below.extend(items)
            elif isinstance(below, dict):
                self.update(items[: len(items) // 2 * 2])
            elif isinstance(below, set):
                self.add(items)
            else:
                self.stack.append(tuple(items))
        return _joined(self.stack, self.calls)[0]

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

    def make(self, callee: Any, args: Any, named: Any = None) -> None:
        """Push the result of a call: a plain value if there is a constructor for it, else a description."""
        callee, args = _class_and_arguments(callee, _as(tuple, args))
        constructor = self.constructors.get((callee.module, callee.name)) if isinstance(callee, GlobalRef) else None
        value: Any = NotImplemented
        if constructor and not named and self.budget.copy(args):
            with suppress(Exception):  # constructors of dates and of numpy raise nearly any error for strange arguments
                value = constructor(*args)
        if value is NotImplemented:
            value = ReducedCall(callee, args, named=_as(dict, named) if named else {})
        elif isinstance(value, PartialObject):
            self.calls[id(value)] = (value, callee, args)
        else:
            self.budget.spend(sys.getsizeof(value))
        self.stack.append(value)

    def build(self) -> None:
        """Set the state of an object."""
        target, state = self.pop(2)
        if isinstance(target, PartialObject):
            memo_indices = target.memo_indices
            self.budget.keys(len(memo_indices))
            _, callee, args = self.calls[id(target)]
            finished: Any = ReducedCall(callee, args, state)
            if self.budget.copy(state):
                with suppress(Exception):  # numpy raises nearly any error for a strange state
                    finished = target.finish(state)
            target = finished
            self.memo.update(dict.fromkeys(memo_indices, target))
        elif isinstance(target, ReducedCall):
            target.state = state
        elif isinstance(target, OrderedDict):
            pass  # torch sets attributes on the dicts of its weights; their content is complete without them
        else:
            raise TypeError(f"{type(target).__name__} has no state")
        self.stack.append(target)

    def append(self, items: list[Any]) -> None:
        """Add items to the list below them."""
        target = self.stack[-1]
        self.budget.items(len(items))
        (target.items if isinstance(target, ReducedCall) else _as(list | deque, target)).extend(items)

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


def _joined(items: list[Any], calls: Mapping[int, tuple[PartialObject, Any, Any]]) -> list[Any]:
    """Return items, with each class or object at their end joined with what follows it: its arguments or its state."""
    joined = list(items)
    while len(joined) > 1:
        holder, part = joined[-2:]
        if isinstance(holder, GlobalRef):
            joined[-2:] = [ReducedCall(holder, part if isinstance(part, tuple) else (part,))]
        elif isinstance(holder, PartialObject):
            joined[-2:] = [_finished(holder, part, calls)]
        elif isinstance(holder, ReducedCall) and isinstance(part, dict | tuple):
            holder.state = part
            del joined[-1]
        else:
            break
    return joined


def _finished(target: PartialObject, state: Any, calls: Mapping[int, tuple[PartialObject, Any, Any]]) -> Any:
    """Return an object from its state. Return its description if the state is incomplete."""
    with suppress(Exception):  # numpy raises nearly any error for a strange state
        return target.finish(state)
    _, callee, args = calls[id(target)]
    return ReducedCall(callee, args, state)


def _as(kind: Any, value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{type(value).__name__} is not a {kind}")
    return value


def _class_and_arguments(callee: Any, args: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """Return the class itself and its arguments, if the pickle calls one of the helpers of ``copyreg``."""
    if not args or not isinstance(callee, GlobalRef) or callee.module not in ("copyreg", "copy_reg"):
        return callee, args
    if callee.name == "_reconstructor" and len(args) > 1 and isinstance(args[1], GlobalRef) and str(args[1]) in _OBJECT:
        return args[0], ()
    return (args[0], args[1:]) if callee.name == "__newobj__" else (callee, args)


def _frozenset(machine: PickleMachine, _: None) -> None:
    items = machine.since_mark()
    machine.budget.keys(len(items))
    machine.stack.append(frozenset(machine.budget.key(items, item) for item in items))


def _ref(module: Any, name: Any) -> GlobalRef:
    if len(_as(str, module)) + len(_as(str, name)) > MAX_NAME_CHARS:
        raise UnloadableArtifact("A name in the pickle is too long.", "too long a name")
    return GlobalRef(module, name)


def _global(machine: PickleMachine, arg: str) -> None:
    module, _, name = arg.partition(" ")
    machine.stack.append(_ref(module, name))


def _stack_global(machine: PickleMachine, _: None) -> None:
    machine.stack.append(_ref(*machine.pop(2)))


def _inst(machine: PickleMachine, arg: str) -> None:
    module, _, name = arg.partition(" ")
    machine.make(_ref(module, name), tuple(machine.since_mark()))


def _obj(machine: PickleMachine, _: None) -> None:
    callee, *args = machine.since_mark()
    machine.make(callee, tuple(args))


def _dict(machine: PickleMachine, _: None) -> None:
    pairs = machine.since_mark()
    machine.stack.append({})
    machine.update(pairs)


_LITERALS = frozenset(
    opcode.name
    for opcode in pickletools.opcodes
    if not opcode.stack_before and opcode.arg is not None and len(opcode.stack_after) == 1 and opcode.name not in
    {"GLOBAL", "GET", "BINGET", "LONG_BINGET", "PERSID", "EXT1", "EXT2", "EXT4"}
)  # fmt: skip
"""Opcodes that push their argument: numbers, strings, bytes."""

_STEPS: dict[str, Callable[[PickleMachine, Any], Any]] = {
    "PROTO": lambda *_: None,
    "FRAME": lambda *_: None,
    "NONE": lambda machine, _: machine.stack.append(None),
    "NEWTRUE": lambda machine, _: machine.stack.append(True),
    "NEWFALSE": lambda machine, _: machine.stack.append(False),
    "EMPTY_LIST": lambda machine, _: machine.stack.append([]),
    "EMPTY_TUPLE": lambda machine, _: machine.stack.append(()),
    "EMPTY_DICT": lambda machine, _: machine.stack.append({}),
    "EMPTY_SET": lambda machine, _: machine.stack.append(set()),
    "LIST": lambda machine, _: machine.stack.append(machine.since_mark()),
    "TUPLE": lambda machine, _: machine.stack.append(tuple(machine.since_mark())),
    "TUPLE1": lambda machine, _: machine.stack.append(machine.pop(1)),
    "TUPLE2": lambda machine, _: machine.stack.append(machine.pop(2)),
    "TUPLE3": lambda machine, _: machine.stack.append(machine.pop(3)),
    "DICT": _dict,
    "FROZENSET": _frozenset,
    "APPEND": lambda machine, _: machine.append(list(machine.pop(1))),
    "APPENDS": lambda machine, _: machine.append(machine.since_mark()),
    "SETITEM": lambda machine, _: machine.update(list(machine.pop(2))),
    "SETITEMS": lambda machine, _: machine.update(machine.since_mark()),
    "ADDITEMS": lambda machine, _: machine.add(machine.since_mark()),
    "POP": lambda machine, _: machine.stack.pop(),
    "POP_MARK": lambda machine, _: machine.since_mark(),
    "DUP": lambda machine, _: machine.stack.append(machine.stack[-1]),
    "MARK": lambda machine, _: machine.stack.append(_MARK),
    "GET": lambda machine, arg: machine.stack.append(machine.memo[arg]),
    "BINGET": lambda machine, arg: machine.stack.append(machine.memo[arg]),
    "LONG_BINGET": lambda machine, arg: machine.stack.append(machine.memo[arg]),
    "PUT": lambda machine, arg: machine.memoize(arg),
    "BINPUT": lambda machine, arg: machine.memoize(arg),
    "LONG_BINPUT": lambda machine, arg: machine.memoize(arg),
    "MEMOIZE": lambda machine, _: machine.memoize(len(machine.memo)),
    "GLOBAL": _global,
    "STACK_GLOBAL": _stack_global,
    "REDUCE": lambda machine, _: machine.make(*machine.pop(2)),
    "NEWOBJ": lambda machine, _: machine.make(*machine.pop(2)),
    "NEWOBJ_EX": lambda machine, _: machine.make(*machine.pop(3)),
    "INST": _inst,
    "OBJ": _obj,
    "BUILD": lambda machine, _: machine.build(),
}
"""The function of each opcode. Opcodes that reach outside of the pickle (persistent ids, extensions, buffers) are missing."""
