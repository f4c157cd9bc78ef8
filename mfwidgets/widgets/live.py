"""The widget that shows HTML of ours and reports which object was chosen in it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

STATIC = Path(__file__).parent / "static"


class Live(anywidget.AnyWidget):
    """Shows HTML that this package drew; a click on an object in it, or Enter, calls back with its pathspec.

    Parameters
    ----------
    on_choice
        Called with the pathspec of what was chosen.
    """

    _esm = STATIC / "live.js"
    _css = STATIC / "widgets.css"

    html = traitlets.Unicode("").tag(sync=True)
    """What is shown."""

    selected = traitlets.Unicode("").tag(sync=True)
    """The pathspec that is marked as the present choice; empty for none."""

    snapshot = traitlets.Unicode("").tag(sync=True)
    """The class of the static picture that is hidden while this widget lives; empty for none."""

    def __init__(self, on_choice: Callable[[str], object] = lambda _: None) -> None:
        super().__init__()
        self._on_choice = on_choice
        self.on_msg(self._received)

    def _received(self, _widget: Any, content: Any, _buffers: Any) -> None:
        chosen = content.get("chosen") if isinstance(content, dict) else None
        if isinstance(chosen, str):
            self._on_choice(chosen)

    def __repr__(self) -> str:
        return f"<Live, {len(self.html):,} characters>"
