"""Draws a view as HTML: complete without scripts and without style sheets, right in light and dark.

Templates escape everything (autoescape is on and nothing is marked safe), so that no text of a user can become markup.
"""

from functools import cache
from typing import TYPE_CHECKING

from mfwidgets.render.view import View

if TYPE_CHECKING:
    from jinja2 import Template


def html_of(view: View) -> str:
    """Return a view as an HTML fragment; the same view gives the same text, always."""
    return _template().render(view=view)


@cache
def _template() -> "Template":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("mfwidgets.render", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("view.html.j2")
