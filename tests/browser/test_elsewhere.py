"""Outputs in an untrusted notebook, in Notebook 7, in a static page without scripts, and of hostile runs."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hostile import World

from .jupyterlab import Notebook, browser, server, written

TESTS = Path(__file__).parents[1]
DISPLAY = "03_display.ipynb"
PICTURES = TESTS.parent / "build" / "pictures"

TOO_WIDE = """() => [...document.querySelectorAll('.mfw')]
  .filter(node => node.scrollWidth > node.clientWidth + 1).map(node => node.textContent.slice(0, 80))"""

TOLD = (
    "✗ failed",
    "forecast_flow.py:33 in fit",
    "not run",
    "attempt 2",
    "ConnectionError: the service is not available",
    "First rows",
)


@pytest.fixture
def place(tmp_path):
    """A folder with a saved notebook and its outputs, and a home folder for servers and browsers."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    shutil.copy(TESTS.parent / "notebooks" / DISPLAY, folder)
    return folder, tmp_path / "home"


def text_of(page):
    return "\n".join(page.locator(".mfw").all_inner_texts())


def test_an_untrusted_notebook_shows_the_same_facts(place):
    folder, home = place
    with server(folder, home) as address, browser(home) as page:
        opened = Notebook(page, address.format("lab/tree", DISPLAY))
        assert page.locator(".mfw style").count() == 0  # untrusted: JupyterLab removes style sheets and pictures
        assert page.locator(".mfw svg").count() == 0
        text = text_of(page)
        assert [fact for fact in TOLD if fact not in text] == []
        assert "fit (foreach)" in text  # the table has the facts of the graph
        strip = page.locator(".mfw-runs").first
        assert set(strip.inner_text()) <= set("✓✗!▶? ")  # without a style sheet, tiles are signs
        assert strip.locator("span").first.evaluate("node => getComputedStyle(node).color") != "rgba(0, 0, 0, 0)"
        bar = page.locator(".mfw-bar").first
        assert "linear-gradient" in bar.evaluate("node => getComputedStyle(node).backgroundImage")
        part = page.locator(".mfw details").first
        part.locator("summary").click()
        assert not part.locator("table").first.is_visible()
        assert page.evaluate(TOO_WIDE) == []
        assert opened.errors == []
        opened.picture(PICTURES / "untrusted.png")


def test_notebook_7(place):
    folder, home = place
    with server(folder, home) as address, browser(home) as page:
        opened = Notebook(page, address.format("notebooks", DISPLAY))
        opened.run_all()
        text = text_of(page)
        assert [fact for fact in TOLD if fact not in text] == []
        assert page.locator(".mfw svg").count() >= 1
        assert page.evaluate(TOO_WIDE) == []
        assert opened.errors == []


def test_a_static_page_without_scripts(place):
    folder, home = place
    subprocess.run(
        [sys.executable, "-m", "nbconvert", "--log-level=ERROR", "--to", "html", DISPLAY], cwd=folder, check=True
    )
    with browser(home, scripts=False) as page:
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto((folder / DISPLAY).with_suffix(".html").as_uri(), wait_until="commit")
        page.locator(".mfw").last.wait_for()
        text = text_of(page)
        assert [fact for fact in TOLD if fact not in text] == []
        assert page.evaluate(TOO_WIDE) == []
        page.locator(".mfw summary").first.click()
        assert not page.locator(".mfw details").first.locator("table").first.is_visible()
        assert errors == []


def test_no_code_of_hostile_runs_runs(runs, tmp_path):
    world = World(runs, tmp_path / "world")
    folder, home = tmp_path / "notebooks", tmp_path / "home"
    folder.mkdir()
    code = f"""
import sys
sys.path.insert(0, {str(TESTS)!r})
from collections import Counter
from IPython.display import display
from hostile import everything
from mfwidgets import Metaflow
shown = Counter()
for one in everything(Metaflow(metadata="local@{world.folder}", namespace=None)):
    shown[type(one)] += 1
    if one is not None and shown[type(one)] <= 2:
        display(one)
"""
    written(folder, code, name="hostile.ipynb")
    with server(folder, home) as address, browser(home) as page:
        dialogs, sent = [], []
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.on("requestfinished", lambda request: sent.append(request.url))
        page.on("requestfailed", lambda request: sent.append(request.url) if request.failure != "csp" else None)
        opened = Notebook(page, address.format("lab/tree", "hostile.ipynb"))
        opened.run_all()
        assert page.locator(".mfw").count() > 40
        frame = page.frame_locator(".mfw-frame").first.frame_locator("iframe")
        frame.locator("h1").wait_for()  # the card is loaded, so its scripts could have run
        for hovered in page.locator(".mfw-head").all()[:5]:
            hovered.hover()
        page.wait_for_timeout(1000)
        assert page.evaluate("window.fired") is None
        assert dialogs == []
        assert [url for url in sent if "tripwire" in url] == []
        assert "hostile.ipynb" in page.url
        assert page.evaluate(TOO_WIDE) == []
        opened.picture(PICTURES / "hostile.png")
    assert not world.bomb.exists()
