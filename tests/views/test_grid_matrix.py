"""The tasks of a sweep as a matrix: each task has one place, headings are in order."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mfwidgets
from mfwidgets.queries.context import preserve_context
from mfwidgets.render.text import lines_of
from mfwidgets.render.view import text_of_line
from mfwidgets.views.cells import Limits
from mfwidgets.views.grid import build_grid_view
from mfwidgets.views.grid_matrix import matrix_of


def of_dicts(*items, max_rows=20):
    return matrix_of([(f"fit:{number}",) for number in range(len(items))], [(item,) for item in items], max_rows)


def test_the_part_with_the_most_values_is_across_and_numbers_are_in_order():
    items = [{"lr": lr, "depth": depth} for depth, lr in product([3, 2], [0.1, 0.01, 0.3])]
    matrix = of_dicts(*items)
    assert (matrix.across, matrix.down) == ("lr", "depth")
    assert matrix.columns == ("0.01", "0.1", "0.3")
    assert matrix.rows == ("2", "3")
    assert matrix.places == ((4, 3, 5), (1, 0, 2))


def test_three_parts_are_rows_of_two():
    items = [{"lr": lr, "opt": opt, "depth": depth} for lr, opt, depth in product([1, 2, 3], ["sgd", "adam"], [4, 5])]
    matrix = of_dicts(*items)
    assert matrix.rows == ("sgd, 4", "sgd, 5", "adam, 4", "adam, 5")
    assert matrix.down == "opt, depth"


@pytest.mark.parametrize(
    "items",
    [
        ["Hamburg", "Bern"],
        [{"lr": 1}, {"lr": 2}],
        [{"lr": 1, "depth": 2}, {"lr": 1, "depth": 2}],
        [{"lr": number, "depth": number} for number in range(9)],
        [{"lr": number, "depth": other} for number in range(30) for other in range(30)],
    ],
    ids=["names", "one part", "no difference", "a diagonal", "too many"],
)
def test_other_items_are_no_matrix(items):
    assert of_dicts(*items) is None


def test_items_that_occur_twice_are_no_matrix():
    items = [{"lr": lr, "depth": depth} for lr, depth in product([1, 2], [3, 4])]
    assert of_dicts(*items, items[0]) is None


VALUES = st.one_of(st.integers(0, 3), st.sampled_from(["a", "b", None, float("nan")]), st.booleans())


@given(st.lists(st.fixed_dictionaries({"a": VALUES, "b": VALUES, "c": VALUES}), max_size=20))
def test_each_task_has_one_place(items):
    matrix = of_dicts(*items)
    if matrix is not None:
        places = [place for row in matrix.places for place in row if place is not None]
        assert sorted(places) == list(range(len(items)))
        assert {len(row) for row in matrix.places} == {len(matrix.columns)}


@pytest.fixture(scope="module")
def sweep():
    restore = preserve_context()
    mfwidgets.sample()
    yield list(mfwidgets.Flow("SweepFlow").runs())
    restore()


def test_a_sweep_that_failed_shows_what_was_not_reached(sweep):
    view = build_grid_view(sweep[-1]["fit"].grid(), Limits())
    grid, failures = view.parts
    assert grid.note == "13 not started"
    assert sum(tile.status == "completed" for _, tiles in grid.rows for tile in tiles) == 15
    assert failures.columns == ("task", "item", "status", "duration", "why")
    text = "\n".join(text_of_line(line) for line in lines_of(view, 100))
    assert "lr 0.2, depth 3, optimizer sgd" in text
    assert "ValueError: loss diverged" in text


def test_numbers_are_in_the_cells_of_a_table(sweep):
    html = sweep[0]["fit"].grid("rmse")._repr_html_()
    assert '<th scope="col">0.003</th>' in html
    assert '<th scope="row">3, adam</th>' in html
    assert "★ 0.3598</span></td>" in html
