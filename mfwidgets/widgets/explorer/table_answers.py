"""The table of an explorer: which runs it has, what the script is sent of them, and what changes its filter and selection."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from mfwidgets.client.collections.runs import Runs
from mfwidgets.client.flow import Flow
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.concurrency import LatestTask
from mfwidgets.errors import MetaflowInvalidArgument, problem_of
from mfwidgets.queries.values.value_columns import Columns
from mfwidgets.widgets.explorer.filter_line import completions, with_range, with_value, without_column
from mfwidgets.widgets.explorer.known_runs import KnownRun
from mfwidgets.widgets.explorer.questions import Answer, text_in, whole_in
from mfwidgets.widgets.explorer.run_reader import Change, RunReader
from mfwidgets.widgets.explorer.table_messages import chosen_columns, columns_message, pinned_message, rows_message

if TYPE_CHECKING:
    from mfwidgets.widgets.explorer.widget import Explorer

_MAX_ROWS = 400
"""A page of rows has at most this many."""


class TableAnswers:
    """Reads the runs of the table, and sends what the script shows of them.

    Parameters
    ----------
    widget
        The explorer, whose traits say what the table shows.
    client
        The client. A change of the namespace replaces it.

    Attributes
    ----------
    problem
        What prevents the table from showing what it should. Empty if nothing does.
    """

    def __init__(self, widget: "Explorer", client: Metaflow) -> None:
        self.client, self._widget = client, widget
        self.reader = RunReader(self.changed, self.failed)
        self.problem, self._can_retry = "", False
        self.start = LatestTask()
        self._flow: Flow | None = None
        self._loaded: tuple[Metaflow, str] = (client, "")
        self._flows: list[str] = []
        self._window, self._version = (0, 60), 0
        self._shown: list[str] = []
        self._sent: object = None

    def begin(self) -> None:
        """Read the names of the flows, and the runs of the first one if none is chosen."""
        context = self.client._context

        def begun(names: list[str]) -> None:
            self._flows = names
            if not self._widget.flow and names:
                self._widget.flow = names[0]  # its observer reads the runs
            elif not names and not self._widget.flow:
                self.problem = "There are no flows. Try mfwidgets.metadata(SELECTOR) for other metadata."
            self.changed("facts")

        flow = self._widget.flow

        def work() -> list[str]:
            if flow:  # also services without a list of flows can show it
                return context.flow_names() or [flow]
            return [record.flow for record in context.provider.flows()]

        self.start.ask(work, begun, self.failed)
        if self._widget.flow:
            self.load()

    def runs(self) -> Runs:
        """Return the runs of the table, in its order.

        Raises
        ------
        MetaflowException
            The flow does not exist, or the filter is not valid.
        """
        runs = self._filtered(self._widget.flow, self._widget.where)
        sort = self.sorted_by
        return runs.sort_by([name for name, _ in sort], [rises for _, rises in sort]) if sort else runs

    def flow(self) -> Flow | None:
        """Return the flow. What is known is not read again. None if there is none."""
        if self._flow is None or self._flow.id != self._widget.flow:
            self._flow = self.client[self._widget.flow] if self._widget.flow else None
        return self._flow

    def _filtered(self, name: str, line: str) -> Runs:
        self._flow = self.client[name]
        runs = self._flow.runs()
        return runs.where(line) if line.strip() else runs

    @property
    def sorted_by(self) -> list[tuple[str, bool]]:
        """The order. The script can send anything, so what is not a pair is left out."""
        pairs = [item for item in self._widget.sort if isinstance(item, list | tuple) and len(item) == 2]  # noqa: PLR2004
        return [(name, bool(rises)) for name, rises in pairs if isinstance(name, str)]

    def load(self) -> None:
        """Read the runs of the flow that match the filter."""
        if not self._widget.flow:
            return
        self.problem = ""
        name, line = self._widget.flow, self._widget.where
        if self._loaded != (self.client, name):
            self._loaded = (self.client, name)
            self.reader.clear()
        self.reader.sort(self.sorted_by)
        self.reader.group(self._widget.group, self._widget.folded)
        self.reader.load(lambda: self._filtered(name, line))
        self.changed("facts")

    def look_in(self, client: Metaflow) -> None:
        """Show the runs of another client."""
        self.client = client
        self.load()

    def reorder(self) -> None:
        """Sort the table as the widget says."""
        self.reader.sort(self.sorted_by)
        self.changed("facts")

    def regroup(self) -> None:
        """Group the table as the widget says."""
        self.reader.group(self._widget.group, self._widget.folded)
        self.changed("facts")

    def pin(self) -> None:
        """Show the pinned runs and columns."""
        self.reader.pin(self._widget.pinned)
        self.changed("facts")

    def show_columns(self) -> None:
        """Read and send the columns that the widget names."""
        self.reader.show(*self._window, self._names())
        self.changed("facts")

    def changed(self, what: Change) -> None:
        """Send the rows in view to the script. The headers are only sent if they can be different."""
        with self.reader.lock:  # also while sending: a message that was made earlier must not arrive later
            self._version += what == "order"
            state = self._state()
            if what == "facts" or state != self._sent:
                self._shown = self._names()
                facts = columns_message(self.reader.runs, self._shown, self.sorted_by, self._widget.where)
                self._sent = state
            else:
                facts = {}
            content = {"version": self._version, **facts, **self._rows_message(), "flows": self._flows}
            content["frozen"] = 1 + len(self._frozen(self._shown))
            content |= {"problem": self.problem, "retry": self._can_retry, "working": self.reader.working}
            self._push("table", **content)
        self._widget._snapshot.update()

    def _state(self) -> object:
        """Return what the headers depend on."""
        runs = self.reader.runs
        return (runs, runs.read_count, len(runs.runs), runs.complete, runs.total, self.sorted_by, self._widget.where)

    def _rows_message(self) -> Answer:
        runs, widget = self.reader.runs, self._widget
        rows = rows_message(runs, self._shown, *self._window, widget.group, widget.folded)
        return {
            **rows,
            "running": len(self.reader.running_in_view()),
            "pins": pinned_message(runs, self._shown, widget.pinned) if widget.pinned else [],
        }

    def _push(self, what: str, /, **content: Any) -> None:
        self._widget.send({"push": what, **content})

    def failed(self, error: Exception) -> None:
        """Show an error next to the runs that have been read."""
        self.problem, self._can_retry = problem_of(error), not isinstance(error, MetaflowInvalidArgument)
        self.changed("facts")

    def _names(self) -> list[str]:
        sorted_by = [*(name for name, _ in self.sorted_by), *([self._widget.group] if self._widget.group else ())]
        names = chosen_columns(self.reader.runs, self._widget.columns, sorted_by, self._widget.where)
        frozen = self._frozen(names)
        return [*names[:1], *frozen, *(name for name in names[1:] if name not in frozen)]

    def _frozen(self, names: Sequence[str]) -> list[str]:
        """Return the pinned columns after the first, which is always pinned."""
        return [name for name in names[1:] if name in self._widget.pinned_columns]

    def in_view(self, limit: int) -> tuple[list[KnownRun], list[str], str]:
        """Return the first rows in view, the columns, and a note about how many there are."""
        with self.reader.lock:
            runs, first = self.reader.runs, self._window[0]
            shown = [runs.runs[place] for place in runs.places(first, min(first + limit, self._window[1]))]
            note = f"{first + 1:,} to {first + len(shown):,} of {len(runs.runs):,}" if shown else ""
            return shown, self._names(), note

    def read_runs(self) -> list[KnownRun]:
        """Return the runs whose facts have been read, in the order of the table."""
        with self.reader.lock:
            return self.reader.runs.read_runs()

    @staticmethod
    def columns_of(runs: Sequence[KnownRun]) -> Columns:
        """Return the values of some runs as columns."""
        names = dict.fromkeys(name for run in runs for name in run.values or ())
        return {name: [run.value(name) for run in runs] for name in names}

    # -- questions of the script ------------------------------------------------------------------------------------

    def hello(self, _content: Answer) -> None:
        """Send everything, because a page has just opened."""
        self.changed("facts")

    def rows(self, content: Answer) -> None:
        """Send the rows that are in view now, and read what is missing in them."""
        start, stop = whole_in(content, "start"), whole_in(content, "stop")
        self._window = (start, min(max(stop, start), start + _MAX_ROWS))
        with self.reader.lock:
            self.reader.look_at(*self._window, self._shown)
            self._push("rows", version=self._version, **self._rows_message())
        self.reader.fill()

    def complete(self, content: Answer) -> Answer:
        """Return completions of the filter line."""
        with self.reader.lock:
            return {"lines": completions(text_in(content, "text"), self.reader.runs)}

    def change_filter(self, content: Answer) -> None:
        """Change the filter line by a range, or by a value of a column."""
        line, name, names = self._widget.where, text_in(content, "column"), list(self.reader.runs.names)
        low, high = content.get("low"), content.get("high")
        if isinstance(low, int | float) and isinstance(high, int | float):
            line = with_range(line, name, names, low, high)
        elif isinstance(content.get("value"), str):
            line = with_value(line, name, names, content["value"])
        else:
            line = without_column(line, name, names)
        self._widget.where = line

    def select(self, content: Answer) -> None:
        """Select the runs in a range of rows or in a group, also those that the script does not have.

        A group whose runs are all selected is removed from the selection.
        """
        first, last = sorted((whole_in(content, "first"), whole_in(content, "last")))
        key, ticked = content.get("group"), self._widget.ticked
        with self.reader.lock:
            runs = self.reader.runs
            places = runs.places_in_group(key) if isinstance(key, str) else runs.places(first, last + 1)
            between = [runs.runs[place].row.pathspec for place in places]
        if isinstance(key, str) and set(between) <= set(ticked):
            self._widget.ticked = [pathspec for pathspec in ticked if pathspec not in set(between)]
        else:
            self._widget.ticked = list(dict.fromkeys([*ticked, *between]))

    # -- the end ----------------------------------------------------------------------------------------------------

    def wait(self, seconds: float) -> bool:
        """Wait until all reading has ended, at most ``seconds`` each. Return whether it has."""
        begun = self.start.wait(seconds)
        return self.reader.wait(seconds) and begun

    def close(self) -> None:
        """Cancel reading."""
        self.start.close()
        self.reader.close()


TABLE_HANDLERS: dict[str, Callable[[TableAnswers, Answer], Answer | None]] = {
    "hello": TableAnswers.hello,
    "rows": TableAnswers.rows,
    "complete": TableAnswers.complete,
    "filter": TableAnswers.change_filter,
    "select": TableAnswers.select,
}
"""The questions about the table that a script can ask. One that returns something is answered with it."""
