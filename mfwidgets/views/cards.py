"""What cards show: which there are, and one at a time its page.

Its HTML is its author's and may run scripts, so it stands in a frame that keeps it from the notebook and the network.
"""

from mfwidgets.client.cards import Card, CardContainer
from mfwidgets.render.view import Cell, IFrame, Table, View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits, size_text
from mfwidgets.views.tables import shown_of_total, without_empty_columns

MAX_CARD_BYTES = 10_000_000
"""Bytes of a card that is put into a cell."""


@build_view.register
def build_cards_view(cards: CardContainer, limits: Limits) -> View:
    """Show type, id and hash of each."""
    notes = ("Evaluate one of them to see it: cards[0].",) if len(cards) else ("None of these.",)
    parts = (cards_table(cards, limits),) if len(cards) else ()
    return View("Cards", limits.text(cards.pathspec).text, notes=notes, parts=parts)


def cards_table(cards: CardContainer, limits: Limits, how: str = "") -> Table:
    """List cards; none is read."""
    rows = tuple(
        (limits.text(card.type), limits.text(card.id or ""), limits.code(card.hash[:5], card.path))
        for card in cards[: limits.rows]
    )
    note = "; ".join(filter(None, (shown_of_total(len(rows), len(cards)), how)))
    return without_empty_columns(Table("Cards", ("type", "id", "hash"), rows, note), keep=1)


@build_view.register
def build_card_view(card: Card, limits: Limits) -> View:
    """Show it, apart from the notebook: its scripts run in a frame of their own, without network."""
    page, stored = "", card.size()
    if stored <= MAX_CARD_BYTES:
        page = card.get()
    facts = (
        ("type", limits.text(card.type)),
        ("id", limits.text(card.id or "none")),
        ("hash", limits.code(card.hash)),
        ("size", Cell(size_text(stored))),
    )
    much = "" if page else f"It is larger than {size_text(MAX_CARD_BYTES)}, so it is not shown in a cell. "
    note = f"{much}card.view() opens it in a browser, with all it may load; card.get() is its HTML."
    parts = (IFrame("Card", page, "shown apart, without network"),) if page else ()
    return View("Card", limits.text(card.path).text, facts=facts, notes=(note,), parts=parts)
