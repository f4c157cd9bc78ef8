"""Lays out a graph of steps in layers from left to right, and wraps the layers like words. A pure function of the steps.

The layer of a step is the length of the longest path to it. An edge over several layers gets a lane in each layer
between, so that it passes between the steps. Nodes of a layer are sorted by their barycentres, in a few sweeps in both
directions. Edges back to earlier steps do not affect the layers. As many layers as fit are side by side, in a band. An
edge to the next band goes around in the space between them. Outlines are drawn around the regions of foreaches.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.render.graph import Graph, GraphStep
from mfwidgets.render.graph_boxes import Box, box_size, name_lines
from mfwidgets.render.graph_regions import (
    ABOVE,
    Chain,
    Layer,
    Outline,
    chains_of_steps,
    common,
    outlines,
    sort_in_regions,
    spaces,
)

# All lengths are in pixels.
WIDTH = 756
"""The largest width of a graph. A page of 800 pixels has space for it."""

_STEP_GAP, _LANE_SPACE = 16, 18
"""The space between two steps of a layer, and the height of a lane."""

_LAYER_GAP, _MARGIN = 34, 8
_ARC_SPACE, _ARC_RISE = 24, 20
"""The space above the steps for the arcs of edges back, and the height of the arcs' control points above a step."""

_BAND_GAP, _TRACK, _RADIUS = 20, 6, 5
"""The space between two bands without edges, the distance of two edges in it, and the radius of their corners."""

_SWEEPS = 4
"""More sweeps rarely remove another crossing."""


@fast_dataclass(frozen=True, slots=True)
class Edge:
    """An edge from a step to the next.

    Attributes
    ----------
    path, head
        SVG paths of the line, and of the arrow head at its end.
    both_ran
        Whether both steps ran. Then the line is solid, else dashed.
    """

    path: str
    head: str
    both_ran: bool


@fast_dataclass(frozen=True, slots=True)
class Drawing:
    """A graph with the positions of its steps and edges, and the outlines of its regions."""

    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    outlines: tuple[Outline, ...]
    width: float
    height: float


class _Node(NamedTuple):
    """A node of a layer: a step, or the lane of a long edge if ``target`` is not empty."""

    layer: int
    step: str
    target: str = ""


class _Column(NamedTuple):
    """The band of a layer, and its position and width."""

    band: int
    left: float
    width: float


_Pair = tuple[str, str]
_Way = Sequence[_Node]
_Crossing = tuple[_Node, _Node]
"""Two nodes of a way in different bands."""


@fast_dataclass(frozen=True, slots=True)
class _Plan:
    """The positions of all nodes.

    Attributes
    ----------
    middles
        The vertical centre of each node.
    tracks
        The place of each crossing among those below its band.
    floors
        The lower end of each band.
    """

    columns: Sequence[_Column]
    middles: Mapping[_Node, float]
    tracks: Mapping[_Crossing, int]
    floors: Sequence[float]
    width: float


def lay_out(graph: Graph) -> Drawing:
    """Return the positions of all steps and edges."""
    steps = {step.name: step for step in graph.steps}
    forward, back = _edges_by_direction(steps)
    layer_of = _layer_of_steps(steps, forward)
    ways = [_way(start, end, layer_of) for start, end in forward]
    chains = _Chains(chains_of_steps(graph.regions), ABOVE + (_ARC_RISE if back else 0))
    layers = _ordered_layers([_Node(layer, name) for name, layer in layer_of.items()], ways, chains)
    sizes = {name: box_size(step) for name, step in steps.items()}
    plan, height = _plan(layers, ways, sizes, chains, _ARC_SPACE if back else 0)
    boxes = {
        name: _box(step, sizes[name], plan.columns[layer_of[name]], plan.middles[_Node(layer_of[name], name)])
        for name, step in steps.items()
    }
    edges = [_edge(way, boxes, plan) for way in ways]
    edges += [_loop(boxes[start], boxes[end]) for start, end in back]
    placed = _placed_layers(layers, sizes, plan, chains)
    regions = outlines(graph.regions, placed, plan.width, chains.above)
    return Drawing(tuple(boxes.values()), tuple(edges), tuple(regions), plan.width, height)


class _Chains:
    """The regions around each node, and the space above the nodes of each. A lane is in the regions of both its ends."""

    def __init__(self, of_steps: Mapping[str, Chain], above: float) -> None:
        self._of_steps, self.above = of_steps, above

    def __call__(self, node: _Node) -> Chain:
        chain = self._of_steps.get(node.step, ())
        return common(chain, self._of_steps.get(node.target, ())) if node.target else chain


def _placed_layers(layers: Sequence[Sequence[_Node]], sizes: "_Sizes", plan: _Plan, chains: _Chains) -> list[Layer]:
    """Return each layer with the heights of its nodes."""
    placed = []
    for nodes, column in zip(layers, plan.columns, strict=True):
        halves = [(node, _space(node, sizes) / 2 - (0 if node.target else _STEP_GAP / 2)) for node in nodes]
        extents = tuple((chains(node), plan.middles[node] - half, plan.middles[node] + half) for node, half in halves)
        placed.append(Layer(column.band, column.left, column.left + column.width, extents))
    return placed


