"""The explorer as one widget: its state and its methods for Python. Its script asks for everything that it shows."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import traitlets

from mfwidgets.client.collections.runs import Runs
from mfwidgets.client.flow import Flow
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.code_lines import string_literal
from mfwidgets.errors import MetaflowException, MetaflowInvalidArgument
from mfwidgets.hidden_characters import visible
from mfwidgets.render.view import View
from mfwidgets.tables import to_frame
from mfwidgets.views.cells import Limits
from mfwidgets.views.context import home_folded
from mfwidgets.views.object_code import object_code
from mfwidgets.views.run_table import RunTable, runs_table
from mfwidgets.widgets.explorer.answers import Answers
from mfwidgets.widgets.explorer.filter_line import ids_line
from mfwidgets.widgets.explorer.script import joined_script, style_sheet
from mfwidgets.widgets.pictured_widget import PicturedWidget
from mfwidgets.widgets.snapshot import Snapshot, bundle_of

if TYPE_CHECKING:
    import pandas as pd

_PICTURE_ROWS = 12


class Explorer(PicturedWidget):
    """A widget to look for runs in a table, to compare and draw them, and to read what is in them.

    Threads read from the provider, so that the kernel stays free. The newest question wins, and the work of former ones
    stops. Only :meth:`load` unpickles.

    Parameters
    ----------
    client
        The client whose metadata and namespace it shows.
    start
        The object to select first: a flow, run, step, task or artifact. None selects the first flow.
    where
        The filter, as in :meth:`Runs.where`.
    columns
        Names of columns. Empty means that it chooses.

    Attributes
    ----------
    loaded : object
        The value of the last :meth:`load`. None before it.
    """

    _esm = traitlets.Unicode(joined_script()).tag(sync=True)
    _css = traitlets.Unicode(style_sheet()).tag(sync=True)
    _anywidget_id = traitlets.Unicode(f"{__name__}.Explorer").tag(sync=True)

    flow = traitlets.Unicode("").tag(sync=True)
    """The name of the flow."""

    namespace = traitlets.Unicode("").tag(sync=True)
    """The namespace. Empty means all runs."""

    where = traitlets.Unicode("").tag(sync=True)
    """The filter line."""

    sort: "traitlets.List[Any]" = traitlets.List().tag(sync=True)
    """The order of the table: lists of a column and whether small values come first. Empty means newest first."""

    columns: "traitlets.List[str]" = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """The full names of the columns that the user chose. Empty means that the explorer chooses."""

    group = traitlets.Unicode("").tag(sync=True)
    """The full name of the column by which the runs are grouped. Empty means no groups."""

    folded: "traitlets.List[str]" = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """The keys of the groups whose runs are hidden."""

    pinned: "traitlets.List[str]" = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """The pathspecs of runs that stay at the top of the table."""

    pinned_columns: "traitlets.List[str]" = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """The full names of columns that stay at the left of the table, after the first one, which always does."""

    ticked: "traitlets.List[str]" = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """The pathspecs of the selected runs."""

    pathspec = traitlets.Unicode("").tag(sync=True)
    """The pathspec of the object in the run pane. Empty for none."""

    place = traitlets.Unicode("runs").tag(sync=True)
    """The left side: ``runs``, ``charts`` or ``compare``."""

    tab = traitlets.Unicode("Overview").tag(sync=True)
    """The tab of the run pane."""

    chart: "traitlets.Dict[str, str]" = traitlets.Dict().tag(sync=True)
    """The kind of chart and its axes."""

    views: "traitlets.Dict[str, Any]" = traitlets.Dict().tag(sync=True)
    """Saved views by name: filter, order, columns and groups."""

    height = traitlets.Int(560).tag(sync=True)
    """The height in pixels."""

    share = traitlets.Float(0.56).tag(sync=True)
    """The share of the width that the left side has."""

    def __init__(self, client: Metaflow, start: Any = None, where: str = "", columns: Sequence[str] = ()) -> None:
        self.loaded: Any = None
        self._start = client
        self._snapshot = Snapshot(self._picture)
        super().__init__(
            namespace=_namespace_text(client),
            flow=_flow_name(start),
            pathspec=start.pathspec if start is not None and not isinstance(start, Flow) else "",
            where=where,
            columns=list(columns),
            hides=self._snapshot.name,
        )
        self._answers = Answers(self, client)
        self.keep_picture(self._snapshot)
        self._answers.table.begin()

    # -- for users --------------------------------------------------------------------------------------------------

    @property
    def selected(self) -> Any:
        """The object in the run pane: a run, step, task or artifact. Else the flow. None if there is none.

        Reads its record, if the pane has not read it.
        """
        return self._answers.selected()

    @property
    def runs(self) -> Runs:
        """The runs in the table, with its filter and order. Reads the flow.

        Raises
        ------
        MetaflowException
            The flow does not exist, or the filter is not valid.
        """
        return self._answers.table.runs()

    @property
    def selected_runs(self) -> Runs:
        """The selected runs as a collection, with charts and tables. Reads the flow.

        Raises
        ------
        MetaflowInvalidArgument
            No run is selected.
        """
        line = ids_line(pathspec.partition("/")[2] for pathspec in self.ticked)
        if not line:
            raise MetaflowInvalidArgument("Expected selected runs, got none. Select some in the table, or use .runs.")
        return self._answers.client[self.flow].runs().where(line)

    @property
    def code(self) -> str:
        """The line of code that returns the runs in the table. Reads the flow."""
        if not self.flow:
            return ""
        line = f"{object_code(self._answers.client[self.flow])}.runs()"
        if self.where.strip():
            line += f".where({string_literal(self.where)})"
        if sort := self._answers.table.sorted_by:
            names, rising = [name for name, _ in sort], [rises for _, rises in sort]
            given = string_literal(names[0]) if len(names) == 1 else f"[{', '.join(map(string_literal, names))}]"
            line += f".sort_by({given}{'' if all(rising) else f', {rising[0] if len(names) == 1 else rising}'})"
        return line

    def to_pandas(self) -> "pd.DataFrame":
        """Return the runs of the table that have been read, in its order. Reads nothing.

        Returns
        -------
        pandas.DataFrame
            One row per run, with the columns of :meth:`Runs.to_pandas`, and the parameters and results that have been read.
        """
        runs = self._answers.table.read_runs()
        return to_frame("runs", [run.row for run in runs], self._answers.table.columns_of(runs))

    def choose(self, pathspec: str) -> None:
        """Select an object, as a click does.

        A thread reads the object and its parents: one small file or request each. Errors are shown in the widget.

        Parameters
        ----------
        pathspec
            A flow, run, step, task or artifact. Aliases such as ``latest`` are allowed.
        """
        self._answers.choose(pathspec)

    def tick(self, pathspec: str, on: bool = True) -> None:  # noqa: FBT001, FBT002 - on and off, as a checkbox
        """Select a run for the comparison, or remove it from the selection, as its checkbox does. Reads nothing.

        Parameters
        ----------
        pathspec
            The full pathspec of a run.
        on
            Whether to select it.
        """
        others = [other for other in self.ticked if other != pathspec]
        self.ticked = [*others, pathspec] if on else others

    def load(self, pathspec: str = "") -> None:
        """Unpickle an artifact in a thread, into ``loaded`` and into a variable. Unpickling runs code in the pickle.

        Reads one blob. The variable is named after the artifact. A variable that exists is not replaced.

        Parameters
        ----------
        pathspec
            The artifact. Empty means the one in the run pane.
        """
        self._answers.load(pathspec or self.pathspec, None)

    def refresh(self) -> None:
        """Read the runs and the selected object again, in a thread."""
        self._answers.refresh()

    def wait(self, seconds: float = 10.0) -> bool:
        """Wait until all threads have finished and the static picture is taken, for scripts and tests.

        Parameters
        ----------
        seconds
            The maximum time to wait for each thread.

        Returns
        -------
        bool
            Whether all threads have finished in time.
        """
        finished = self._answers.wait(seconds)
        self._snapshot.finish()
        return finished

    def close(self) -> None:
        """Close the widget, and cancel reading."""
        self._answers.close()
        super().close()

    def _ipython_display_(self) -> None:
        self._snapshot.display(*bundle_of(self))

    def _picture(self) -> View:
        """Show the selected object and the rows in view, for a notebook without a kernel."""
        rows, names, note = self._answers.table.in_view(_PICTURE_ROWS)
        limits = Limits()
        columns = self._answers.table.columns_of(rows)
        shown = tuple(name for name in names if name in columns)
        table = runs_table(RunTable([run.row for run in rows], columns, shown), limits, note)
        filtered = (f"filter: {limits.text(self.where).text}",) if self.where else ()
        view = View("Explorer", limits.text(self.flow).text)
        if self.pathspec:
            try:
                view = self._answers.panes.overview(self.pathspec)
            except MetaflowException as error:
                view = replace(view, notes=(str(error),))
        return replace(view, notes=(*view.notes, *filtered), parts=(*view.parts, *((table,) if rows else ())))

    def __repr__(self) -> str:
        return visible(
            f"<Explorer of {home_folded(self._start.metadata)}; selected: {self.pathspec or self.flow or 'nothing'}>"
        )


def _flow_name(start: Any) -> str:
    return str(start.pathspec).partition("/")[0] if start is not None else ""


def _namespace_text(client: Metaflow) -> str:
    try:
        return client.namespace or ""
    except MetaflowException:  # without a user name, there is no default namespace
        return ""
