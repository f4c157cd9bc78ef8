"""The base class of all client objects: pathspec, context, tags and children."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import datetime
from importlib import import_module
from numbers import Real
from typing import Any, ClassVar, Self, cast

from mfwidgets.code_lines import is_plain
from mfwidgets.display import Explorable
from mfwidgets.errors import MetaflowNamespaceMismatch, MetaflowNotFound, NoSuchChild
from mfwidgets.hidden_characters import visible
from mfwidgets.pathspec import PathComponents, kind_of, parse, parse_alias, short
from mfwidgets.pickles.metaflow_types import client_state
from mfwidgets.providers.records import FlowRecord, RunRecord
from mfwidgets.queries.context import ClientContext, current_context
from mfwidgets.queries.lineage.graph import MAX_ATTEMPTS
from mfwidgets.queries.namespaces import namespaces_of
from mfwidgets.queries.stored_objects import context_of_stored
from mfwidgets.safe_repr import repr_of
from mfwidgets.times import local_datetime

_CLASSES: dict[str, "type[MetaflowObject]"] = {}


class MetaflowObject(Explorable, ABC):
    """A flow, run, step, task or artifact.

    Two objects are equal, and have the same hash, if they have the same class, provider, pathspec and attempt.

    Constructing an object costs one request for the object and one for its run.

    Parameters
    ----------
    pathspec
        The address of the object, such as ``HelloFlow/2`` for a run.
    attempt
        The number of an attempt, from 0, for tasks and artifacts only. None means the newest attempt.

    Raises
    ------
    MetaflowInvalidPathspec
        The pathspec has the wrong form.
    MetaflowNotFound
        The object does not exist.
    MetaflowNamespaceMismatch
        The object is not in the current namespace.
    """

    _kind: ClassVar[str]
    _context: ClientContext
    _record: Any
    _attempt: int | None

    def __init_subclass__(cls, *, kind: str | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        if kind is not None:  # a subclass of a user has the kind of its base, and changes nothing else
            cls._kind = kind
            _CLASSES[kind] = cls

    def __init__(self, pathspec: str | None = None, attempt: int | None = None) -> None:
        path = parse(pathspec, self._kind)
        self._context = current_context()
        self._attempt = check_attempt(attempt, self._kind)
        self._load(path)

    @classmethod
    def _in_context(cls, context: ClientContext, path: PathComponents, attempt: int | None = None) -> Self:
        """Load an object in a context other than the current one. Raises what the constructor raises."""
        instance = cls.__new__(cls)
        instance._context = context
        instance._attempt = check_attempt(attempt, cls._kind)
        instance._load(path)
        return instance

    @classmethod
    def _of(cls, context: ClientContext, record: Any, attempt: int | None = None) -> Self:
        """Make an object from a record that is already loaded. Nothing is fetched or checked."""
        instance = cls.__new__(cls)
        instance._context = context
        instance._attempt = attempt
        instance._record = record
        return instance

    def _load(self, path: PathComponents) -> None:
        run = self._find_run(path)
        record = self._find(run, path)
        if record is None:
            raise self._not_found(path)
        self._record = record
        if run and not self._context.includes(run):
            raise _not_in_namespace(self, run)

    def _find_run(self, path: PathComponents) -> RunRecord | None:
        run = self._context.provider.run(*path[:2]) if len(path) > 1 else None
        if run is None and len(path) > 1:
            raise self._not_found(path)
        return run

    @abstractmethod
    def _find(self, run: Any, path: PathComponents) -> Any:
        """Return the record at ``path``, or None."""

    def _not_found(self, path: PathComponents) -> MetaflowNotFound:
        """Return the error for an object that does not exist. It suggests similar objects that exist."""
        pathspec = "/".join(path)
        message = f"{type(self).__name__}({short(repr(pathspec))}) does not exist in {self._context.provider.selector}."
        hint, suggestions = _nearest_existing(self._context, path)
        return MetaflowNotFound(f"{message} {hint}" if hint else message, pathspec=pathspec, suggestions=suggestions)

    # -- place in the tree ------------------------------------------------------------------------------------------

    @property
    def path_components(self) -> list[str]:
        """The parts of the pathspec."""
        return list(self._record.path)

    @property
    def pathspec(self) -> str:
        """The pathspec, such as ``HelloFlow/2``. It does not contain the attempt."""
        return "/".join(self._record.path)

    @property
    def id(self) -> str:
        """The last part of the pathspec."""
        return str(self._record.path[-1])

    @property
    def parent(self) -> "MetaflowObject | None":
        """The object one level up, in any namespace. None for a flow. Costs one to three requests."""
        path = self._record.path[:-1]
        if not path:
            return None
        attempt = self._attempt if self._kind == "artifact" else None
        parent = class_of(kind_of(path))._in_context(self._context.in_all_namespaces(), path, attempt)
        parent._context = self._context
        return parent

    # -- tags and times ---------------------------------------------------------------------------------------------

    @abstractmethod
    def _run_record(self) -> RunRecord | None:
        """Return the record of the object's run, or None for a flow."""

    def _tagged_record(self) -> RunRecord | FlowRecord | None:
        """Return the record with the object's tags: that of its run."""
        return self._run_record()

    @property
    def tags(self) -> frozenset[str]:
        """The user tags and system tags of the run. A flow has tags only if Metaflow before 2.4 made it.

        Steps, tasks and artifacts have the tags of their run. Costs one request for an artifact and none otherwise.
        """
        record = self._tagged_record()
        return record.tags if record else frozenset()

    @property
    def user_tags(self) -> frozenset[str]:
        """The tags that users gave the run. Costs one request for an artifact and none otherwise.

        Examples
        --------
        >>> sorted(Run("ForecastFlow/1795378919475034").user_tags)
        ['experiment:alpha', 'repaired']
        """
        record = self._tagged_record()
        return record.user_tags if record else frozenset()

    @property
    def system_tags(self) -> frozenset[str]:
        """The tags that Metaflow gave the run. Costs one request for an artifact and none otherwise.

        Examples
        --------
        >>> sorted(Run("HelloFlow/1795378926761243").system_tags)
        ['metaflow_version:...', 'python_version:...', 'runtime:dev', 'user:ann']
        """
        record = self._tagged_record()
        return record.system_tags if record else frozenset()

    @property
    def created_at(self) -> datetime:
        """The time when the object was registered, in naive local time as in Metaflow's client."""
        return local_datetime(self._record.created_ms)

    def is_in_namespace(self) -> bool:
        """Return whether the object is in the current namespace.

        Returns
        -------
        bool
            For a flow: whether any of its runs is in the namespace. Costs at most one request.
        """
        run = self._run_record()
        return current_context().includes(run) if run else True

    # -- children ---------------------------------------------------------------------------------------------------

    @abstractmethod
    def _child(self, name: str) -> "MetaflowObject | None":
        """Return the child with this name, or None."""

    @abstractmethod
    def _child_names(self) -> list[str]:
        """Return the names of the children, newest first, without private ones."""

    def __getitem__(self, name: str) -> "MetaflowObject":
        child = self._child(name) if isinstance(name, str) else None
        if child is None:
            kind = kind_of((*self._record.path, ""))
            hint, names = suggest(str(name), self._child_names())
            raise NoSuchChild(
                f"{self!r} has no {kind} {short(repr_of(name))}.{hint}",
                pathspec=f"{self.pathspec}/{name}",
                suggestions=[f"{self.pathspec}/{other}" for other in names],
            )
        return child

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._child(name) is not None

    def _ipython_key_completions_(self) -> list[str]:
        """Return keys of ``self[...]`` that can be inserted into a string. IPython calls this on Tab."""
        return list(filter(is_plain, self._child_names()))

    # -- pickling ---------------------------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """Pickle the address of the object, not its record."""
        return {"scope": self._context, "path": self._record.path, "attempt": self._attempt}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Load the object again, from the provider and namespace that it was made with.

        Raises
        ------
        MetaflowNotFound
            The object does not exist.
        MetaflowNamespaceMismatch
            The object is not in the namespace.
        """
        if "scope" in state:
            self._context, self._attempt = state["scope"], state["attempt"]
            self._load(tuple(state["path"]))
            return
        theirs = client_state(state)  # an object of Metaflow's client, and metaflow is missing
        self._context, self._attempt = context_of_stored(theirs), check_attempt(theirs.attempt, self._kind)
        self._load(parse(theirs.pathspec, self._kind))

    # -- identity ---------------------------------------------------------------------------------------------------

    def _identity(self) -> tuple[object, ...]:
        return (self._kind, self._context.provider.address, self._record.path, self._attempt)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MetaflowObject) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def __repr__(self) -> str:
        attempt = "" if self._attempt is None else f", attempt={self._attempt}"
        return visible(f"{type(self).__name__}({self.pathspec!r}{attempt})")


def class_of(kind: str) -> "type[MetaflowObject]":
    """Return the class of a kind of object.

    The module is imported on first use, because the modules of the classes would import each other in a circle.
    """
    if kind not in _CLASSES:
        import_module(f"mfwidgets.client.{kind}")
    return _CLASSES[kind]


def check_attempt(attempt: object, kind: str) -> int | None:
    """Return the attempt as an int, or None for the newest attempt.

    Raises
    ------
    MetaflowNotFound
        The attempt is not a number from 0 to 5, or this kind of object has no attempts.
    """
    if attempt is None:
        return None
    if kind not in ("task", "artifact"):
        raise MetaflowNotFound(
            f"A {kind} has no attempts. Only tasks and artifacts have them. Try leaving attempt= out."
        )
    if isinstance(attempt, Real | str) and not isinstance(attempt, bool):  # numbers of numpy are Real, too
        try:
            number = int(cast("float | str", attempt))
        except (ValueError, OverflowError):
            number = -1
        if 0 <= number < MAX_ATTEMPTS:
            return number
    raise MetaflowNotFound(
        f"Expected attempt= to be a number from 0 to {MAX_ATTEMPTS - 1} or None, got {repr_of(attempt, 40)}."
    )


def _not_in_namespace(hidden: MetaflowObject, run: RunRecord) -> MetaflowNamespaceMismatch:
    namespaces = namespaces_of(run)
    there = f"It is in {' and '.join(repr(name) for name in namespaces)}: switch" if namespaces else "Switch"
    example = repr(namespaces[0]) if namespaces else "None"
    return MetaflowNamespaceMismatch(
        f"{hidden!r} is not in the namespace '{hidden._context.namespace}'. {there} with namespace({example}), "
        "or see all runs with namespace(None).",
        pathspec=hidden.pathspec,
        suggestions=namespaces,
    )


def _nearest_existing(context: ClientContext, path: PathComponents) -> tuple[str, list[str]]:
    """Return a sentence about the deepest existing ancestor, and the pathspecs of its children with similar names."""
    for depth in range(1, len(path)):
        above = path[:depth]
        try:
            ancestor = class_of(kind_of(above))._in_context(context.in_all_namespaces(), above)
        except MetaflowNotFound:
            continue
        if ancestor._child(path[depth]) is None:
            kind = kind_of(path[: depth + 1])
            hint, names = suggest(path[depth], ancestor._child_names())
            sentence = f"{ancestor!r} has no {kind} {short(path[depth])!r}.{hint}"
            if depth == 1 and parse_alias(path[1]):
                pathspec = "/".join(path)
                return (
                    f"Expected the id of a run, got the alias {path[1]!r}. Try Metaflow().get({short(pathspec)!r}).",
                    [pathspec],
                )
            return sentence, [f"{ancestor.pathspec}/{name}" for name in names]
    flows = context.flow_names()
    if flows is None or path[0] in flows:
        return "", []
    if not flows:
        return "It has no flows. Try other metadata, or see what is configured: %mflow doctor.", []
    missing = "" if len(path) == 1 else f"There is no flow {short(path[0])!r}. "
    hint, names = suggest(path[0], flows)
    return f"{missing}{hint.strip()}", names


def suggest(name: str, names: list[str]) -> tuple[str, list[str]]:
    """Return a hint for the message about a missing name, and the suggested names.

    Suggests the similar names, the most similar first. If none is similar, suggests the first five.
    """
    from difflib import get_close_matches  # only errors need it

    folded = {other.casefold(): other for other in reversed(names)}
    close = [folded[match] for match in get_close_matches(name.casefold(), folded, n=3, cutoff=0.7)]
    if close:
        return f" Did you mean {' or '.join(map(repr, close))}?", close
    if not names:
        return " It has none." if name else "", []
    first = names[:5]
    shown = ", ".join(map(repr, first))
    return f" There {'is' if len(names) == 1 else 'are'} {shown}{', …' if len(names) > len(first) else ''}.", first


def index_hint(count: int) -> str:
    """Return a sentence for the message about a missing index of a collection of this length."""
    if not count:
        return "It is empty."
    return "It has one item, with the index 0." if count == 1 else f"Try an index from 0 to {count - 1}."


def limited(names: Iterator[str], limit: int = 200) -> list[str]:
    """Return the first names of an iterator, so that completion never fetches without limit."""
    return [name for name, _ in zip(names, range(limit), strict=False)]
