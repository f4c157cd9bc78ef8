"""The sidebar in a real JupyterLab: its tree, inserted cells, and messages for missing objects."""

import shutil
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from waiting import PATIENCE_S
from wide import many_runs

from .jupyterlab import Notebook, browser, server, written

PICTURES = Path(__file__).parents[2] / "build" / "pictures"

PATIENCE_MS = 1000 * PATIENCE_S


def tab(page):
    return page.locator('.jp-SideBar .lm-TabBar-tab[data-id="mfwidgets-sidebar"]')


@pytest.fixture(scope="module")
def there(runs, tmp_path_factory):
    """The working folder of JupyterLab, with runs, 120 of one flow."""
    return many_runs(runs, tmp_path_factory.mktemp("notebooks"), "FailingFlow", "ForeachFlow")


@pytest.fixture(scope="module")
def opened(there, tmp_path_factory):
    """JupyterLab with a notebook and the sidebar open."""
    home = tmp_path_factory.mktemp("jupyter")
    name = written(there.folder, "1 + 1")
    with server(there.folder, home) as address, browser(home) as page:
        page.set_default_timeout(PATIENCE_MS)
        notebook = Notebook(page, address.format("lab/tree", name))
        tab(page).click()
        row(page, "LinearFlow").wait_for()
        yield notebook
        assert notebook.errors == []


def row(page, pathspec):
    return page.locator(f'.mfw-tree-row[data-pathspec="{pathspec}"]')


def open_row(page, pathspec, below):
    if row(page, pathspec).get_attribute("aria-expanded") == "false":
        row(page, pathspec).locator(".mfw-tree-twisty").click()
    row(page, below).wait_for()


def source(page):
    return page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.getSource()")


def open_failing(page, there):
    run = there["failing"]
    open_row(page, "FailingFlow", run)
    open_row(page, run, f"{run}/divide")
    open_row(page, f"{run}/divide", f"{run}/divide/3")
    return run


def test_the_tree_opens_down_to_artifacts(opened, there):
    page = opened.page
    run = open_failing(page, there)
    assert row(page, run).locator(".mfw-tree-sign").inner_text() == "✗"
    assert "h" in row(page, run).inner_text() or "m" in row(page, run).inner_text()  # its age
    open_row(page, f"{run}/divide/4", f"{run}/divide/4/quotient")
    assert row(page, f"{run}/divide/4/quotient").get_attribute("aria-expanded") is None
    row(page, run).locator(".mfw-tree-twisty").click()
    assert row(page, f"{run}/divide").count() == 0


def test_a_click_inserts_a_cell_that_runs(opened, there):
    page = opened.page
    open_row(page, "FailingFlow", there["failing"])
    row(page, there["failing"]).locator(".mfw-tree-name").click()
    assert source(page) == f"%load_ext mfwidgets\n%mflow {there['failing']}"
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-cell')")
    page.locator(".mfw-name", has_text=there["failing"]).first.wait_for()
    row(page, there["resumed"]).locator(".mfw-tree-name").click()
    assert source(page) == f"%mflow {there['resumed']}"  # the object is loaded now


def test_the_menu_of_an_object(opened, there):
    page = opened.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    task = f"{open_failing(page, there)}/divide/3"
    row(page, task).click(button="right")
    page.locator(".lm-Menu-itemLabel", has_text="Copy Pathspec").click()
    page.wait_for_function("text => navigator.clipboard.readText().then(one => one === text)", arg=task)
    row(page, task).click(button="right")
    page.locator(".lm-Menu-itemLabel", has_text="Show Logs").click()
    page.locator(".mfw", has_text="ZeroDivisionError").first.wait_for()
    row(page, "FailingFlow").click(button="right")
    assert page.locator(".lm-Menu-itemLabel", has_text="Show Logs").count() == 0
    page.locator(".lm-Menu-itemLabel").get_by_text("Open Explorer", exact=True).click()
    page.locator(".mfwx").first.wait_for()


def test_a_pathspec_is_dragged_into_a_cell(opened, there):
    page = opened.page
    page.evaluate("window.jupyterapp.commands.execute('notebook:insert-cell-below')")
    row(page, "ForeachFlow").drag_to(page.locator(".jp-Notebook .jp-mod-active .cm-content"))
    page.wait_for_function(
        "window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.getSource() === 'ForeachFlow'"
    )


