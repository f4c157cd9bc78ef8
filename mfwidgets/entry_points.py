"""Finds and imports the objects that installed packages name as entry points. See :mod:`mfwidgets.extensions`."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from mfwidgets.errors import ExtensionFailed, MetaflowException, warn
from mfwidgets.extensions import Group, T
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.redaction import redact

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

_PREFIX = "mfwidgets."
_OWN_PACKAGE = "mfwidgets"

R = TypeVar("R")


@fast_dataclass(frozen=True, slots=True)
class Extension(Generic[T]):
    """An object of an installed package.

    Attributes
    ----------
    label
        The package and the entry point, for messages.
    value
        The object.
    """

    label: str
    value: T

    def call(self, method: Callable[..., R], *arguments: object, expected: type = object) -> R | None:
        """Return what a method of the object returns. None after a warning if it fails or returns another type.

        Raises
        ------
        MetaflowException
            The package has a message for the user.
        """
        try:
            answer = method(*arguments)
        except MetaflowException:
            raise
        except Exception as error:  # noqa: BLE001 - a mistake of a package must not break what is shown
            # The text of the error is left out, because it can contain a key.
            self.fail(f"{_name(method)}() raises {type(error).__name__}{_place(error)}")
            return None
        if answer is not None and not isinstance(answer, expected):
            self.fail(f"{_name(method)}() returns {type(answer).__name__}, not {expected.__name__}")
            return None
        return answer

    def fail(self, reason: str) -> None:
        """Warn once about a mistake of the package."""
        _fail(self.label, reason)


def extensions(group: Group[T]) -> Iterator[Extension[T]]:
    """Yield the objects of a group: those of other packages in the order of ``sys.path``, then our own.

    The first call in a process reads the names of all installed packages (some 10 ms). What is yielded is imported
    then, and what fails is left out after one warning.
    """
    installed = _installed().get(group.name, {})
    for name in (*installed, *(name for name, _ in group.built_in if name not in installed)):
        loaded = extension(group, name)
        if loaded is not None:
            yield loaded


def extension(group: Group[T], name: str) -> Extension[T] | None:
    """Return the object of a group with this name, or None. A name that is not installed imports nothing."""
    entry = _entry(group, name)
    if entry is None:
        return None
    package, point = entry
    key = (group.name, name, package, point.value)
    if key not in _loaded:  # two threads may load the same object; Python imports its module once
        _loaded[key] = _load(group, f"{package} ({group.name}: {name})", point)
    return _loaded[key]


def package_of(group: Group[T], name: str) -> str:
    """Return the package whose entry point has this name. Empty if there is none. Imports nothing."""
    entry = _entry(group, name)
    return entry[0] if entry else ""


_loaded: dict[tuple[str, ...], Extension[Any] | None] = {}
_scan: tuple[object, dict[str, dict[str, tuple[str, "EntryPoint"]]]] = (None, {})
_failed: set[tuple[str, str]] = set()


def _entry(group: Group[T], name: str) -> "tuple[str, EntryPoint] | None":
    installed = _installed().get(group.name, {})
    if name in installed:
        return installed[name]
    value = dict(group.built_in).get(name)
    if value is None:
        return None
    from importlib.metadata import EntryPoint

    return _OWN_PACKAGE, EntryPoint(name, value, group.name)


def _installed() -> Mapping[str, dict[str, tuple[str, "EntryPoint"]]]:
    """Return the entry points of our groups, by group and name. Packages are searched again after an installation."""
    global _scan  # noqa: PLW0603 - what is installed is the same for the whole process
    state = tuple((path, _changed(path)) for path in sys.path)
    if _scan[0] != state:
        _scan = (state, _search())
    return _scan[1]


def _changed(path: str) -> int:
    try:
        return os.stat(path or os.curdir).st_mtime_ns  # noqa: PTH116 - faster, for each entry of sys.path
    except (OSError, ValueError, TypeError):
        return 0


def _search() -> dict[str, dict[str, tuple[str, "EntryPoint"]]]:
    from importlib.metadata import distributions

    found: dict[str, dict[str, tuple[str, EntryPoint]]] = {}
    for distribution in distributions():
        # The metadata of any package can be broken. That is not a reason to show nothing.
        with suppress(Exception):
            for point in distribution.entry_points:
                if point.group.startswith(_PREFIX):
                    package = _name_of(distribution)
                    found.setdefault(point.group, {}).setdefault(point.name, (package, point))
    return found


def _name_of(distribution: "Distribution") -> str:
    with suppress(Exception):
        return str(distribution.metadata["Name"] or "a package without a name")
    return "a package without a name"


def _load(group: Group[T], label: str, point: "EntryPoint") -> Extension[T] | None:
    try:
        value = point.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - importing a module can raise anything
        _fail(label, f"{point.value} cannot be imported: {type(error).__name__}: {redact(str(error)):.200}")
        return None
    missing = [method for method in group.methods if not callable(getattr(value, method, None))]
    if missing:
        _fail(label, f"{point.value} has no {missing[0]}()")
        return None
    return Extension(label, value)


def _name(method: object) -> str:
    return str(getattr(method, "__name__", type(method).__name__))


def _place(error: BaseException) -> str:
    """Return the innermost line of an error."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f" ({trace.tb_frame.f_code.co_filename}, line {trace.tb_lineno})" if trace else ""


def _fail(label: str, reason: str) -> None:
    """Warn once about a mistake of a package."""
    if (label, reason) in _failed:
        return
    _failed.add((label, reason))
    warn(
        f"The package {label} is left out: {reason}. Try another version of it, or uninstall it.",
        ExtensionFailed,
    )
