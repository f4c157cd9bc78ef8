"""Explorers in Notebook 7, without a kernel, with hostile runs, and with a failing service."""

import re
import subprocess
import sys
from pathlib import Path

from hostile import World
from service.running import TABLES, running

from .jupyterlab import Notebook, browser, server, written

PICTURES = Path(__file__).parents[2] / "build" / "pictures"

EXPLORER = """
import mfwidgets, time
where = mfwidgets.metadata("local@{folder}")
mfwidgets.namespace(None)
explorer = mfwidgets.explore("{start}")
explorer
"""


def tab(page, name):
    page.locator(".mfwx").get_by_role("tab", name=re.compile(rf"^{name}")).click()


def test_an_explorer_stays_visible_without_a_kernel(runs, tmp_path):
    folder = tmp_path / "notebooks"
    name = written(
        folder, EXPLORER.format(folder=runs.folder, start=runs["failing"]), "explorer.wait(), time.sleep(1.5)"
    )
    convert = [sys.executable, "-m", "nbconvert", "--log-level=ERROR", "--to"]
    subprocess.run([*convert, "notebook", "--execute", "--inplace", name], cwd=folder, check=True)
    subprocess.run([*convert, "html", name], cwd=folder, check=True)
    with browser(tmp_path / "home", scripts=False) as page:
        page.goto((folder / name).with_suffix(".html").as_uri(), wait_until="commit")
        page.locator(".mfw-name", has_text=runs["failing"]).first.wait_for()
        assert "ZeroDivisionError" in page.locator(".mfw").last.inner_text()


def test_an_explorer_in_notebook_7(runs, tmp_path):
    folder, home = tmp_path / "notebooks", tmp_path / "home"
    name = written(folder, EXPLORER.format(folder=runs.folder, start=runs["failing"]))
    with server(folder, home) as address, browser(home) as page:
        opened = Notebook(page, address.format("notebooks", name))
        opened.run_all()
        tab(page, "DAG")
        page.locator('.mfwx g[data-pathspec$="/divide"]').click()
        tab(page, "Tasks")
        page.locator(".mfwx .mfw-name", has_text=f"{runs['failing']}/divide").first.wait_for()
        tab(page, "Logs")
        page.locator(".mfw-line", has_text="ZeroDivisionError").first.wait_for()
        page.locator(".mfwx-row input").first.click()
        page.locator(".mfwx-left [role=status]", has_text="1 selected").wait_for()
        assert opened.errors == []
        opened.picture(PICTURES / "explorer-notebook7.png")


def test_hostile_runs_in_every_pane(runs, tmp_path):
    world = World(runs, tmp_path / "world")
    folder, home = tmp_path / "notebooks", tmp_path / "home"
    name = written(folder, EXPLORER.format(folder=world.folder, start=runs["failing"]))
    with server(folder, home) as address, browser(home) as page:
        dialogs, sent = [], []
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.on("requestfinished", lambda request: sent.append(request.url))
        page.on("requestfailed", lambda request: sent.append(request.url) if request.failure != "csp" else None)
        opened = Notebook(page, address.format("lab/tree", name))
        opened.run_all()
        for pathspec in (runs["failing"], f"{runs['retry']}/flaky/2", f"{runs['cards']}/start/1"):
            opened.ask(f"explorer.choose({pathspec!r})\nfor _ in range(3): explorer.wait()\nexplorer.selected.pathspec")
            for pane in ("Overview", "DAG", "Timeline", "Tasks", "Artifacts", "Code", "Cards", "Logs"):
                tab(page, pane)
                opened.ask("for _ in range(3): explorer.wait()\n0")
                for hovered in page.locator(".mfwx .mfw-name:visible").all()[:2]:
                    hovered.hover()
        page.locator(".mfwx-heads input").click()
        for place in ("Compare", "Charts", "Runs"):
            tab(page, place)
            opened.ask("for _ in range(3): explorer.wait()\n0")
        page.get_by_role("button", name="Columns").click()
        page.get_by_label("Find a column").fill("a")
        page.wait_for_timeout(1000)
        assert page.evaluate("window.fired") is None
        assert dialogs == []
        assert [url for url in sent if "tripwire" in url] == []
        assert name in page.url
    assert not world.bomb.exists()


def test_tags_are_edited_and_a_service_refuses_and_stops(tmp_path, monkeypatch):
    monkeypatch.setenv("METAFLOW_SERVICE_RETRY_COUNT", "1")
    folder, home = tmp_path / "notebooks", tmp_path / "home"
    folder.mkdir()
    with running(tables=TABLES) as service, server(folder, home) as address, browser(home) as page:
        name = written(
            folder,
            f"import mfwidgets\nclient = mfwidgets.Metaflow('{service.url}', None)\n"
            "explorer = client.flows[0].latest_run.explore()\nexplorer",
        )
        notebook = Notebook(page, address.format("lab/tree", name))
        notebook.run_all()
        page.locator(".mfwx .mfw-map").first.wait_for()
        box = page.get_by_placeholder("add a tag")
        box.fill("reviewed")
        box.press("Enter")
        page.get_by_label("Remove the tag reviewed").wait_for()
        tags = "sorted(client.get(explorer.selected.pathspec).user_tags)"
        assert "reviewed" in notebook.ask(f"explorer.wait()\n{tags}")
        service.faults([{"match": "/tag/mutate", "times": None, "status": 422}])
        box.fill("refused")
        box.press("Enter")
        page.get_by_text("The tags have not changed").first.wait_for()
        assert page.get_by_label("Remove the tag refused").count() == 0
        service.faults([])
        before = notebook.ask("explorer.selected.pathspec")
        service.stop()
        tab(page, "Timeline")
        page.locator(".mfwx-pane").get_by_text("cannot be reached").first.wait_for(timeout=60_000)
        assert notebook.ask("explorer.selected.pathspec") == before
        assert notebook.errors == []
