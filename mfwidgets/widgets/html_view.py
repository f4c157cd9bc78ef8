"""The widget that shows HTML of ours and reports what was done with the objects in it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

STATIC = Path(__file__).parent / "static"


class HtmlView(anywidget.AnyWidget):
    """Shows HTML that this package drew; a click on an object in it, or Enter, calls back with its pathspec.

    Parameters
    ----------
    on_choice
        Called with the pathspec of what was chosen.
    on_tick
        Called with the pathspec of what was ticked, and whether it is now; None lets nothing be ticked.
    """

    _esm = STATIC / "html_view.js"
    _css = STATIC / "widgets.css"

    html = traitlets.Unicode("").tag(sync=True)
    """What is shown."""

    selected = traitlets.Unicode("").tag(sync=True)
    """The pathspec that is marked as the present choice; empty for none."""

    tickable = traitlets.Bool(default_value=False).tag(sync=True)
    """Whether rows about objects have a box to tick."""

    ticked: traitlets.List[str] = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """The pathspecs that are ticked."""

    busy = traitlets.Bool(default_value=False).tag(sync=True)
    """Whether something newer is on its way."""

    snapshot = traitlets.Unicode("").tag(sync=True)
    """The class of the static picture that is hidden while this widget lives; empty for none."""

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
        return f"<Live, {len(self.html):,} characters>"
