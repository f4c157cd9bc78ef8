"""Completion in JupyterLab: the popup, and the text that a choice inserts."""

import nbformat
import pytest

from .jupyterlab import Notebook, browser, server

ITEMS = ".jp-Completer:not(.jp-mod-hidden) .jp-Completer-item"


@pytest.fixture(scope="module")
def typing(runs, tmp_path_factory):
    """Returns a function that types into a new cell and presses Tab. It returns the entries of the popup, and the page."""
    folder, home = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("jupyter")
    # A busy machine must not change the completions.
    code = f"%load_ext mfwidgets\nimport mfwidgets\nfrom mfwidgets.magic import completion_sources\ncompletion_sources.TIMEOUT_S = 30\nwhere = mfwidgets.metadata('local@{runs.folder}')\nmfwidgets.namespace(None)"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "typing.ipynb")
    with server(folder, home) as address, browser(home) as page:
        opened = Notebook(page, address.format("lab/tree", "typing.ipynb"))
        opened.run_all()

        def ask(text):
            page.evaluate("window.jupyterapp.commands.execute('notebook:insert-cell-below')")
            page.evaluate("window.jupyterapp.commands.execute('notebook:enter-edit-mode')")
            page.keyboard.type(text)
            page.keyboard.press("Tab")
            page.locator(ITEMS).first.wait_for()
            return page.locator(f"{ITEMS} .jp-Completer-match").all_inner_texts()

        yield ask, page
        assert opened.errors == []


def written(page):
    """Return the code of the active cell."""
    return page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.getSource()")


def test_commands_and_flows(typing):
    ask, page = typing
    found = ask("%mflow ")
    assert {"show", "runs", "logs", "doctor", "LinearFlow"} <= set(found)
    page.keyboard.press("Escape")


def test_choosing_inserts_the_whole_pathspec(typing, runs):
    ask, page = typing
    run = runs["failing"]
    assert ask(f"x = %mflow logs {run}/") == ["start", "divide"]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert written(page) in (f"x = %mflow logs {run}/start", f"x = %mflow logs {run}/divide")


def test_in_a_cell_magic_and_in_a_string(typing):
    ask, page = typing
    assert {"user:ann", "user:bob"} <= set(ask("%%mflow ns user:"))
    page.keyboard.press("Escape")
    assert len(ask("mfwidgets.Run('LinearFlow/")) == 3
    page.keyboard.press("Escape")


def test_the_newest_run_is_on_top_with_its_status(typing, runs):
    ask, page = typing
    assert ask("%mflow show LinearFlow/")[:3] == ["latest", "latest-ok", "latest~1"]
    details = page.locator(f"{ITEMS} .jp-Completer-typeExtended").all_inner_texts()
    assert details[0].startswith("✓\N{NO-BREAK SPACE}completed\N{NO-BREAK SPACE}·")
    page.keyboard.press("Escape")
