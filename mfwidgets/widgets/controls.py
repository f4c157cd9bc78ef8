"""The controls of explorers and viewers. Each has a label and a tooltip, which screen readers read."""

from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets

_LABEL = {"description_width": "auto"}


def text_field(label: str, placeholder: str, width: str) -> widgets.Text:
    """Return a field for text. Its value changes when the user presses Enter or leaves the field."""
    field = widgets.Text(
        description=label, placeholder=placeholder, continuous_update=False, style=_LABEL, layout=_fit_width(width)
    )
    # ipywidgets 7 has another name for it.
    setattr(field, "tooltip" if field.has_trait("tooltip") else "description_tooltip", placeholder)
    return field


def dropdown(label: str, options: Sequence[Any], width: str, value: Any = None) -> widgets.Dropdown:
    """Return a drop-down list. Without a value, its first option is selected."""
    first = options[0][1] if isinstance(options[0], tuple) else options[0]
    return widgets.Dropdown(
        description=label,
        options=options,
        value=first if value is None else value,
        style=_LABEL,
        layout=_fit_width(width),
    )


def button(label: str, tooltip: str) -> widgets.Button:
    """Return a button."""
    return widgets.Button(description=label, tooltip=tooltip, layout=widgets.Layout(width="auto"))


def toggle(label: str, tooltip: str) -> widgets.ToggleButton:
    """Return a toggle button."""
    return widgets.ToggleButton(description=label, tooltip=tooltip, layout=widgets.Layout(width="auto"))


def _fit_width(width: str) -> widgets.Layout:
    return widgets.Layout(width=width, flex=f"1 1 {width}" if width.endswith("%") else "0 0 auto")
