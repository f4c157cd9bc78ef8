"""Displays of cards: one card, several as a gallery with names, and a list that stays if frames are removed.

The HTML of a card comes from its author and may run scripts. A sandboxed frame keeps it away from the notebook and the
network.
"""

from dataclasses import replace

from mfwidgets.client.cards import Card, CardContainer
from mfwidgets.deadline import current_deadline
from mfwidgets.display_options import options
from mfwidgets.errors import DeadlineExceeded, MetaflowException
from mfwidgets.render.cell import EMPTY, Cell
from mfwidgets.render.view import Gallery, IFrame, Part, Table, View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.card_height import card_height
from mfwidgets.views.cells import Limits, size_text
from mfwidgets.views.objects import present
from mfwidgets.views.tables import shown_of_total, without_empty_columns

MAX_CARD_BYTES = 10_000_000
"""Larger cards are not embedded in a cell, because the notebook would store them."""


MAX_GALLERY_BYTES = 4_000_000
"""Cards of a gallery are embedded up to this size together. The names of the others are listed."""


@build_view.register
def build_cards_view(cards: CardContainer, limits: Limits) -> View:
    """Show the only card, or several as a gallery. The list has their types, ids, hashes and tasks."""
    name = limits.text(cards.pathspec).text
    notes = (limits.text(cards._note).text,) if cards._note else ()
    if not len(cards):
        return View("Cards", name, notes=("There are no cards.", *notes))
    frames, problems = _frames(cards, limits)
    parts: list[Part] = [replace(frame, note=_SANDBOXED) for frame in frames]
    if len(frames) > 1:
        note = "; ".join(filter(None, (shown_of_total(len(frames), len(cards)), _SANDBOXED)))
        parts = [Gallery("Cards", tuple(frames), f"mfw-{cards[0].hash}", note)]
    if len(frames) < len(cards) and not problems:
        notes = (*notes, f"More cards would make the notebook too large. To see the next one: cards[{len(frames)}]")
    table = cards_table(cards, limits, "cards[0].view() opens a card in a browser, with network")
    parts.append(replace(table, folded=len(frames) == len(cards)))
    return View("Cards", name, notes=(*notes, *problems), parts=tuple(parts))


def cards_list_view(cards: CardContainer, limits: Limits) -> View:
    """List cards without reading them, for terminals."""
    if not len(cards):
        return build_cards_view(cards, limits)
    notes = (limits.text(cards._note).text,) if cards._note else ()
    table = cards_table(cards, limits, "cards[0].view() opens a card in a browser, with network")
    return View("Cards", limits.text(cards.pathspec).text, notes=notes, parts=(table,))


_SANDBOXED = "sandboxed, without network"


def _frames(cards: CardContainer, limits: Limits) -> tuple[list[IFrame], list[str]]:
    """Return frames for the first cards that fit, and what prevented one."""
    frames: list[IFrame] = []
    left, most = MAX_GALLERY_BYTES, MAX_CARD_BYTES
    for card in cards:
        try:
            stored = card.size()
            if stored > (left if frames else most) or (frames and _is_late()):
                break
            frames.append(card_frame(card, card_name(cards, card, limits)))
            left -= stored
        except DeadlineExceeded:
            raise
        except MetaflowException as error:  # a card that is gone hides no other card
            return frames, [limits.text(str(error)).text]
    return frames, []


def _is_late() -> bool:
    """Return whether half of the time of the display is over."""
    deadline = current_deadline()
    return deadline is not None and deadline.remaining_s() < options.display_timeout_s / 2


def card_name(cards: CardContainer, card: Card, limits: Limits) -> str:
    """Return the name of a card among others: its task and foreach item if they differ, its id or its type."""
    names = [card.id or card.type]
    if len({other.pathspec for other in cards}) > 1:
        names = ["/".join(card.pathspec.split("/")[2:]), card._item, *names]
    same = sum((other.pathspec, other.id, other.type) == (card.pathspec, card.id, card.type) for other in cards)
    return limits.text(" ".join([*filter(None, names), *([card.hash[:5]] if same > 1 else ())])).text


def card_frame(card: Card, name: str) -> IFrame:
    """Return a card in a sandboxed frame. Reads the card."""
    page = card.get()
    return IFrame(name, page, height=card_height(page))


def cards_table(cards: CardContainer, limits: Limits, hint: str = "") -> Table:
    """List cards without reading them."""
    several = len({card.pathspec for card in cards}) > 1
    rows = tuple(
        (
            Cell(str(number)),
            limits.object("/".join(card.pathspec.split("/")[2:]), card.pathspec) if several else EMPTY,
            limits.text(card._item if several else ""),
            limits.text(card.type),
            limits.text(card.id or ""),
            limits.code(card.hash[:5], card.path),
        )
        for number, card in enumerate(cards[: 5 * limits.rows])
    )
    columns = ("cards[…]", "task", "foreach item", "type", "id", "hash")
    note = "; ".join(filter(None, (shown_of_total(len(rows), len(cards)), hint)))
    table = Table("List of cards", columns, rows, note, left_out=len(rows) < len(cards))
    return without_empty_columns(table, keep=1)


@build_view.register
def build_card_view(card: Card, limits: Limits) -> View:
    """Show a card in a sandboxed frame, without network."""
    stored = card.size()
    facts = present(
        [
            ("task", limits.object(card.pathspec, card.pathspec) if card.pathspec else EMPTY),
            ("foreach item", limits.text(card._item)),
            ("type", limits.text(card.type)),
            ("id", limits.text(card.id or "none")),
            ("hash", limits.code(card.hash[:10], card.path)),
            ("size", Cell(size_text(stored))),
        ]
    )
    shown = stored <= MAX_CARD_BYTES
    too_large = "" if shown else f"Not shown here: the card is larger than {size_text(MAX_CARD_BYTES)}. "
    note = f"{too_large}card.view() opens the card in a browser, with network. card.get() returns its HTML."
    parts = (replace(card_frame(card, "Card"), note=_SANDBOXED),) if shown else ()
    return View("Card", limits.text(card.id or card.type).text, facts=facts, notes=(note,), parts=parts)
