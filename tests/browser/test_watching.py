"""Watching a running flow and following its log in a real JupyterLab."""

import nbformat
from running_flow import running_flow

from .jupyterlab import Notebook, browser, server, written


def test_watching_a_run_and_following_its_log(tmp_path):
    folder, home = tmp_path / "notebooks", tmp_path / "home"
    folder.mkdir()
    with running_flow(folder) as running, server(folder, home) as address, browser(home) as page:
        name = written(
            folder,
            "import mfwidgets\nmfwidgets.namespace(None)",
            f"mfwidgets.watch('{running.run}')",
            f"viewer = mfwidgets.Task('{running.task}').logs('stdout').view()\nviewer",
        )
        running.log("".join(f"line {number}\n" for number in range(60)))
        opened = Notebook(page, address.format("lab/tree", name))
        opened.run_all()
        page.locator(".mfw-status", has_text="running").first.wait_for()
        lines = page.locator(".mfw-lines")
        lines.locator(".mfw-line", has_text="line 0").first.wait_for()
        page.get_by_role("button", name="Follow").click()
        running.log("".join(f"line {number}\n" for number in range(100)))
        lines.locator(".mfw-line", has_text="line 99").wait_for(timeout=60_000)  # the end is visible
        running.go()
        page.locator(".mfw-note", has_text="The run is completed.").first.wait_for(timeout=60_000)
        page.locator("button", has_text="Stop watching").wait_for(state="detached")
        assert page.locator(".mfw-graph").count() == 1  # the picture has replaced the widget
        page.wait_for_function(
            "![...document.querySelectorAll('button')].find(one => one.textContent === 'Follow')"
            ".classList.contains('mod-active')",
            timeout=60_000,
        )  # a complete log is not followed
        assert opened.errors == []
        page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
        page.wait_for_timeout(1000)
    saved = nbformat.read(folder / name, 4)
    assert "The run is completed." in saved.cells[1].outputs[-1]["data"]["text/html"]
