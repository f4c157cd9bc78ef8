"""Collections of client objects: views that fetch when they are used, page by page, and can be used again."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Generic, TypeVar, overload

from mfwidgets.display import Displayable
from mfwidgets.errors import IncorrectArgumentException, MetaflowInvalidArgument, MetaflowNotFound

Item = TypeVar("Item")


class Collection(Displayable, Generic[Item]):
    """A lazy, re-iterable view of children, newest first.

    ``iter()`` starts anew each time, ``next(view)`` moves the view's own cursor, ``view[0]`` and slices fetch only as
    far as they reach. There is no ``len()``, because it would fetch everything unasked (``count()`` does when asked),
    and a view is always true.

    Parameters
    ----------
    title
        What these are, for people: ``runs of HelloFlow``.
    fetch
        Starts a new iteration.
    limit
        The most items to give; None gives all.
    """

    def __init__(self, title: str, fetch: Callable[[], Iterator[Item]], limit: int | None = None) -> None:
        if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 0):
            raise MetaflowInvalidArgument(f"limit= is a number, 0 or more, or None; not {limit!r}.")
        self._title = title
        self._fetch = fetch
        self._limit = limit
        self._cursor: Iterator[Item] | None = None

    def __iter__(self) -> Iterator[Item]:
        return islice(self._fetch(), self._limit)

    def __next__(self) -> Item:
        if self._cursor is None:
            self._cursor = iter(self)
        return next(self._cursor)

    def __bool__(self) -> bool:
        return True

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> list[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | list[Item]:
        if isinstance(index, slice):
            if not all(bound is None or isinstance(bound, int) for bound in (index.start, index.stop, index.step)):
                raise IncorrectArgumentException(f"The {self._title} are sliced by numbers, not by {index!r:.80}.")
            if index.step == 0:
                raise IncorrectArgumentException("A slice has a step other than 0.")
            if all(bound is None or bound >= 0 for bound in (index.start, index.stop)) and (index.step or 1) > 0:
                return list(islice(self, index.start, index.stop, index.step))
            return list(self)[index]
        if not isinstance(index, int):
            raise IncorrectArgumentException(
                f"The {self._title} are taken by number or by slice, not by {index!r:.80}."
            )
        items = list(self)[index:] if index < 0 else list(islice(self, index, index + 1))
        if not items:
            raise IndexError(f"There is no number {index} among the {self._title}.")
        return items[0]

    def first(self) -> Item:
        """Return the newest item; fetches no further.

        Raises
        ------
        MetaflowNotFound
            There is none.
        """
        for item in self:
            return item
        raise MetaflowNotFound(f"There are no {self._title}.")

    def count(self) -> int:
        """Return how many there are; costs as much as a whole iteration."""
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<{self._title}>"
