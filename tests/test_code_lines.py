"""The sidebar writes cells by the same rules as the package, and a cell shows exactly its object."""

import ast
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from mfwidgets.code_lines import is_plain, is_quotable, quote
from mfwidgets.magic.tokenize import tokenize

SIDEBAR = Path(__file__).parents[1] / "jupyter-config/labextensions/mfwidgets-sidebar/static"

NAMES = [
    "F/2", "F/2/start/1/x", "Flüsse/日本", "a-b.c:d@e+f=g,h",
    "F/{__import__('os').getpid()}", "F/$run", "F/1\n!touch ran", "F/it's", 'F/"; x', "F/a'b\"c", "F/a\\", "F/a b", "F/x?", "-F/1", "~/1",
    "F/%run", "F/`id`", "F/\x1b[2J", "F/\u202e1", "F/\u20281", "F/\x9b", "F/;", "F/#", "F/!ls", "F/\x00", "F/$(id)", "F/😀",
]  # fmt: skip

SCRIPT = """
import { cell, portable } from "./lines.js";
const tried = act => { try { return act(); } catch (error) { return null; } };
const names = JSON.parse(process.argv[2]);
console.log(JSON.stringify(names.map(name => [
  ...["show", "explore", "logs"].map(action => tried(() => cell(action, name))), tried(() => portable(name)),
])));
"""


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    node = shutil.which("node")
    if not node:
        pytest.skip("node is missing")
    folder = tmp_path_factory.mktemp("sidebar")
    shutil.copy(SIDEBAR / "lines.js", folder)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "cells.js").write_text(SCRIPT)
    given = json.dumps([name for name in NAMES if "\0" not in name])
    done = subprocess.run([node, "cells.js", given], cwd=folder, capture_output=True, text=True, check=True)
    return dict(zip(json.loads(given), json.loads(done.stdout), strict=True))


def _path_of(source):
    """Return the pathspec that a cell of Python reads, which must be the only thing in it besides imports."""
    *imports, last = ast.parse(source).body
    assert all(isinstance(line, ast.ImportFrom) and line.module == "mfwidgets" for line in imports)
    call = last.value
    if call.func.__class__ is ast.Name:
        assert call.func.id == "explore"
        (call,) = call.args
    assert ast.unparse(call.func) == "Metaflow().get"
    return ast.literal_eval(call.args[0])


def test_cells_of_the_sidebar_name_exactly_their_object(cells):
    for name, (show, explore, logs, copied) in cells.items():
        if not is_quotable(name):
            assert (show, explore, logs, copied) == (None,) * 4
        elif is_plain(name):
            assert (show, explore, logs, copied) == (
                f"%mflow {name}", f"%mflow explore {name}", f"%mflow logs {name}", name
            )  # fmt: skip
        else:
            assert [_path_of(source) for source in (show, explore, copied)] == [name] * 3
            assert tokenize(logs.removeprefix("%mflow "), {"run": "x"}) == ["logs", name]
            assert logs.count("\n") == 0


def test_plain_names_need_no_quotes():
    assert [name for name in NAMES if is_plain(name)] == NAMES[:4]
    assert all(quote(name) == name for name in NAMES[:4])
