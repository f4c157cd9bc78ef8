"""Two cards on one task; the second step can be broken and resumed, so that the first is taken over."""

import os

from metaflow import FlowSpec, card, current, step
from metaflow.cards import Markdown


class CardFlow(FlowSpec):
    """Cards."""

    @card(type="blank", id="second")
    @card(type="blank", id="first")
    @step
    def start(self):
        current.card["first"].append(Markdown("# first <script>alert(1)</script>"))
        current.card["second"].append(Markdown("# second"))
        self.next(self.end)

    @step
    def end(self):
        if os.environ.get("BREAK"):
            raise RuntimeError("broken")


if __name__ == "__main__":
    CardFlow()
