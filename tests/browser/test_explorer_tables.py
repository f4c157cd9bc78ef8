"""The table of an explorer in a real JupyterLab: filters, orders, columns, charts, values, themes and widths."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from waiting import waits_for

from mfwidgets.sample_runs import unpack

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
def tuning(tmp_path_factory):
    """A notebook with an explorer of runs with many results."""
    folder, home = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("jupyter")
    name = written(folder, CODE.format(folder=unpack(), start="TuningFlow"))
    with server(folder, home) as address, browser(home) as page:
        notebook = Notebook(page, address.format("lab/tree", name))
        notebook.run_all()
        column(page, "rmse").locator(".mfwx-bins").wait_for()
        yield notebook
        assert notebook.errors == []


@pytest.fixture
def fresh(tuning):
    """The same explorer as it was when it opened."""
    tuning.ask(
        "explorer.where, explorer.sort, explorer.columns, explorer.ticked = '', [], [], []\n"
        "explorer.pathspec, explorer.place = '', 'runs'\nexplorer.wait(), explorer.wait()"
    )
    status(tuning.page, "40 runs")
    column(tuning.page, "rmse").locator(".mfwx-bins").wait_for()
    return tuning


def tab(page, name):
    page.locator(".mfwx").get_by_role("tab", name=re.compile(rf"^{name}")).click()


def column(page, name):
    return page.locator(f".mfwx-head[data-column$='{name}']")


def said(notebook, code):
    return notebook.ask(code).strip()


def status(page, text):
    page.locator(".mfwx-left [role=status]", has_text=text).wait_for()


def ids(page, count):
    return page.locator(".mfwx-row .mfwx-k-code").all_inner_texts()[:count]


def test_the_filter_line_and_its_completion(fresh):
    page = fresh.page
    line = page.get_by_role("combobox", name="Filter")
    line.click()
    line.press_sequentially("optimizer=adam status:co")
    page.get_by_role("option", name="status:completed").wait_for()
    page.keyboard.press("Tab")
    assert line.input_value() == "optimizer=adam status:completed"
    page.keyboard.press("Enter")
    expected = said(fresh, "print(explorer.wait(), len(list(explorer.runs)))").split()[1]
    status(page, f"{expected} runs")
    assert "where('optimizer=adam status:completed')" in said(fresh, "print(explorer.code)")
    line.fill("optimizer=")
    page.keyboard.press("Enter")
    page.locator(".mfwx [role=alert]", has_text="Expected a value after optimizer=").wait_for()
    page.get_by_role("button", name="Remove the filter").click()
    status(page, "40 runs")


def test_headers_sort_and_filter(fresh):
    page = fresh.page
    column(page, "rmse").locator(".mfwx-headline").click()
    page.wait_for_function("document.querySelector('.mfwx-head[data-column$=rmse]').ariaSort === 'ascending'")
    expected = said(fresh, "print(explorer.wait(), *[run.id for run in explorer.runs][:5])").split()[1:]
    page.wait_for_function(
        "first => document.querySelector('.mfwx-row .mfwx-k-code').textContent === first", arg=expected[0]
    )
    assert ids(page, 5) == expected
    column(page, "rmse").locator(".mfwx-bins").scroll_into_view_if_needed()
    box = column(page, "rmse").locator(".mfwx-bins").bounding_box()
    page.mouse.move(box["x"] + 2, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 3, box["y"] + 8, steps=4)
    page.mouse.up()
    page.wait_for_function("document.querySelector('.mfwx-filter input').value.startsWith('rmse>=')")
    column(page, "rmse").locator(".mfwx-filtered").click()
    page.get_by_role("button", name="Remove this filter").click()
    status(page, "40 runs")
    column(page, "optimizer").locator(".mfwx-count", has_text="sgd").click()
    page.wait_for_function("document.querySelector('.mfwx-filter input').value === 'optimizer=sgd'")
    picked = page.locator(".mfwx-row .mfwx-k-text").first
    page.wait_for_function("[...document.querySelectorAll('.mfwx-row')].every(row => row.textContent.includes('sgd'))")
    assert picked.is_visible()


def test_everything_in_the_table_by_keyboard(fresh):
    page = fresh.page
    grid = page.get_by_role("grid", name="Runs")
    grid.focus()
    for key in ("ArrowDown", "ArrowDown", " ", "Shift+ArrowDown", "Shift+ArrowDown"):
        page.keyboard.press(key)
    status(page, "3 selected")
    code = "print(*[place for place, run in enumerate(explorer.runs) if run.pathspec in explorer.ticked])"
    assert waits_for(lambda: said(fresh, code) == "1 2 3")  # a page sends one change at a time
    grid.focus()
    page.keyboard.press("Enter")
    page.locator(".mfwx-pane .mfw-name").first.wait_for()
    grid.focus()
    for key in ("Escape", "Home", "ArrowUp", "ArrowRight", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    active = grid.get_attribute("aria-activedescendant")
    assert page.locator(f"#{active}").get_attribute("data-column") == "duration"
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.mfwx-head[data-column=duration]').ariaSort === 'ascending'")
    page.keyboard.press(" ")
    page.get_by_role("dialog", name="Column duration").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.mfwx-head[data-column=duration]').ariaSort === 'descending'")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "grid"


def test_columns_are_chosen_moved_and_saved_as_views(fresh):
    page = fresh.page
    page.get_by_role("button", name="Columns").click()
    page.get_by_label("Find a column").fill("reason")
    page.get_by_label("reason", exact=True).check()
    column(page, "reason").wait_for()
    page.keyboard.press("Escape")
    column(page, "reason").locator(".mfwx-more").click()
    page.get_by_role("button", name="← Move to the left").click()
    names = "[...document.querySelectorAll('.mfwx-head[data-column]')].map(node => node.dataset.column)"
    page.wait_for_function(f"{names}.at(-2) === 'reason'")
    page.get_by_role("button", name="Views").click()
    page.get_by_label("Name of the view").fill("reasons")
    page.get_by_role("button", name="Save this view").click()
    page.keyboard.press("Escape")
    fresh.ask("explorer.columns = []\n0")
    column(page, "reason").wait_for(state="detached")
    page.get_by_role("button", name="Views").click()
    page.get_by_role("button", name="reasons", exact=True).click()
    column(page, "reason").wait_for()
    assert said(fresh, "print(list(explorer.views))") == "['reasons']"


def test_selected_runs_are_compared_and_drawn(fresh):
    page = fresh.page
    for place in (0, 1):
        page.locator(".mfwx-row input").nth(place).click()
    tab(page, "Compare")
    page.locator(".mfwx summary", has_text="Differences").first.wait_for()
    page.locator(".mfwx-code code", has_text="mfwidgets.compare(").wait_for()
    tab(page, "Charts")
    chart = page.locator(".mfwx svg.mfw-chart")
    chart.wait_for()
    page.locator(".mfwx svg .mfwx-marked").first.wait_for()
    box = chart.bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] - 2, steps=5)
    page.mouse.up()
    page.wait_for_function("document.querySelectorAll('.mfwx svg .mfwx-marked').length > 20")
    chart.locator("path[data-pathspec]").first.click()
    page.locator(".mfwx-pane .mfw-name").first.wait_for()
    page.locator(".mfwx").get_by_role("combobox", name="Chart").select_option("parallel")
    page.locator(".mfwx summary", has_text="Parameters and").first.wait_for()


def test_an_artifact_is_loaded(fresh):
    page = fresh.page
    task = said(
        fresh, "print(next(run for run in mfwidgets.Flow('TuningFlow') if run.successful)['end'].task.pathspec)"
    )
    fresh.ask(f"explorer.choose('{task}/rmse')\nexplorer.wait()")
    page.get_by_role("button", name="Load", exact=True).click()
    page.locator(".mfwx-value", has_text="is in the variable rmse").wait_for()
    assert said(fresh, "print(rmse == explorer.loaded)") == "True"


def test_a_page_that_is_loaded_again_has_the_same_state(fresh):
    page = fresh.page
    fresh.ask(
        "explorer.where, explorer.sort = 'optimizer=sgd', [['artifact.rmse', False]]\nexplorer.wait(), explorer.wait()"
    )
    before = ids(page, 5)
    assert page.get_by_role("combobox", name="Filter").input_value() == "optimizer=sgd"
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_timeout(1500)
    page.reload()
    page.locator(".mfwx-row").first.wait_for()
    page.wait_for_function(
        "first => document.querySelector('.mfwx-row .mfwx-k-code').textContent === first", arg=before[0]
    )
    assert ids(page, 5) == before
    assert page.get_by_role("combobox", name="Filter").input_value() == "optimizer=sgd"
    fresh.page.wait_for_function(
        "window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'", timeout=60_000
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_accessible_and_keeps_its_height(tuning, theme):
    page = tuning.page
    tuning.ask(
        "explorer.where, explorer.sort, explorer.columns = '', [], []\nexplorer.choose('TuningFlow/latest')\nexplorer.wait()"
    )
    page.locator(".mfwx-pane .mfw-name").first.wait_for()
    tuning.theme(theme)
    PICTURES.mkdir(parents=True, exist_ok=True)
    heights = set()
    for name in (
        "Runs",
        "Charts",
        "Compare",
        "Overview",
        "DAG",
        "Timeline",
        "Tasks",
        "Artifacts",
        "Code",
        "Logs",
        "Cards",
    ):
        tab(page, name)
        page.wait_for_timeout(400)
        heights.add(page.locator(".mfwx").evaluate("node => node.offsetHeight"))
        found = Axe().run(page, context=".mfwx-root").response["violations"]
        serious = [
            (name, one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")
        ]
        assert serious == []
    assert len(heights) == 1
    tab(page, "Runs")
    tab(page, "Overview")
    for width in (800, 1300, 2000):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(500)
        assert page.evaluate(
            "document.querySelector('.mfwx').scrollWidth <= document.querySelector('.mfwx').clientWidth + 1"
        )
        tuning.picture(PICTURES / f"explorer-{theme}-{width}.png")
    page.set_viewport_size({"width": 1300, "height": 900})
