"""Takes the pictures for the README and the documentation: sample runs in a real JupyterLab, light and dark.

``make pictures`` calls this. It needs chromium.
"""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from browser.jupyterlab import THEMES, Notebook, browser, server, written

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

PICTURES = Path(__file__).parent / "_static" / "pictures"

WIDTH = 1240
"""Width of the window in pixels: the largest that a README shows without scaling."""

SETUP = "%load_ext mfwidgets\nimport mfwidgets\nsample = mfwidgets.sample()\nmfwidgets.options.time_zone = 'UTC'"

CELLS = {
    "results": (
        "runs = mfwidgets.Flow('TuningFlow').runs(columns=['optimizer', 'learning_rate', 'rmse', 'metrics.auc'])\n"
        "display(runs.head(7))\n"
        "runs.plot.scatter('learning_rate', 'rmse', color='optimizer')"
    ),
    "run": "%mflow ForecastFlow/latest~1",
    "explorer": "explorer = mfwidgets.explore('TuningFlow/latest-ok')\nexplorer",
}
"""The cell of each picture."""

MAX_HEIGHT = 860
"""In pixels. Taller cells are cut off below."""


def main() -> None:
    """Write each picture in each theme."""
    with tempfile.TemporaryDirectory() as temporary:
        folder, home = Path(temporary) / "notebooks", Path(temporary) / "home"
        name = written(folder, SETUP, *CELLS.values())
        with server(folder, home) as address, browser(home, scale=2) as page:
            page.set_viewport_size({"width": WIDTH, "height": 2_400})
            notebook = Notebook(page, address.format("lab/tree", name))
            page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
            notebook.run_all()
            page.wait_for_timeout(3_000)  # until widgets are drawn
            for theme in THEMES:
                notebook.theme(theme)
                for number, picture in enumerate(CELLS, start=1):
                    _take(page, page.locator(".jp-Notebook .jp-Cell").nth(number), PICTURES / f"{picture}-{theme}.png")


def _take(page: "Page", cell: "Locator", file: Path) -> None:
    cell.scroll_into_view_if_needed()
    box = cell.bounding_box()
    clip = {**box, "height": min(box["height"], MAX_HEIGHT)}
    page.screenshot(path=str(file), clip=clip)


if __name__ == "__main__":
    main()
