"""Displays of cards: a table of all cards, or the page of one card.

The HTML of a card comes from its author and may run scripts. A sandboxed frame keeps it away from the notebook and the
network.
"""

from mfwidgets.client.cards import Card, CardContainer
from mfwidgets.render.view import Cell, IFrame, Table, View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits, size_text
from mfwidgets.views.tables import shown_of_total, without_empty_columns

MAX_CARD_BYTES = 10_000_000
"""Larger cards are not embedded in a cell, because the notebook would store them."""


@build_view.register
def build_cards_view(cards: CardContainer, limits: Limits) -> View:
    """Show the type, id and hash of each card."""
    notes = ("Evaluate one card to see it: cards[0].",) if len(cards) else ("There are no cards.",)
    parts = (cards_table(cards, limits),) if len(cards) else ()
    return View("Cards", limits.text(cards.pathspec).text, notes=notes, parts=parts)


def cards_table(cards: CardContainer, limits: Limits, hint: str = "") -> Table:
    """List cards without reading them."""
    rows = tuple(
        (limits.text(card.type), limits.text(card.id or ""), limits.code(card.hash[:5], card.path))
        for card in cards[: limits.rows]
    )
    note = "; ".join(filter(None, (shown_of_total(len(rows), len(cards)), hint)))
    return without_empty_columns(Table("Cards", ("type", "id", "hash"), rows, note), keep=1)


@build_view.register
def build_card_view(card: Card, limits: Limits) -> View:
    """Show a card in a sandboxed frame, without network."""
    page, stored = "", card.size()
    if stored <= MAX_CARD_BYTES:
        page = card.get()
    facts = (
        ("type", limits.text(card.type)),
        ("id", limits.text(card.id or "none")),
        ("hash", limits.code(card.hash)),
        ("size", Cell(size_text(stored))),
    )
    too_large = "" if page else f"Not shown here: the card is larger than {size_text(MAX_CARD_BYTES)}. "
    note = f"{too_large}card.view() opens the card in a browser, with network. card.get() returns its HTML."
    parts = (IFrame("Card", page, "sandboxed, without network"),) if page else ()
    return View("Card", limits.text(card.path).text, facts=facts, notes=(note,), parts=parts)