def test_keyboard(opened, there):
    page = opened.page
    row(page, "ForeachFlow").focus()
    page.keyboard.press("Home")
    focused = "document.activeElement.dataset.pathspec"
    assert page.evaluate(focused) == "FailingFlow"
    if row(page, "FailingFlow").get_attribute("aria-expanded") == "true":
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focused) == "ForeachFlow"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    row(page, there["resumed"]).wait_for()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(focused) == there["resumed"]
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(focused) == "FailingFlow"
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    assert source(page).endswith("%mflow LinearFlow")


def test_pages_and_a_filter(opened, there):
    page = opened.page
    open_row(page, "LinearFlow", there["linear"])
    runs = page.locator('.mfw-tree-row[data-kind=run][data-pathspec^="LinearFlow/"]')
    assert runs.count() == 50
    page.locator(".mfw-tree-more").click()
    page.wait_for_function("document.querySelectorAll('.mfw-tree-row[data-pathspec^=\"LinearFlow/\"]').length === 100")
    page.get_by_placeholder("filter", exact=True).fill("team:blue")
    page.wait_for_function("document.querySelectorAll('.mfw-tree-row[data-pathspec^=\"FailingFlow/\"]').length === 0")
    row(page, there["linear"]).wait_for()
    page.get_by_placeholder("filter", exact=True).fill("foreach")
    row(page, "LinearFlow").wait_for(state="detached")
    row(page, "ForeachFlow").wait_for()
    page.get_by_placeholder("filter", exact=True).fill("")
    row(page, "LinearFlow").wait_for()


def test_another_namespace_and_new_runs(opened, there):
    page = opened.page
    page.get_by_placeholder("namespace").fill("user:nobody")
    page.keyboard.press("Enter")
    page.get_by_text("No flows: local@").wait_for()
    page.get_by_placeholder("namespace").fill("none")
    page.keyboard.press("Enter")
    row(page, "LinearFlow").wait_for()
    flow, run_id = there["failing"].split("/")
    shutil.copytree(
        there.folder / ".metaflow" / flow / run_id, there.folder / ".metaflow" / flow / f"{int(run_id) - 7}"
    )
    open_row(page, "FailingFlow", there["failing"])
    page.locator(".mfw-tree-refresh").click()
    row(page, f"{flow}/{int(run_id) - 7}").wait_for()
    assert row(page, "FailingFlow").get_attribute("aria-expanded") == "true"  # open flows stay open


def test_only_what_failed(opened, there):
    page = opened.page
    page.get_by_role("button", name="Only what failed").click()
    row(page, "LinearFlow").wait_for(state="detached")
    assert page.get_by_role("button", name="Only what failed").get_attribute("aria-pressed") == "true"
    open_row(page, "FailingFlow", there["failing"])
    assert row(page, there["resumed"]).count() == 0
    open_row(page, there["failing"], f"{there['failing']}/divide")
    assert row(page, f"{there['failing']}/start").count() == 0
    page.get_by_role("button", name="Only what failed").click()
    row(page, "LinearFlow").wait_for()


def test_a_preview_of_what_the_pointer_or_the_focus_rests_on(opened, there):
    page = opened.page
    open_row(page, "FailingFlow", there["failing"])
    card = page.get_by_role("tooltip")
    row(page, there["failing"]).hover()
    card.get_by_text("ZeroDivisionError").wait_for()
    assert "failed" in card.inner_text()
    assert "duration" in card.inner_text()
    assert row(page, there["failing"]).get_attribute("aria-describedby") == "mfw-tree-preview"
    for theme in ("dark", "light"):
        opened.theme(theme)
        row(page, "FailingFlow").hover()
        row(page, there["failing"]).hover()
        card.get_by_text("ZeroDivisionError").wait_for()
        found = Axe().run(page, context="#mfw-tree-preview").response["violations"]
        assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
        PICTURES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(PICTURES / f"sidebar-preview-{theme}.png"))
    page.mouse.move(900, 500)
    card.wait_for(state="hidden")
    row(page, "FailingFlow").focus()
    page.keyboard.press("ArrowDown")
    card.get_by_text(page.evaluate("document.activeElement.dataset.pathspec")).first.wait_for()
    page.keyboard.press("Escape")
    card.wait_for(state="hidden")


