"""Answers the questions of the explorer's script, and reacts to changes of its state.

A question has a topic, such as ``pane``. A newer question of the same topic replaces the older one, whose work stops.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mfwidgets.client.flow import Flow
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.client.run import Run
from mfwidgets.concurrency import LatestTask
from mfwidgets.errors import MetaflowException, problem_of
from mfwidgets.views.cells import Limits
from mfwidgets.widgets.explorer.log_pane import NEWEST, LogPane, LogQuestion, ReadLog
from mfwidgets.widgets.explorer.questions import Answer, is_true_in, text_in, texts_in, whole_in
from mfwidgets.widgets.explorer.run_charts import chart_html, comparison
from mfwidgets.widgets.explorer.run_panes import RunPanes, free_name, value_display
from mfwidgets.widgets.explorer.table_answers import TABLE_HANDLERS, TableAnswers
from mfwidgets.widgets.selection import Selection

if TYPE_CHECKING:
    from mfwidgets.widgets.explorer.widget import Explorer

_TOPICS = ("choose", "pane", "log", "chart", "compare", "load", "follow")

FOLLOW_S, MAX_FOLLOW_S, FOLLOW_FACTOR = 2.0, 30.0, 10
"""The shortest and the longest pause between two looks at what runs. A pause is at least this many times as long as a look."""


class Answers:
    """Does the work of an explorer: its table, and the panes next to it.

    Parameters
    ----------
    widget
        The explorer.
    client
        The client. A change of the namespace replaces it.
    """

    def __init__(self, widget: "Explorer", client: Metaflow) -> None:
        self._widget = widget
        self.table = TableAnswers(widget, client)
        self.panes = RunPanes(client)
        self._tasks = {topic: LatestTask() for topic in _TOPICS}
        self._tags = LatestTask(finish_all=True)
        self._log = LogPane()
        widget.on_msg(self._received)
        widget.observe(lambda _: self.table.load(), ["flow", "where"])
        widget.observe(lambda _: self._look_in(), "namespace")
        widget.observe(lambda _: self.table.reorder(), "sort")
        widget.observe(lambda _: self.table.show_columns(), ["columns", "pinned_columns"])
        widget.observe(lambda _: self.table.regroup(), ["group", "folded"])
        widget.observe(lambda _: self.table.pin(), "pinned")
        widget.observe(lambda _: widget._snapshot.update(), ["pathspec", "ticked"])

    @property
    def client(self) -> Metaflow:
        """The client, in the namespace of the widget."""
        return self.table.client

    def selected(self) -> Any:
        """Return the object in the run pane, or the flow. None if there is none. What is known is not read again."""
        return self.panes.target(self._widget.pathspec) if self._widget.pathspec else self.table.flow()

    def choose(self, pathspec: str) -> None:
        """Select an object, and its flow."""
        panes, widget, table = self.panes, self._widget, self.table

        def chosen(selection: Selection) -> None:
            table.problem = ""
            if selection.flow is not None:
                widget.flow = selection.flow.id  # its observer reads the runs
            widget.pathspec = "" if isinstance(selection.target, Flow) else selection.pathspec
            table.changed("facts")

        self._tasks["choose"].ask(lambda: panes.selection(pathspec), chosen, table.failed)

    def _look_in(self) -> None:
        """Switch to another namespace. The session's namespace does not change."""
        context = replace(self.client._context, namespace_setting=self._widget.namespace.strip() or None)
        client = Metaflow._in_context(context)
        self.panes = RunPanes(client)
        self.table.look_in(client)

    def refresh(self) -> None:
        """Read everything again."""
        self.panes.forget()
        self.table.load()
        self._push("refreshed")

    # -- questions --------------------------------------------------------------------------------------------------

    def _received(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if not isinstance(content, dict):
            return
        topic = str(content.get("ask"))
        try:
            if topic in TABLE_HANDLERS:
                answer = TABLE_HANDLERS[topic](self.table, content)
                if answer is not None:
                    self._answer(content, answer)
            elif topic in _HANDLERS:
                _HANDLERS[topic](self, content)
        except MetaflowException as error:
            self._answer(content, {"problem": problem_of(error)})

    def _answer(self, content: Answer, answer: Answer) -> None:
        self._push("answer", id=content.get("id"), ask=content.get("ask"), **answer)

    def _push(self, what: str, /, **content: Any) -> None:
        self._widget.send({"push": what, **content})

    def _ask(self, content: Answer, work: Callable[[], Answer]) -> None:
        """Work on a question in the thread of its topic, and answer it."""

        def failed(error: Exception) -> None:
            self._answer(content, {"problem": problem_of(error)})

        self._tasks[content["ask"]].ask(work, lambda answer: self._answer(content, answer), failed)

    def _pane(self, content: Answer) -> None:
        pathspec, tab, panes = text_in(content, "pathspec"), text_in(content, "tab"), self.panes
        card = whole_in(content, "card")
        self._ask(content, lambda: panes.pane(pathspec, tab, card))

    def _follow(self, content: Answer) -> None:
        """Look again at the running runs in view, and at the open pane. The page asks again after the pause that it gets."""
        pathspec, tab, panes = text_in(content, "pathspec"), text_in(content, "tab"), self.panes
        card, reader = whole_in(content, "card"), self.table.reader

        def work() -> Answer:
            began = time.monotonic()
            changed = reader.follow()
            pane: Answer = {}
            if pathspec:
                panes.forget()
                pane = {"pane": panes.pane(pathspec, tab, card)}
                if not pane["pane"]["running"]:
                    self._widget._snapshot.update()
            pause = min(max(FOLLOW_S, FOLLOW_FACTOR * (time.monotonic() - began)), MAX_FOLLOW_S)
            return {"pause_ms": round(1000 * pause), "changed": changed, **pane}

        self._ask(content, work)

    def _show_log(self, content: Answer) -> None:
        pathspec, panes, rows = text_in(content, "pathspec"), self.panes, whole_in(content, "rows")
        version = whole_in(content, "version")
        attempt = content.get("attempt")
        question = LogQuestion(
            text_in(content, "stream"),
            attempt if isinstance(attempt, int) else NEWEST,
            text_in(content, "since"),
            text_in(content, "until"),
            text_in(content, "search"),
            is_true_in(content, "regex"),
            whole_in(content, "columns"),
        )

        def done(log: ReadLog | None) -> None:
            nothing = {"words": "Select a run, a step or a task to see its log.", "total": 0, "version": -1}
            self._answer(content, self._log.show(log, rows, version) if log else nothing)

        def failed(error: Exception) -> None:
            self._answer(content, {"problem": problem_of(error)})

        self._tasks["log"].ask(lambda: panes.log(pathspec, question), done, failed)

    def _log_lines(self, content: Answer) -> None:
        version, page = whole_in(content, "version"), whole_in(content, "page")
        lines = self._log.page(version, page)
        if lines is not None:
            self._push("lines", version=version, page=page, lines=list(lines))

    def _log_text(self, content: Answer) -> None:
        name, text = self._log.text()
        self._answer(content, {"name": name, "text": text})

    def _chart(self, content: Answer) -> None:
        kind, x, y, color = (text_in(content, name) for name in ("kind", "x", "y", "color"))
        count = len(self.table.reader.runs.runs)
        self._ask(content, lambda: {"html": chart_html(self.table.runs(), count, kind, x, y, color)})

    def _compare(self, content: Answer) -> None:
        client, pathspecs = self.client, list(self._widget.ticked)

        def work() -> Answer:
            found = [client.get(pathspec) for pathspec in pathspecs]
            return comparison([run for run in found if isinstance(run, Run)])

        self._ask(content, work)

    def _change_tags(self, content: Answer) -> None:
        pathspec, panes = text_in(content, "pathspec"), self.panes
        added, removed = texts_in(content, "add"), texts_in(content, "remove")

        def changed(tags: list[str]) -> None:
            self._answer(content, {"tags": tags})

        def failed(error: Exception) -> None:
            self._answer(content, {"problem": f"The tags have not changed: {problem_of(error)}"})

        self._tags.ask(lambda: panes.change_tags(pathspec, added, removed), changed, failed)

    def _load(self, content: Answer) -> None:
        self.load(text_in(content, "pathspec"), content)

    def load(self, pathspec: str, content: Answer | None) -> None:
        """Load the value of an artifact into a variable. ``content`` is the question of the script, if it asked."""
        panes = self.panes

        def work() -> Answer:
            value = panes.artifact(pathspec).data
            self._widget.loaded = value
            name = _named(value, pathspec.rpartition("/")[2])
            shown = Limits(chars=60).text(type(value).__name__).text
            return {"name": name, "type": shown, **value_display(value)}

        def done(answer: Answer) -> None:
            self._answer(content or {"ask": "load"}, answer)

        def failed(error: Exception) -> None:
            self._answer(content or {"ask": "load"}, {"problem": problem_of(error)})

        self._tasks["load"].ask(work, done, failed)

    def _refresh(self, _content: Answer) -> None:
        self.refresh()

    # -- the end ----------------------------------------------------------------------------------------------------

    def wait(self, seconds: float) -> bool:
        """Wait until all reading has ended, at most ``seconds`` each. Return whether it has."""
        waited = [task.wait(seconds) for task in (*self._tasks.values(), self._tags)]
        return self.table.wait(seconds) and all(waited)

    def close(self) -> None:
        """Cancel reading."""
        for task in (*self._tasks.values(), self._tags):
            task.close()
        self.table.close()


_HANDLERS: dict[str, Callable[[Answers, Answer], None]] = {
    "pane": Answers._pane,
    "follow": Answers._follow,
    "log": Answers._show_log,
    "lines": Answers._log_lines,
    "text": Answers._log_text,
    "chart": Answers._chart,
    "compare": Answers._compare,
    "tags": Answers._change_tags,
    "load": Answers._load,
    "refresh": Answers._refresh,
}
"""The questions about panes that a script can ask."""


def _named(value: Any, wanted: str) -> str:
    """Give the value a name in the user's namespace. Return the name. Empty outside of IPython."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is None:
        return ""
    name = free_name(wanted, shell.user_ns)
    shell.user_ns[name] = value
    return name
