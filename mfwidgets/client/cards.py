"""The cards of a task, as objects."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, overload

from mfwidgets.client.task import Task
from mfwidgets.datastore.base import Datastore
from mfwidgets.datastore.cards import CardFile, card_size, list_cards, read_card, read_card_data
from mfwidgets.display import Displayable
from mfwidgets.errors import (
    BlobMissing,
    CardNotPresentException,
    IncorrectArgumentException,
    IncorrectPathspecException,
    MetaflowInvalidPathspec,
)
from mfwidgets.pathspec import FORMS, parse
from mfwidgets.queries.context import current_context
from mfwidgets.queries.task_metadata import task_datastore


class Card(Displayable):
    """A card; its HTML is read when it is asked for.

    Attributes
    ----------
    type, id, hash
        As the ``@card`` decorator says; the hash tells the cards of a task apart.
    """

    def __init__(self, datastore: Datastore, file: CardFile) -> None:
        self._datastore, self._file = datastore, file
        self.type, self.id, self.hash = file.type, file.id, file.hash

    @property
    def path(self) -> str:
        """Where it lies, below the card root of its datastore."""
        return self._file.key

    def get(self) -> str:
        """Return its HTML (one read, about a megabyte). It is as its author made it: it may run scripts.

        Raises
        ------
        BlobMissing
            It is gone.
        """
        html = read_card(self._datastore, self._file)
        if html is None:
            raise self._gone()
        return html

    def size(self) -> int:
        """Return its bytes; only the size of a file is asked for.

        Raises
        ------
        BlobMissing
            It is gone.
        """
        size = card_size(self._datastore, self._file)
        if size is None:
            raise self._gone()
        return size

    def _gone(self) -> BlobMissing:
        return BlobMissing(f"The card {self.path} is missing from {self._datastore.describe()}.")

    def get_data(self) -> dict[str, Any] | None:
        """Return the data that it was last refreshed with while its task ran; None for none."""
        return read_card_data(self._datastore, self._file)

    def view(self) -> None:
        """Open it in a web browser, from a copy in a temporary folder."""
        import webbrowser

        copy = Path(mkdtemp(prefix="mfwidgets-card-")) / "card.html"
        copy.write_text(self.get(), encoding="utf-8")
        webbrowser.open(copy.as_uri())

    def __repr__(self) -> str:
        return f"<Card at '{self.path}'>"


class CardContainer(Displayable, Sequence[Card]):
    """The cards of a task.

    Attributes
    ----------
    from_resumed
        Whether they are those of the task that this one was taken over from.
    origin_pathspec
        That task; None for none.
    """

    def __init__(self, pathspec: str, cards: list[Card], origin_pathspec: str | None) -> None:
        self.pathspec = pathspec
        self.origin_pathspec = origin_pathspec
        self.from_resumed = origin_pathspec is not None
        self._cards = cards

    @overload
    def __getitem__(self, index: int) -> Card: ...
    @overload
    def __getitem__(self, index: slice) -> list[Card]: ...
    def __getitem__(self, index: int | slice) -> Card | list[Card]:
        try:
            return self._cards[index]
        except IndexError:
            raise IndexError(f"There is no number {index} in {self!r}.") from None

    def __len__(self) -> int:
        return len(self._cards)

    def __iter__(self) -> Iterator[Card]:
        return iter(self._cards)

    def __repr__(self) -> str:
        return f"<CardContainer of {self.pathspec}: {len(self)} card{'' if len(self) == 1 else 's'}>"


def get_cards(
    task: str | Task,
    id: str | None = None,  # noqa: A002 - Metaflow's name
    type: str | None = None,  # noqa: A002 - Metaflow's name
    follow_resumed: bool = True,  # noqa: FBT001, FBT002 - Metaflow's signature
) -> CardContainer:
    """Return the cards of a task; none of them is read yet.

    Parameters
    ----------
    task
        A task or its pathspec; by pathspec it is found in any namespace, and the current one stays as it is.
    id, type
        Only cards of this id, of this type.
    follow_resumed
        Of a task that a resumed run took over, return the cards of the task that made them.

    Raises
    ------
    IncorrectPathspecException, IncorrectArgumentException
        This is no task and names none.
    MetaflowNotFound
        There is no such task.
    CardNotPresentException
        The task has no cards at all (none of an id or type is an empty container).
    """
    found = _find(task)
    origin = _first_origin(found) if follow_resumed else None
    maker = origin or found
    datastore = task_datastore(maker._context, maker._record)
    files = list_cards(datastore, tuple(maker.path_components))
    if not files:
        raise CardNotPresentException(
            f"{maker!r} has no cards: its step has no @card, or it did not get that far.", pathspec=maker.pathspec
        )
    cards = [Card(datastore, file) for file in files if id in (None, file.id) and type in (None, file.type)]
    return CardContainer(maker.pathspec, cards, origin.pathspec if origin else None)


def _find(task: object) -> Task:
    if isinstance(task, Task):
        return task
    if not isinstance(task, str):
        raise IncorrectArgumentException(f"get_cards takes a Task or its pathspec, not {task.__class__.__name__}.")
    try:
        path = parse(task, "task")
    except MetaflowInvalidPathspec as error:
        raise IncorrectPathspecException(
            f"get_cards takes the pathspec of a task ({FORMS['task']}): {error}", pathspec=task
        ) from error
    return Task._in_context(current_context().in_all_namespaces(), path)


def _first_origin(task: Task) -> Task | None:
    """Return the task that really ran, where this one was taken over from another."""
    origin = None
    while pathspec := (origin or task).origin_pathspec:
        origin = Task._in_context(task._context.in_all_namespaces(), parse(pathspec, "task"))
    return origin
