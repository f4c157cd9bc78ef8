"""Editing the tags of a run; what a service refuses is told, and the change taken back."""

from collections.abc import Callable, Iterable

import ipywidgets as widgets

from mfwidgets.client.run import Run
from mfwidgets.concurrency import LatestTask
from mfwidgets.widgets.controls import button, text_field


class TagEditor(widgets.HBox):  # type: ignore[misc]
    """The user tags of a run, each a button that takes it away, and a field to add one.

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
        self._worker = LatestTask(lambda: say("Changing tags…"), finish_all=True)
        self.added = text_field("Tags", "add one", "160px")
        self.added.observe(lambda _: self._add(self.added.value.strip()), "value")
        self.buttons: list[widgets.Button] = []
        super().__init__([self.added], layout=widgets.Layout(flex_flow="row wrap", visibility="hidden"))

    def show(self, run: Run | None) -> None:
        """Show the tags of another run; None for none."""
        self._run = run
        self.layout.visibility = "hidden" if run is None else "visible"
        self.added.value = ""
        self._draw(sorted(run._record.user_tags) if run else [])

    def _draw(self, tags: Iterable[str]) -> None:
        former, self.buttons = self.buttons, [self._button(tag) for tag in tags]
        self.children = (self.added, *self.buttons)
        for old in former:
            old.close()

    def _button(self, tag: str) -> widgets.Button:
        made = button(f"{tag} \u2715", f"Take the tag {tag} away")
        made.on_click(lambda _: self.change(removed={tag}))
        return made

    def _add(self, tag: str) -> None:
        if tag:
            self.change(added={tag})

    def change(self, added: Iterable[str] = (), removed: Iterable[str] = ()) -> None:
        """Add tags and take some away; what is refused is told, and nothing has changed then."""
        run = self._run
        if run is None:
            return

        def change() -> Run:
            changed = Run._of(run._context, run._record)
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
        for tag_button in self.buttons:
            tag_button.close()
        super().close()

    def __repr__(self) -> str:
        return f"<TagEditor of {self._run.pathspec if self._run else 'no run'}>"
