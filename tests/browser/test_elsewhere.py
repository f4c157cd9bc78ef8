"""The same outputs elsewhere: an untrusted notebook, Notebook 7, a static page without scripts, and hostile runs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from hostile import World

from .jupyterlab import CHROMIUM, Notebook, browser, server

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None and not os.environ.get("CI"), reason="no chromium on this machine (CI installs it)"
    ),
]

TESTS = Path(__file__).parents[1]
DISPLAY = "03_display.ipynb"
PICTURES = TESTS.parent / "build" / "pictures"

TOO_WIDE = """() => [...document.querySelectorAll('.mfw')]
  .filter(node => node.scrollWidth > node.clientWidth + 1).map(node => node.textContent.slice(0, 80))"""

TOLD = ("✗ failed", "Traceback", "not run", "attempt 2", "ConnectionError: the service is not available", "Preview")


@pytest.fixture
def place(tmp_path):
    """A folder with the notebook as it is saved, outputs and all, and a home for servers and browsers."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    shutil.copy(TESTS.parent / "notebooks" / DISPLAY, folder)
    return folder, tmp_path / "home"


def text_of(page):
    return "\n".join(page.locator(".mfw").all_inner_texts())


def test_an_untrusted_notebook_tells_the_same(place):
    folder, home = place
    with server(folder, home) as address, browser(home) as page:
        opened = Notebook(page, address.format("lab/tree", DISPLAY))
        assert page.locator(".mfw style").count() == 0  # it is not trusted: style sheets and pictures are dropped
        assert page.locator(".mfw svg").count() == 0
        text = text_of(page)
        assert [fact for fact in TOLD if fact not in text] == []
        assert "fit (foreach)" in text  # what the graph told stands in the table
        column = page.locator(".mfw-history span").first
        assert column.evaluate("node => node.getBoundingClientRect().height") > 2
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


def test_nothing_of_hostile_runs_runs(runs, tmp_path):
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
    if one is not None and shown[type(one)] <= 3:
        display(one)
"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "hostile.ipynb")
    with server(folder, home) as address, browser(home) as page:
        dialogs, sent = [], []
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.on("requestfinished", lambda request: sent.append(request.url))
        page.on("requestfailed", lambda request: sent.append(request.url) if request.failure != "csp" else None)
        opened = Notebook(page, address.format("lab/tree", "hostile.ipynb"))
        opened.run_all()
        assert page.locator(".mfw").count() > 40
        frame = page.frame_locator(".mfw-frame").first
        frame.locator("h1").wait_for()  # the card is there, its scripts have had their chance
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


EXPLORER = """
import mfwidgets, time
where = mfwidgets.metadata("local@{folder}")
mfwidgets.namespace(None)
explorer = mfwidgets.explore("{start}")
explorer
"""


def test_what_an_explorer_showed_is_there_without_a_kernel(runs, tmp_path):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    cells = [EXPLORER.format(folder=runs.folder, start=runs["failing"]), "explorer.wait(), time.sleep(1.5)"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in cells])
    nbformat.write(notebook, folder / "explorer.ipynb")
    convert = [sys.executable, "-m", "nbconvert", "--log-level=ERROR", "--to"]
    subprocess.run([*convert, "notebook", "--execute", "--inplace", "explorer.ipynb"], cwd=folder, check=True)
    subprocess.run([*convert, "html", "explorer.ipynb"], cwd=folder, check=True)
    with browser(tmp_path / "home", scripts=False) as page:
        page.goto((folder / "explorer.html").as_uri(), wait_until="commit")
        page.locator(".mfw-name", has_text=runs["failing"]).first.wait_for()
        assert "ZeroDivisionError" in page.locator(".mfw").last.inner_text()


def test_an_explorer_in_notebook_7(runs, tmp_path):
    folder, home = tmp_path / "notebooks", tmp_path / "home"
    folder.mkdir()
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(EXPLORER.format(folder=runs.folder, start=runs["failing"]))]
    )
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "explorer.ipynb")
    with server(folder, home) as address, browser(home) as page:
        opened = Notebook(page, address.format("notebooks", "explorer.ipynb"))
        opened.run_all()
        page.get_by_role("tab", name="DAG", exact=True).click()
        page.locator('g[data-pathspec$="/divide"]:visible').click()
        page.get_by_role("tab", name="Tasks", exact=True).click()
        page.locator(".mfw-name:visible", has_text=f"{runs['failing']}/divide").first.wait_for()
        assert opened.errors == []


WATCHED = """
import os, time
from metaflow import FlowSpec, step

class WatchedFlow(FlowSpec):
    @step
    def start(self):
        print("is at work", flush=True)
        while not os.path.exists("go"):
            time.sleep(0.05)
        self.next(self.end)

    @step
    def end(self):
        pass

if __name__ == "__main__":
    WatchedFlow()
"""


def test_a_run_is_watched_to_its_end_and_the_picture_stays(tmp_path):
    folder, home = tmp_path / "notebooks", tmp_path / "home"
    folder.mkdir()
    (folder / "watched_flow.py").write_text(WATCHED)
    code = "import mfwidgets\nmfwidgets.namespace(None)\nmfwidgets.watch('WatchedFlow/latest')"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "watched.ipynb")
    with (tmp_path / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "watched_flow.py", "run"], cwd=folder, stdout=output, stderr=output, env=os.environ
        )
    try:
        while not list(folder.glob(".metaflow/WatchedFlow/*/start/1/_meta/sysmeta_attempt_*.json")):
            assert process.poll() is None, (tmp_path / "output").read_text()
        with server(folder, home) as address, browser(home) as page:
            opened = Notebook(page, address.format("lab/tree", "watched.ipynb"))
            opened.run_all()
            page.locator(".mfw-status", has_text="running").first.wait_for()
            (folder / "go").touch()
            page.locator(".mfw-note", has_text="The run is completed.").first.wait_for(timeout=60_000)
            page.locator("button", has_text="Stop watching").wait_for(state="detached")
            assert page.locator(".mfw-graph").count() == 1  # the picture, in the place of the widget
            assert opened.errors == []
            page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
            page.wait_for_timeout(1000)
    finally:
        (folder / "go").touch()
        process.wait(60)
    saved = nbformat.read(folder / "watched.ipynb", 4)
    assert "The run is completed." in saved.cells[0].outputs[-1]["data"]["text/html"]
