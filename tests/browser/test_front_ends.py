"""Explorers in marimo, Voila, nbclassic, JupyterLab under the address of a hub, and the widget managers of VS Code."""

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from npm_packages import has_npm, npm_file
from running_flow import running_flow

from .front_ends import running
from .jupyterlab import Notebook, browser, server, written

PICTURES = Path(__file__).parents[2] / "build" / "pictures"

EXPLORER = """
import mfwidgets
where = mfwidgets.metadata("local@{folder}")
mfwidgets.namespace(None)
explorer = mfwidgets.explore("{start}")
explorer
"""

MARIMO = """
import marimo

app = marimo.App()


@app.cell
def _():
    import mfwidgets

    mfwidgets.metadata("local@{folder}")
    mfwidgets.namespace(None)
    explorer = mfwidgets.explore("{start}")
    explorer
    return (explorer,)


if __name__ == "__main__":
    app.run()
"""

HUB = "frame-ancestors 'self'; report-uri /hub/security/csp-report"
"""The policy that JupyterHub gives to the servers of users."""

NO_EVAL = "script-src 'self' 'unsafe-inline' blob:"
"""A policy that only reports here: JupyterLab stays empty under it, because it compiles the schemas of settings with ajv."""

NOTE_VIOLATIONS = r"""
window.violations = [];
window.compilers = new Set();
document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => violations.push(`${violatedDirective} ${blockedURI}`));
const note = () => compilers.add(new Error().stack.match(/(?:https?:\/\/|blob:)[^\s?]*\//)?.[0] ?? "nobody");
window.Function = new Proxy(Function, {
  apply: (make, self, words) => { note(); return Reflect.apply(make, self, words); },
  construct: (make, words, kind) => { note(); return Reflect.construct(make, words, kind); },
});
window.eval = new Proxy(eval, { apply: (run, self, words) => { note(); return Reflect.apply(run, self, words); } });
"""
"""Notes what a policy refuses, and the folder of the scripts that make code from text. The event does not say whose it is.

Playwright itself is in no folder.
"""


ABOUT_WIDGETS = re.compile(r"^widget:|mfwx|anywidget|jupyter-widgets|Content Security|blob:")
"""Errors of a page that matter here. Voila and nbclassic also miss fonts and scripts of others."""


def opened(page, url):
    """Open a page, and return a list to which its errors about widgets are added."""
    errors = []
    page.on(
        "console",
        lambda said: errors.append(said.text) if said.type == "error" and ABOUT_WIDGETS.search(said.text) else None,
    )
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(url)
    return errors


def tab(page, name):
    page.locator(".mfwx").get_by_role("tab", name=re.compile(rf"^{name}")).click()


def use(page, runs):
    """Use an explorer: ask the kernel for another pane, another step, a log and other rows."""
    page.locator(".mfwx .mfw-name", has_text=runs["failing"]).first.wait_for(timeout=60_000)
    tab(page, "DAG")
    page.locator('.mfwx g[data-pathspec$="/divide"]').click()
    tab(page, "Tasks")
    page.locator(".mfwx .mfw-name", has_text=f"{runs['failing']}/divide").first.wait_for()
    tab(page, "Logs")
    page.locator(".mfwx .mfw-line", has_text="ZeroDivisionError").first.wait_for()
    bins = page.locator(".mfwx-bins").first
    if not bins.is_visible():  # a narrow page shows the pane or the table
        page.get_by_role("button", name="Close the pane").click()
        bins.wait_for()
    assert bins.bounding_box()["height"] < 60  # style sheets of some front ends change the size of all pictures
    page.locator(".mfwx-row input").first.click()
    page.locator(".mfwx-left [role=status]", has_text="1 selected").wait_for()


def background(page) -> float:
    """Return the lightness of the page behind the explorer, from 0 to 255, and check that its text differs from it."""
    found = page.locator(".mfwx").evaluate("""node => {
      const numbers = text => text.match(/[\\d.]+/g).map(Number);
      let shown = node;
      while (shown && (numbers(getComputedStyle(shown).backgroundColor)[3] === 0)) shown = shown.parentElement;
      const light = text => numbers(text).slice(0, 3).reduce((one, other) => one + other) / 3;
      return [light(getComputedStyle(shown ?? document.body).backgroundColor), light(getComputedStyle(node).color)];
    }""")
    assert abs(found[0] - found[1]) > 100, found
    return found[0]


