"""Dataclasses that are made in a tenth of the time, and whose objects are made in a fifth.

The first display of a process imports 160 of these classes and makes objects of half of them. ``dataclasses`` compiles the
methods of each class from text, which is 90 % of the time of making it. Here a method is compiled on its first use.

Python takes five times as long to make an object of a frozen dataclass as one of any other. A table of runs is made of
thousands of them. mypy finds code that changes one, so Python need not check it again.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

__all__ = ["fast_dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass as fast_dataclass
else:
    from dataclasses import dataclass

    def fast_dataclass(*, frozen: bool, slots: bool) -> Callable[[type], type]:
        """Return a decorator for a class. A frozen one is hashed by its fields, as by ``dataclass(frozen=True)``."""
        methods = ("__init__", "__repr__", "__eq__", "__hash__")

        def decorate(cls: type) -> type:
            body = {name: value for name, value in vars(cls).items() if name not in ("__dict__", "__weakref__")}
            if not cls.__doc__:
                cls.__doc__ = cls.__name__  # else dataclass() takes the time to write a signature
            made = dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
            for method in methods if frozen else methods[:3]:
                if body.get(method) is None:  # Python sets __hash__ to None if there is an __eq__
                    setattr(made, method, _CompiledOnFirstUse(made, method, body))
            if not frozen and "__hash__" not in body:
                made.__hash__ = None
            return made

        return decorate


class _CompiledOnFirstUse:
    """A method of a dataclass. The first use replaces it by the method that ``dataclasses`` compiles.

    Parameters
    ----------
    owner
        The class.
    name
        The name of the method.
    body
        The names in the body of the class, with the defaults of its fields.
    """

    def __init__(self, owner: type, name: str, body: dict[str, Any]) -> None:
        self._owner, self._name, self._body = owner, name, body

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        """Return the compiled method, bound to the instance if there is one."""
        from dataclasses import dataclass

        name = self._name
        # A class like the owner gets the method. Another method with this name would not be replaced.
        body = {key: value for key, value in self._body.items() if key != name} | {"__slots__": ()}
        twin: type = type(self._owner)(self._owner.__name__, self._owner.__bases__, body)
        is_hash = name == "__hash__"
        dataclass(
            init=name == "__init__", repr=name == "__repr__", eq=is_hash or name == "__eq__", unsafe_hash=is_hash
        )(twin)
        method = vars(twin)[name]
        method.__qualname__ = f"{self._owner.__qualname__}.{name}"
        setattr(self._owner, name, method)
        return method.__get__(instance, owner)
