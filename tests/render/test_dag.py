"""The layout of graphs: nothing overlaps, edges are continuous, and the page matches the layout."""

import re
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mfwidgets.render.dag import lay_out
from mfwidgets.render.html import bar_style, html_of
from mfwidgets.render.view import Cell, Graph, GraphStep, Segment, View

GRAPHS = {
    "one step": {"end": []},
    "a line": {"start": ["middle"], "middle": ["end"], "end": []},
    "a diamond with a short way": {
        "start": ["a", "b"],
        "a": ["c"],
        "c": ["join"],
        "b": ["join"],
        "join": ["end"],
        "end": [],
    },
    "a loop and a switch": {
        "start": ["turn"],
        "turn": ["turn", "choose"],
        "choose": ["long", "end"],
        "long": ["end"],
        "end": [],
    },
    "a way back": {"start": ["work"], "work": ["check"], "check": ["work", "end"], "end": []},
    "wide": {"start": [f"s{n}" for n in range(12)], **{f"s{n}": ["join"] for n in range(12)}, "join": []},
    "names of a hundred letters": {"a" * 100: ["b" * 100], "b" * 100: []},
    "a step that is not there": {"start": ["gone"], "end": []},
    "nothing": {},
}


def graph(nodes):
    done = Cell("completed", "status")
    return Graph("Graph", tuple(GraphStep(name, done, "3 tasks", tuple(to)) for name, to in nodes.items()))


def assert_laid_out_well(nodes):
    drawing = lay_out(graph(nodes))
    assert lay_out(graph(nodes)) == drawing
    boxes = {box.step.name: box for box in drawing.boxes}
    assert list(boxes) == list(nodes)
    for box in drawing.boxes:
        assert box.left >= 0
        assert box.top >= 0
        assert box.left + box.width <= drawing.width
        assert box.top + box.height <= drawing.height
    for box, other in combinations(drawing.boxes, 2):
        apart = (
            box.left + box.width <= other.left
            or other.left + other.width <= box.left
            or box.top + box.height <= other.top
            or other.top + other.height <= box.top
        )
        assert apart, (box, other)
    order = list(nodes)
    ends = [
        (boxes[step], boxes[to], order.index(to) > order.index(step))
        for step, following in nodes.items()
        for to in following
        if to in nodes
    ]
    for box, other, goes_on in ends:
        assert not goes_on or box.left + box.width < other.left
    assert sorted(map(ends_of_edge, drawing.edges)) == sorted(starts(*end) for end in ends)


def ends_of_edge(edge):
    """Return the start of a path, and the end of its arrow head."""
    start, end = re.match(r"M(\S+ \d+)", edge.path)[1], re.match(r"M(\S+ \d+)", edge.head)[1]
    assert edge.path.endswith(end)
    return start, end


def starts(box, other, goes_on):
    if goes_on:
        points = (box.left + box.width, box.top + box.height / 2), (other.left, other.top + other.height / 2)
    else:
        points = (box.left + box.width * 0.7, box.top), (other.left + other.width * 0.3, other.top)
    return tuple(f"{x:.0f} {y:.0f}" for x, y in points)


@pytest.mark.parametrize("name", GRAPHS)
def test_steps_stand_apart_and_in_order(name):
    assert_laid_out_well(GRAPHS[name])


@st.composite
def random_graphs(draw):
    names = draw(st.lists(st.text("ab_日é", min_size=1, max_size=40), unique=True, max_size=8))
    following = st.lists(st.sampled_from([*names, "not there"]), unique=True, max_size=4)
    return {name: draw(following) for name in names}


@settings(deadline=None)
@given(random_graphs())
def test_any_graph_is_drawn_without_overlap(nodes):
    assert_laid_out_well(nodes)


def test_labels_and_boxes_use_display_widths():
    narrow, wide = lay_out(graph({"a" * 20: [], "日" * 20: []})).boxes
    assert narrow.label == "a" * 20
    assert wide.label == "日" * 12 + "…"
    assert wide.width == 25 * 8 + 22


def test_a_long_edge_does_not_cross_the_steps_between():
    drawing = lay_out(graph({"start": ["a", "end"], "a": ["b"], "b": ["end"], "end": []}))
    boxes = {box.step.name: box for box in drawing.boxes}
    lane = next(edge.path for edge in drawing.edges if "L" in edge.path)
    heights = [float(piece.split()[1].partition("C")[0]) for piece in lane.split("L")[1:]]
    for height in heights:
        assert not any(boxes[name].top <= height <= boxes[name].top + boxes[name].height for name in ("a", "b"))


def test_arrows_end_at_their_steps_and_unused_edges_differ():
    ran = Cell("completed", "status")
    steps = (
        GraphStep("start", ran, "switch", ("a", "b")),
        GraphStep("a", ran, "loop", ("a", "end")),
        GraphStep("b", None, "not run", ("end",)),
        GraphStep("end", ran, "", ()),
    )
    drawing = lay_out(Graph("Graph", steps))
    boxes = {box.step.name: box for box in drawing.boxes}
    heads = [tuple(map(float, edge.head[1:].partition("l")[0].split())) for edge in drawing.edges]
    for x, y in heads:
        assert any(
            box.left - 1 <= x <= box.left + box.width and box.top - 1 <= y <= box.top + box.height
            for box in boxes.values()
        )
    assert [edge.both_ran for edge in drawing.edges] == [True, False, True, False, True]  # the loop comes last
    assert (
        html_of(View("Run", "F/1", parts=(Graph("Graph", steps),))).count(
            'opacity=".45" stroke-width="1.4" stroke-dasharray'
        )
        == 2
    )


def test_the_page_has_the_graph_and_escapes_names():
    hostile = "<script>alert(1)</script>"
    steps = (
        GraphStep(hostile, Cell("failed", "status", hostile), hostile, ("end",)),
        GraphStep("end", None, "not run", ()),
    )
    page = html_of(View("Run", "F/1", parts=(Graph("Graph", steps),)))
    assert "<script" not in page
    assert page.count("<rect") == 2
    assert "stroke-dasharray" in page
    assert html_of(View("Run", "F/1", parts=(Graph("Graph", steps),))) == page


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        ((), "transparent 0.0% 100%"),
        ((Segment("completed", 0.25, 0.5),), "transparent 0.0% 25.0%,#1a7f4b 25.0% 50.0%,transparent 50.0% 100%"),
        ((Segment("failed", 0.5, 0.5),), "transparent 0.0% 50.0%,#c93434 50.0% 50.6%,transparent 50.6% 100%"),
        ((Segment("failed", 1.0, 1.0),), "transparent 0.0% 99.4%,#c93434 99.4% 100.0%,transparent 100.0% 100%"),
        ((Segment("failed", -1, 9),), "transparent 0.0% 0.0%,#c93434 0.0% 100.0%,transparent 100.0% 100%"),
    ],
)
def test_bars(segments, expected):
    assert bar_style(Cell("", "bar", segments=segments)).endswith(f"linear-gradient(to right,{expected})")
