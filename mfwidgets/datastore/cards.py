"""Cards: HTML files below ``mf.cards`` of a datastore, each made by a ``@card`` of a task."""

import re
from dataclasses import dataclass
from typing import Any

from mfwidgets.datastore.base import Datastore
from mfwidgets.errors import CorruptFile
from mfwidgets.files import parse_json

ROOT = "mf.cards"

_NAME = re.compile(r"(?P<type>\w+)-(?:(?P<id>\w+)-)?(?P<hash>[0-9a-f]+)\.html\Z", re.ASCII)


MAX_CARD_BYTES = 200_000_000
"""A larger card would stop the browser."""


@dataclass(frozen=True, slots=True)
class CardFile:
    """A card in its datastore. Its content is not read yet.

    Attributes
    ----------
    type, id
        From the decorator. None if the card has no id.
    hash
        Distinguishes the cards of a task. A retry adds cards with other hashes.
    key
        Its key below :data:`ROOT`.
    """

    type: str
    id: str | None
    hash: str
    key: str


def list_cards(datastore: Datastore, task: tuple[str, ...]) -> list[CardFile]:
    """Return the cards of a task, sorted by name (one listing, and a second one if the first has none)."""
    flow, run_id, step, task_id = task
    newer, older = f"{flow}/runs/{run_id}/steps/{step}/tasks/{task_id}", f"{flow}/runs/{run_id}/tasks/{task_id}"
    for folder in (f"{newer}/cards", f"{older}/cards"):  # Metaflow used the second until June 2022
        matches = [(_NAME.match(name), f"{folder}/{name}") for name in datastore.names(f"{ROOT}/{folder}")]
        cards = [CardFile(match["type"], match["id"], match["hash"], key) for match, key in matches if match]
        if cards:
            return cards
    return []


def read_card(datastore: Datastore, card: CardFile) -> str | None:
    """Return the HTML of a card (one read, about a megabyte); None if it is missing."""
    content = datastore.read(f"{ROOT}/{card.key}", MAX_CARD_BYTES)
    return None if content is None else content.decode("utf-8", errors="replace")


def card_size(datastore: Datastore, card: CardFile) -> int | None:
    """Return the size of a card in bytes; None if it is missing."""
    return datastore.size(f"{ROOT}/{card.key}")


def read_card_data(datastore: Datastore, card: CardFile) -> dict[str, Any] | None:
    """Return the data of a card's last refresh. None if it was never refreshed.

    Raises
    ------
    CorruptFile
        The data is there, but is not JSON.
    """
    key = card.key.replace("/cards/", "/runtime/").removesuffix(".html") + ".data.json"
    content = datastore.read(f"{ROOT}/{key}", MAX_CARD_BYTES)
    if content is None:
        return None
    try:
        data = parse_json(content)
    except ValueError as error:
        raise CorruptFile(f"{key} in {datastore.describe()} is broken: {error}.") from error
    return data if isinstance(data, dict) else None
