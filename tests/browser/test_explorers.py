"""Explorers in a real JupyterLab, with mouse and keyboard."""

import re

import pytest
from wide import many_runs

from .jupyterlab import Notebook, browser, server, written

CODE = """
import mfwidgets
where = mfwidgets.metadata('local@{folder}')
mfwidgets.namespace(None)
explorer = mfwidgets.explore('{start}')
explorer
"""


@pytest.fixture(scope="module")
def many(runs, tmp_path_factory):
    """The runs, and 120 copies of one of them."""
    return many_runs(runs, tmp_path_factory.mktemp("many"), "FailingFlow", "RetryFlow")


@pytest.fixture(scope="module")
def opened(runs, many, tmp_path_factory):
    """A notebook with an explorer, with one run selected."""
    folder, home = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("jupyter")
    name = written(folder, CODE.format(folder=many.folder, start=runs["failing"]))
    with server(folder, home) as address, browser(home) as page:
        notebook = Notebook(page, address.format("lab/tree", name))
        notebook.run_all()
        page.locator(".mfwx .mfw-name", has_text=runs["failing"]).wait_for()
        yield notebook
        assert notebook.errors == []


def tab(page, name):
    page.locator(".mfwx").get_by_role("tab", name=re.compile(rf"^{name}")).click()


def choose(notebook, pathspec):
    notebook.ask(f"explorer.choose('{pathspec}')\nexplorer.wait()")
    tab(notebook.page, "Overview")
    notebook.page.locator(".mfwx .mfw-name", has_text=pathspec).first.wait_for()


def test_a_click_on_a_step_of_the_graph_opens_it(opened, runs):
    page = opened.page
    tab(page, "DAG")
    page.locator('.mfwx g[data-pathspec$="/divide"]').click()
    tab(page, "Tasks")
    page.locator(".mfwx .mfw-name", has_text=f"{runs['failing']}/divide").first.wait_for()
    assert opened.ask("repr(explorer.selected)").strip('"') == f"Step('{runs['failing']}/divide')"
    page.get_by_role("button", name="Back").click()
    page.locator(".mfwx-crumbs [aria-current]", has_text=runs["failing"].split("/")[1]).wait_for()
    page.get_by_role("button", name="Forward").click()
    page.locator(".mfwx-crumbs [aria-current]", has_text="divide").wait_for()


def test_keyboard_in_a_pane(opened, runs):
    page = opened.page
    choose(opened, runs["failing"])
    tab(page, "DAG")
    page.locator(".mfwx-code code", has_text=".dag()").wait_for()
    first = page.locator(".mfwx g[data-pathspec]").first
    first.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.pathspec") == f"{runs['failing']}/divide"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    tab(page, "Overview")
    page.locator(".mfwx .mfw-name", has_text=f"{runs['failing']}/start").first.wait_for()


def test_from_a_failed_run_to_its_failing_line(opened, runs):
    page = opened.page
    choose(opened, runs["retry"])
    page.get_by_label("Flow", exact=True).select_option("FailingFlow")
    page.locator(".mfwx-row", has_text=runs["failing"].split("/")[1]).locator(".mfwx-k-code").click()
    tab(page, "Logs")
    page.locator(".mfw-line .mfw-bold, .mfw-line .mfw-red", has_text="ZeroDivisionError").first.wait_for()
    page.get_by_label("Search the lines").fill("division")
    page.keyboard.press("Enter")
    page.locator(".mfw-line mark", has_text="division").first.wait_for()
    page.get_by_label("Search the lines").fill("")
    page.keyboard.press("Enter")


def test_long_lines_wrap_unless_they_should_not(opened, runs):
    page = opened.page
    choose(opened, runs["failing"])
    tab(page, "Logs")
    page.locator(".mfwx .mfw-line", has_text="ZeroDivisionError").first.wait_for()
    too_wide = "document.querySelector('.mfwx .mfw-lines').scrollWidth > document.querySelector('.mfwx .mfw-lines').clientWidth + 1"
    page.wait_for_function(f"!({too_wide})")
    page.get_by_label("wrap").uncheck()
    page.wait_for_function(too_wide)
    page.get_by_label("wrap").check()
    tab(page, "Overview")


def test_copying_code(opened, runs):
    page = opened.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    choose(opened, runs["failing"])
    tab(page, "DAG")
    page.locator(".mfwx-code code", has_text=".dag()").wait_for()
    page.get_by_role("button", name="Copy code").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == f"Run('{runs['failing']}').dag()"


def test_more_runs_than_fit_are_scrolled(opened, runs):
    page = opened.page
    opened.ask("explorer.flow, explorer.pathspec, explorer.place = 'LinearFlow', '', 'runs'\nexplorer.wait()")
    page.locator(".mfwx-left [role=status]", has_text="123 runs").wait_for()
    grid = page.get_by_role("grid", name="Runs")
    assert grid.get_attribute("aria-rowcount") == "124"
    assert page.locator(".mfwx-row").count() < 80
    grid.evaluate("node => { node.scrollTop = node.scrollHeight }")
    oldest = opened.ask("print(list(explorer.runs)[-1].id)")
    page.locator(".mfwx-row", has_text=oldest).wait_for()
    grid.focus()
    for key in ("End", "Home"):
        page.keyboard.press(key)
    page.locator(".mfwx-row[aria-rowindex='2']").wait_for()


def test_a_million_lines(opened):
    page = opened.page
    opened.ask(
        "from mfwidgets.datastore.logs import LogLine\n"
        "from mfwidgets.widgets.log_viewer import LogViewer\n"
        "from mfwidgets.widgets.log_text import LogText\n"
        "viewer = LogViewer()\n"
        "viewer._set_text(LogText([LogLine('2026-01-02T03:04:05', f'line {n}', 'stdout') for n in range(1_000_000)]))\n"
        "viewer",
    )
    box = page.locator(".mfw-lines:visible").last
    box.locator(".mfw-line", has_text="line 999999").wait_for()  # it opens at its end
    # The page has measured its width, and a million lines are wrapped. Otherwise they would be during the scroll.
    page.wait_for_timeout(1_000)
    opened.ask("viewer.wait(100), viewer.lines.columns")
    box.evaluate("node => { node.scrollTop = 0 }")
    box.locator(".mfw-line", has_text="line 0").first.wait_for()
    assert box.locator(".mfw-line").count() < 200
    box.evaluate("node => { node.scrollTop = node.scrollHeight }")
    box.locator(".mfw-line", has_text="line 999999").wait_for()
    page.locator("input[placeholder='in the lines']:visible").last.fill("line 777777")
    page.keyboard.press("Enter")
    box.locator(".mfw-line mark", has_text="line 777777").first.wait_for()
    assert box.locator(".mfw-current").count() == 1
