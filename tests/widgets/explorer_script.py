"""The other side of an explorer, without a browser."""

import json

from waiting import PATIENCE_S


class Script:
    """The other side of an explorer: it keeps the messages, and asks."""

    def __init__(self, explorer):
        self.explorer, self.heard = explorer, []
        explorer.send = lambda content, buffers=None: self.heard.append(json.loads(json.dumps(content)))
        self.ask("hello")

    def settle(self):
        for _ in range(3):  # a result may have started another request
            assert self.explorer.wait(PATIENCE_S)
        return self

    def ask(self, topic, **content):
        """Ask, and return the answer. None if there is none."""
        number = len(self.heard)
        self.explorer._answers._received(self.explorer, {"ask": topic, "id": f"{topic}-{number}", **content}, None)
        self.settle()
        answers = [one for one in self.heard if one["push"] == "answer" and one["id"] == f"{topic}-{number}"]
        return answers[-1] if answers else None

    @property
    def table(self):
        """The facts of all messages about the table. Later ones leave out what has not changed."""
        return {name: value for one in self.heard if one["push"] in ("table", "rows") for name, value in one.items()}

    @property
    def rows(self):
        """The rows in the last message that has any."""
        return next(one["rows"] for one in reversed(self.heard) if "rows" in one)

    def column(self, name):
        """The texts of a column."""
        place = [column["name"] for column in self.table["columns"]].index(name)
        return [row[2][place][0] for row in self.rows]
