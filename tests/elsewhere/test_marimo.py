"""Displays in marimo, which requests the HTML of objects."""

import html
import json
import subprocess
import sys

import pytest

APP = """
import marimo

app = marimo.App()


@app.cell
def _():
    import marimo as mo
    import mfwidgets

    mfwidgets.metadata({folder!r})
    mfwidgets.namespace(None)
    run = mfwidgets.Run({pathspec!r})
    run
    return mo, run


@app.cell
def _(mo, run):
    mo.vstack([mo.md("why"), mo.as_html(run.why())])
    return


if __name__ == "__main__":
    app.run()
"""


@pytest.fixture
def exported(runs, tmp_path):
    (tmp_path / "app.py").write_text(APP.format(folder=str(runs.folder), pathspec=runs["failing"]), encoding="utf-8")
    made = subprocess.run(
        [sys.executable, "-m", "marimo", "export", "html", "app.py", "-o", "app.html"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    return (tmp_path / "app.html").read_text(encoding="utf-8")


def test_a_page_of_marimo_shows_the_same_as_a_cell_of_jupyter(exported, runs):
    page = html.unescape(exported.encode().decode("unicode_escape", "ignore"))
    assert page.count(f"{runs['failing']}") >= 2
    assert "ZeroDivisionError" in page
    assert 'class="mfw' in page or 'class=\\"mfw' in page


def test_marimo_uses_our_html(client, runs):
    program = (
        "import json, sys, marimo as mo, mfwidgets as m\n"
        f"m.metadata({str(runs.folder)!r}); m.namespace(None)\n"
        f"print(json.dumps(mo.as_html(m.Run({runs['failing']!r})).text))"
    )
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    text = json.loads(made.stdout)
    assert "✗" in text
    assert "mfw" in text
