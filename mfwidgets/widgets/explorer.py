"""The explorer: flows and runs on the left, the selected object on the right."""

from functools import partial
from typing import TYPE_CHECKING, Any, cast

import ipywidgets as widgets

from mfwidgets.client.flow import Flow
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.concurrency import CallOnce, LatestTask
from mfwidgets.errors import problem_of
from mfwidgets.hidden_characters import visible
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.snapshot_provider import remembering_context
from mfwidgets.render.html import copyable_line, html_of
from mfwidgets.render.view import View
from mfwidgets.views.context import home_folded
from mfwidgets.widgets.cards_pane import CardsPane
from mfwidgets.widgets.controls import button
from mfwidgets.widgets.html_view import HtmlView
from mfwidgets.widgets.log_viewer import LogViewer
from mfwidgets.widgets.panes import PANES, compared, log_text, nothing, overview
from mfwidgets.widgets.run_list import RunList
from mfwidgets.widgets.selection import Selection, code_snippet
from mfwidgets.widgets.snapshot import Snapshot
from mfwidgets.widgets.tag_editor import TagEditor

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from mfwidgets.client.run import Run

_CARDS, _COMPARE, _LOGS = "Cards", "Compare", "Logs"
_OVERVIEW = "Overview"


class Explorer(widgets.VBox):  # type: ignore[misc]
    """A widget to browse flows, runs, steps, tasks, artifacts, cards and logs.

    Threads read from the provider, so that the kernel stays free. The newest click wins. Only :meth:`load` unpickles.

    Parameters
    ----------
    client
        The client whose metadata and namespace it shows.
    start
        The object to select first: a flow, run, step, task or artifact. None selects the first flow.

    Attributes
    ----------
    loaded : object
        The value of the last :meth:`load`. None before it.
    """

    def __init__(self, client: Metaflow, start: Any = None) -> None:
        self._client = client
        self._selection = Selection(start)  # the parents of start are read later, in a thread
        self._ticked: list[Run] = []
        self.loaded: Any = None
        self._choice_worker = LatestTask(lambda: self._say("Opening…"))
        self._pane_worker = LatestTask(self._wait)
        self._list = RunList(client, self.choose, self.tick, self._failed)
        self._load = button("Load", "Unpickle the artifact into explorer.loaded")
        self._load.disabled = True
        self._refresh = button("Refresh", "Read everything again")
        self._tags = TagEditor(lambda _: self._list.ask(), self._say)
        self._message = widgets.HTML()
        self._code = HtmlView()
        self._panes = {name: HtmlView(self.choose) for name in [*PANES, _COMPARE]}
        self._cards, self._logs = CardsPane(), LogViewer()
        self._tabs = widgets.Tab([*self._panes.values(), self._cards, self._logs], titles=[*self._panes, _CARDS, _LOGS])
        self._overview = CallOnce(overview)  # the pane and the static picture share it
        self._snapshot = Snapshot(lambda: self._overview(self._selection))
        self._refresh.on_click(lambda _: self.refresh())
        self._load.on_click(lambda _: self.load())
        self._tabs.observe(lambda _: self._draw_pane(), "selected_index")
        self._list.layout = widgets.Layout(flex="1 1 410px", min_width="300px", max_width="520px")
        bar = widgets.HBox(
            [widgets.Box([self._code], layout=widgets.Layout(flex="1 1 auto")), self._load, self._refresh],
            layout=widgets.Layout(flex_flow="row wrap", align_items="center"),
        )
        right = widgets.VBox(
            [bar, self._tags, self._message, self._tabs], layout=widgets.Layout(flex="3 1 440px", min_width="320px")
        )
        sides = widgets.HBox([self._list, right], layout=widgets.Layout(flex_flow="row wrap", grid_gap="12px"))
        super().__init__([sides])
        self.add_class("mfw-explorer")
        self._list.live.snapshot = self._snapshot.name
        self._begin(start)

    # -- for users --------------------------------------------------------------------------------------------------

    @property
    def selected(self) -> Any:
        """The currently selected flow, run, step, task or artifact. None if there is none. Reads nothing."""
        return self._selection.target

    def to_pandas(self) -> "pd.DataFrame":
        """Return the visible page of runs. Reads nothing.

        Returns
        -------
        pandas.DataFrame
            One row per run, with the columns of :meth:`Runs.to_pandas`.
        """
        return self._list.to_pandas()

    def choose(self, pathspec: str) -> None:
        """Select an object, as a click does.

        A thread reads the object and its parents: one small file or request each. Errors are shown in the widget.

        Parameters
        ----------
        pathspec
            A flow, run, step, task or artifact.
        """
        context = self._list.client._context

        def find() -> Selection:
            return Selection.of(Metaflow._in_context(remembering_context(context)).get(pathspec))

        self._choice_worker.ask(find, lambda selection: self._chosen(selection, context), self._failed)

    def refresh(self) -> None:
        """Read the list of runs and the selected object again, in a thread."""
        self._list.ask()
        if self._selection.pathspec:
            self.choose(self._selection.pathspec)

    def tick(self, pathspec: str, on: bool = True) -> None:  # noqa: FBT001, FBT002 - on and off, as a checkbox
        """Tick a run for the comparison, or remove its tick, as its checkbox does.

        A thread reads the run and, if the Compare pane is open, compares the ticked runs.

        Parameters
        ----------
        pathspec
            A run.
        on
            Whether to tick it.
        """
        client = self._list.client

        def ticked(run: "Run") -> None:
            others = [other for other in self._ticked if other != run]
            self._ticked = [*others, run] if on else others
            self._list.live.ticked = [ticked_run.pathspec for ticked_run in self._ticked]
            self._draw_pane()

        self._choice_worker.ask(lambda: cast("Run", client.get(pathspec)), ticked, self._failed)

    def load(self) -> None:
        """Unpickle the selected artifact into ``loaded``, in a thread. Unpickling runs code in the pickle.

        Reads one blob. If no artifact is selected, nothing happens.
        """
        artifact = self._selection.artifact
        if artifact is not None:
            self._choice_worker.ask(lambda: artifact.data, self._loaded, self._failed)

    def _loaded(self, value: Any) -> None:
        self.loaded = value
        self._say(f"The value ({type(value).__name__}) is in explorer.loaded.")

    def wait(self, seconds: float = 10.0) -> bool:
        """Wait until all threads have finished, for scripts and tests.

        Parameters
        ----------
        seconds
            The maximum time to wait for each of the six threads.

        Returns
        -------
        bool
            Whether all threads have finished in time.
        """
        workers = (self._choice_worker, self._list, self._pane_worker, self._cards, self._logs, self._tags)
        return all(worker.wait(seconds) for worker in workers)

    def close(self) -> None:
        """Close the widget, and cancel reading."""
        for part in (self._choice_worker, self._pane_worker, self._list, self._cards, self._logs, self._tags):
            part.close()
        for pane in (*self._panes.values(), self._code):
            pane.close()
        super().close()

    def _ipython_display_(self) -> None:
        self._snapshot.display(super()._repr_mimebundle_())

    def __repr__(self) -> str:
        return visible(
            f"<Explorer of {home_folded(self._client.metadata)}; selected: {self._selection.pathspec or 'nothing'}>"
        )

    # -- reactions --------------------------------------------------------------------------------------------------

    def _begin(self, start: Any) -> None:
        def first() -> tuple[list[str], Selection]:
            context = self._client._context
            if start is not None:
                return context.flow_names() or [start.path_components[0]], Selection.of(start)
            names = [record.flow for record in context.provider.flows()]
            return names, Selection.of(Flow._in_context(context, (names[0],)) if names else None)

        def begun(flows_and_selection: tuple[list[str], Selection]) -> None:
            names, selection = flows_and_selection
            self._list.flow.options = names
            self._chosen(selection, self._client._context if start is None else start._context)
            if not names:
                self._list.say(nothing("There are no flows. Try mfwidgets.metadata(SELECTOR) for other metadata."))

        self._choice_worker.ask(first, begun, self._failed)

    def _chosen(self, cached: Selection, context: ClientContext) -> None:
        """Show the selected object. The visible pane uses the records that are already in ``cached``."""
        self._selection = selection = cached.in_context(context)
        self._overview = CallOnce(overview)
        self._say("")
        self._load.disabled = selection.artifact is None
        self._tags.show(selection.run)
        flow = selection.flow.id if selection.flow else ""
        if flow and flow != self._list.flow.value:
            self._list.flow.value = flow  # its observer lists the runs
        self._list.live.selected = selection.run.pathspec if selection.run else ""
        for pane in self._panes.values():
            pane.selected = selection.pathspec
        self._draw_pane(cached)

    @property
    def _pane(self) -> str:
        return str(self._tabs.titles[self._tabs.selected_index or 0])

    def _draw_pane(self, cached: Selection | None = None) -> None:
        name, selection, ticked = self._pane, self._selection, list(self._ticked)
        line = code_snippet(name, selection, ticked)
        self._code.html = copyable_line(line) if line else ""
        if name == _CARDS:
            self._cards.show(selection.task)
        elif name == _LOGS:
            self._pane_worker.ask(lambda: log_text(selection), self._logs.show, self._failed)
        else:
            draw = self._drawing(name, cached or selection, ticked)
            self._pane_worker.ask(draw, lambda view: self._show(name, view), self._failed)

    def _drawing(self, name: str, selection: Selection, ticked: "list[Run]") -> "Callable[[], View]":
        """Return a function that draws a pane."""
        if name == _COMPARE:
            return lambda: compared(ticked)
        if name == _OVERVIEW:
            self._overview = CallOnce(overview)
            return partial(self._overview, selection)
        return partial(PANES[name], selection)

    def _show(self, name: str, view: View) -> None:
        self._panes[name].html = html_of(view, live=True)
        self._settled()

    def _wait(self) -> None:
        if self._pane in self._panes:
            self._panes[self._pane].busy = True

    def _settled(self) -> None:
        for pane in self._panes.values():
            pane.busy = False
        self._snapshot.update()

    def _failed(self, error: Exception) -> None:
        self._settled()
        self._say(problem_of(error))

    def _say(self, message: str) -> None:
        self._message.value = html_of(nothing(message)) if message else ""
