"""Lays out a graph of steps in layers from left to right: a pure function from steps to places.

Longest paths make the layers; edges over several layers get a place in each, so that they pass between the steps; in
each layer what hangs together stands together (barycentres, a few sweeps to and fro). Edges back make no layers.
"""

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

from mfwidgets.render.view import Graph, GraphStep

_HEIGHT, _ROW, _GAP, _LANE = 40, 54, 30, 18
_LETTER, _PADDING, _NARROWEST, _LETTERS = 8.0, 22, 72, 26
_SWEEPS = 4
_MARGIN = 6


@dataclass(frozen=True, slots=True)
class Box:
    """A step with its place, in pixels."""

    step: GraphStep
    label: str
    left: float
    top: float
    width: float
    height: float = _HEIGHT


@dataclass(frozen=True, slots=True)
class Edge:
    """A way from a step to the next, as SVG has it.

    Attributes
    ----------
    path, head
        The line, and the arrow head at its end.
    gone
        Whether something went this way, as far as the steps tell: both ran.
    """

    path: str
    head: str
    gone: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """A graph with all places."""

    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    width: float
    height: float


def lay_out(graph: Graph) -> Drawing:
    """Return where each step and each edge is drawn."""
    steps = {step.name: step for step in graph.steps}
    order = {name: number for number, name in enumerate(steps)}
    forward = [(one.name, to) for one in graph.steps for to in one.following if order.get(to, -1) > order[one.name]]
    back = [
        (one.name, to) for one in graph.steps for to in one.following if order.get(to, len(order)) <= order[one.name]
    ]
    layer = dict.fromkeys(steps, 0)
    for name, to in sorted(forward, key=lambda edge: order[edge[0]]):
        layer[to] = max(layer[to], layer[name] + 1)
    ways = [_way(name, to, layer) for name, to in forward]
    layers = _ordered(steps, layer, ways)
    widths = [max((_width(steps[name]) for name, *rest in row if not rest), default=0) for row in layers]
    lefts = [_MARGIN + sum(widths[:number]) + _GAP * number for number in range(len(layers))]
    top = 24 if back else 0
    heights = [sum(_ROW if len(node) == 1 else _LANE for node in row) for row in layers]
    tallest = max(heights, default=0)
    middle: dict[tuple[str, ...], float] = {}
    for row, height in zip(layers, heights, strict=True):
        at = top + _MARGIN + (tallest - height) / 2
        for node in row:
            space = _ROW if len(node) == 1 else _LANE
            middle[node] = at + space / 2
            at += space
    boxes = {
        name: Box(
            steps[name],
            _short(name),
            lefts[layer[name]] + (widths[layer[name]] - _width(steps[name])) / 2,
            middle[(name,)] - _HEIGHT / 2,
            _width(steps[name]),
        )
        for name in steps
    }
    edges = [
        _edge(_path(way, boxes, middle, lefts, widths, layer), boxes[way[0][0]], boxes[way[-1][0]]) for way in ways
    ]
    edges += [_loop(boxes[name], boxes[to]) for name, to in back if to in boxes]
    width = (lefts[-1] + widths[-1] if layers else 0) + _MARGIN
    return Drawing(tuple(boxes.values()), tuple(edges), width, tallest + top + 2 * _MARGIN)


def _way(name: str, to: str, layer: dict[str, int]) -> list[tuple[str, ...]]:
    """Return the nodes of an edge: its steps, and a place in each layer between them."""
    between = [(name, to, str(number)) for number in range(layer[name] + 1, layer[to])]
    return [(name,), *between, (to,)]


def _ordered(
    steps: dict[str, GraphStep], layer: dict[str, int], ways: list[list[tuple[str, ...]]]
) -> list[list[tuple[str, ...]]]:
    """Return the nodes of each layer in an order with few crossings."""
    depth = max(layer.values(), default=-1) + 1
    layers: list[list[tuple[str, ...]]] = [[] for _ in range(depth)]
    for name in steps:
        layers[layer[name]].append((name,))
    neighbours: dict[tuple[str, ...], list[tuple[str, ...]]] = defaultdict(list)
    for way in ways:
        for node in way[1:-1]:
            layers[int(node[2])].append(node)
        for one, other in pairwise(way):
            neighbours[one].append(other)
            neighbours[other].append(one)
    for sweep in range(_SWEEPS):
        forwards = sweep % 2 == 0
        for number in range(1, depth) if forwards else range(depth - 2, -1, -1):
            beside = {node: place for place, node in enumerate(layers[number - 1 if forwards else number + 1])}
            layers[number].sort(key=lambda node, beside=beside: _centre(neighbours[node], beside))  # type: ignore[misc]
    return layers


def _centre(nodes: list[tuple[str, ...]], places: dict[tuple[str, ...], int]) -> float:
    found = [places[node] for node in nodes if node in places]
    return sum(found) / len(found) if found else 0.0


def _path(
    way: list[tuple[str, ...]],
    boxes: dict[str, Box],
    middle: dict[tuple[str, ...], float],
    lefts: list[float],
    widths: list[float],
    layer: dict[str, int],
) -> str:
    one, other = boxes[way[0][0]], boxes[way[-1][0]]
    x, y = one.left + one.width, middle[way[0]]
    parts = [f"M{x:.0f} {y:.0f}"]
    for node in way[1:]:
        number = layer[node[0]] if len(node) == 1 else int(node[2])
        to_x = other.left if len(node) == 1 else lefts[number]
        to_y, bend = middle[node], (to_x - x) / 2
        parts.append(f"C{x + bend:.0f} {y:.0f} {to_x - bend:.0f} {to_y:.0f} {to_x:.0f} {to_y:.0f}")
        x, y = to_x, to_y
        if len(node) > 1:
            x += widths[number]
            parts.append(f"L{x:.0f} {y:.0f}")
    return "".join(parts)


def _edge(path: str, one: Box, other: Box) -> Edge:
    """Return an edge that ends at the left side of a step."""
    x, y = other.left, other.top + other.height / 2
    return Edge(path, f"M{x:.0f} {y:.0f}l-7 -3.5v7z", _went(one, other))


def _went(one: Box, other: Box) -> bool:
    return bool(one.step.status and other.step.status)


def _loop(one: Box, other: Box) -> Edge:
    """Return an arc over the steps, from one back to itself or to an earlier one."""
    start, end = one.left + one.width * 0.7, other.left + other.width * 0.3
    rise = min(one.top, other.top) - 20
    path = f"M{start:.0f} {one.top:.0f}C{start:.0f} {rise:.0f} {end:.0f} {rise:.0f} {end:.0f} {other.top:.0f}"
    return Edge(path, f"M{end:.0f} {other.top:.0f}l-3.5 -7h7z", _went(one, other))


def _short(name: str) -> str:
    return name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"


def _width(step: GraphStep) -> float:
    letters = max(len(_short(step.name)), len(step.detail) * 0.8 + (2 if step.status else 0))
    return max(_NARROWEST, letters * _LETTER + _PADDING)
