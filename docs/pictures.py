"""Takes the pictures of the README and the documentation: the sample's runs, in a real JupyterLab, light and dark.

``make pictures`` calls this; it needs chromium.
"""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from browser.jupyterlab import THEMES, Notebook, browser, server, written

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

PICTURES = Path(__file__).parent / "_static" / "pictures"

WIDTH = 1240
"""Pixels of the window: what a README shows without making it smaller, the page around the notebook left out."""

BEGIN = "%load_ext mfwidgets\nimport mfwidgets\nwhere = mfwidgets.sample()\nmfwidgets.options.time_zone = 'UTC'"

SHOWN = {
    "run": "%mflow ForecastFlow/latest~1",
    "explorer": "explorer = mfwidgets.explore('ForecastFlow/latest-ok')\nexplorer",
}
"""The cell of each picture."""

TALLEST = 780
"""Pixels; what is below is left out."""


def main() -> None:
    """Write each picture in each theme."""
    with tempfile.TemporaryDirectory() as temporary:
        folder, home = Path(temporary) / "notebooks", Path(temporary) / "home"
        name = written(folder, BEGIN, *SHOWN.values())
        with server(folder, home) as address, browser(home, scale=2) as page:
            page.set_viewport_size({"width": WIDTH, "height": 2_400})
            opened = Notebook(page, address.format("lab/tree", name))
            page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
            opened.run_all()
            page.wait_for_timeout(3_000)  # widgets draw themselves
            for theme in THEMES:
                opened.theme(theme)
                for number, picture in enumerate(SHOWN, start=1):
                    _take(page, page.locator(".jp-Notebook .jp-Cell").nth(number), PICTURES / f"{picture}-{theme}.png")


def _take(page: "Page", cell: "Locator", file: Path) -> None:
    cell.scroll_into_view_if_needed()
    box = cell.bounding_box()
    clip = {**box, "height": min(box["height"], TALLEST)}
    page.screenshot(path=str(file), clip=clip)


if __name__ == "__main__":
    main()
