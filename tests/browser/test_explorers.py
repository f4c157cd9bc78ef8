"""Explorers in a real JupyterLab: clicked, by keyboard, typed into."""

import os
from pathlib import Path

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe

from .jupyterlab import CHROMIUM, Notebook, browser, server

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None and not os.environ.get("CI"), reason="no chromium on this machine (CI installs it)"
    ),
]

PICTURES = Path(__file__).parents[2] / "build" / "pictures"

CODE = """
import mfwidgets
where = mfwidgets.metadata('local@{folder}')
mfwidgets.namespace(None)
explorer = mfwidgets.explore('{start}')
explorer
"""


def written(folder, code):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    folder.mkdir(exist_ok=True)
    nbformat.write(notebook, folder / "explorer.ipynb")


@pytest.fixture(scope="module")
def opened(runs, tmp_path_factory):
    """A notebook with an explorer of the runs, a run chosen."""
    folder, home = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("jupyter")
    written(folder, CODE.format(folder=runs.folder, start=runs["failing"]))
    with server(folder, home) as address, browser(home) as page:
        notebook = Notebook(page, address.format("lab/tree", "explorer.ipynb"))
        notebook.run_all()
        page.locator(".mfw-live .mfw-name", has_text=runs["failing"]).wait_for()
        yield notebook
        assert notebook.errors == []


def tab(page, name):
    page.get_by_role("tab", name=name, exact=True).click()


def pane(page):
    return page.locator(".lm-TabPanel-tabContents .mfw-live:visible, .widget-tab-contents .mfw-live:visible").first


def ask(notebook, code):
    """Run a line in the kernel of the notebook, and return its text."""
    page = notebook.page
    page.evaluate("window.jupyterapp.commands.execute('notebook:insert-cell-below')")
    page.evaluate(
        "code => window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.setSource(code)", code
    )
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-cell')")
    page.wait_for_function("() => window.jupyterapp.shell.currentWidget.content.activeCell.model.executionCount > 0")
    return page.locator(".jp-Notebook .jp-mod-active .jp-OutputArea-output").last.inner_text()


def test_a_click_on_a_step_of_the_graph_opens_it(opened, runs):
    page = opened.page
    tab(page, "DAG")
    page.locator('g[data-pathspec$="/divide"]:visible').click()
    tab(page, "Tasks")
    page.locator(".mfw-name:visible", has_text=f"{runs['failing']}/divide").first.wait_for()
    assert ask(opened, "repr(explorer.selected)").strip('"') == f"Step('{runs['failing']}/divide')"


def test_by_keyboard(opened, runs):
    page = opened.page
    tab(page, "DAG")
    first = page.locator("g[data-pathspec]:visible").first
    first.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.pathspec") == f"{runs['failing']}/divide"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    tab(page, "Overview")
    page.locator(".mfw-name:visible", has_text=f"{runs['failing']}/start").first.wait_for()


def test_a_bar_of_the_timeline_and_a_log(opened, runs):
    page = opened.page
    tab(page, "Timeline")
    page.locator(f'.mfw-bar[data-pathspec="{runs["failing"]}/divide/3"]:visible').click()
    tab(page, "Logs")
    page.locator(".mfw-line", has_text="ZeroDivisionError").first.wait_for()


def test_a_tile_of_the_grid(opened, runs):
    page = opened.page
    tab(page, "DAG")
    page.locator('g[data-pathspec$="/divide"]:visible').click()
    tab(page, "Tasks")
    page.locator(".mfw-mosaic span[data-pathspec]:visible").nth(1).click()
    tab(page, "Overview")
    page.locator(".mfw-name:visible", has_text=f"{runs['failing']}/divide/3").first.wait_for()


def test_filters_choose_runs(opened, runs):
    page = opened.page
    page.locator("select:has(option:text('any status'))").select_option("completed")
    page.locator(f'code[data-pathspec="{runs["resumed"]}"]').first.wait_for()
    page.wait_for_function(
        "run => !document.querySelector(`.widget-vbox table code[data-pathspec='${run}']`)", arg=runs["failing"]
    )
    page.locator("select:has(option:text('any status'))").select_option("any status")
    page.locator(f'code[data-pathspec="{runs["failing"]}"]').first.wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_accessible_and_looks_well(opened, theme, runs):
    page = opened.page
    page.locator(f'code[data-pathspec="{runs["resumed"]}"]').first.click()
    tab(page, "Overview")
    page.locator(".mfw-name:visible", has_text=runs["resumed"]).first.wait_for()
    opened.theme(theme)
    found = Axe().run(page, context=".mfw-live").response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")] == []
    PICTURES.mkdir(parents=True, exist_ok=True)
    opened.picture(PICTURES / f"explorer-{theme}.png")
    page.set_viewport_size({"width": 1300, "height": 900})


def test_a_million_lines(opened):
    page = opened.page
    ask(
        opened,
        "from mfwidgets.datastore.logs import LogLine\n"
        "from mfwidgets.widgets.log_viewer import LogViewer\n"
        "from mfwidgets.widgets.log_text import LogText\n"
        "viewer = LogViewer()\n"
        "viewer._took(LogText([LogLine('2026-01-02T03:04:05', f'line {n}', 'stdout') for n in range(1_000_000)]))\n"
        "viewer",
    )
    box = page.locator(".mfw-lines:visible").last
    box.locator(".mfw-line", has_text="line 0").first.wait_for()
    assert box.locator(".mfw-line").count() < 200
    box.evaluate("node => { node.scrollTop = node.scrollHeight }")
    box.locator(".mfw-line", has_text="line 999999").wait_for()
    page.locator("input[placeholder='search']:visible").last.fill("line 777777")
    page.keyboard.press("Enter")
    box.locator(".mfw-line mark", has_text="line 777777").first.wait_for()
    assert box.locator(".mfw-current").count() == 1
