"""An explorer of 10,000 runs in a real JupyterLab: sort by a result, filter, brush, scroll."""

import re

import pytest
from waiting import PATIENCE_S
from wide import runs_with_results

from .jupyterlab import Notebook, browser, server, written

RUNS = 10_000

CODE = """
import mfwidgets
where = mfwidgets.metadata('local@{folder}')
mfwidgets.namespace(None)
explorer = mfwidgets.explore('LinearFlow')
explorer
"""

SCROLL = """async () => {
  const grid = document.querySelector(".mfwx-grid");
  grid.scrollTop = 0;
  for (let frame = 0; frame < 200; frame += 1) {
    grid.scrollTop += 300;
    await new Promise(requestAnimationFrame);
  }
}"""
"""Scrolls as a fling does, by more than ten rows in each frame."""


@pytest.fixture(scope="module")
def ids(runs, tmp_path_factory):
    """The folder of the runs, and their ids in the order of their results."""
    folder = tmp_path_factory.mktemp("many")
    return folder, runs_with_results(runs, folder, RUNS)


def first_rows(page, expected):
    page.wait_for_function(
        "ids => ids.every((id, place) => document.querySelector(`.mfwx-row[aria-rowindex='${place + 2}'] .mfwx-k-code`)?.textContent === id)",
        arg=expected,
    )


def test_sort_filter_brush_and_scroll(ids, tmp_path):
    folder, ordered = ids
    name = written(tmp_path / "notebooks", CODE.format(folder=folder))
    with server(tmp_path / "notebooks", tmp_path / "home") as address, browser(tmp_path / "home") as page:
        page.set_default_timeout(1_000 * PATIENCE_S)
        notebook = Notebook(page, address.format("lab/tree", name))
        notebook.run_all()
        said = page.locator(".mfwx-left [role=status]")
        said.get_by_text(f"{RUNS:,} runs", exact=True).wait_for()
        head = page.locator(".mfwx-head[data-column$=rmse]")
        head.locator(".mfwx-headline").click()
        first_rows(page, ordered[:5])
        head.locator(".mfwx-headline").click()
        first_rows(page, ordered[:-6:-1])

        line = page.get_by_role("combobox", name="Filter")
        line.fill("alpha=0.2")
        line.press("Enter")
        matching = ordered[1::3]
        said.get_by_text(f"{len(matching):,} runs", exact=True).wait_for()
        first_rows(page, matching[:-6:-1])
        bins = head.locator(".mfwx-bins")
        bins.scroll_into_view_if_needed()
        box = bins.bounding_box()
        page.mouse.move(box["x"] + 1, box["y"] + 8)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] / 3, box["y"] + 8, steps=4)
        page.mouse.up()
        page.wait_for_function("document.querySelector('.mfwx-filter input').value.includes('rmse>=')")
        low, high = (float(re.search(rf"rmse{sign}=?([\d.e-]+)", line.input_value())[1]) for sign in "><")
        brushed = [one for place, one in enumerate(ordered) if place % 3 == 1 and low <= place / RUNS <= high]
        assert 500 < len(brushed) < 2_000
        said.get_by_text(f"{len(brushed):,} runs", exact=True).wait_for()
        first_rows(page, brushed[:-6:-1])

        page.get_by_role("button", name="Remove the filter").click()
        said.get_by_text(f"{RUNS:,} runs", exact=True).wait_for()
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})

        def worked():
            metrics = session.send("Performance.getMetrics")["metrics"]
            return next(1000 * metric["value"] for metric in metrics if metric["name"] == "TaskDuration")

        before = worked()
        page.evaluate(SCROLL)
        # The time of the page's own work, because other programs delay frames. It is about a fifth of this.
        assert (worked() - before) / 200 < 50
        page.locator(".mfwx-row .mfwx-k-code", has_text=ordered[-1 - 200 * 300 // 26]).wait_for()
        assert notebook.errors == []
