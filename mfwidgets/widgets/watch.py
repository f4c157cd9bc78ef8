"""Watches a run in a cell: a bar with its progress, its steps, its running tasks and the end of a log."""

import sys
from typing import Any

import traitlets

from mfwidgets.client.run import Run
from mfwidgets.hidden_characters import visible
from mfwidgets.render.html import html_of
from mfwidgets.render.text import text_of
from mfwidgets.widgets.explorer.script import STATIC, joined_script, style_sheet
from mfwidgets.widgets.pictured_widget import PicturedWidget
from mfwidgets.widgets.snapshot import Snapshot, bundle_of
from mfwidgets.widgets.terminal_watch import watch_in_terminal
from mfwidgets.widgets.watching import MAX_POLL_S, Watching


class Watch(PicturedWidget):
    """A widget that shows a run while it runs.

    A thread polls the run, so that the kernel stays free. In IPython's terminal, the display waits for the end of the
    run or an interrupt. A poll costs two or three requests to a metadata service, and the end of one log.

    Parameters
    ----------
    run
        The run.
    minutes
        The time limit.

    Attributes
    ----------
    run : Run
        The run.
    """

    _esm = traitlets.Unicode(joined_script(STATIC / "watch.js")).tag(sync=True)
    _css = traitlets.Unicode(style_sheet(STATIC / "watch.css")).tag(sync=True)
    _anywidget_id = traitlets.Unicode(f"{__name__}.Watch").tag(sync=True)

    html = traitlets.Unicode("").tag(sync=True)
    """The display of the run."""

    live: "traitlets.Dict[str, Any]" = traitlets.Dict().tag(sync=True)
    """The facts of the bar above it."""

    def __init__(self, run: Run, minutes: float = 600.0) -> None:
        self.run = run
        self._minutes, self._polls = minutes, 0
        self._watching = Watching(run, minutes, self._changed)
        self._snapshot = Snapshot(lambda: self._watching.view)
        super().__init__(hides=self._snapshot.name, live=self._facts(), html=html_of(self._watching.view))
        self.on_msg(self._received)
        self._watching.start()

    @property
    def ended(self) -> str:
        """A sentence about the end of the watching. Empty while it continues."""
        end = self._watching.end
        return end.words if end else ""

    def stop(self) -> None:
        """Stop watching. The run continues."""
        self._watching.stop()

    def follow(self, pathspec: str = "") -> None:
        """Show the end of the log of a step or a task, as a click on it does.

        Parameters
        ----------
        pathspec
            A step or a task of the run. Empty for the task that began last.
        """
        self._watching.follow(pathspec)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the watching has ended. An interrupt stops the watching.

        Parameters
        ----------
        seconds
            The time limit. None means no limit.

        Returns
        -------
        bool
            Whether the watching has ended.
        """
        try:
            return self._watching.wait(seconds)
        except KeyboardInterrupt:
            self.stop()
            return self._watching.wait(MAX_POLL_S)

    def close(self) -> None:
        """Close the widget, and stop watching. The run continues."""
        self.stop()
        super().close()

    def _again(self) -> None:
        """Watch again, after the watching was stopped or its time was over."""
        if self._watching.end is not None:
            self._watching = Watching(self.run, self._minutes, self._changed)
            self._changed()
            self._watching.start()

    def _received(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if not isinstance(content, dict):
            return
        if content.get("stop") is True:
            self.stop()
        elif content.get("again") is True:
            self._again()
        elif isinstance(content.get("follow"), str):
            self.follow(content["follow"])

    def _changed(self) -> None:
        """Show what the last poll found, and the end. The picture for readers without a kernel follows."""
        watching = self._watching
        self._polls += 1
        view = watching.last.view if watching.last else watching.view
        with self.hold_sync():
            self.live = self._facts()
            self.html = html_of(view, live=True)
        if watching.end is None:
            self._snapshot.update()
        else:
            self._snapshot.update_now()

    def _facts(self) -> dict[str, Any]:
        watching = self._watching
        last, end = watching.last, watching.end
        return {
            "pathspec": visible(self.run.pathspec),
            "status": str(last.status) if last else "",
            "words": last.progress.words if last else "",
            "spoken": last.progress.spoken if last else "",
            "done": last.progress.done if last else 0,
            "planned": last.progress.planned if last else 0,
            "left": last.progress.left if last else "",
            "elapsed_ms": last.row.elapsed_ms if last else None,
            "duration_ms": last.row.duration_ms if last else None,
            "followed": watching.followed,
            "next_s": watching.next_s,
            "problem": f"The last poll failed: {watching.problem}" if watching.problem and not end else "",
            "ended": end.words if end else "",
            "again": end is not None and end.kind in ("stopped", "time", "error"),
            "polls": self._polls,  # so that each poll is a change
        }

    def _ipython_display_(self) -> None:
        from IPython import get_ipython
        from IPython.display import display

        shell = get_ipython()
        if shell is not None and not getattr(shell, "kernel", None):
            watch_in_terminal(self._watching, sys.stdout)
            return
        end = self._watching.end
        if end is not None and end.kind == "run":  # nothing changes any more
            view = self._watching.view
            display({"text/plain": text_of(view), "text/html": html_of(view)}, raw=True)  # type: ignore[no-untyped-call]
            return
        self._snapshot.display(*bundle_of(self))

    def __repr__(self) -> str:
        return visible(f"<watching {self.run.pathspec}{': ' + self.ended if self.ended else ''}>")
