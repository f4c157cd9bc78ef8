"""The left side of an explorer: the runs of a flow, with filters, in pages."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import ipywidgets as widgets

from mfwidgets.client.collections.runs import Runs
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.concurrency import LatestTask
from mfwidgets.errors import MetaflowException
from mfwidgets.queries.namespaces import namespaces_of
from mfwidgets.queries.rows import RunRow
from mfwidgets.queries.run_filter import RUN_STATUSES
from mfwidgets.render.html import html_of
from mfwidgets.render.view import Table, View
from mfwidgets.tables import to_frame
from mfwidgets.views.cells import Limits
from mfwidgets.views.context import no_runs_notes
from mfwidgets.views.tables import runs_table
from mfwidgets.widgets.controls import button, combobox, dropdown, text_field
from mfwidgets.widgets.html_view import HtmlView

if TYPE_CHECKING:
    import pandas as pd

PAGE = 50
"""Runs per page. A longer page takes longer to read."""

_HALF = "45%"

_NARROW_COLUMNS = ("run", "status", "started", "duration", "elapsed")
"""The columns of the list. There is no space for more."""


class RunList(widgets.VBox):  # type: ignore[misc]
    """Shows the runs of a flow, newest first, in pages of 50. A thread reads a page when the user opens it.

    Parameters
    ----------
    client
        The client. A change of the namespace replaces it.
    on_choice
        Called with the pathspec of a run that the user clicks.
    on_tick
        Called with the pathspec of a run and its new state when the user ticks it.
    on_error
        Called with the error if reading fails.
    """

    def __init__(
        self,
        client: Metaflow,
        on_choice: Callable[[str], object],
        on_tick: Callable[[str, bool], object],
        on_error: Callable[[Exception], object],
    ) -> None:
        self.client = client
        self._on_error = on_error
        self._pages: list[list[RunRow]] = []
        self._more: Iterator[list[RunRow]] = iter(())
        self._at = 0
        self._total: int | None = None
        self._runs: Runs | None = None
        self.live = HtmlView(on_choice, on_tick)
        self._worker = LatestTask(lambda: setattr(self.live, "busy", True))
        self.namespace = combobox("Namespace", "none: all runs", _namespace_text(client))
        self.flow = combobox("Flow", "name of a flow")
        self.text = text_field("Text", "in id, user or tags", _HALF)
        self.status = dropdown("Status", [("any", ""), *((status, status) for status in RUN_STATUSES)], _HALF)
        self.user = text_field("User", "who started it", _HALF)
        self.tags = text_field("Tags", "separated by spaces", _HALF)
        self.since = text_field("Since", "2d, 2026-01-31", _HALF)
        self.until = text_field("Until", "1d, 2026-02-28", _HALF)
        self.newer = button("\u25c0 Newer", "Previous page")
        self.older = button("Older \u25b6", "Next page")
        self.namespace.observe(lambda _: self._look_in(self.namespace.value.strip()), "value")
        for control in (self.flow, self.text, self.status, self.user, self.tags, self.since, self.until):
            control.observe(lambda _: self.ask(), "value")
        self.newer.on_click(lambda _: self.turn(-1))
        self.older.on_click(lambda _: self.turn(1))
        filters = widgets.HBox(
            [self.text, self.status, self.user, self.tags, self.since, self.until],
            layout=widgets.Layout(flex_flow="row wrap"),
        )
        scrolled = widgets.Box([self.live], layout=widgets.Layout(overflow="auto", max_height="620px", flex="0 1 auto"))
        super().__init__([self.namespace, self.flow, filters, scrolled, widgets.HBox([self.newer, self.older])])
        self._draw()

    # -- reading ----------------------------------------------------------------------------------------------------

    def filtered(self) -> Runs:
        """Return the runs that match the filters. Reads only the flow.

        Raises
        ------
        MetaflowException
            The flow does not exist, or a filter is invalid.
        """
        return self.client[self.flow.value].runs(
            *self.tags.value.split(),
            text=self.text.value.strip() or None,
            status=self.status.value or None,
            user=self.user.value.strip() or None,
            since=self.since.value.strip() or None,
            until=self.until.value.strip() or None,
        )

    def ask(self) -> None:
        """Read the first page again."""
        if self.flow.value:
            self._worker.ask(self._first, self._begun, self._failed)

    def _first(self) -> tuple[Runs, Iterator[list[RunRow]], list[RunRow], int | None, View | None]:
        runs = self.filtered()
        pages = runs._row_pages(PAGE)
        rows = next(pages, [])
        empty = None if rows else View("", "", notes=no_runs_notes(runs, Limits()))
        return runs, pages, rows, runs._cheap_count(), empty

    def _begun(self, page: tuple[Runs, Iterator[list[RunRow]], list[RunRow], int | None, View | None]) -> None:
        self._runs, self._more, rows, self._total, empty = page
        self._pages, self._at = [rows], 0
        self.namespace.options = sorted({*self.namespace.options, *_namespaces(rows)})
        self._draw(empty)

    def turn(self, by: int) -> None:
        """Show the previous page (-1) or the next page (1). A page is read only once."""
        if 0 <= self._at + by < len(self._pages):
            self._at += by
            self._draw()
        elif by > 0 and not self.older.disabled:
            self.older.disabled = True  # until the page is read
            more = self._more
            self._worker.ask(lambda: next(more, []), self._read, self._failed)

    def _read(self, rows: list[RunRow]) -> None:
        if rows:
            self._pages.append(rows)
            self._at += 1
        else:
            self._more = iter(())
        self._draw(ended=not rows)

    # -- drawing ----------------------------------------------------------------------------------------------------

    def _draw(self, empty: View | None = None, *, ended: bool = False) -> None:
        """Show the current page, or the reason why it is empty."""
        rows = self._pages[self._at] if self._pages else []
        first = sum(map(len, self._pages[: self._at]))
        self.live.busy = False
        self.newer.disabled = self._at == 0
        self.older.disabled = ended or len(rows) < PAGE
        if rows:
            total = "" if self._total is None else f" of {self._total:,}"
            note = f"{first + 1:,} to {first + len(rows):,}{total}" + (", the last" if ended else "")
            self.live.html = html_of(View("", "", parts=(narrow(runs_table(rows, Limits(), note)),)), live=True)
        elif empty:
            self.live.html = html_of(empty)

    def say(self, view: View) -> None:
        """Show a view instead of runs."""
        self.live.html = html_of(view)

    def _failed(self, error: Exception) -> None:
        self.live.busy = False
        self.older.disabled = True  # the iterator of pages is broken; ask() makes a new one
        self._on_error(error)

    def to_pandas(self) -> "pd.DataFrame":
        """Return the visible page, with the columns of :meth:`Runs.to_pandas`. Reads nothing."""
        return to_frame("runs", self._pages[self._at] if self._pages else [])

    def _look_in(self, namespace: str) -> None:
        """Switch this list to another namespace. The session's namespace does not change."""
        context = replace(self.client._context, namespace_setting=None if namespace in ("", "none") else namespace)
        self.client = Metaflow._in_context(context)
        self.ask()

    def wait(self, seconds: float = 10.0) -> bool:
        """Wait until all reading has ended, at most ``seconds``. Return whether it has."""
        return self._worker.wait(seconds)

    def close(self) -> None:
        """Close the widget, and cancel reading."""
        self._worker.close()
        self.live.close()
        super().close()

    def __repr__(self) -> str:
        return f"<RunList of {self.flow.value or 'no flow'}, page {self._at + 1}>"


def narrow(table: Table) -> Table:
    """Return a table of runs with only the columns that fit into the list."""
    kept = [place for place, column in enumerate(table.columns) if column.startswith(_NARROW_COLUMNS)]
    rows = tuple(tuple(row[place] for place in kept) for row in table.rows)
    return Table(table.heading, tuple(table.columns[place] for place in kept), rows, table.note)


def _namespaces(rows: list[RunRow]) -> set[str]:
    return {name for row in rows for name in namespaces_of(row.record)}


def _namespace_text(client: Metaflow) -> str:
    try:
        return client.namespace or "none"
    except MetaflowException:  # without a user name, there is no default namespace
        return "none"
