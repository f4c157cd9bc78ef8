"""Whole items of foreaches in tooltips and lines of failures, where metadata has only their first thirty characters."""

import html
import re

import pytest

import mfwidgets
from mfwidgets import Metaflow
from mfwidgets.queries.failures import FailureLine, failure_lines
from mfwidgets.views.cells import Limits, failure_cell

TOWN = "s3://a-bucket/with/a/long/prefix/of/towns/2026/11/Córdoba"
MODEL = "learning_rate 0.001, layers [64, 64, 32], seed 7"


@pytest.fixture
def client_of_nested(nested):
    return Metaflow(metadata=f"local@{nested.folder}", namespace=None)


@pytest.mark.parametrize("part", ["run", "timeline"])
def test_tooltips_of_tasks_have_whole_items(client_of_nested, nested, metaflow, part):
    run = client_of_nested.get(nested["completed"])
    page = (run if part == "run" else run.timeline())._repr_html_()
    titles = [html.unescape(title) for title in re.findall(r'<span title="(.*?)"', page)]
    for step in ("town", "train_and_evaluate"):
        for task in run[step]:
            own = next(title for title in titles if title.startswith(f"{step}/{task.id} "))
            assert " / ".join(_words(task)) in own, own


def _words(task):
    """Return the items of a task from the values themselves."""
    outer = task.parent.parent["start"].task["towns"].data
    stack = [int(level.rpartition(":")[2]) for level in task.metadata_dict["foreach-execution-path"].split(",")]
    words = [outer[stack[0]]]
    if len(stack) > 1:
        town = next(one for one in task.parent.parent["town"] if one["place"].data == words[0])
        model = town["models"].data[stack[1]]
        words.append(
            ", ".join(
                f"{key} {value:g}" if key == "learning_rate" else f"{key} {value}" for key, value in model.items()
            )
        )
    return words


def test_lines_of_failures_have_the_whole_item_in_their_title(client_of_nested, nested):
    run = client_of_nested.get(nested["failed"])
    (line,) = failure_lines(run._context, [run._record])
    assert line.place == f"train_and_evaluate, {TOWN} / {MODEL}"
    mfwidgets.metadata(f"local@{nested.folder}")
    mfwidgets.namespace(None)
    for shown in (Metaflow(), mfwidgets.Flow("NestedForeachFlow")):
        page = html.unescape(shown._repr_html_())
        assert f'title="ValueError: loss diverged · train_and_evaluate, {TOWN} / {MODEL}' in page
        assert f"%mflow why {nested['failed']}" in page


def test_what_is_remembered_is_whole(client_of_nested, nested):
    run = client_of_nested.get(nested["failed"])
    first = failure_lines(run._context, [run._record])
    assert failure_lines(client_of_nested.get(nested["failed"])._context, [run._record]) == first


def test_a_line_that_is_cut_offers_the_code_that_shows_it():
    line = FailureLine("F/1/fit/2", f"fit, {'x' * 200}", "ValueError: no", "f.py:3")
    cell = failure_cell(line, Limits(), "%mflow why F/1")
    assert cell.text == f"ValueError: no · fit, {'x' * 64}… · f.py:3 · %mflow why F/1"
    assert cell.title == f"ValueError: no · fit, {'x' * 200} · f.py:3"


def test_a_line_that_is_whole_names_its_task():
    cell = failure_cell(FailureLine("F/1/fit/2", "fit, Rome", "ValueError: no", "f.py:3"), Limits(), "%mflow why F/1")
    assert (cell.text, cell.title) == ("ValueError: no · fit, Rome · f.py:3", "F/1/fit/2")


def test_a_hostile_item_stays_text():
    hostile = "fit, \u202e" + "\n" * 100
    cell = failure_cell(FailureLine("F/1/fit/2", hostile, "E: \x1b[31m", ""), Limits())
    assert "\u202e" not in cell.text + cell.title
    assert "\n" not in cell.text + cell.title
