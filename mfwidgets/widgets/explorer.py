"""The explorer: flows and runs on the left, what is chosen on the right."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from mfwidgets.client.flow import Flow
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.client.run_filter import RUN_STATUSES
from mfwidgets.client.runs import Runs
from mfwidgets.errors import MetaflowException
from mfwidgets.render.html import html_of
from mfwidgets.render.view import View
from mfwidgets.views.cells import Limits
from mfwidgets.views.collections import runs_part
from mfwidgets.views.scope import home_folded
from mfwidgets.widgets.live import Live
from mfwidgets.widgets.log_viewer import LogViewer
from mfwidgets.widgets.panes import PANES, compared, narrow, nothing, overview
from mfwidgets.widgets.selection import Selection
from mfwidgets.widgets.snapshot import Snapshot
from mfwidgets.widgets.tag_editor import TagEditor
from mfwidgets.widgets.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from mfwidgets.client.run import Run

PAGE = 50
"""Runs that are shown at first, and added by "More"."""

_LOGS, _COMPARE = "Logs", "Compare"


class Explorer(widgets.VBox):  # type: ignore[misc]
    """Click through flows, runs, steps, tasks and artifacts.

    Whatever is asked of a provider is asked in a thread: the kernel stays free, and the latest click wins.

    Parameters
    ----------
    client
        Where to look.
    start
        What is chosen at first: a flow, a run or anything below; None for the first flow.

    Attributes
    ----------
    selected
        The object that is chosen, live: a flow, run, step, task or artifact; None for nothing.
    loaded
        The value that was loaded last.
    """

    def __init__(self, client: Metaflow, start: Any = None) -> None:
        self._client = client
        self._selection = Selection()
        self._shown = PAGE
        self._ticked: list[Run] = []
        self.loaded: Any = None
        self._list_worker = Worker(lambda: self._say("Loading…"))
        self._pane_worker = Worker(lambda: self._show_pane(nothing("Loading…")))
        self._choice_worker = Worker(lambda: self._say("Opening…"))
        self._namespace = widgets.Text(
            value=_named(client),
            placeholder="none: all runs",
            description="Namespace",
            continuous_update=False,
            layout=_wide(),
        )
        self._flow = widgets.Combobox(placeholder="flow", ensure_option=True, description="Flow", layout=_wide())
        self._status = widgets.Dropdown(
            options=[("any status", ""), *((one, one) for one in RUN_STATUSES)], layout=_wide()
        )
        self._user = widgets.Text(placeholder="user", continuous_update=False, layout=_wide())
        self._tag = widgets.Text(placeholder="tags, with blanks between", continuous_update=False, layout=_wide())
        self._since = widgets.Text(placeholder="since: 2d, 2026-01-31", continuous_update=False, layout=_wide())
        self._more = widgets.Button(description="More", tooltip="Show more runs")
        self._load = widgets.Button(
            description="Load", tooltip="Unpickle the artifact into explorer.loaded", disabled=True
        )
        self._tags = TagEditor(lambda _: self._list(self._shown), self._say)
        self._refresh = widgets.Button(description="Refresh", tooltip="Ask again")
        self._tick = widgets.Button(description="Tick", tooltip="Tick the run for a comparison, or take the tick away")
        self._told = widgets.HTML()
        self._runs = Live(self.choose)
        self._code = widgets.Text(disabled=True, description="Code", layout=widgets.Layout(flex="1 1 auto"))
        self._panes = {name: Live(self.choose) for name in [*PANES, _COMPARE]}
        self._logs = LogViewer()
        self._tabs = widgets.Tab([*self._panes.values(), self._logs], titles=[*self._panes, _LOGS])
        self._snapshot = Snapshot(self._view)
        for control in (self._flow, self._status, self._user, self._tag, self._since):
            control.observe(lambda _: self._list(PAGE), "value")
        self._more.on_click(lambda _: self._list(self._shown + PAGE))
        self._refresh.on_click(lambda _: self.refresh())
        self._tick.on_click(lambda _: self.tick())
        self._load.on_click(lambda _: self.load())
        self._namespace.observe(lambda _: self._look_in(self._namespace.value.strip()), "value")
        self._tabs.observe(lambda _: self._draw_pane(), "selected_index")
        left = widgets.VBox(
            [
                self._namespace,
                self._flow,
                self._status,
                self._user,
                self._tag,
                self._since,
                self._runs,
                widgets.HBox([self._more, self._refresh]),
            ],
            layout=widgets.Layout(flex="0 1 480px", min_width="300px", overflow="auto", max_height="760px"),
        )
        right = widgets.VBox(
            [widgets.HBox([self._code, self._tick, self._load]), self._tags, self._told, self._tabs],
            layout=widgets.Layout(flex="1 1 560px", min_width="320px"),
        )
        super().__init__([widgets.HBox([left, right], layout=widgets.Layout(flex_flow="row wrap"))])
        self._runs.snapshot = self._snapshot.name
        self._begin(start)

    # -- what users ask ---------------------------------------------------------------------------------------------

    @property
    def selected(self) -> Any:
        """The object that is chosen, live; None for nothing."""
        return self._selection.chosen

    def to_pandas(self) -> "pd.DataFrame":
        """Return the table of runs that is in view, as :meth:`Runs.to_pandas` gives it."""
        return self._wanted(self._shown).to_pandas()

    def choose(self, pathspec: str) -> None:
        """Choose an object, as a click on it does."""
        self._choice_worker.ask(lambda: Selection.of(self._client.get(pathspec)), self._chosen, self._failed)

    def refresh(self) -> None:
        """Ask for everything again."""
        self._list(self._shown)
        if self._selection.pathspec:
            self.choose(self._selection.pathspec)

    def tick(self) -> None:
        """Tick the chosen run for a comparison, or take the tick away."""
        run = self._selection.run
        if run is None:
            return
        self._ticked = [one for one in self._ticked if one != run] if run in self._ticked else [*self._ticked, run]
        self._say(f"Ticked: {', '.join(one.pathspec for one in self._ticked) or 'none'}")
        self._draw_pane()

    def load(self) -> None:
        """Unpickle the chosen artifact into ``loaded``; nothing else in an explorer unpickles."""
        artifact = self._selection.artifact
        if artifact is not None:
            self._choice_worker.ask(lambda: artifact.data, self._loaded, self._failed)

    def _loaded(self, value: Any) -> None:
        self.loaded = value
        self._say(f"The value is at explorer.loaded, a {type(value).__name__}.")

    def wait(self, seconds: float = 10.0) -> bool:
        """Wait until nothing is going on any more; tell whether that was in time."""
        workers = (self._choice_worker, self._list_worker, self._pane_worker, self._logs, self._tags)
        return all(one.wait(seconds) for one in workers)

    def close(self) -> None:
        """Close the widget; what is going on no longer matters."""
        for worker in (self._choice_worker, self._list_worker, self._pane_worker):
            worker.close()
        for pane in (*self._panes.values(), self._runs):
            pane.close()
        self._logs.close()
        self._tags.close()
        super().close()

    def _ipython_display_(self) -> None:
        self._snapshot.display(super()._repr_mimebundle_())

    def __repr__(self) -> str:
        return f"<Explorer of {home_folded(self._client.metadata)}; selected: {self._selection.pathspec or 'nothing'}>"

    # -- the left side ----------------------------------------------------------------------------------------------

    def _begin(self, start: Any) -> None:
        def first() -> tuple[list[str], Selection]:
            names = [record.flow for record in self._client._scope.provider.flows()]
            chosen = (
                start if start is not None else (Flow.in_scope(self._client._scope, (names[0],)) if names else None)
            )
            return names, Selection.of(chosen)

        def begun(found: tuple[list[str], Selection]) -> None:
            names, selection = found
            self._flow.options = names
            self._chosen(selection)
            if not names:
                self._runs.html = html_of(nothing("There are no flows here: mfwidgets.metadata() looks elsewhere."))

        self._choice_worker.ask(first, begun, self._failed)

    def _look_in(self, namespace: str) -> None:
        """Look in another namespace; nothing chosen elsewhere changes with it."""
        chosen = None if namespace in ("", "none") else namespace
        self._client = Metaflow.in_scope(replace(self._client._scope, chosen=chosen))
        self._list(PAGE)

    def _wanted(self, limit: int) -> Runs:
        flow = self._client[self._flow.value]
        return flow.runs(
            *self._tag.value.split(),
            status=self._status.value or None,
            user=self._user.value.strip() or None,
            since=self._since.value.strip() or None,
            limit=limit,
        )

    def _list(self, limit: int) -> None:
        self._shown = limit
        if not self._flow.value:
            return

        def listed() -> View:
            runs = self._wanted(limit)
            tables, notes = runs_part(runs, Limits(rows=limit))
            return View("", "", notes=notes, parts=tuple(narrow(table) for table in tables))

        self._list_worker.ask(listed, self._show_runs, self._failed)

    def _show_runs(self, view: View) -> None:
        self._runs.html = html_of(view, live=True)
        self._runs.selected = self._selection.run.pathspec if self._selection.run else ""

    # -- the right side ---------------------------------------------------------------------------------------------

    def _chosen(self, selection: Selection) -> None:
        self._selection = selection
        self._say("")
        self._code.value = selection.code
        self._load.disabled = selection.artifact is None
        self._tags.show(selection.run)
        flow = selection.flow.id if selection.flow else ""
        if flow and flow != self._flow.value:
            self._flow.value = flow  # which lists its runs
        self._runs.selected = selection.run.pathspec if selection.run else ""
        for pane in self._panes.values():
            pane.selected = selection.pathspec
        self._draw_pane()

    @property
    def _pane(self) -> str:
        return [*self._panes, _LOGS][self._tabs.selected_index or 0]

    def _draw_pane(self) -> None:
        name, selection, ticked = self._pane, self._selection, list(self._ticked)
        if name == _LOGS:
            self._logs.show(selection.task)
            return
        draw: Callable[[], View] = (lambda: compared(ticked)) if name == _COMPARE else (lambda: PANES[name](selection))
        self._pane_worker.ask(draw, self._show_pane, self._failed)

    def _show_pane(self, view: View) -> None:
        if self._pane in self._panes:
            self._panes[self._pane].html = html_of(view, live=True)
        self._snapshot.update()

    def _view(self) -> View:
        return overview(self._selection)

    def _failed(self, error: Exception) -> None:
        told = str(error) if isinstance(error, MetaflowException) else f"{type(error).__name__}: {error}"
        self._say(told)

    def _say(self, told: str) -> None:
        self._told.value = html_of(nothing(told)) if told else ""


def _named(client: Metaflow) -> str:
    try:
        return client.namespace or "none"
    except MetaflowException:  # nobody's: there is no default namespace
        return "none"


def _wide() -> widgets.Layout:
    return widgets.Layout(width="auto")
