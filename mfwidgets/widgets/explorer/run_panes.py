"""The panes of the selected object: HTML for each tab, the value of an artifact, and changes of tags."""

import base64
import keyword
import threading
from collections.abc import Sequence
from typing import Any

from mfwidgets.client.artifact import DataArtifact
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.client.run import Run
from mfwidgets.client.task import Task
from mfwidgets.concurrency import CallOnce
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.queries.snapshot_provider import remembering_context
from mfwidgets.render.html import html_of
from mfwidgets.render.view import View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cards import card_name
from mfwidgets.views.cells import Limits
from mfwidgets.widgets.explorer.log_pane import LogQuestion, ReadLog, read_log
from mfwidgets.widgets.explorer.questions import Answer
from mfwidgets.widgets.panes import PANES, log_text, nothing, overview
from mfwidgets.widgets.selection import Selection, code_snippet

OVERVIEW, LOGS, CARDS = "Overview", "Logs", "Cards"

TABS = (*PANES, LOGS, CARDS)
"""The tabs of the pane, in order."""

_LIMITS = Limits()

_MAX_IMAGE_BYTES, _MAX_TEXT = 4_000_000, 4_000


class _Chosen:
    """An object, read once with its parents, and its overview, which the pane and the static picture share."""

    def __init__(self, client: Metaflow, pathspec: str) -> None:
        self.names = {pathspec}
        self._read = CallOnce(Metaflow._in_context(remembering_context(client._context)).get)
        self._selection: CallOnce[str, Selection] = CallOnce(lambda name: Selection.of(self._read(name)))
        self._overview: CallOnce[str, View] = CallOnce(lambda name: overview(self._selection(name)))
        self._pathspec = pathspec

    def selection(self) -> Selection:
        """Return the object and its parents."""
        found = self._selection(self._pathspec)
        self.names.add(found.pathspec)  # the pathspec can have an alias
        return found

    def overview(self) -> View:
        """Return the view of the object."""
        return self._overview(self._pathspec)


