"""The layout of graphs: nothing overlaps, edges are continuous, and the page matches the layout."""

import re
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mfwidgets.queries.lineage.regions import foreach_regions
from mfwidgets.render.cell import Cell, Segment
from mfwidgets.render.dag import WIDTH, lay_out
from mfwidgets.render.graph import Graph, GraphRegion, GraphStep
from mfwidgets.render.graph_boxes import LINE_HEIGHT, name_lines
from mfwidgets.render.html import bar_style, html_of
from mfwidgets.render.text_width import width
from mfwidgets.render.view import View

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
    return Graph("Graph", tuple(GraphStep(name, done, ("3 tasks",), tuple(to)) for name, to in nodes.items()))


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
    assert drawing.width <= WIDTH
    for box in drawing.boxes:
        assert "".join(box.names) == box.step.name
        for line, baseline, _ in box.lines:
            assert box.top < baseline < box.top + box.height
            assert width(line) * 6 < box.width
    order = list(nodes)
    ends = [
        (boxes[step], boxes[to], order.index(to) > order.index(step))
        for step, following in nodes.items()
        for to in following
        if to in nodes
    ]
    for box, other, goes_on in ends:
        assert not goes_on or box.left + box.width < other.left or box.top + box.height < other.top  # in a later band
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


def test_names_are_broken_but_never_cut():
    assert name_lines("train_and_evaluate_all_models") == ("train_and_evaluate_all_", "models")
    assert name_lines("日" * 20) == ("日" * 12, "日" * 8)
    narrow, wide = lay_out(graph({"a" * 20: [], "日" * 20: []})).boxes
    assert narrow.names == ("a" * 20,)
    assert wide.width > narrow.width
    assert wide.height - narrow.height == LINE_HEIGHT


@given(st.text(max_size=200))
def test_the_lines_of_a_name_are_narrow_and_whole(name):
    lines = name_lines(name)
    assert "".join(lines) == name
    assert all(width(line) <= 24 for line in lines)


def test_a_long_line_of_steps_wraps():
    names = [f"step_{number}" for number in range(100)]
    drawing = lay_out(graph({name: names[place + 1 : place + 2] for place, name in enumerate(names)}))
    tops = [box.top for box in drawing.boxes]
    assert sorted(tops) == tops
    assert 10 < len(set(tops)) < 30
    assert len(drawing.edges) == 99
    for edge in drawing.edges:  # no edge leaves the picture
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", edge.path)]
        assert min(numbers) >= 0
        assert max(numbers) <= max(drawing.width, drawing.height)


def test_a_long_edge_does_not_cross_the_steps_between():
    drawing = lay_out(graph({"start": ["a", "end"], "a": ["b"], "b": ["end"], "end": []}))
    boxes = {box.step.name: box for box in drawing.boxes}
    lane = next(edge.path for edge in drawing.edges if "H" in edge.path)
    heights = [float(height) for height in re.findall(r" (\d+)H", lane)]
    assert heights
    for height in heights:
        assert not any(boxes[name].top <= height <= boxes[name].top + boxes[name].height for name in ("a", "b"))


