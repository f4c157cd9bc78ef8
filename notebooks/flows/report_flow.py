"""Writes a card."""

from metaflow import FlowSpec, card, current, step
from metaflow.cards import Markdown, Table


class ReportFlow(FlowSpec):
    """A card with a table."""

    @card(type="blank", id="summary")
    @step
    def start(self):
        self.totals = {"north": 120, "south": 98, "west": 143}
        current.card.append(Markdown("# Orders by region"))
        current.card.append(Table([[name, total] for name, total in self.totals.items()], headers=["region", "orders"]))
        self.next(self.end)

    @step
    def end(self):
        self.best = max(self.totals, key=self.totals.get)


if __name__ == "__main__":
    ReportFlow()
