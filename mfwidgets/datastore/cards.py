"""Cards: HTML files, each made by a ``@card`` of a task, in one of the places where Metaflow writes them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mfwidgets.config import Configuration
from mfwidgets.config_values import expanded
from mfwidgets.datastore.base import LOCAL_TYPES, Datastore, LocalDatastore, open_datastore
from mfwidgets.deadline import stoppable
from mfwidgets.errors import CorruptFile
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.files import parse_json

ROOT = "mf.cards"
"""The folder of cards in a datastore."""

ROOT_VARIABLES = {"local": "CARD_LOCALROOT", "s3": "CARD_S3ROOT", "azure": "CARD_AZUREROOT", "gs": "CARD_GSROOT"}
"""The configured folder of cards, by the type of the datastore. It has no ``mf.cards`` below it."""

_NAME = re.compile(r"(?P<type>\w+)-(?:(?P<id>\w+)-)?(?P<hash>[0-9a-f]+)\.html\Z", re.ASCII)


MAX_CARD_BYTES = 200_000_000
"""A larger card would stop the browser."""


@fast_dataclass(frozen=True, slots=True)
class CardPlace:
    """A folder of cards.

    Attributes
    ----------
    datastore
        The datastore that contains the folder.
    folder
        The folder in the datastore. Empty if the whole datastore has cards only.
    """

    datastore: Datastore
    folder: str = ROOT

    def path(self, key: str) -> str:
        """Return the path of a card in the datastore."""
        return f"{self.folder}/{key}" if self.folder else key

    def describe(self) -> str:
        """Return the place, for messages."""
        return self.datastore.describe()


@fast_dataclass(frozen=True, slots=True)
class CardFile:
    """A card in its datastore. Its content is not read yet.

    Attributes
    ----------
    type, id
        From the decorator. None if the card has no id.
    hash
        Distinguishes the cards of a task. A retry adds cards with other hashes.
    key
        Its key below the folder of cards.
    """

    type: str
    id: str | None
    hash: str
    key: str


def card_places(
    datastore: Datastore, ds_type: str, roots: tuple[Path, ...], config: Configuration
) -> Iterator[CardPlace]:
    """Yield the places where a task can have cards. Metaflow's commands write to other places than its client reads.

    Parameters
    ----------
    datastore
        The datastore of the task. Its ``mf.cards`` comes first, as in Metaflow's client.
    ds_type
        Its type.
    roots
        The local folders of this datastore.
    config
        Can name another folder of cards.
    """
    yield CardPlace(datastore)
    is_local = ds_type in LOCAL_TYPES
    configured = config.get(ROOT_VARIABLES["local" if is_local else ds_type])
    if not is_local:
        if configured:
            yield CardPlace(open_datastore(ds_type, configured, None, config), "")
        return
    yield CardPlace(datastore, "")  # Metaflow 2.19 writes here if METAFLOW_CARD_LOCALROOT is set, whatever its value
    if configured:
        yield CardPlace(LocalDatastore((expanded(configured).absolute(),)), "")
    nearest = config.nearest_root("spin" if ds_type == "spin" else "local")
    if nearest and nearest not in roots:
        # Without the variable it writes here, even if METAFLOW_DATASTORE_SYSROOT_LOCAL names another folder.
        yield CardPlace(LocalDatastore((nearest,)))


def list_cards(place: CardPlace, task: tuple[str, ...]) -> list[CardFile]:
    """Return the cards of a task, sorted by name (one listing, and a second one if the first has none)."""
    flow, run_id, step, task_id = task
    newer, older = f"{flow}/runs/{run_id}/steps/{step}/tasks/{task_id}", f"{flow}/runs/{run_id}/tasks/{task_id}"
    for folder in (f"{newer}/cards", f"{older}/cards"):  # Metaflow used the second until June 2022
        cards = [
            CardFile(match["type"], match["id"], match["hash"], f"{folder}/{name}")
            for name in stoppable(place.datastore.names(place.path(folder)))
            if (match := _NAME.match(name))
        ]
        if cards:
            return cards
    return []


def read_card(place: CardPlace, card: CardFile) -> bytes | None:
    """Return the HTML of a card as stored (one read, about a megabyte); None if it is missing."""
    return place.datastore.read(place.path(card.key), MAX_CARD_BYTES)


def card_size(place: CardPlace, card: CardFile) -> int | None:
    """Return the size of a card in bytes; None if it is missing."""
    return place.datastore.size(place.path(card.key))


def read_card_data(place: CardPlace, card: CardFile) -> dict[str, Any] | None:
    """Return the data of a card's last refresh. None if it was never refreshed.

    Raises
    ------
    CorruptFile
        The data is there, but is not JSON.
    """
    key = card.key.replace("/cards/", "/runtime/").removesuffix(".html") + ".data.json"
    content = place.datastore.read(place.path(key), MAX_CARD_BYTES)
    if content is None:
        return None
    try:
        data = parse_json(content)
    except ValueError as error:
        raise CorruptFile(f"{key} in {place.describe()} is broken: {error}.") from error
    return data if isinstance(data, dict) else None