def _edges_by_direction(steps: Mapping[str, GraphStep]) -> tuple[list[_Pair], list[_Pair]]:
    """Return the edges forward and the edges back, by the order of the steps. Edges to unknown steps are omitted."""
    order = {name: number for number, name in enumerate(steps)}
    edges = [(name, to) for name, step in steps.items() for to in step.following if to in order]
    forward = [(name, to) for name, to in edges if order[to] > order[name]]
    return forward, [(name, to) for name, to in edges if order[to] <= order[name]]


def _layer_of_steps(steps: Iterable[str], forward: Iterable[_Pair]) -> dict[str, int]:
    """Return the layer of each step: the length of the longest path to it. Edges must be in the order of the steps."""
    layer_of = dict.fromkeys(steps, 0)
    for name, to in forward:
        layer_of[to] = max(layer_of[to], layer_of[name] + 1)
    return layer_of


def _way(start: str, end: str, layer_of: Mapping[str, int]) -> _Way:
    """Return the nodes of an edge: its two steps, and a lane in each layer between them."""
    first, last = layer_of[start], layer_of[end]
    return [_Node(first, start), *(_Node(layer, start, end) for layer in range(first + 1, last)), _Node(last, end)]


def _ordered_layers(steps: Sequence[_Node], ways: Sequence[_Way], chains: _Chains) -> list[list[_Node]]:
    """Return the nodes of each layer, sorted so that few edges cross, and those of a region next to each other."""
    layers: list[list[_Node]] = [[] for _ in range(max((node.layer for node in steps), default=-1) + 1)]
    for node in dict.fromkeys([*steps, *(node for way in ways for node in way)]):
        layers[node.layer].append(node)
    neighbours: dict[_Node, list[_Node]] = defaultdict(list)
    for start, end in (pair for way in ways for pair in pairwise(way)):
        neighbours[start].append(end)
        neighbours[end].append(start)
    for sweep in range(_SWEEPS):
        for fixed, moved in pairwise(layers if sweep % 2 == 0 else layers[::-1]):
            _sort_by_barycentre(moved, fixed, neighbours, chains)
    return layers


def _sort_by_barycentre(
    moved: list[_Node], fixed: Sequence[_Node], neighbours: Mapping[_Node, Sequence[_Node]], chains: _Chains
) -> None:
    """Sort the nodes of a layer by the mean position of their neighbours in the adjacent layer."""
    places = {node: place for place, node in enumerate(fixed)}

    def barycentre(node: _Node) -> float:
        own = [places[neighbour] for neighbour in neighbours.get(node, ()) if neighbour in places]
        return sum(own) / len(own) if own else 0.0

    sort_in_regions(moved, barycentre, chains)


_Sizes = Mapping[str, tuple[float, float]]


def _plan(
    layers: Sequence[Sequence[_Node]], ways: Iterable[_Way], sizes: _Sizes, chains: _Chains, arc_space: float
) -> tuple[_Plan, float]:
    """Return the positions of all nodes, and the height of the graph."""
    widths = [max((sizes[node.step][0] for node in nodes if not node.target), default=0.0) for nodes in layers]
    columns, bands = _columns(widths, 0)
    crossings: list[list[_Crossing]] = [[] for _ in bands]
    for way in ways:
        for start, end in pairwise(way):
            if columns[start.layer].band != columns[end.layer].band:
                crossings[columns[start.layer].band].append((start, end))
    most = max(map(len, crossings), default=0)
    if most:  # the edges need space at both sides
        columns, bands = _columns(widths, _TRACK * most + _LAYER_GAP / 3)
        crossings = [[] for _ in bands]
        for way in ways:
            for start, end in pairwise(way):
                if columns[start.layer].band != columns[end.layer].band:
                    crossings[columns[start.layer].band].append((start, end))
    middles: dict[_Node, float] = {}
    floors: list[float] = []
    top = float(_MARGIN)
    for band, numbers in enumerate(bands):
        offsets = [_offsets(layers[number], sizes, chains) for number in numbers]
        above = max(layer.above for layer in offsets)
        for layer in offsets:
            middles |= {node: top + arc_space + above + offset for node, offset in layer.middles.items()}
        floors.append(top + arc_space + above + max(layer.below for layer in offsets))
        top = floors[-1] + (_BAND_GAP + _TRACK * len(crossings[band]) if band < len(bands) - 1 else 0)
    tracks = {
        crossing: place
        for of_band in crossings
        for place, crossing in enumerate(sorted(of_band, key=lambda pair: (-middles[pair[0]], middles[pair[1]])))
    }
    right = max((column.left + column.width for column in columns), default=0)
    side = _TRACK * max(map(len, crossings), default=0)
    width = right + (side + _LAYER_GAP / 3 if side else 0) + _MARGIN
    return _Plan(columns, middles, tracks, floors, width), (floors[-1] if floors else 0) + _MARGIN