def test_arrows_end_at_their_steps_and_unused_edges_differ():
    ran = Cell("completed", "status")
    steps = (
        GraphStep("start", ran, ("switch",), ("a", "b")),
        GraphStep("a", ran, ("loop",), ("a", "end")),
        GraphStep("b", None, (), ("end",)),
        GraphStep("end", ran, (), ()),
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
        GraphStep(hostile, Cell("failed", "status", hostile), (hostile,), ("end",)),
        GraphStep("end", None, (), ()),
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


NESTED = {
    "nested": {
        "start": ("split-foreach", "town"),
        "town": ("split-foreach", "fit"),
        "fit": ("linear", "best"),
        "best": ("join", "all"),
        "all": ("join", "end"),
        "end": ("end", ""),
    },
    "a foreach in one of three branches": {
        "start": ("split", "prepare other third"),
        "prepare": ("split-foreach", "fit"),
        "fit": ("linear", "evaluate"),
        "evaluate": ("linear", "pick"),
        "pick": ("join", "all"),
        "other": ("linear", "more"),
        "more": ("linear", "all"),
        "third": ("split-foreach", "x"),
        "x": ("linear", "jx"),
        "jx": ("join", "all"),
        "all": ("join", "end"),
        "end": ("end", ""),
    },
    "branches in a foreach": {
        "start": ("split-foreach", "town"),
        "town": ("split", "a b c"),
        "a": ("linear", "meet"),
        "b": ("split-foreach", "bb"),
        "bb": ("linear", "bj"),
        "bj": ("join", "meet"),
        "c": ("linear", "meet"),
        "meet": ("join", "towns"),
        "towns": ("join", "end"),
        "end": ("end", ""),
    },
    "a loop in a foreach": {
        "start": ("split-foreach", "turn"),
        "turn": ("split-switch", "turn check"),
        "check": ("linear", "gather"),
        "gather": ("join", "end"),
        "end": ("end", ""),
    },
    "without a join": {"start": ("split-foreach", "a"), "a": ("split-foreach", "b"), "b": ("linear", "a")},
}
for _depth in (3, 6):
    NESTED[f"{_depth} deep"] = {
        **{f"s{n}": ("split-foreach", f"s{n + 1}") for n in range(_depth)},
        f"s{_depth}": ("linear", f"j{_depth - 1}"),
        **{f"j{n}": ("join", f"j{n - 1}" if n else "end") for n in reversed(range(_depth))},
        "end": ("end", ""),
    }
NESTED["eight wide"] = {
    "start": ("split", " ".join(f"s{n}" for n in range(8))),
    **{f"s{n}": ("split-foreach", f"work_on_number_{n}") for n in range(8)},
    **{f"work_on_number_{n}": ("linear", f"j{n}") for n in range(8)},
    **{f"j{n}": ("join", "join") for n in range(8)},
    "join": ("join", "end"),
    "end": ("end", ""),
}


def with_regions(nodes):
    regions = foreach_regions({name: {"type": kind, "next": to.split()} for name, (kind, to) in nodes.items()})
    done = Cell("completed", "status")
    steps = tuple(GraphStep(name, done, ("3 tasks",), tuple(to.split())) for name, (_, to) in nodes.items())
    shown = tuple(
        GraphRegion(region.steps, "foreach", ("3",) * (len(region.outer) + 1), region.split) for region in regions
    )
    return Graph("Graph", steps, regions=shown)


def inside(path, x, y):
    """Return whether a point is inside of an outline, by its crossings to the left."""
    points, at = [], [0.0, 0.0]
    for letter, *numbers in re.findall(r"([MVHZ])(-?\d+)?(?: (-?\d+))?", path):
        if letter == "M":
            at = [float(numbers[0]), float(numbers[1])]
        elif letter != "Z":
            at[letter == "V"] = float(numbers[0])
        points.append(tuple(at))
    crossings = sum(
        1
        for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1], strict=True)
        if x0 == x1 < x and min(y0, y1) <= y < max(y0, y1)
    )
    return crossings % 2 == 1


@pytest.mark.parametrize("name", NESTED)
def test_an_outline_has_the_steps_of_its_foreach_and_no_others(name):
    shown = with_regions(NESTED[name])
    drawing = lay_out(shown)
    assert shown.regions
    assert {outline.title for outline in drawing.outlines} == {region.title for region in shown.regions}
    for region in shown.regions:
        paths = [outline.path for outline in drawing.outlines if outline.title == region.title]
        for box in drawing.boxes:
            corners = [(box.left + 1, box.top + 1), (box.left + box.width - 1, box.top + box.height - 1)]
            found = {any(inside(path, *corner) for path in paths) for corner in corners}
            assert found == {box.step.name in region.steps}, (region, box)
        headings = [outline.heading for outline in drawing.outlines if outline.title == region.title]
        assert headings[0]
        assert not any(headings[1:])
    for box, other in combinations(drawing.boxes, 2):
        assert (
            box.left + box.width <= other.left
            or other.left + other.width <= box.left
            or box.top + box.height <= other.top
            or other.top + other.height <= box.top
        )
    page = html_of(View("Graph", "F/1", parts=(shown,)))
    assert page.count('class="mfw-region"') == len(drawing.outlines)


@given(
    st.dictionaries(
        st.sampled_from("abcdefgh"),
        st.tuples(
            st.sampled_from(["linear", "split", "split-foreach", "split-parallel", "split-switch", "join", "odd"]),
            st.lists(st.sampled_from("abcdefgh"), max_size=3).map(" ".join),
        ),
    )
)
@settings(max_examples=150, deadline=None)
def test_regions_of_any_graph_are_nested_and_drawn(nodes):
    shown = with_regions(nodes)
    for one, other in combinations([set(region.steps) for region in shown.regions], 2):
        assert not one & other or other <= one
    lay_out(shown)
