"""All displays use MIME types that all front ends support: VS Code, Colab, Jupyter, marimo, and static viewers."""

import json
import subprocess
import sys

import nbformat
import pytest

STATIC = {"text/plain", "text/html"}
LIVE = STATIC | {"application/vnd.jupyter.widget-view+json"}

SHOWN = {
    "root": ("m.Metaflow()", STATIC),
    "flow": ("m.Flow('LinearFlow')", STATIC),
    "runs": ("m.Flow('LinearFlow').runs()", STATIC),
    "run": ("run", STATIC),
    "step": ("run['start']", STATIC),
    "task": ("run['start'].task", STATIC),
    "artifact": ("run['start'].task['x']", STATIC),
    "artifacts": ("run.artifacts()", STATIC),
    "data": ("run.data", STATIC),
    "log": ("run['start'].task.logs()", STATIC),
    "why": ("failed.why()", STATIC),
    "graph": ("run.dag()", STATIC),
    "timeline": ("run.timeline()", STATIC),
    "grid": ("run['start'].grid()", STATIC),
    "comparison": ("m.compare(run, failed)", STATIC),
    "lineage": ("run.end_task['x'].lineage()", STATIC),
    "cards": ("m.get_cards(carded)", STATIC),
    "card": ("m.get_cards(carded)[0]", STATIC),
    "code": ("packed.code", STATIC),
    "tags": ("get_ipython().run_line_magic('mflow', f'tag {run.pathspec}')", STATIC),
    "help": ("get_ipython().run_line_magic('mflow', 'help logs')", STATIC),
    "doctor": ("get_ipython().run_line_magic('mflow', 'doctor')", STATIC),
    "explorer": ("run.explore()", LIVE),
    "log viewer": ("run['start'].task.logs().view()", LIVE),
    "watch, when it has ended": ("watched = m.watch(run); watched.wait(); watched", STATIC),
}
"""Code that is run in its own cell, and the MIME types that it can show."""


@pytest.fixture(scope="session")
def outputs(runs, tmp_path_factory):
    """The outputs of each cell, as a real kernel sends them."""
    begin = [
        f"%load_ext mfwidgets\nimport mfwidgets as m; _ = m.metadata({str(runs.folder)!r}); m.namespace(None)",
        *(
            f"{name} = m.Run({runs[pathspec]!r})"
            for name, pathspec in {"run": "linear", "failed": "failing", "packed": "packed"}.items()
        ),
        f"carded = m.Run({runs['cards-resumed']!r})['start'].task",
    ]
    notebook = nbformat.v4.new_notebook()
    cells = [*(f"{line};" for line in begin), *(code for code, _ in SHOWN.values())]
    notebook.cells = [nbformat.v4.new_code_cell(cell.removesuffix(";")) for cell in cells]
    folder = tmp_path_factory.mktemp("papermill")
    nbformat.write(notebook, folder / "given.ipynb")
    made = subprocess.run(
        [sys.executable, "-m", "papermill", "given.ipynb", "done.ipynb", "--kernel", "python3", "--no-progress-bar"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    done = nbformat.read(folder / "done.ipynb", as_version=4)
    shown = done.cells[len(begin) :]
    return {name: cell.outputs for name, cell in zip(SHOWN, shown, strict=True)}


@pytest.mark.parametrize("name", SHOWN)
def test_papermill_keeps_displays_of_known_types(outputs, name):
    _, known = SHOWN[name]
    types = {mime for output in outputs[name] for mime in output.get("data", {})}
    assert types == known
    assert all(output.output_type in ("execute_result", "display_data") for output in outputs[name])


@pytest.mark.parametrize("name", SHOWN)
def test_saved_outputs_have_no_escape_codes(outputs, name):
    assert "\\u001b" not in json.dumps(outputs[name])
    assert "Cannot show" not in json.dumps(outputs[name])
    static = [output.data for output in outputs[name] if "text/html" in output.data]
    assert static  # widgets too have a static version, for readers without a kernel
    assert all("mfw" in data["text/html"] for data in static)
