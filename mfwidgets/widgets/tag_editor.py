"""The editor of a run's tags. If a change fails, it shows the error and the stored tags."""

from collections.abc import Callable, Iterable

import ipywidgets as widgets

from mfwidgets.client.run import Run
from mfwidgets.concurrency import LatestTask
from mfwidgets.hidden_characters import visible
from mfwidgets.widgets.controls import button, text_field


class TagEditor(widgets.HBox):  # type: ignore[misc]
    """Shows the user tags of a run as buttons that remove them, and a field that adds a tag.

    Parameters
    ----------
    on_change
        Called with the run after a change of its tags.
    say
        Called with a message, or with an empty str after success.
    """

    def __init__(self, on_change: Callable[[Run], object], say: Callable[[str], object]) -> None:
        self._run: Run | None = None
        self._on_change, self._say = on_change, say
        self._worker = LatestTask(lambda: say("Changing tags…"), finish_all=True)
        self.added = text_field("Tags", "add a tag", "160px")
        self.added.observe(lambda _: self._add(self.added.value.strip()), "value")
        self.buttons: list[widgets.Button] = []
        super().__init__([self.added], layout=widgets.Layout(flex_flow="row wrap", visibility="hidden"))

    def show(self, run: Run | None) -> None:
        """Show the tags of another run. None hides the editor."""
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
        remove = button(f"{tag} \u2715", f"Remove the tag {tag}")
        remove.on_click(lambda _: self.change(removed={tag}))
        return remove

    def _add(self, tag: str) -> None:
        if tag:
            self.change(added={tag})

    def change(self, added: Iterable[str] = (), removed: Iterable[str] = ()) -> None:
        """Add and remove tags in a thread. An error is shown, and then no tag has changed."""
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
        self._say(f"The tags have not changed: {error}")

    def wait(self, seconds: float = 10.0) -> bool:
        """Wait until all changes are written, at most ``seconds``. Return whether they are."""
        return self._worker.wait(seconds)

    def close(self) -> None:
        """Close the widget."""
        self._worker.close()
        for tag_button in self.buttons:
            tag_button.close()
        super().close()

    def __repr__(self) -> str:
        return visible(f"<TagEditor of {self._run.pathspec if self._run else 'no run'}>")
