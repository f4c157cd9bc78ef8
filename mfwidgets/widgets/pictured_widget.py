"""The base class of the explorer and of watching: one widget with a script, and a static picture below it."""

from typing import Any

import anywidget
import traitlets

from mfwidgets.widgets.snapshot import Snapshot, is_marimo


class PicturedWidget(anywidget.AnyWidget):
    """A widget that hides the static picture of its state while it lives."""

    hides = traitlets.Unicode("").tag(sync=True)
    """The CSS class of the static picture that a live widget hides."""

    picture = traitlets.Unicode("").tag(sync=True)
    """The static picture as HTML, in marimo. Elsewhere it is a second output."""

    def keep_picture(self, snapshot: Snapshot) -> None:
        """Keep the static picture in the state of the widget, where that is what an exported page has.

        Parameters
        ----------
        snapshot
            The static picture.
        """
        if is_marimo():
            snapshot.keep_in(lambda html: self.set_trait("picture", html))

    def add_traits(self, **traits: Any) -> None:
        """Add traits that the class has not. Others would give each widget another class.

        Parameters
        ----------
        **traits
            Traits by name.
        """
        missing = {name: trait for name, trait in traits.items() if not self.has_trait(name)}
        if missing:
            super().add_traits(**missing)