def _columns(widths: Sequence[float], side: float) -> tuple[list[_Column], list[list[int]]]:
    """Return the column of each layer, and the layers of each band. A band has at least one layer."""
    columns: list[_Column] = []
    bands: list[list[int]] = []
    left = float(_MARGIN) + side
    for number, width in enumerate(widths):
        if not bands or left + width + side + _MARGIN > WIDTH:
            left = _MARGIN + side
            bands.append([])
        bands[-1].append(number)
        columns.append(_Column(len(bands) - 1, left, width))
        left += width + _LAYER_GAP
    return columns, bands


def _space(node: _Node, sizes: _Sizes) -> float:
    return _LANE_SPACE if node.target else sizes[node.step][1] + _STEP_GAP


class _Offsets(NamedTuple):
    """The centre of each node of a layer, relative to the middle of the band, and the space that the layer needs."""

    middles: Mapping[_Node, float]
    above: float
    below: float


def _offsets(nodes: Sequence[_Node], sizes: _Sizes, chains: _Chains) -> _Offsets:
    """Return the positions in a layer. The middle between the ends of its nodes is the middle of the band."""
    needed = spaces([chains(node) for node in nodes], chains.above)
    middles: dict[_Node, float] = {}
    at = 0.0
    for node, (above, below) in zip(nodes, needed, strict=True):
        middles[node] = at + above + _space(node, sizes) / 2
        at = middles[node] + _space(node, sizes) / 2 + below
    centre = (needed[0][0] + at - needed[-1][1]) / 2 if nodes else 0.0
    return _Offsets({node: middle - centre for node, middle in middles.items()}, centre, at - centre)


def _box(step: GraphStep, size: tuple[float, float], column: _Column, middle: float) -> Box:
    """Return the box of a step, centred in its column."""
    width, height = size
    return Box(
        step, name_lines(step.name), column.left + (column.width - width) / 2, middle - height / 2, width, height
    )


def _edge(way: _Way, boxes: Mapping[str, Box], plan: _Plan) -> Edge:
    """Return the edge along its nodes. It ends at the left side of the last step."""
    start, end = boxes[way[0].step], boxes[way[-1].step]
    x, y = start.left + start.width, plan.middles[way[0]]
    parts = [f"M{x:.0f} {y:.0f}"]
    for before, node in pairwise(way):
        column, middle = plan.columns[node.layer], plan.middles[node]
        to_x = end.left if node is way[-1] else column.left
        if column.band == plan.columns[before.layer].band:
            parts.append(_curve(x, y, to_x, middle))
        else:
            parts.append(_around(y, to_x, middle, (before, node), plan))
        x, y = to_x, middle
        if node is not way[-1]:
            x = column.left + column.width
            parts.append(f"H{x:.0f}")
    middle = plan.middles[way[-1]]
    return Edge("".join(parts), f"M{end.left:.0f} {middle:.0f}l-7 -3.5v7z", _both_ran(start, end))


def _around(y: float, to_x: float, to_y: float, crossing: _Crossing, plan: _Plan) -> str:
    """Return the way from the right end of a band to the left of the next one, through the space between them."""
    track = plan.tracks[crossing]
    right, left = plan.width - _MARGIN / 2 - _TRACK * track, _MARGIN / 2 + _TRACK * track
    between = plan.floors[plan.columns[crossing[0].layer].band] + _BAND_GAP / 2 + _TRACK * track - _STEP_GAP / 2
    r = _RADIUS
    return (
        f"H{right - r:.0f}Q{right:.0f} {y:.0f} {right:.0f} {y + r:.0f}V{between - r:.0f}"
        f"Q{right:.0f} {between:.0f} {right - r:.0f} {between:.0f}H{left + r:.0f}"
        f"Q{left:.0f} {between:.0f} {left:.0f} {between + r:.0f}V{to_y - r:.0f}"
        f"Q{left:.0f} {to_y:.0f} {left + r:.0f} {to_y:.0f}L{to_x:.0f} {to_y:.0f}"
    )


def _curve(x: float, y: float, to_x: float, to_y: float) -> str:
    """Return a curve that is horizontal at both ends."""
    bend = (to_x - x) / 2
    return f"C{x + bend:.0f} {y:.0f} {to_x - bend:.0f} {to_y:.0f} {to_x:.0f} {to_y:.0f}"


def _loop(start: Box, end: Box) -> Edge:
    """Return an arc above the steps, from a step back to itself or to an earlier step."""
    x, to_x = start.left + start.width * 0.7, end.left + end.width * 0.3
    rise = min(start.top, end.top) - _ARC_RISE
    path = f"M{x:.0f} {start.top:.0f}C{x:.0f} {rise:.0f} {to_x:.0f} {rise:.0f} {to_x:.0f} {end.top:.0f}"
    return Edge(path, f"M{to_x:.0f} {end.top:.0f}l-3.5 -7h7z", _both_ran(start, end))


def _both_ran(start: Box, end: Box) -> bool:
    return bool(start.step.status and end.step.status)
