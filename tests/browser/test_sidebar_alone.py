"""The sidebar without its server extension, JupyterLab's modules or its own files, and with hostile runs."""

import json

import pytest
from hostile import World

from .jupyterlab import Notebook, browser, server, written
from .test_sidebar import row, tab


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


@pytest.mark.parametrize("missing", ["remoteEntry.js", "sidebar.js", "tree.js", "lines.js"])
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
