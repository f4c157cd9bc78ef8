"""Lays out a graph of steps in layers from left to right. The layout is a pure function of the steps.

The layer of a step is the length of the longest path to it. An edge over several layers gets a lane in each layer
between, so that it passes between the steps. Nodes of a layer are sorted by their barycentres, in a few sweeps in both
directions. Edges back to earlier steps do not affect the layers.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from wcwidth import clip, width

from mfwidgets.render.view import Graph, GraphStep

# All lengths are in pixels.
_BOX_HEIGHT = 40
_STEP_SPACE, _LANE_SPACE = 54, 18
"""The height of a step and of a lane in their layer."""

_LAYER_GAP, _MARGIN = 30, 6
_ARC_SPACE, _ARC_RISE = 24, 20
"""The space above the steps for the arcs of edges back, and the height of the arcs' control points above a step."""

_LETTER_WIDTH, _PADDING, _MIN_BOX_WIDTH = 8.0, 22, 72
_DETAIL_SCALE = 0.8
"""The font of a step's detail is smaller than the font of its name."""

_MAX_LABEL_WIDTH = 26
"""Terminal columns. A longer name would make its layer too wide; its tooltip has all of it."""

_SWEEPS = 4
"""More sweeps rarely remove another crossing."""


@dataclass(frozen=True, slots=True)
class Box:
    """A step with its position and size in pixels."""

    step: GraphStep
    label: str
    left: float
    top: float
    width: float
    height: float = _BOX_HEIGHT


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Drawing:
    """A graph with the positions of its steps and edges."""

    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    width: float
    height: float


class _Node(NamedTuple):
    """A node of a layer: a step, or the lane of a long edge if ``target`` is not empty."""

    layer: int
    step: str
    target: str = ""

    @property
    def space(self) -> int:
        return _LANE_SPACE if self.target else _STEP_SPACE


class _Column(NamedTuple):
    """The position and width of a layer in pixels."""

    left: float
    width: float


_Pair = tuple[str, str]
_Way = Sequence[_Node]


def lay_out(graph: Graph) -> Drawing:
    """Return the positions of all steps and edges."""
    steps = {step.name: step for step in graph.steps}
    forward, back = _edges_by_direction(steps)
    layer_of = _layer_of_steps(steps, forward)
    ways = [_way(start, end, layer_of) for start, end in forward]
    layers = _ordered_layers([_Node(layer, name) for name, layer in layer_of.items()], ways)
    columns = _columns(layers, steps)
    height = max((_layer_height(nodes) for nodes in layers), default=0)
    arc_space = _ARC_SPACE if back else 0
    middles = _middles(layers, arc_space + _MARGIN, height)
    boxes = {
        name: _box(step, columns[layer_of[name]], middles[_Node(layer_of[name], name)]) for name, step in steps.items()
    }
    edges = [_edge(way, boxes, middles, columns) for way in ways]
    edges += [_loop(boxes[start], boxes[end]) for start, end in back]
    right = columns[-1].left + columns[-1].width if columns else 0
    return Drawing(tuple(boxes.values()), tuple(edges), right + _MARGIN, height + arc_space + 2 * _MARGIN)


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


def _ordered_layers(steps: Sequence[_Node], ways: Sequence[_Way]) -> list[list[_Node]]:
    """Return the nodes of each layer, sorted so that few edges cross."""
    layers: list[list[_Node]] = [[] for _ in range(max((node.layer for node in steps), default=-1) + 1)]
    for node in dict.fromkeys([*steps, *(node for way in ways for node in way)]):
        layers[node.layer].append(node)
    neighbours: dict[_Node, list[_Node]] = defaultdict(list)
    for start, end in (pair for way in ways for pair in pairwise(way)):
        neighbours[start].append(end)
        neighbours[end].append(start)
    for sweep in range(_SWEEPS):
        for fixed, moved in pairwise(layers if sweep % 2 == 0 else layers[::-1]):
            _sort_by_barycentre(moved, fixed, neighbours)
    return layers


def _sort_by_barycentre(
    moved: list[_Node], fixed: Sequence[_Node], neighbours: Mapping[_Node, Sequence[_Node]]
) -> None:
    """Sort the nodes of a layer by the mean position of their neighbours in the adjacent layer."""
    places = {node: place for place, node in enumerate(fixed)}

    def barycentre(node: _Node) -> float:
        own = [places[neighbour] for neighbour in neighbours.get(node, ()) if neighbour in places]
        return sum(own) / len(own) if own else 0.0

    moved.sort(key=barycentre)


def _columns(layers: Iterable[Iterable[_Node]], steps: Mapping[str, GraphStep]) -> list[_Column]:
    """Return the position of each layer. A layer is as wide as its widest step."""
    widths = [max((_box_width(steps[node.step]) for node in nodes if not node.target), default=0) for nodes in layers]
    return [
        _Column(_MARGIN + sum(widths[:number]) + _LAYER_GAP * number, column_width)
        for number, column_width in enumerate(widths)
    ]


def _layer_height(nodes: Iterable[_Node]) -> int:
    return sum(node.space for node in nodes)


def _middles(layers: Iterable[Sequence[_Node]], top: float, height: float) -> dict[_Node, float]:
    """Return the vertical centre of each node. Each layer is centred vertically."""
    middles: dict[_Node, float] = {}
    for nodes in layers:
        node_top = top + (height - _layer_height(nodes)) / 2
        for node in nodes:
            middles[node] = node_top + node.space / 2
            node_top += node.space
    return middles


def _box(step: GraphStep, column: _Column, middle: float) -> Box:
    """Return the box of a step, centred in its column."""
    box_width = _box_width(step)
    left = column.left + (column.width - box_width) / 2
    return Box(step, _label(step.name), left, middle - _BOX_HEIGHT / 2, box_width)


def _edge(way: _Way, boxes: Mapping[str, Box], middles: Mapping[_Node, float], columns: Sequence[_Column]) -> Edge:
    """Return the edge along its nodes. It ends at the left side of the last step."""
    start, end = boxes[way[0].step], boxes[way[-1].step]
    x, y = start.left + start.width, middles[way[0]]
    parts = [f"M{x:.0f} {y:.0f}"]
    for lane in way[1:-1]:
        left, lane_width = columns[lane.layer]
        parts += [_curve(x, y, left, middles[lane]), f"L{left + lane_width:.0f} {middles[lane]:.0f}"]
        x, y = left + lane_width, middles[lane]
    middle = middles[way[-1]]
    parts.append(_curve(x, y, end.left, middle))
    return Edge("".join(parts), f"M{end.left:.0f} {middle:.0f}l-7 -3.5v7z", _both_ran(start, end))


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


def _label(name: str) -> str:
    return name if width(name) <= _MAX_LABEL_WIDTH else f"{clip(name, 0, _MAX_LABEL_WIDTH - 1).rstrip()}…"


def _box_width(step: GraphStep) -> float:
    letters = max(width(_label(step.name)), width(step.detail) * _DETAIL_SCALE + (2 if step.status else 0))
    return max(_MIN_BOX_WIDTH, letters * _LETTER_WIDTH + _PADDING)