class RunPanes:
    """Reads objects for the panes. The last one is remembered until :meth:`forget`."""

    def __init__(self, client: Metaflow) -> None:
        self.client = client
        self._chosen: _Chosen | None = None
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Read everything again when it is next shown."""
        with self._lock:
            self._chosen = None

    def _choose(self, pathspec: str) -> _Chosen:
        with self._lock:
            if self._chosen is None or pathspec not in self._chosen.names:
                self._chosen = _Chosen(self.client, pathspec)
            return self._chosen

    def selection(self, pathspec: str) -> Selection:
        """Return an object and its parents.

        Raises
        ------
        MetaflowException
            The object does not exist or cannot be read.
        """
        return self._choose(pathspec).selection()

    def target(self, pathspec: str) -> Any:
        """Return the object alone, in the context of the client.

        Raises
        ------
        MetaflowException
            The object does not exist or cannot be read.
        """
        return self.selection(pathspec).in_context(self.client._context).target

    def overview(self, pathspec: str) -> View:
        """Return the view of an object.

        Raises
        ------
        MetaflowException
            The object does not exist or cannot be read.
        """
        return self._choose(pathspec).overview()

    def pane(self, pathspec: str, tab: str, card: int) -> Answer:
        """Return the HTML of a tab, the parents of the object, its code and its tags.

        Parameters
        ----------
        pathspec
            The object.
        tab
            One of :data:`TABS`.
        card
            The number of the card that is shown.

        Raises
        ------
        MetaflowException
            The object does not exist or cannot be read.
        """
        selection = self.selection(pathspec)
        view, cards = self._view(selection, tab, card)
        shown = selection.in_context(self.client._context)
        return {
            "html": html_of(view, live=True),
            "pathspec": selection.pathspec,
            "tab": tab,
            "kind": type(selection.target).__name__,
            "crumbs": _crumbs(selection),
            "code": code_snippet(tab, shown),
            "tags": sorted(selection.run._record.user_tags) if selection.run else [],
            "cards": cards,
            "loadable": selection.artifact is not None,
            "running": selection.run is not None and str(selection.run.status) == "running",
        }

    def _view(self, selection: Selection, tab: str, card: int) -> tuple[View, list[str]]:
        if tab == LOGS:  # read by its own question
            return View("", ""), []
        if tab == CARDS:
            return _card(selection, card)
        if tab not in PANES or tab == OVERVIEW:
            return self.overview(selection.pathspec), []
        return PANES[tab](selection), []

    def log(self, pathspec: str, question: LogQuestion) -> ReadLog | None:
        """Return the log of a task, or of the task that matters most in a step or run. None if there is no task.

        Raises
        ------
        MetaflowException
            The object does not exist, the question is invalid, or the log cannot be read.
        """
        task = log_text(self.selection(pathspec))
        return read_log(Task._of(self.client._context, task._record), question) if task else None

    def change_tags(self, pathspec: str, added: Sequence[str], removed: Sequence[str]) -> list[str]:
        """Change the tags of a run, and return them.

        Raises
        ------
        MetaflowException
            The run does not exist, or the change was refused.
        """
        run = self.selection(pathspec).run
        if run is None:
            raise MetaflowInvalidArgument(f"Expected a run, got {pathspec!r:.80}.")
        changed = Run._of(self.client._context, run._record)
        changed.replace_tags(removed, added)
        self.forget()
        return sorted(changed._record.user_tags)

    def artifact(self, pathspec: str) -> DataArtifact:
        """Return an artifact.

        Raises
        ------
        MetaflowException
            There is no such artifact.
        """
        artifact = self.selection(pathspec).artifact
        if artifact is None:
            raise MetaflowInvalidArgument(f"Expected an artifact, got {pathspec!r:.80}.")
        return DataArtifact._of(self.client._context, artifact._record, artifact._attempt)


def _crumbs(selection: Selection) -> list[list[str]]:
    """Return the names and pathspecs of the parents, from the flow to the object."""
    parts = selection.pathspec.split("/")
    return [[Limits(chars=60).text(part).text, "/".join(parts[: number + 1])] for number, part in enumerate(parts)]


def _card(selection: Selection, number: int) -> tuple[View, list[str]]:
    holder = selection.task or selection.step or selection.run
    if holder is None:
        return nothing("Select a run, a step or a task to see its cards."), []
    cards = holder.cards()
    shown = list(cards)
    if not shown:
        return build_view(cards, _LIMITS), []
    names = [card_name(cards, card, _LIMITS) for card in shown]
    return build_view(shown[number if 0 <= number < len(shown) else 0], _LIMITS), names


def free_name(proposed: str, taken: "Sequence[str] | dict[str, Any]") -> str:
    """Return a name for a variable that is not taken. Letters and digits of ``proposed`` are kept.

    Examples
    --------
    >>> from mfwidgets.widgets.explorer.run_panes import free_name
    >>> free_name("rmse", ["rmse"]), free_name("a b", []), free_name("print", [])
    ('rmse_2', 'a_b', 'print_')
    """
    import builtins

    name = "".join(char if char.isascii() and (char.isalnum() or char == "_") else "_" for char in proposed[:60])
    name = name if name.isidentifier() else f"value_{name}"
    name = f"{name}_" if keyword.iskeyword(name) or hasattr(builtins, name) else name
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    return found


def value_display(value: Any) -> Answer:
    """Return the value's own display: a picture, or HTML for a sandboxed frame, or text.

    The display runs code of the value's class. So it is only called for values that the user has loaded.
    """
    from IPython.core.formatters import DisplayFormatter
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    formatter = (shell.display_formatter if shell is not None else None) or DisplayFormatter()
    bundle, _ = formatter.format(value, include={"text/plain", "text/html", "image/png"})  # type: ignore[no-untyped-call]
    png = bundle.get("image/png")
    if isinstance(png, bytes):
        png = base64.b64encode(png).decode()
    if isinstance(png, str) and len(png) <= _MAX_IMAGE_BYTES:
        return {"png": png.replace("\n", "")}
    html = bundle.get("text/html")
    if isinstance(html, str) and len(html) <= _MAX_IMAGE_BYTES:
        return {"frame": html}
    return {"text": Limits(chars=_MAX_TEXT).text(str(bundle.get("text/plain", ""))).text}
