"""The notebooks in a real JupyterLab: they run, are readable in both themes and log no errors."""

import shutil
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from .contrasts import CONTRASTS
from .jupyterlab import Notebook, browser, server

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
PICTURES = Path(__file__).parents[2] / "build" / "pictures"

TOO_WIDE = """() => [...document.querySelectorAll('.mfw')]
  .filter(node => node.scrollWidth > node.clientWidth + 1).map(node => node.textContent.slice(0, 80))"""


QUICKSTART, TABLES, DISPLAY, MAGIC, RESULTS = (
    "01_quickstart.ipynb", "02_tables.ipynb", "03_display.ipynb", "04_magic.ipynb", "07_results.ipynb",
)  # fmt: skip


def violations(page):
    """Return the serious and critical findings of axe-core in our outputs."""
    found = Axe().run(page, context=".mfw").response["violations"]
    return [
        (one["id"], one["nodes"][0]["html"][:200], len(one["nodes"]))
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.fixture(scope="module")
def notebook(request, tmp_path_factory):
    """An opened notebook after a run of all cells."""
    folder, home = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("jupyter")
    shutil.copy(NOTEBOOKS / request.param, folder)
    with server(folder, home) as address, browser(home) as page:
        opened = Notebook(page, address.format("lab/tree", request.param))
        opened.run_all()
        yield opened


of_quickstart = pytest.mark.parametrize("notebook", [QUICKSTART], indirect=True)
of_display = pytest.mark.parametrize("notebook", [DISPLAY], indirect=True)
of_tables = pytest.mark.parametrize("notebook", [TABLES], indirect=True)
of_each = pytest.mark.parametrize("notebook", [QUICKSTART, TABLES, DISPLAY, MAGIC, RESULTS], indirect=True)


@of_each
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_readable_in_both_themes(notebook, theme, request):
    notebook.theme(theme)
    contrasts = notebook.page.evaluate(CONTRASTS)
    assert len(contrasts) > 200
    assert [found for found in contrasts if found[2] < 4.5] == []
    assert notebook.page.evaluate(TOO_WIDE) == []
    assert violations(notebook.page) == []
    PICTURES.mkdir(parents=True, exist_ok=True)
    name = request.node.callspec.params["notebook"].partition(".")[0].partition("_")[2]
    notebook.picture(PICTURES / f"{name}-{theme}.png")


@of_quickstart
def test_it_shows_the_sample(notebook):
    shown = notebook.page.locator(".mfw").all_inner_texts()
    text = "\n".join(shown)
    assert len(shown) >= 9
    assert "✗ failed" in text
    assert "✓ completed" in text
    assert "7 Hamburg" in text
    assert "ValueError: Hamburg reports a negative demand" in text


@of_quickstart
def test_parts_fold(notebook):
    part = notebook.page.locator(".mfw details").first
    table = part.locator("table")
    assert table.is_visible()
    part.locator("summary").click()
    assert not table.is_visible()
    part.locator("summary").press("Enter")  # with the keyboard
    assert table.is_visible()


@of_tables
def test_it_shows_differences_and_reasons(notebook):
    text = "\n".join(notebook.page.locator(".mfw").all_inner_texts())
    assert "stored bytes differ" in text
    assert "forecast_flow.py:33 in fit" in text
    assert "Earlier runs with the same bytes" in text


@of_display
def test_it_shows_lineage(notebook):
    text = "\n".join(notebook.page.locator(".mfw").all_inner_texts())
    assert "ConnectionError: the service is not available" in text
    assert "compare/14" in text
    assert "Newest runs" in text
    folded = notebook.page.locator("summary", has_text="Metadata").first
    folded.press("Enter")
    assert notebook.page.locator("code", has_text="attempt_ok").first.is_visible()


@of_each
def test_the_console_has_no_errors(notebook):
    assert notebook.errors == []
