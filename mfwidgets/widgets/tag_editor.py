"""Editing the tags of a run; what a service refuses is told, and the change taken back."""

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from mfwidgets.client.run import Run
from mfwidgets.widgets.worker import Worker


class TagEditor(widgets.HBox):  # type: ignore[misc]
    """The user tags of a run, to be added to and taken from.

    Parameters
    ----------
    on_change
        Called with the run after its tags were changed.
    say
        Called with what went wrong; with an empty text when nothing did.
    """

    def __init__(self, on_change: Callable[[Run], object], say: Callable[[str], object]) -> None:
        self._run: Run | None = None
        self._on_change, self._say = on_change, say
        self._worker = Worker(lambda: say("Changing tags…"))
        self._showing = False
        self.tags = widgets.TagsInput(value=[], allow_duplicates=False, layout=widgets.Layout(flex="1 1 auto"))
        self.tags.observe(lambda change: self._changed(change["old"], change["new"]), "value")
        self._label = widgets.Label("Tags")
        super().__init__([self._label, self.tags])
        self.show(None)

    def show(self, run: Run | None) -> None:
        """Show the tags of another run; None for none."""
        self._run = run
        self.layout.visibility = "hidden" if run is None else "visible"
        self._set(sorted(run._record.user_tags) if run else [])

    def _set(self, tags: list[str]) -> None:
        self._showing = True
        try:
            self.tags.value = tags
        finally:
            self._showing = False

    def _changed(self, before: list[str], after: list[str]) -> None:
        run = self._run
        if self._showing or run is None:
            return
        added, removed = set(after) - set(before), set(before) - set(after)

        def change() -> Run:
            changed = Run.of(run._scope, run._record)
            changed.replace_tags(removed, added)
            return changed

        self._worker.ask(change, self._done, self._refused)

    def _done(self, run: Run) -> None:
        self.show(run)
        self._say("")
        self._on_change(run)

    def _refused(self, error: Exception) -> None:
        self.show(self._run)
        self._say(f"The tags are as they were: {error}")

    def wait(self, seconds: float = 10.0) -> bool:
        """Wait until nothing is going on any more; tell whether that was in time."""
        return self._worker.wait(seconds)

    def close(self) -> None:
        """Close the widget."""
        self._worker.close()
        super().close()

    def __repr__(self) -> str:
        shown: Any = self._run.pathspec if self._run else "no run"
        return f"<TagEditor of {shown}>"
