"""Watching a running flow and following its log in a real JupyterLab."""

import shutil
from pathlib import Path

import nbformat
from axe_playwright_python.sync_playwright import Axe
from running_flow import running_flow
from waiting import PATIENCE_S, waits_for

from .jupyterlab import Notebook, browser, server, written

PICTURES = Path(__file__).parents[2] / "build" / "pictures"

PATIENCE_MS = 1000 * PATIENCE_S

SAVE = "window.jupyterapp.commands.execute('docmanager:save')"


def picture_in(file):
    """Return the static picture of the watch in a saved notebook. Empty without one."""
    outputs = nbformat.read(file, 4).cells[1].get("outputs", [])
    return "".join(output.get("data", {}).get("text/html", "") for output in outputs)


def saved_with(page, file, text):
    """Save the notebook. Return whether its picture has the text."""
    page.evaluate(SAVE)
    return text in picture_in(file)


def test_watching_a_run_and_following_its_log(tmp_path):
    folder, home = tmp_path / "notebooks", tmp_path / "home"
    folder.mkdir()
    with running_flow(folder) as running, server(folder, home) as address, browser(home) as page:
        page.set_default_timeout(PATIENCE_MS)
        name = written(
            folder,
            "import mfwidgets\nmfwidgets.namespace(None)",
            f"mfwidgets.watch('{running.run}')",
            f"viewer = mfwidgets.Task('{running.task}').logs('stdout').view()\nviewer",
        )
        running.log("".join(f"line {number}\n" for number in range(60)))
        opened = Notebook(page, address.format("lab/tree", name))
        opened.run_all()
        watched = page.locator(".mfww")
        watched.locator(".mfww-status", has_text="running").wait_for()
        watched.locator("summary", has_text="Running tasks").wait_for()
        assert page.locator(".mfw-map:visible").count() == 1  # the picture is hidden while the widget lives
        assert waits_for(lambda: saved_with(page, folder / name, "Running tasks"))  # saved while it runs
        lines = page.locator(".mfw-lines")
        lines.locator(".mfw-line", has_text="line 59").first.wait_for()  # a log opens at its end
        page.get_by_role("button", name="Follow").click()
        running.log("".join(f"line {number}\n" for number in range(100)))
        lines.locator(".mfw-line", has_text="line 99").wait_for()  # the end is visible
        watched.locator(".mfw-log", has_text="line 99").wait_for()
        running.go()
        watched.locator(".mfww-ended", has_text="The run is completed.").wait_for()
        watched.get_by_role("button", name="Stop watching").wait_for(state="detached")
        page.wait_for_function(
            "![...document.querySelectorAll('button')].find(one => one.textContent === 'Follow')"
            ".classList.contains('mod-active')"
        )  # a complete log is not followed
        assert waits_for(lambda: saved_with(page, folder / name, "The run is completed."))
        assert opened.errors == []
        shutil.copy(folder / name, folder / "copy.ipynb")
        page.goto(address.format("lab/tree", "copy.ipynb"))
        page.locator(".mfw-map:visible").wait_for()  # another kernel does not know the widget: the picture is there
        page.locator(".mfw-note", has_text="The run is completed.").wait_for()


FAILING = """
import os, time
from metaflow import FlowSpec, step

class WideFlow(FlowSpec):
    @step
    def start(self):
        self.items = [f"item {number}" for number in range(8)]
        while not os.path.exists("go"):
            time.sleep(0.05)
        self.next(self.fit, foreach="items")

    @step
    def fit(self):
        print("fitting", self.input, flush=True)
        while self.index > 4 and not os.path.exists("on"):
            time.sleep(0.05)
        if self.index == 6:
            raise ValueError("the model diverged")
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass

if __name__ == "__main__":
    WideFlow()
"""


def test_progress_keyboard_stop_and_a_failure(tmp_path):
    folder, home = tmp_path / "notebooks", tmp_path / "home"
    folder.mkdir()
    PICTURES.mkdir(parents=True, exist_ok=True)
    with running_flow(folder, FAILING) as running, server(folder, home) as address, browser(home) as page:
        page.set_default_timeout(PATIENCE_MS)
        name = written(
            folder,
            "import mfwidgets\nmfwidgets.namespace(None)\n%load_ext mfwidgets",
            f"%mflow watch {running.run}",
        )
        opened = Notebook(page, address.format("lab/tree", name))
        opened.run_all()
        watched = page.locator(".mfww")
        watched.locator(".mfww-status", has_text="running").wait_for()
        running.go()
        watched.locator(".mfww-words", has_text="fit: 5 of 8 tasks").wait_for()
        assert watched.get_by_role("progressbar").get_attribute("aria-valuenow") == "5"
        task = watched.locator("tr code[data-pathspec]", has_text="").filter(has_text="7").first
        task.wait_for()
        pathspec = task.get_attribute("data-pathspec")
        task.focus()
        page.keyboard.press("Enter")
        watched.get_by_role("button", name="log of the newest task").wait_for()
        watched.locator("summary", has_text=f"Log of {'/'.join(pathspec.split('/')[2:])}").wait_for()
        assert page.evaluate("document.activeElement.dataset.pathspec") == pathspec  # the focus stays where it was
        for theme in ("light", "dark"):
            opened.theme(theme)
            found = Axe().run(page, context=".mfww").response["violations"]
            bad = [one for one in found if one["impact"] in ("serious", "critical")]
            assert [(one["id"], one["nodes"][0]["html"]) for one in bad] == []
            for width in (1300, 800):
                page.set_viewport_size({"width": width, "height": 900})
                watched.screenshot(path=str(PICTURES / f"watch-{theme}-{width}.png"))
        watched.get_by_role("button", name="Stop watching").click()
        watched.locator(".mfww-ended", has_text="Watching was stopped. The run continues.").wait_for()
        watched.get_by_role("button", name="Watch again").click()
        watched.get_by_role("button", name="Stop watching").wait_for()
        (folder / "on").touch()
        watched.locator(".mfww-ended", has_text="The run failed").wait_for()
        watched.get_by_text("ValueError: the model diverged").first.wait_for()
        watched.locator(".mfww-status", has_text="failed").wait_for()
        for theme in ("light", "dark"):
            opened.theme(theme)
            watched.screenshot(path=str(PICTURES / f"watch-failed-{theme}.png"))
        assert opened.errors == []
