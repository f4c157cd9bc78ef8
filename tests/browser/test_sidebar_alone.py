"""The sidebar without its server extension, JupyterLab's modules or its own files, and with hostile runs."""

import json
import shutil

import pytest
from hostile import World
from local_world import World as HandMadeWorld

from .jupyterlab import Notebook, browser, server, written
from .test_sidebar import PATIENCE_MS, PICTURES, row, source, tab


def test_without_the_server_extension_it_says_what_to_do(tmp_path):
    folder, home = tmp_path / "notebooks", tmp_path / "home"
    name = written(folder, "1 + 1")
    config = home / "config" / "jupyter_server_config.json"
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps({"ServerApp": {"jpserver_extensions": {"mfwidgets.server": False}}}))
    with server(folder, home) as address, browser(home) as page:
        opened = Notebook(page, address.format("lab/tree", name))
        tab(page).click()
        page.get_by_text("jupyter server extension enable mfwidgets.server").wait_for()
        opened.run_all()  # JupyterLab itself still works
        assert [error for error in opened.errors if "404" not in error] == []


@pytest.mark.parametrize(
    "missing", ["remoteEntry.js", "sidebar.js", "tree.js", "lines.js", "preview.js", "explorer_tab.js"]
)
def test_jupyterlab_works_if_it_cannot_be_loaded(tmp_path, missing):
    folder, home = tmp_path / "notebooks", tmp_path / "home"
    name = written(folder, "1 + 1")
    with server(folder, home) as address, browser(home) as page:
        page.route(f"**/mfwidgets-sidebar/static/{missing}*", lambda route: route.abort())
        opened = Notebook(page, address.format("lab/tree", name))
        opened.run_all()
        assert tab(page).count() == 0


def test_names_of_hostile_runs_stay_text(runs, tmp_path):
    folder, home = tmp_path / "notebooks", tmp_path / "home"
    name = written(folder, "1 + 1")
    world = World(runs, folder)
    with server(folder, home) as address, browser(home) as page:
        dialogs = []
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        opened = Notebook(page, address.format("lab/tree", name))
        tab(page).click()
        page.get_by_placeholder("namespace").fill("none")
        page.keyboard.press("Enter")
        row(page, "RetryFlow").wait_for()
        for _ in range(4):
            for twisty in page.locator(".mfw-tree-row[aria-expanded=false] .mfw-tree-twisty").all():
                twisty.click()
            page.wait_for_timeout(700)
        assert page.locator(".mfw-tree-row").count() > 30
        assert page.locator(".mfw-tree-list :is(img, script, svg, a, iframe, style)").count() == 0
        assert page.evaluate("window.fired") is None
        assert dialogs == []
        assert opened.errors == []
    assert not world.bomb.exists()


CODE = "{__import__('pathlib').Path('ran').touch()}"


def test_clicks_on_hostile_names_run_nothing(tmp_path):
    """Each cell names its run, or there is no cell. Insert, explore, logs, copy and drag."""
    folder, home = tmp_path / "notebooks", tmp_path / "home"
    name = written(folder, "%load_ext mfwidgets\nimport mfwidgets\nmfwidgets.namespace(None)")
    world = HandMadeWorld(folder)
    world.task("runs")
    for run in (CODE, "1\n!touch ran", "it's $HOME"):
        world.task("Odd", run)
    with server(folder, home) as address, browser(home) as page:
        opened = Notebook(page, address.format("lab/tree", name))
        opened.run_all()
        tab(page).click()
        page.get_by_placeholder("namespace").fill("none")
        page.keyboard.press("Enter")
        row(page, "Odd").locator(".mfw-tree-twisty").click()
        row(page, "runs").locator(".mfw-tree-name").click()
        assert source(page) == "%mflow show runs"
        rows = {one.get_attribute("data-pathspec"): one for one in page.locator(".mfw-tree-row[data-kind=run]").all()}
        assert set(rows) == {f"Odd/{run}" for run in (CODE, "1\n!touch ran", "it's $HOME")}
        for run in (CODE, "it's $HOME"):
            page.locator(".mfw-tree-name", has_text=run).click()
            inserted = source(page)
            assert inserted == f"from mfwidgets import Metaflow\nMetaflow().get({json.dumps(f'Odd/{run}')})"
            page.evaluate("window.jupyterapp.commands.execute('notebook:run-cell')")
            page.locator(".mfw-name", has_text=run).first.wait_for()
            for action, shown in {"explore": ".mfwx", "logs": ".mfw >> text=Nothing was logged"}.items():
                asked = {"pathspec": f"Odd/{run}"}
                page.evaluate(f"asked => window.jupyterapp.commands.execute('mfwidgets:{action}', asked)", asked)
                page.locator(shown).last.wait_for()
        cells = "window.jupyterapp.shell.currentWidget.content.widgets.length"
        before = page.evaluate(cells)
        for action in ("insert", "explore", "logs", "copy-pathspec"):
            asked = {"pathspec": "Odd/1\n!touch ran"}
            page.evaluate(f"asked => window.jupyterapp.commands.execute('mfwidgets:{action}', asked)", asked)
        page.get_by_text("Expected a name without control characters.").first.wait_for()
        assert page.evaluate(cells) == before
        assert opened.errors == []
    assert not list(folder.rglob("ran"))


def test_an_explorer_in_a_tab_without_a_notebook(runs, tmp_path):
    folder, home = tmp_path / "notebooks", tmp_path / "home"
    for name in ("LinearFlow", "FailingFlow"):
        shutil.copytree(runs.root / name, folder / ".metaflow" / name)
    with server(folder, home) as address, browser(home) as page:
        page.set_default_timeout(PATIENCE_MS)
        page.goto(address.format("lab", "").replace("/?", "?"))
        tab(page).click()
        page.get_by_placeholder("namespace").fill("none")
        page.keyboard.press("Enter")
        row(page, "LinearFlow").wait_for()
        kernels = "() => [...window.jupyterapp.serviceManager.kernels.running()].length"
        page.get_by_role("button", name="Open an explorer in a tab").click()
        page.locator(".mfw-explorer-tab .mfwx").wait_for()
        page.locator(".mfw-explorer-tab .mfwx-flow option").first.wait_for(state="attached")
        page.wait_for_function(f"({kernels})() === 1")
        PICTURES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(PICTURES / "explorer-tab-alone.png"))
        page.evaluate("window.jupyterapp.shell.currentWidget.close()")
        page.wait_for_function(f"({kernels})() === 0")  # it ends with its tab
