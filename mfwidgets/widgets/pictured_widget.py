"""The base class of the explorer and of watching: one widget with a script, and a static picture below it."""

from typing import Any

import anywidget
import traitlets


class PicturedWidget(anywidget.AnyWidget):
    """A widget that hides the static picture of its state while it lives."""

    hides = traitlets.Unicode("").tag(sync=True)
    """The CSS class of the static picture that a live widget hides."""

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
