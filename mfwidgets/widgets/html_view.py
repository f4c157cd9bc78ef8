"""The widget that shows our HTML, and reports clicks and ticks on the objects in it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

STATIC = Path(__file__).parent / "static"


class HtmlView(anywidget.AnyWidget):
    """Shows HTML that this package rendered. A click or Enter on an object calls back with its pathspec.

    Parameters
    ----------
    on_choice
        Called with the pathspec of an object after a click or Enter.
    on_tick
        Called with a pathspec and its new state after a tick. None means that there are no checkboxes.
    """

    _esm = STATIC / "html_view.js"
    _css = STATIC / "widgets.css"

    html = traitlets.Unicode("").tag(sync=True)
    """The HTML."""

    selected = traitlets.Unicode("").tag(sync=True)
    """The pathspec that is marked as selected. Empty for none."""

    tickable = traitlets.Bool(default_value=False).tag(sync=True)
    """Whether rows about objects have a checkbox."""

    ticked: traitlets.List[str] = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """The pathspecs with a tick."""

    busy = traitlets.Bool(default_value=False).tag(sync=True)
    """Whether newer HTML is being made."""

    snapshot = traitlets.Unicode("").tag(sync=True)
    """The CSS class of the static picture that this widget hides. Empty for none."""

    def __init__(
        self,
        on_choice: Callable[[str], object] = lambda _: None,
        on_tick: Callable[[str, bool], object] | None = None,
    ) -> None:
        super().__init__(tickable=on_tick is not None)
        self._on_choice, self._on_tick = on_choice, on_tick
        self.on_msg(self._received)

    def _received(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if not isinstance(content, dict):
            return
        chosen, ticked = content.get("chosen"), content.get("ticked")
        if isinstance(chosen, str):
            self._on_choice(chosen)
        elif isinstance(ticked, str) and self._on_tick:
            self._on_tick(ticked, bool(content.get("on")))

    def __repr__(self) -> str:
        return f"<HtmlView, {len(self.html):,} characters>"
