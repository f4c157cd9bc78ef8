"""Explorers in a real JupyterLab, with mouse and keyboard."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from wide import many_runs

from .jupyterlab import Notebook, browser, server, written

PICTURES = Path(__file__).parents[2] / "build" / "pictures"

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
        page.locator(".mfw-live .mfw-name", has_text=runs["failing"]).wait_for()
        yield notebook
        assert notebook.errors == []


def tab(page, name):
    page.get_by_role("tab", name=name, exact=True).click()


def pane(page):
    return page.locator(".lm-TabPanel-tabContents .mfw-live:visible, .widget-tab-contents .mfw-live:visible").first


def test_a_click_on_a_step_of_the_graph_opens_it(opened, runs):
    page = opened.page
    tab(page, "DAG")
    page.locator('g[data-pathspec$="/divide"]:visible').click()
    tab(page, "Tasks")
    page.locator(".mfw-name:visible", has_text=f"{runs['failing']}/divide").first.wait_for()
    assert opened.ask("repr(explorer.selected)").strip('"') == f"Step('{runs['failing']}/divide')"


def test_keyboard(opened, runs):
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


def listed(page):
    return page.locator(".mfw-live:has(input[data-tick]) code[data-pathspec]:visible")


def test_filters_and_pages(opened, runs):
    page = opened.page
    page.get_by_placeholder("name of a flow").fill("LinearFlow")
    page.keyboard.press("Enter")
    page.locator("summary:visible", has_text="1 to 50 of 123").wait_for()
    assert listed(page).count() == 50
    first = listed(page).first.get_attribute("data-pathspec")
    for end in ("51 to 100", "101 to 123"):
        page.get_by_role("button", name="Older ▶").click()
        page.locator("summary:visible", has_text=f"{end} of 123").wait_for()
    assert page.get_by_role("button", name="Older ▶").is_disabled()
    for _ in range(2):
        page.get_by_role("button", name="◀ Newer").click()
    page.locator("summary:visible", has_text="1 to 50 of 123").wait_for()
    assert listed(page).first.get_attribute("data-pathspec") == first
    filters = {"in id, user or tags": "BOB", "separated by spaces": "user:bob"}
    for name, typed in filters.items():
        page.get_by_placeholder(name).fill(typed)
        page.keyboard.press("Enter")
        page.locator("summary:visible", has_text="1 to 1").wait_for()
        assert listed(page).count() == 1
        page.get_by_placeholder(name).fill("")
        page.keyboard.press("Enter")
        page.locator("summary:visible", has_text="1 to 50").wait_for()
    page.locator("select:has(option:text('caught'))").select_option("failed")
    page.get_by_text("No run in this namespace matches.").wait_for()
    page.locator("select:has(option:text('caught'))").select_option("any")
    listed(page).first.wait_for()


def test_ticked_runs_are_compared(opened, runs):
    page = opened.page
    opened.ask("explorer._list.flow.value = 'LinearFlow'\nexplorer._list.tags.value = ''\nexplorer.wait()")
    boxes = page.locator("input[data-tick]:visible")
    for name in ("linear", "linear-bob"):
        page.locator(f'input[data-tick="{runs[name]}"]').click()
        page.locator(f'input[data-tick="{runs[name]}"]:checked').wait_for()
    boxes.first.focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.tick") == boxes.nth(1).get_attribute("data-tick")
    tab(page, "Compare")
    page.locator(".mfw:visible", has_text="alpha").first.wait_for()
    assert "mfwidgets.compare(" in page.locator(".mfw-copy code").first.inner_text()
    for name in ("linear", "linear-bob"):
        page.locator(f'input[data-tick="{runs[name]}"]').click()
    page.get_by_text("Tick two or more runs").first.wait_for()


def test_copying_code(opened, runs):
    page = opened.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened.ask(f"explorer.choose('{runs['failing']}')\nexplorer.wait()")
    tab(page, "DAG")
    page.locator(".mfw-copy code", has_text=".dag()").wait_for()
    page.get_by_role("button", name="Copy code").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == f"Run('{runs['failing']}').dag()"


def test_long_lines_wrap_on_request(opened, runs):
    page = opened.page
    opened.ask(f"explorer.choose('{runs['failing']}')\nexplorer.wait()")
    tab(page, "Logs")
    lines = page.locator(".mfw-lines:visible")
    lines.locator(".mfw-line", has_text="ZeroDivisionError").first.wait_for()
    too_wide = "node => node.scrollWidth > node.clientWidth + 1"
    assert lines.evaluate(too_wide)
    page.get_by_role("button", name="Wrap").click()
    page.wait_for_function(f"!({too_wide})([...document.querySelectorAll('.mfw-lines')].find(one => one.offsetParent))")
    page.get_by_role("button", name="Wrap").click()
    tab(page, "Overview")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_accessible(opened, theme, runs):
    page = opened.page
    page.locator(f'code[data-pathspec="{runs["resumed"]}"]').first.click()
    tab(page, "Overview")
    page.locator(".mfw-name:visible", has_text=runs["resumed"]).first.wait_for()
    opened.theme(theme)
    for name in ("Logs", "Compare", "Overview"):
        tab(page, name)
        found = Axe().run(page, context=".widget-vbox").response["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")] == []
    PICTURES.mkdir(parents=True, exist_ok=True)
    for width in (800, 1300, 2000):
        page.set_viewport_size({"width": width, "height": 900})
        opened.picture(PICTURES / f"explorer-{theme}-{width}.png")
    page.set_viewport_size({"width": 1300, "height": 900})


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
    box.locator(".mfw-line", has_text="line 0").first.wait_for()
    assert box.locator(".mfw-line").count() < 200
    box.evaluate("node => { node.scrollTop = node.scrollHeight }")
    box.locator(".mfw-line", has_text="line 999999").wait_for()
    page.locator("input[placeholder='in the lines']:visible").last.fill("line 777777")
    page.keyboard.press("Enter")
    box.locator(".mfw-line mark", has_text="line 777777").first.wait_for()
    assert box.locator(".mfw-current").count() == 1
