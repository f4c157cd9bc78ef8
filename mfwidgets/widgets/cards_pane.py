"""The pane with the cards of a task. A card is in a sandboxed frame, without access to the notebook and the network."""

import ipywidgets as widgets

from mfwidgets.client.cards import Card, get_cards
from mfwidgets.client.task import Task
from mfwidgets.concurrency import LatestTask
from mfwidgets.errors import CardNotPresentException, problem_of
from mfwidgets.hidden_characters import visible
from mfwidgets.render.html import html_of
from mfwidgets.render.view import View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.widgets.html_view import HtmlView
from mfwidgets.widgets.panes import nothing


class CardsPane(widgets.VBox):  # type: ignore[misc]
    """Shows the cards of a task. It reads in threads."""

    def __init__(self) -> None:
        self._task: Task | None = None
        self.live = HtmlView()
        self._worker = LatestTask(lambda: setattr(self.live, "busy", True))
        self.card = widgets.Dropdown(description="Card", layout=widgets.Layout(width="auto", display="none"))
        self.card.observe(lambda _: self._open(), "value")
        super().__init__([self.card, self.live])

    def show(self, task: Task | None) -> None:
        """Show the cards of another task, and open the first."""
        self._task = task
        if task is None:
            self._worker.drop()
            self._offer([])
            self._drawn(nothing("Select a task to see its cards."))
        else:
            self._worker.ask(lambda: list(get_cards(task)), self._offer, self._failed)

    def _offer(self, cards: list[Card]) -> None:
        self.card.layout.display = "" if len(cards) > 1 else "none"
        self.card.options = [(_name(card), card) for card in cards]
        if cards and self.card.value is None:
            self.card.value = cards[0]
        self._open()

    def _open(self) -> None:
        card = self.card.value
        if card is not None:
            self._worker.ask(lambda: build_view(card, Limits()), self._drawn, self._failed)

    def _drawn(self, view: View) -> None:
        self.live.busy = False
        self.live.html = html_of(view)

    def _failed(self, error: Exception) -> None:
        if isinstance(error, CardNotPresentException):
            self._offer([])
        message = problem_of(error)
        self._drawn(nothing(message))

    def wait(self, seconds: float = 10.0) -> bool:
        """Wait until all reading has ended, at most ``seconds``. Return whether it has."""
        return self._worker.wait(seconds)

    def close(self) -> None:
        """Close the widget, and cancel reading."""
        self._worker.close()
        self.live.close()
        super().close()

    def __repr__(self) -> str:
        return visible(f"<CardsPane of {self._task.pathspec if self._task else 'no task'}>")


def _name(card: Card) -> str:
    return " ".join(filter(None, (card.type, card.id or "", card.hash[:5])))
