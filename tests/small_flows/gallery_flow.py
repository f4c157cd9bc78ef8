"""Makes cards of several tasks and sizes, and a card of type html."""

from metaflow import FlowSpec, card, current, step
from metaflow.cards import Markdown, Table


class GalleryFlow(FlowSpec):
    """Cards."""

    @step
    def start(self):
        self.towns = ["Hamburg", "İzmir"]
        self.next(self.fit, foreach="towns")

    @card(type="blank", id="fit")
    @step
    def fit(self):
        current.card["fit"].append(Markdown(f"# Forecast of {self.input}"))
        current.card["fit"].append(Table([[week, week * 3] for week in range(6)], headers=["week", "demand"]))
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @card(type="html", id="plain")
    @card(type="blank", id="long")
    @card(type="blank", id="short")
    @step
    def end(self):
        self.html = "<h1>plain</h1><p>two lines"
        current.card["short"].append(Markdown("# All is well"))
        for number in range(40):
            current.card["long"].append(Markdown(f"## Section {number}\n\nSome text."))


if __name__ == "__main__":
    GalleryFlow()
