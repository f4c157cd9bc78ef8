"""A real JupyterLab or Notebook in a real chromium: opens a notebook, runs it, switches themes, collects errors."""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

SIDEBAR = Path(__file__).parents[2] / "jupyter-config" / "labextensions" / "mfwidgets-sidebar"

THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}

SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/apputils-extension/themes": {"theme": THEMES["light"], "adaptive-theme": False},
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
    # All cells are in the page, also invisible ones.
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
}

# Messages of JupyterLab, Notebook and chromium that also occur with an empty notebook.
BENIGN = re.compile(
    r"reading 'schema'|favicon|ResizeObserver loop|Autofocus processing|\[yjs\]|service.worker|preload", re.IGNORECASE
)


@contextmanager
def server(folder: Path, home: Path, *options: str, base: str = "/"):
    """Start JupyterLab and Notebook on a folder, with separate settings and state.

    Yields the address of a notebook, with two places: ``lab/tree`` or ``notebooks``, and the file.

    Parameters
    ----------
    folder
        The folder with the notebooks.
    home
        The folder for settings, state and the log.
    *options
        More options of the server.
    base
        The path that all addresses begin with.
    """
    for name, values in SETTINGS.items():
        file = home / "settings" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    port = free_port()
    token = secrets.token_hex(16)
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"]
    command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}"]
    command += [f"--IdentityProvider.token={token}", "--LabApp.expose_app_in_browser=True"]
    command += ["--JupyterNotebookApp.expose_app_in_browser=True"]
    # The sidebar of this source tree. An installation has an older copy.
    command += [f"--LabApp.extra_labextensions_path={SIDEBAR.parent}", f"--ServerApp.base_url={base}", *options]
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder)
    address = f"http://127.0.0.1:{port}{base}"
    try:
        wait_until_up(f"{address}api/status?token={token}", process, home / "server.log")
        yield f"{address}{{}}/{{}}?token={token}"
    finally:
        process.terminate()
        process.wait(60)


def free_port() -> int:
    """Return a port that nobody uses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait_until_up(url: str, process: subprocess.Popen, log: Path) -> None:
    """Wait until a server answers. Raise with its log if it ends instead."""
    for _ in range(480):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.25)
    raise RuntimeError(f"The server did not start:\n{log.read_text()[-3000:]}")


@contextmanager
def browser(home: Path, *, scripts: bool = True, scale: float = 1):
    """Start chromium with an empty profile and access to this host only. Yields a page with ``scale`` dots per pixel."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(home / "profile"),
            executable_path=CHROMIUM,
            headless=True,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
            ],
            viewport={"width": 1300, "height": 900},
            java_script_enabled=scripts,
            device_scale_factor=scale,
        )
        try:
            yield context.pages[0]
        finally:
            context.close()


def written(folder: Path, *cells: str, name: str = "notebook.ipynb") -> str:
    """Write a notebook of code into a folder and return its name."""
    import nbformat

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    folder.mkdir(exist_ok=True)
    nbformat.write(notebook, folder / name)
    return name


class Notebook:
    """A notebook open in JupyterLab or Notebook.

    Attributes
    ----------
    errors
        What the page complained about on its console, or threw.
    """

    def __init__(self, page, url: str) -> None:
        self.page, self.errors = page, []
        page.on("console", lambda message: self._note(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self._note(str(error)))
        page.goto(url)
        page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.content?.widgets?.length > 0", timeout=60_000)
        page.evaluate("window.jupyterapp.shell.currentWidget.context.ready")
        page.wait_for_function(
            "window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'", timeout=60_000
        )

    def _note(self, text: str) -> None:
        if not BENIGN.search(text):
            self.errors.append(text)

    def run_all(self) -> None:
        """Run all cells and wait for the last one. Raise if one fails."""
        done = self.page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        assert done is not False
        prompts = """() => window.jupyterapp.shell.currentWidget.content.widgets
            .filter(cell => cell.model.type === 'code').every(cell => cell.model.executionCount > 0)"""
        self.page.wait_for_function(prompts, timeout=120_000)
        self.page.wait_for_timeout(500)
        failed = self.page.locator("[data-mime-type='application/vnd.jupyter.error']")
        assert failed.count() == 0, failed.first.inner_text()

    def theme(self, name: str) -> None:
        """Switch to ``light`` or ``dark`` in the open page."""
        self.page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", THEMES[name]
        )
        self.page.wait_for_function(
            "light => document.body.dataset.jpThemeLight === light", arg=str(name == "light").lower()
        )
        self.page.wait_for_timeout(300)

    def picture(self, file: Path) -> None:
        """Take a picture of the whole notebook."""
        height = self.page.evaluate("document.querySelector('.jp-WindowedPanel-inner').scrollHeight")
        width = self.page.viewport_size["width"]
        self.page.set_viewport_size({"width": width, "height": min(height + 200, 12_000)})
        # The notebook is scrolled to the last cell after a run, and stays so if the window grows.
        self.page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTop = 0")
        self.page.wait_for_timeout(300)
        self.page.locator(".jp-NotebookPanel-notebook").screenshot(path=str(file))

    def ask(self, code: str) -> str:
        """Run code in a new cell, and return its output."""
        page = self.page
        page.evaluate("window.jupyterapp.commands.execute('notebook:insert-cell-below')")
        page.evaluate(
            "code => window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.setSource(code)", code
        )
        page.evaluate("window.jupyterapp.commands.execute('notebook:run-cell')")
        page.wait_for_function(
            "() => window.jupyterapp.shell.currentWidget.content.activeCell.model.executionCount > 0"
        )
        return page.locator(".jp-Notebook .jp-mod-active .jp-OutputArea-output").last.inner_text()
