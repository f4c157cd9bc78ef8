"""The cards of a task, a step or a run, as objects."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, overload

from mfwidgets.client.base import index_hint
from mfwidgets.client.metaflow_objects import ours
from mfwidgets.client.task import Task
from mfwidgets.concurrency import MAX_WORKERS, parallel_map
from mfwidgets.datastore.base import LOCAL_TYPES
from mfwidgets.datastore.cards import (
    ROOT_VARIABLES,
    CardFile,
    CardPlace,
    card_places,
    card_size,
    list_cards,
    read_card,
    read_card_data,
)
from mfwidgets.display import Displayable
from mfwidgets.errors import (
    BlobMissing,
    CardNotPresentException,
    IncorrectArgumentException,
    IncorrectPathspecException,
    MetaflowInvalidPathspec,
    NoSuchIndex,
)
from mfwidgets.hidden_characters import visible
from mfwidgets.pathspec import FORMS, parse
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.context import current_context
from mfwidgets.queries.lineage.graph import has_decorator, steps_of
from mfwidgets.queries.snapshot_provider import snapshot_small_run
from mfwidgets.queries.task_metadata import recorded_datastore

if TYPE_CHECKING:
    from os import PathLike

    from mfwidgets.client.run import Run
    from mfwidgets.client.step import Step
    from mfwidgets.queries.rows import TaskRow

MAX_TASKS = 200
"""The maximum number of tasks of a run or a step whose cards are listed."""


class Card(Displayable):
    """A card of a task. Its HTML is read on request.

    Parameters
    ----------
    place
        The folder of the card and its datastore.
    file
        The file of the card.
    origin_pathspec
        The task that made it, if a resumed run took the task over.
    pathspec
        The task that has it.

    Attributes
    ----------
    pathspec
        The task that has the card. In a resumed run, it is the task that took it over.
    type
        The type that the ``@card`` decorator gives.
    id
        The id that the ``@card`` decorator gives. None if it gives none.
    hash
        The hash in the name of the file. It distinguishes the cards of a task.
    origin_pathspec
        The task that made the card, if a resumed run took the task over. None otherwise.
    from_resumed
        Whether it did.
    """

    def __init__(
        self, place: CardPlace, file: CardFile, origin_pathspec: str | None = None, pathspec: str = ""
    ) -> None:
        self._place, self._file, self._item = place, file, ""
        self.pathspec = pathspec
        self.origin_pathspec, self.from_resumed = origin_pathspec, origin_pathspec is not None
        self.type, self.id, self.hash = file.type, file.id, file.hash

    @property
    def path(self) -> str:
        """The path of the file, relative to its folder of cards."""
        return self._file.key

    def get(self) -> str:
        """Return the HTML of the card as its author made it. It may contain scripts.

        Returns
        -------
        str
            The whole page. Costs one read of about a megabyte.

        Raises
        ------
        BlobMissing
            The file no longer exists.
        """
        return self._stored().decode("utf-8", errors="replace")

    def _stored(self) -> bytes:
        """Return the bytes of the file."""
        html = read_card(self._place, self._file)
        if html is None:
            raise self._gone()
        return html

    def size(self) -> int:
        """Return the size of the card in bytes.

        Returns
        -------
        int
            The size of the file. Costs one request to the datastore, which does not read the file.

        Raises
        ------
        BlobMissing
            The file no longer exists.
        """
        size = card_size(self._place, self._file)
        if size is None:
            raise self._gone()
        return size

    def _gone(self) -> BlobMissing:
        return BlobMissing(f"The card {self.path} is missing from {self._place.describe()}.")

    def get_data(self) -> dict[str, Any] | None:
        """Return the data of the last refresh of the card while its task ran.

        Returns
        -------
        dict or None
            None if the card was never refreshed. Costs one read.
        """
        return read_card_data(self._place, self._file)

    def view(self) -> None:
        """Open the card in a web browser, from a copy in a temporary folder. Costs what :meth:`get` costs."""
        import webbrowser

        copy = Path(mkdtemp(prefix="mfwidgets-card-")) / "card.html"
        copy.write_text(self.get(), encoding="utf-8")
        webbrowser.open(copy.as_uri())

    def __repr__(self) -> str:
        return visible(f"<Card at '{self.path}'>")


class CardContainer(Displayable, Sequence[Card]):
    """The cards of a task, a step or a run, as a sequence.

    Parameters
    ----------
    pathspec
        The task that made the cards, or the step or the run whose tasks made them.
    cards
        The cards.
    origin_pathspec
        The task that a resumed run took this task over from. None if there is none.
    note
        The reason for an empty container, or the tasks that were left out. Empty otherwise.

    Attributes
    ----------
    from_resumed
        Whether the cards are those of the task at ``origin_pathspec``.
    """

    def __init__(self, pathspec: str, cards: list[Card], origin_pathspec: str | None, note: str = "") -> None:
        self.pathspec, self._note = pathspec, note
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
            raise NoSuchIndex(f"{self!r} has no index {index}. {index_hint(len(self))}") from None

    def __len__(self) -> int:
        return len(self._cards)

    def __iter__(self) -> Iterator[Card]:
        return iter(self._cards)

    def save(self, folder: "str | PathLike[str]", *, overwrite: bool = False) -> list[Path]:
        """Write the cards into a folder, each as an HTML file with exactly the stored bytes.

        The files are named by step, task, type, id and hash: ``start-1-blank-summary-0123456789.html``. Other characters
        than letters, digits, ``.``, ``-`` and ``_`` become ``_``. A card can contain scripts of its author, which a
        browser runs.

        Costs one read of about a megabyte for each card.

        Parameters
        ----------
        folder
            The folder. It is made if it does not exist.
        overwrite
            Whether existing files are replaced.

        Returns
        -------
        list of pathlib.Path
            The files, in the order of the cards.

        Raises
        ------
        FileExists
            A file exists already, and ``overwrite`` is False. Nothing is written then.
        BlobMissing
            A card no longer exists. The others are written.
        DataException
            A file cannot be written.

        Examples
        --------
        >>> from tempfile import mkdtemp
        >>> files = Flow("ReportFlow").latest_run.cards().save(mkdtemp())
        >>> [file.name for file in files]
        ['start-1-blank-summary-...html']
        """
        from mfwidgets.client.saved_cards import save_cards

        files = save_cards(list(self), Path(folder), overwrite=overwrite)
        self._note = f"{len(files)} file{'' if len(files) == 1 else 's'} written to {folder}."
        return files

    def __repr__(self) -> str:
        return visible(f"<CardContainer of {self.pathspec}: {len(self)} card{'' if len(self) == 1 else 's'}>")


def get_cards(
    task: str | Task,
    id: str | None = None,  # noqa: A002 - Metaflow's name
    type: str | None = None,  # noqa: A002 - Metaflow's name
    follow_resumed: bool = True,  # noqa: FBT001, FBT002 - Metaflow's signature
) -> CardContainer:
    """Return the cards of a task.

    They are searched in the datastore of the task, then in ``METAFLOW_CARD_LOCALROOT`` (``METAFLOW_CARD_S3ROOT`` and so on
    for clouds), then in the ``.metaflow`` folder of the working folder: Metaflow writes local cards to one of these.

    Costs two requests and one listing of the task's card folder, and more listings if it has none. A pathspec costs two requests more, and a task that a
    resumed run took over three more. The cards themselves are not read.

    Parameters
    ----------
    task
        A task or its pathspec. A pathspec is looked up in all namespaces.
    id
        Return only cards with this id.
    type
        Return only cards of this type.
    follow_resumed
        Whether to return the cards of the original task if a resumed run took this task over.

    Returns
    -------
    CardContainer
        A sequence of cards that displays itself. Empty if no card has this id and type.

    Raises
    ------
    IncorrectArgumentException
        ``task`` is neither a task nor a string.
    IncorrectPathspecException
        The string is not the pathspec of a task.
    MetaflowNotFound
        The task does not exist.
    CardNotPresentException
        The task has no cards.

    Examples
    --------
    >>> cards = get_cards("ReportFlow/1795378925470293/start/1")
    >>> [(card.type, card.id) for card in cards]
    [('blank', 'summary')]
    """
    requested = _find(task)
    origin = _first_origin(requested) if follow_resumed else None
    maker = origin or requested
    place, files = _cards_of(maker)
    origin_pathspec = origin.pathspec if origin else None
    cards = [
        Card(place, file, origin_pathspec, requested.pathspec)
        for file in files
        if id in (None, file.id) and type in (None, file.type)
    ]
    return CardContainer(maker.pathspec, cards, origin_pathspec)


def cards_of_task(task: Task, card_id: str | None, card_type: str | None) -> CardContainer:
    """Return the cards of a task as :func:`get_cards` does, or none if it has none."""
    try:
        cards = get_cards(task, card_id, card_type)
    except CardNotPresentException as error:
        return CardContainer(task.pathspec, [], None, str(error))
    if not cards:
        cards._note = "No card of this task has this id and type."
    return cards


def cards_of_tasks(holder: "Run | Step", card_id: str | None, card_type: str | None) -> CardContainer:
    """Return the cards of the tasks of a run or a step, in the order of the graph and of the foreach."""
    record = holder._record if isinstance(holder._record, RunRecord) else holder._record.run
    context = snapshot_small_run(holder._context, record)
    nodes = steps_of(context, record)
    rows: list[TaskRow] = type(holder)._of(context, holder._record).tasks()._rows()
    places = {step: place for place, step in enumerate(nodes)}
    rows = [row for row in rows if row.record.step not in nodes or has_decorator(nodes[row.record.step], "card")]
    rows.sort(key=lambda row: (places.get(row.record.step, 0), row.record.created_ms))
    searched = rows[:MAX_TASKS]
    local = context.provider.local_root is not None
    found = parallel_map(
        partial(_cards_of_row, card_id=card_id, card_type=card_type),
        [(Task._of(context, row.record), row) for row in searched],
        max_concurrency=1 if local else MAX_WORKERS,
    )
    cards = [card for part in found for card in part]
    if len(rows) > len(searched):
        note = f"The first {len(searched):,} of {len(rows):,} tasks with @card were searched."
    elif not rows:
        note = "No step with @card has begun. A step without @card makes no cards."
    else:
        note = (
            "" if cards else f"Of {len(rows):,} tasks with @card, none has a card. A task that ends early makes none."
        )
    return CardContainer(holder.pathspec, cards, None, note)


def _cards_of_row(task_and_row: "tuple[Task, TaskRow]", card_id: str | None, card_type: str | None) -> list[Card]:
    """Return the cards of a task, with the foreach item of its row."""
    task, row = task_and_row
    cards = list(cards_of_task(task, card_id, card_type))
    for card in cards:
        card._item = " / ".join(row.item.values)
    return cards


def _cards_of(task: Task) -> tuple[CardPlace, list[CardFile]]:
    """Return the cards of a task, and the first place that has any."""
    ds_type, root = recorded_datastore(task._context, task._record)
    datastore = task._context.datastore(ds_type, root)
    local_roots = tuple(path for path in (task._context.provider.local_root, Path(root)) if path)
    places = []
    for place in card_places(datastore, ds_type, local_roots, task._context.configuration):
        files = list_cards(place, tuple(task.path_components))
        if files:
            return place, files
        places.append(place.describe())
    if ds_type in LOCAL_TYPES:
        hint = "Metaflow may also have written them where the run was started: try from that folder."
    else:
        hint = f"If METAFLOW_{ROOT_VARIABLES[ds_type]} was set when the task ran, set it here, too."
    raise CardNotPresentException(
        f"{task!r} has no cards in {' or '.join(dict.fromkeys(places))}. A step without @card makes none, and neither does "
        f"a task that ends early. {hint}",
        pathspec=task.pathspec,
    )


def _find(task: object) -> Task:
    task = ours(task)
    if isinstance(task, Task):
        return task
    if not isinstance(task, str):
        raise IncorrectArgumentException(f"Expected a Task or its pathspec, got {task.__class__.__name__}.")
    try:
        path = parse(task, "task")
    except MetaflowInvalidPathspec as error:
        raise IncorrectPathspecException(
            f"Expected the pathspec of a task ({FORMS['task']}). {error}", pathspec=task
        ) from error
    return Task._in_context(current_context().in_all_namespaces(), path)


def _first_origin(task: Task) -> Task | None:
    """Return the task that ran, if a resumed run took this one over."""
    origin = None
    while pathspec := (origin or task).origin_pathspec:
        origin = Task._in_context(task._context.in_all_namespaces(), parse(pathspec, "task"))
    return origin
