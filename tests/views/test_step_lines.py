"""The lines of steps are found in any source, without running it."""

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfwidgets.views.step_lines import step_lines

FLOWS = sorted(
    [
        *(Path(__file__).parents[1] / "flows").glob("*.py"),
        *(Path(__file__).parents[2] / "notebooks" / "flows").glob("*_flow.py"),
    ]
)


def by_parser(source):
    """Return the lines of functions with a decorator ``step``, as Python's parser finds them."""
    found = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            names = [ast.unparse(one).partition("(")[0] for one in node.decorator_list]
            if "step" in names:
                found[node.name] = (min(one.lineno for one in node.decorator_list), node.end_lineno)
    return found


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_steps_are_where_the_parser_finds_them(path):
    source = path.read_text(encoding="utf-8")
    assert step_lines(source) == by_parser(source)


@given(st.text(alphabet="@stepdf(self): \t\n#x", max_size=200))
def test_any_text_has_an_answer(source):
    total = source.count("\n") + 1
    assert all(1 <= first <= last <= total for first, last in step_lines(source).values())
