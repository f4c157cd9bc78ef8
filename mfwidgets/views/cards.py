"""What cards show: which there are. Their HTML is their author's and may run scripts, so it is not put into a cell."""

from mfwidgets.client.cards import Card, CardContainer
from mfwidgets.render.view import Table, View
from mfwidgets.views.cells import Limits
from mfwidgets.views.describe import describe
from mfwidgets.views.tables import left_out


@describe.register
def describe_cards(cards: CardContainer, limits: Limits) -> View:
    """Show type, id and hash of each."""
    rows = tuple(
        (limits.text(card.type), limits.text(card.id or ""), limits.code(card.hash[:5], card.path))
        for card in cards[: limits.rows]
    )
    tables = (Table("Cards", ("type", "id", "hash"), rows, left_out(len(rows), len(cards))),) if rows else ()
    return View("Cards", limits.text(cards.pathspec).text, notes=() if rows else ("None of these.",), parts=tables)


@describe.register
def describe_card(card: Card, limits: Limits) -> View:
    """Show what it is and how to see it."""
    facts = (("type", limits.text(card.type)), ("id", limits.text(card.id or "none")), ("hash", limits.code(card.hash)))
    note = "Its HTML is at .get(); .view() opens it in a browser."
    return View("Card", limits.text(card.path).text, facts=facts, notes=(note,))
