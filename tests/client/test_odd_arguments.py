"""Odd arguments: the table in the documentation, evaluated with both clients."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import mfwidgets

PAGE = Path(__file__).parents[2] / "docs" / "differences.md"


def rows():
    """Return the lines of the table: the code, the result here, and the result in Metaflow's client."""
    table = PAGE.read_text().partition("## Odd arguments")[2]
    lines = re.findall(r"^\| `(.+?)` \| `(.+?)` \| (?:`(.+?)`|the same) \|", table, re.MULTILINE)
    assert len(lines) == table.count("\n| ") - 1  # every line but the heading
    return [(code, here, there or here) for code, here, there in lines]


@pytest.fixture(scope="module")
def folder(runs, tmp_path_factory):
    """A folder with a real run that was renamed to F/1."""
    folder = tmp_path_factory.mktemp("odd")
    flow, run_id = runs["linear"].split("/")
    target = folder / ".metaflow" / "F"
    shutil.copytree(runs.root / flow / "_meta", target / "_meta")
    shutil.copytree(runs.root / flow / run_id, target / "1")
    for file in target.rglob("*.json"):
        file.write_text(file.read_text().replace(run_id, "1").replace(flow, "F"))
    return folder


def result(module, code):
    """Return the repr of the value of code, or the names of the class of its error and of the bases."""
    names = {name: getattr(module, name) for name in mfwidgets.__all__ if hasattr(module, name)}
    try:
        return [repr(eval(code, {**names, "Path": Path, "numpy": np}))]
    except Exception as error:  # noqa: BLE001 - the error is the result
        return [base.__name__ for base in type(error).__mro__]


@pytest.mark.parametrize(("code", "here", "there"), rows())
def test_an_odd_argument(code, here, there, folder, metaflow, runs):
    try:
        for module, expected in ((mfwidgets, here), (metaflow, there)):
            module.metadata(f"local@{folder}")
            module.namespace(None)
            found = result(module, code)
            module.namespace(None)
            is_error = expected.isidentifier() and expected not in ("True", "False")
            assert (expected if is_error else result(module, expected)[0]) in found, module.__name__
    finally:
        metaflow.metadata(f"local@{runs.folder}")
        metaflow.namespace(None)


def test_the_table_is_long():
    assert len(rows()) > 50