def test_marimo(runs, tmp_path):
    (tmp_path / "app.py").write_text(MARIMO.format(folder=runs.folder, start=runs["failing"]), encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text('[tool.marimo.display]\ntheme = "system"\n', encoding="utf-8")
    command = ("marimo", "-q", "run", str(tmp_path / "app.py"), "--headless", "--port", "{port}", "--no-token")
    with running(tmp_path / "home", *command) as address, browser(tmp_path / "home") as page:
        page.emulate_media(color_scheme="dark")
        errors = opened(page, address)
        use(page, runs)
        assert background(page) < 127
        page.screenshot(path=PICTURES / "explorer-marimo-dark.png")
        page.emulate_media(color_scheme="light")
        page.locator("body:not(.dark-theme)").wait_for()
        assert background(page) > 127
        page.screenshot(path=PICTURES / "explorer-marimo-light.png")
        assert errors == []


MARIMO_WATCH = """
import marimo

app = marimo.App()


@app.cell
def _():
    import mfwidgets

    mfwidgets.namespace(None)
    watching = mfwidgets.watch("{run}")
    watching
    return (watching,)


if __name__ == "__main__":
    app.run()
"""


def watched_to_its_end(page, flow):
    """Wait for a watch, let its run end, and wait for the end."""
    page.locator(".mfww-status", has_text="running").wait_for(timeout=60_000)
    page.locator(".mfww summary", has_text="Running tasks").wait_for()
    flow.go()
    page.locator(".mfww-ended", has_text="The run is completed.").wait_for(timeout=60_000)
    page.locator(".mfww-status", has_text="completed").wait_for()


def test_a_watch_in_marimo(tmp_path):
    with running_flow(tmp_path) as flow:
        (tmp_path / "app.py").write_text(MARIMO_WATCH.format(run=flow.run), encoding="utf-8")
        command = ("marimo", "-q", "run", "app.py", "--headless", "--port", "{port}", "--no-token")
        with running(tmp_path / "home", *command, folder=tmp_path) as address, browser(tmp_path / "home") as page:
            errors = opened(page, address)
            watched_to_its_end(page, flow)
            page.screenshot(path=PICTURES / "watch-marimo.png")
            assert errors == []


def test_a_watch_in_voila(tmp_path):
    with running_flow(tmp_path) as flow:
        code = f"import mfwidgets\nmfwidgets.namespace(None)\nwatching = mfwidgets.watch('{flow.run}')\nwatching"
        name = written(tmp_path, code)
        command = ("voila", name, "--no-browser", "--port={port}")
        with running(tmp_path / "home", *command, folder=tmp_path) as address, browser(tmp_path / "home") as page:
            errors = opened(page, address)
            watched_to_its_end(page, flow)
            assert page.locator(".mfw-map:visible").count() == 1  # the static picture is hidden
            page.screenshot(path=PICTURES / "watch-voila.png")
            assert errors == []


EXPORTED = """

@app.cell
def _(explorer):
    [explorer.wait() for _ in range(3)]
    return

"""
"""A cell that waits for the explorer, because an export ends with the last cell."""


def test_a_page_that_marimo_exports_has_the_static_picture(runs, tmp_path):
    """The page loads the files of marimo's package from the internet, so the test serves those of the installed package."""
    import marimo

    code = MARIMO.format(folder=runs.folder, start=runs["failing"]).replace(
        "\n\nif __name__", EXPORTED + "\nif __name__"
    )
    (tmp_path / "app.py").write_text(code, encoding="utf-8")
    export = [sys.executable, "-m", "marimo", "-q", "export", "html", "app.py", "-o", "app.html"]
    subprocess.run(export, cwd=tmp_path, check=True)
    files = Path(marimo.__file__).parent / "_static"

    def serve(route):
        file = files / route.request.url.rpartition("/dist/")[2]
        kind = {".js": "text/javascript", ".css": "text/css"}.get(file.suffix, "application/octet-stream")
        route.fulfill(path=file, headers={"Access-Control-Allow-Origin": "*", "Content-Type": kind})

    with browser(tmp_path / "home") as page:
        page.route("https://cdn.jsdelivr.net/npm/@marimo-team/**", serve)
        errors = opened(page, (tmp_path / "app.html").as_uri())
        page.get_by_text("No kernel answers").wait_for(timeout=60_000)
        page.locator(".mfwx-still .mfw-name", has_text=runs["failing"]).first.wait_for()
        assert "ZeroDivisionError" in page.locator(".mfwx-still").inner_text()
        assert not page.locator(".mfwx").is_visible()
        page.screenshot(path=PICTURES / "explorer-marimo-exported.png")
        assert errors == []


def test_voila(runs, tmp_path):
    name = written(tmp_path / "notebooks", EXPLORER.format(folder=runs.folder, start=runs["failing"]))
    command = ("voila", str(tmp_path / "notebooks" / name), "--no-browser", "--port={port}")
    with running(tmp_path / "home", *command) as address, browser(tmp_path / "home") as page:
        errors = opened(page, f"{address}?theme=light")
        use(page, runs)
        assert background(page) > 127
        page.screenshot(path=PICTURES / "explorer-voila-light.png")
        page.goto(f"{address}?theme=dark")
        page.locator(".mfwx .mfw-name", has_text=runs["failing"]).first.wait_for(timeout=60_000)
        assert background(page) < 127
        page.screenshot(path=PICTURES / "explorer-voila-dark.png")
        assert errors == []


NBCLASSIC_READY = """() => {
  const { notebook } = window.Jupyter ?? {}, { kernel } = notebook ?? {};
  return notebook?._fully_loaded && kernel?.info_reply?.banner && "jupyter.widget" in kernel.comm_manager.targets;
}"""
"""The notebook is open, its kernel answers, and the widget manager listens. A cell that runs before shows no widget."""


def test_nbclassic(runs, tmp_path):
    folder = tmp_path / "notebooks"
    name = written(folder, EXPLORER.format(folder=runs.folder, start=runs["failing"]))
    command = ("nbclassic", "--no-browser", "--allow-root", "--ServerApp.port={port}", "--ServerApp.token=")
    place = f"nbclassic/notebooks/{name}"
    from playwright.sync_api import TimeoutError  # noqa: A004 - the name that playwright gives it

    with (
        running(tmp_path / "home", *command, f"--ServerApp.root_dir={folder}", path=place) as address,
        browser(tmp_path / "home") as page,
    ):
        errors = opened(page, address)
        page.wait_for_function(NBCLASSIC_READY, timeout=60_000)
        for _ in range(5):  # it can lose a request that it makes just after its kernel has started
            page.evaluate("Jupyter.notebook.execute_all_cells()")
            with suppress(TimeoutError):
                page.locator(".mfwx .mfw-name").first.wait_for(timeout=20_000)
                break
        use(page, runs)
        page.screenshot(path=PICTURES / "explorer-nbclassic.png")
        assert errors == []


VSCODE_PACKAGES = {7: "2.0.4", 8: "1.0.9"}

VSCODE = """<!doctype html><html style="--vscode-editor-background:{back};--vscode-editor-foreground:{text}">
<body class="vscode-body vscode-{theme}" style="background:{back};color:{text}"><script src="require.js"></script>
<div id="place"></div><script type="module">
import {{ show }} from "./page.js";
await show({{ version: {version}, code: {code}, place: document.getElementById("place") }});
</script></body></html>"""


@pytest.mark.skipif(not has_npm() and not os.environ.get("CI"), reason="no npm on this machine (CI installs it)")
@pytest.mark.parametrize(
    ("version", "theme", "back", "text"), [(8, "dark", "#1f1f1f", "#ccc"), (7, "light", "#fff", "#3b3b3b")]
)
def test_the_widget_managers_of_vs_code(runs, tmp_path, version, theme, back, text):
    """The bundle that VS Code loads, in a page like that of its outputs, with a real kernel. VS Code itself has no page."""
    import anywidget
    import nbclassic

    code = EXPLORER.format(folder=runs.folder, start=runs["failing"])
    folder = tmp_path / "vscode"
    folder.mkdir()
    page_of = VSCODE.format(version=version, theme=theme, back=back, text=text, code=json.dumps(code))
    (folder / "page.html").write_text(page_of, encoding="utf-8")
    shutil.copy(Path(__file__).with_name("vscode_page.js"), folder / "page.js")
    package = f"@vscode/jupyter-ipywidgets{version}"
    shutil.copy(npm_file(package, VSCODE_PACKAGES[version], "dist/ipywidgets.js"), folder)
    shutil.copy(Path(nbclassic.__file__).parent / "static/components/requirejs/require.js", folder)
    shutil.copy(Path(anywidget.__file__).parent / "nbextension/index.js", folder / "anywidget.js")
    command = ("jupyter_server", "--no-browser", "--allow-root", "--ServerApp.port={port}", "--ServerApp.token=")
    options = ("--ServerApp.disable_check_xsrf=True", f"--ServerApp.extra_static_paths={folder}")
    root = f"--ServerApp.root_dir={tmp_path}"
    with (
        running(tmp_path / "home", *command, *options, root, path="static/page.html") as address,
        browser(tmp_path / "home") as page,
    ):
        errors = opened(page, address)
        use(page, runs)
        assert (background(page) > 127) == (theme == "light")
        page.screenshot(path=PICTURES / f"explorer-vscode-{version}.png")
        assert errors == []


def test_jupyterlab_under_the_address_of_a_hub(runs, tmp_path):
    """Under its policy, and without anything of ours that needs ``unsafe-eval``."""
    folder, home = tmp_path / "notebooks", tmp_path / "home"
    name = written(folder, EXPLORER.format(folder=runs.folder, start=runs["failing"]))
    headers = {"Content-Security-Policy": HUB, "Content-Security-Policy-Report-Only": NO_EVAL}
    policy = f"--ServerApp.tornado_settings={json.dumps({'headers': headers})}"
    with server(folder, home, policy, base="/user/ann/") as address, browser(home) as page:
        page.add_init_script(NOTE_VIOLATIONS)
        notebook = Notebook(page, address.format("lab/tree", name))
        notebook.run_all()
        use(page, runs)
        notebook.theme("dark")
        assert background(page) < 127
        page.screenshot(path=PICTURES / "explorer-hub.png")
        assert set(page.evaluate("violations")) == {"script-src eval"}  # the policy is in force
        assert page.evaluate("[...compilers].filter(one => one !== 'nobody')") == [
            address.format("static/lab", "").partition("?")[0]
        ]
        assert [error for error in notebook.errors if "Content Security Policy" not in error] == []
