"""The regions of foreaches in real runs, and how many items each has."""

import re

import pytest
from timed_tasks import task

from mfwidgets import Metaflow
from mfwidgets.queries.lineage.foreach import Item
from mfwidgets.queries.lineage.graph import steps_of
from mfwidgets.queries.lineage.regions import Region, foreach_regions, item_counts
from mfwidgets.render.step_map.rails import Rails
from mfwidgets.views.step_map import row_regions

NODES = {
    "start": {"type": "split-foreach", "next": ["town"]},
    "town": {"type": "split-foreach", "next": ["fit"]},
    "fit": {"type": "linear", "next": ["best"]},
    "best": {"type": "join", "next": ["all"]},
    "all": {"type": "join", "next": ["end"]},
    "end": {"type": "end", "next": []},
}
OUTER, INNER = Region("start", ("town", "fit", "best")), Region("town", ("fit",), ("start",))
THREE_BY_FOUR = "3 \N{MULTIPLICATION SIGN} 4"


def rows(sizes, planned=None):
    """Return rows of tasks: one town for each size, with that many fits."""
    by_step = {"start": [task("start/1", 0)], "town": [], "fit": []}
    for town, size in enumerate(sizes):
        by_step["town"].append(_at(task(f"town/{town}", 1, planned=len(sizes)), f"town:{town}"))
        by_step["fit"] += [
            _at(task(f"fit/{town}-{number}", 2, planned=planned), f"town:{town}", f"fit:{number}")
            for number in range(size)
        ]
    return by_step


def _at(row, *path):
    return type(row)(row.record, row.state, Item(path, ("x",) * len(path)), row.planned, asked_ms=row.asked_ms)


def test_nested_regions():
    assert foreach_regions(NODES) == [OUTER, INNER]


@pytest.mark.parametrize(
    ("sizes", "planned", "expected"),
    [
        ((4, 4, 4), 12, ("3", "4")),
        ((4, 2, 4), 10, ("3", "2 to 4")),
        ((4, 0, 0), 12, ("3", "4")),
        ((1000, 1000), 2000, ("2", "1,000")),
        ((2, 0, 0), 7, ()),
        ((0, 0), None, ()),
    ],
)
def test_counts(sizes, planned, expected):
    assert item_counts(INNER, NODES, rows(sizes, planned)) == expected
    assert item_counts(OUTER, NODES, rows(sizes, planned)) == (str(len(sizes)),)


def test_rows_of_a_map_know_the_ends_of_their_outlines():
    found = row_regions(list(NODES), NODES, Rails(0, ()))
    ends = [[(region.depth, region.first, region.last) for region in row] for row in found]
    assert ends == [[], [(0, True, False)], [(0, False, False), (1, True, True)], [(0, False, True)], [], []]


def test_a_foreach_of_one_step_has_no_outline_in_the_map():
    nodes = {
        "start": {"type": "split-foreach", "next": ["fit"]},
        "fit": {"type": "linear", "next": ["end"]},
        "end": {"type": "join", "next": []},
    }
    assert len(foreach_regions(nodes)) == 1
    assert row_regions(list(nodes), nodes, Rails(0, ())) == ()


@pytest.mark.parametrize("name", ["completed", "failed"])
def test_a_real_nested_foreach(nested, name):
    run = Metaflow(metadata=f"local@{nested.folder}", namespace=None).get(nested[name])
    outer, inner = foreach_regions(steps_of(run._context, run._record))
    assert (outer.split, set(outer.steps)) == ("start", {"town", "train_and_evaluate", "best_model"})
    assert (inner.split, inner.steps, inner.outer) == ("town", ("train_and_evaluate",), ("start",))
    page, graph = run._repr_html_(), run.dag()._repr_html_()
    assert f"12 ({THREE_BY_FOUR})" in page
    assert re.findall(r"CDATA\[(foreach [^]o]*)]", graph) == ["foreach 3", f"foreach {THREE_BY_FOUR}"]
    assert f'<span title="foreach over models in foreach over towns: {THREE_BY_FOUR}"' in graph
    assert page.count('class="mfw-region') == 4
    assert f"12 ({THREE_BY_FOUR})" in run._repr_mimebundle_()["text/plain"]


def test_flat_runs_have_flat_counts(client, runs):
    page = client.get(runs["foreach"])._repr_html_()
    assert "\N{MULTIPLICATION SIGN}" not in page
    assert page.count('class="mfw-region') == 0
