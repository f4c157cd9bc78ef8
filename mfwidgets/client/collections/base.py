"""Collections of client objects: lazy views that fetch page by page and can be used again."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Generic, TypeVar, overload

from mfwidgets.client.base import index_hint
from mfwidgets.display import Displayable
from mfwidgets.errors import IncorrectArgumentException, MetaflowInvalidArgument, MetaflowNotFound, NoSuchIndex
from mfwidgets.hidden_characters import visible
from mfwidgets.safe_repr import repr_of

Item = TypeVar("Item")


class _Cursor(Generic[Item]):
    """An iteration of a view."""

    def __init__(self, items: Iterator[Item]) -> None:
        self._items = items
        self.started = self.ended = self.is_shared = False

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        self.started = True
        try:
            return next(self._items)
        except StopIteration:
            self.ended = True
            raise


class Collection(Displayable, Generic[Item]):
    """A lazy view of child objects, newest first.

    Each loop over a view starts again. After ``next(view)``, a loop gives the rest, and ``zip(view, view)`` gives pairs,
    as with the generators of Metaflow's client. ``view[0]`` and slices fetch only as far as they reach. There is no
    ``len()`` because it would fetch everything: call ``count()`` instead. A view is always true.

    Parameters
    ----------
    title
        A description for users: ``runs of HelloFlow``.
    fetch
        A function that starts a new iteration.
    limit
        The maximum number of items. None means all.
    """

    def __init__(self, title: str, fetch: Callable[[], Iterator[Item]], limit: int | None = None) -> None:
        if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 0):
            raise MetaflowInvalidArgument(f"Expected limit= to be a number from 0 or None, got {repr_of(limit, 40)}.")
        self._title = title
        self._fetch = fetch
        self._limit = limit
        self._cursor: _Cursor[Item] | None = None

    def __iter__(self) -> Iterator[Item]:
        # A cursor that has given nothing yet, or that next() moves, is shared. Any other loop keeps its own.
        if self._cursor is None or self._cursor.ended or (self._cursor.started and not self._cursor.is_shared):
            self._cursor = _Cursor(self._all())
        return self._cursor

    def __next__(self) -> Item:
        if self._cursor is None or (self._cursor.started and not self._cursor.is_shared):
            self._cursor = _Cursor(self._all())
        self._cursor.is_shared = True
        try:
            return next(self._cursor)
        except StopIteration:
            self._cursor = None  # the next call starts again
            raise

    def _all(self) -> Iterator[Item]:
        """Start a new iteration, whatever was taken from the view before."""
        return islice(self._fetch(), self._limit)

    def __bool__(self) -> bool:
        return True

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> list[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | list[Item]:
        if isinstance(index, slice):
            if not all(bound is None or isinstance(bound, int) for bound in (index.start, index.stop, index.step)):
                raise IncorrectArgumentException(f"Expected a slice of numbers, got {repr_of(index, 80)}.")
            if index.step == 0:
                raise IncorrectArgumentException("Expected a slice with a step other than 0, got 0.")
            if all(bound is None or bound >= 0 for bound in (index.start, index.stop)) and (index.step or 1) > 0:
                return list(islice(self._all(), index.start, index.stop, index.step))
            return list(self._all())[index]
        if not isinstance(index, int):
            raise IncorrectArgumentException(
                f"Expected a number or a slice as the index of the {self._title}, got {repr_of(index, 80)}."
            )
        if index < 0:
            items = list(self._all())
            if -index <= len(items):
                return items[index]
            count = len(items)
        else:
            count = 0
            for item in self._all():
                if count == index:
                    return item
                count += 1
        raise NoSuchIndex(visible(f"The {self._title} have no index {index}. {index_hint(count)}"))

    def first(self) -> Item:
        """Return the newest item (the oldest item of a collection that is oldest first).

        Returns
        -------
        Metaflow object
            Costs one request, for one page.

        Raises
        ------
        MetaflowNotFound
            The collection is empty.

        Examples
        --------
        >>> Flow("ForecastFlow").runs(status="failed").first()
        Run('ForecastFlow/1795378913725406')
        """
        for item in self._all():
            return item
        raise MetaflowNotFound(f"There are no {self._title}.")

    def count(self) -> int:
        """Return the number of items.

        Returns
        -------
        int
            Costs as much as an iteration over all items.

        Examples
        --------
        >>> Flow("ForecastFlow").latest_run.tasks().count()
        15
        """
        return sum(1 for _ in self._all())

    def __repr__(self) -> str:
        return visible(f"<{self._title}>")