def test_why_a_run_failed(opened, there):
    page = opened.page
    task = f"{open_failing(page, there)}/divide/3"
    row(page, task).click(button="right")
    page.locator(".lm-Menu-itemLabel", has_text="Why Did It Fail?").click()
    assert source(page).endswith(f"%mflow why {there['failing']}")
    outputs = page.locator(".mfw-name").count()
    page.evaluate(
        "pathspec => window.jupyterapp.commands.execute('mfwidgets:why', { pathspec, run: true })", there["failing"]
    )
    page.wait_for_function("count => document.querySelectorAll('.mfw-name').length > count", arg=outputs)
    row(page, "LinearFlow").click(button="right")
    assert page.locator(".lm-Menu-itemLabel", has_text="Why Did It Fail?").count() == 0
    page.keyboard.press("Escape")


def executed(page):
    return page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCell.model.executionCount")


def test_an_inserted_cell_is_run_if_asked_to(opened, there):
    page = opened.page
    row(page, "FailingFlow").focus()
    page.keyboard.press("Shift+Enter")
    page.wait_for_function("window.jupyterapp.shell.currentWidget.content.activeCell.model.executionCount > 0")
    assert source(page).endswith("%mflow FailingFlow")
    toggle = page.get_by_role("button", name="Run inserted cells")
    toggle.click()
    assert toggle.get_attribute("aria-pressed") == "true"
    row(page, "ForeachFlow").locator(".mfw-tree-name").click()
    page.wait_for_function("window.jupyterapp.shell.currentWidget.content.activeCell.model.executionCount > 0")
    row(page, "ForeachFlow").locator(".mfw-tree-name").click(modifiers=["Shift"])
    assert source(page) == "%mflow ForeachFlow"
    assert executed(page) is None
    toggle.click()
    assert toggle.get_attribute("aria-pressed") == "false"


def test_an_explorer_in_a_tab_with_the_kernel_of_the_notebook(opened, there):
    page = opened.page
    open_row(page, "FailingFlow", there["failing"])
    cells = page.evaluate("window.jupyterapp.shell.currentWidget.content.widgets.length")
    name = page.evaluate("window.jupyterapp.shell.currentWidget.id")
    row(page, there["failing"]).click(button="right")
    page.locator(".lm-Menu-itemLabel", has_text="Open Explorer in a Tab").click()
    tab_of_explorer = page.locator(".mfw-explorer-tab")
    tab_of_explorer.locator(".mfwx .mfw-name", has_text=there["failing"]).first.wait_for()
    high = tab_of_explorer.evaluate("node => node.clientHeight - node.querySelector('.mfwx').clientHeight")
    assert high < 60  # it fills the tab
    for theme in ("dark", "light"):
        opened.theme(theme)
        page.screenshot(path=str(PICTURES / f"explorer-tab-{theme}.png"))
    page.evaluate("window.jupyterapp.shell.currentWidget.close()")
    tab_of_explorer.wait_for(state="detached")
    page.evaluate("id => window.jupyterapp.shell.activateById(id)", name)
    assert (
        page.evaluate("window.jupyterapp.shell.currentWidget.content.widgets.length") == cells
    )  # no cell was inserted


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_accessible(opened, there, theme):
    page = opened.page
    open_failing(page, there)
    opened.theme(theme)
    found = Axe().run(page, context=".mfw-tree-panel").response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")] == []
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(PICTURES / f"sidebar-{theme}.png"))


def test_a_stopped_server_is_reported(opened, there):
    page = opened.page
    page.route("**/mfwidgets/api/tree*", lambda route: route.abort())
    page.locator(".mfw-tree-refresh").click()
    page.get_by_text("Jupyter Server does not answer.").wait_for()
    assert row(page, "LinearFlow").count() == 1  # loaded rows stay
    page.unroute("**/mfwidgets/api/tree*")
    page.locator(".mfw-tree-refresh").click()
    page.get_by_text("Jupyter Server does not answer.").wait_for(state="detached")
    opened.errors[:] = [error for error in opened.errors if "ERR_FAILED" not in error]
