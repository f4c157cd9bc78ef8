"""Graphs laid out: nothing overlaps, edges go on, and the page has what the layout says."""

import pytest

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


@pytest.mark.parametrize("name", GRAPHS)
def test_steps_stand_apart_and_in_order(name):
    nodes = GRAPHS[name]
    drawing = lay_out(graph(nodes))
    boxes = {box.step.name: box for box in drawing.boxes}
    assert list(boxes) == list(nodes)
    for one in drawing.boxes:
        assert one.left >= 0
        assert one.top >= 0
        assert one.left + one.width <= drawing.width
        assert one.top + one.height <= drawing.height
        for other in drawing.boxes:
            apart = (
                one.left + one.width <= other.left
                or other.left + other.width <= one.left
                or one.top + one.height <= other.top
                or other.top + other.height <= one.top
            )
            assert one is other or apart, (one, other)
    order = list(nodes)
    for step, following in nodes.items():
        for to in following:
            if to in nodes and order.index(to) > order.index(step):
                assert boxes[step].left + boxes[step].width < boxes[to].left
    edges = sum(to in nodes for following in nodes.values() for to in following)
    assert len(drawing.edges) == edges


def test_a_long_edge_does_not_cross_the_steps_between():
    drawing = lay_out(graph({"start": ["a", "end"], "a": ["b"], "b": ["end"], "end": []}))
    boxes = {box.step.name: box for box in drawing.boxes}
    lane = next(edge.path for edge in drawing.edges if "L" in edge.path)
    heights = [float(piece.split()[1].partition("C")[0]) for piece in lane.split("L")[1:]]
    for height in heights:
        assert not any(boxes[name].top <= height <= boxes[name].top + boxes[name].height for name in ("a", "b"))


def test_arrows_end_at_their_steps_and_ways_that_nothing_went_are_told_apart():
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
    assert [edge.gone for edge in drawing.edges] == [True, False, True, False, True]  # the loop comes last
    assert (
        html_of(View("Run", "F/1", parts=(Graph("Graph", steps),))).count(
            'opacity=".45" stroke-width="1.4" stroke-dasharray'
        )
        == 2
    )


def test_the_page_holds_the_picture_and_escapes_names():
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
