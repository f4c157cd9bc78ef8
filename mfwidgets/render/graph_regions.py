"""Places the regions of a graph: outlines around the steps that run once per item of a foreach. Pure functions.

The nodes of a region are next to each other in each layer, with space for its outline and its heading. So an outline is a
rectangle around the layers of a band, unless another step is in the way. Then it has stairs.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mfwidgets.render.graph import GraphRegion
from mfwidgets.render.text_width import width

# All lengths are in pixels.
ABOVE, BELOW = 24, 8
"""The space of a region above and below its nodes. Its heading is above."""

_BESIDE, _NESTED = 10, 5
"""The distance of an outline from a column, and from the outline around it."""

_LETTER = 6.3
_HEADING = 16
"""The width of a letter of a heading, and the space before and after it."""

TIMES = " \N{MULTIPLICATION SIGN} "
"""Between the numbers of items of nested foreaches."""

_Node = TypeVar("_Node")

Chain = tuple[int, ...]
"""The numbers of the regions around a node, the outermost first."""


@dataclass(frozen=True, slots=True)
class Outline:
    """The outline of a region in one band, as an SVG path. Only the first one of a region has a heading."""

    path: str
    heading: str
    left: float
    top: float
    title: str


def chains_of_steps(regions: Sequence[GraphRegion]) -> dict[str, Chain]:
    """Return the regions around each step. Those around others come first."""
    chains: dict[str, list[int]] = defaultdict(list)
    for number, region in enumerate(regions):
        for step in region.steps:
            chains[step].append(number)
    return {step: tuple(chain) for step, chain in chains.items()}


def common(chain: Chain, other: Chain) -> Chain:
    """Return the regions around both of two nodes."""
    count = 0
    while count < min(len(chain), len(other)) and chain[count] == other[count]:
        count += 1
    return chain[:count]


def sort_in_regions(nodes: list[_Node], weight: Callable[[_Node], float], chain_of: Callable[[_Node], Chain]) -> None:
    """Sort the nodes of a layer by weight, so that the nodes of each region are next to each other."""
    nodes[:] = _sorted(nodes, weight, chain_of, 0)


def _sorted(
    nodes: Iterable[_Node], weight: Callable[[_Node], float], chain_of: Callable[[_Node], Chain], depth: int
) -> list[_Node]:
    groups: dict[object, list[_Node]] = {}
    for node in nodes:
        chain = chain_of(node)
        groups.setdefault(chain[depth] if len(chain) > depth else node, []).append(node)
    ordered = sorted(groups.items(), key=lambda group: sum(map(weight, group[1])) / len(group[1]))
    return [
        node
        for key, members in ordered
        for node in (_sorted(members, weight, chain_of, depth + 1) if isinstance(key, int) else members)
    ]


def spaces(chains: Sequence[Chain], above: float = ABOVE) -> list[tuple[float, float]]:
    """Return the space above and below each node of a layer that the outlines of regions need.

    Parameters
    ----------
    above
        The space above the nodes of one region.
    """
    needed: list[tuple[float, float]] = []
    for place, chain in enumerate(chains):
        before = chains[place - 1] if place else ()
        after = chains[place + 1] if place + 1 < len(chains) else ()
        needed.append(
            (above * (len(chain) - len(common(chain, before))), BELOW * (len(chain) - len(common(chain, after))))
        )
    return needed


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of a graph with the positions of its nodes.

    Attributes
    ----------
    extents
        The regions around each node, and its upper and lower end.
    """

    band: int
    left: float
    right: float
    extents: tuple[tuple[Chain, float, float], ...]


def outlines(
    regions: Sequence[GraphRegion], layers: Sequence[Layer], right: float, above: float = ABOVE
) -> list[Outline]:
    """Return the outlines of all regions, those around others first.

    Parameters
    ----------
    right
        The right end of the drawing.
    above
        The space above the nodes of one region.
    """
    drawn = []
    for number, region in enumerate(regions):
        is_first = True
        inside = [layer for layer in layers if any(number in chain for chain, _, _ in layer.extents)]
        for band in dict.fromkeys(layer.band for layer in inside):
            of_band = [layer for layer in inside if layer.band == band]
            ends = [_extent(number, layer, above) for layer in of_band]
            depth = _depth(number, of_band)
            lefts = [layer.left - _BESIDE for layer in of_band]
            rights = [layer.right + _BESIDE for layer in of_band]
            lefts[0] = max(lefts[0] - _NESTED * depth, 1)
            rights[-1] = min(rights[-1] + _NESTED * depth, right - 1)
            top, bottom = min(end[0] for end in ends), max(end[1] for end in ends)
            if not any(_meets(number, layer, top, bottom) for layer in of_band):
                ends = [(top, bottom)] * len(of_band)
            heading = _heading(region, rights[0 if ends[0] != ends[-1] else -1] - lefts[0]) if is_first else ""
            path = _path(lefts, rights, ends)
            drawn.append(Outline(path, heading, lefts[0] + _HEADING / 2, ends[0][0] + 14, region.title))
            is_first = False
    return drawn


def _extent(number: int, layer: Layer, above: float) -> tuple[float, float]:
    """Return the upper and the lower end of a region in a layer, with the space of the regions within it."""
    tops, bottoms = [], []
    for chain, top, bottom in layer.extents:
        if number in chain:
            within = len(chain) - chain.index(number)
            tops.append(top - above * within)
            bottoms.append(bottom + BELOW * within)
    return min(tops), max(bottoms)


def _depth(number: int, layers: Iterable[Layer]) -> int:
    """Return how many regions are nested within a region at the ends of a band."""
    return max(
        len(chain) - chain.index(number) - 1 for layer in layers for chain, _, _ in layer.extents if number in chain
    )


def _meets(number: int, layer: Layer, top: float, bottom: float) -> bool:
    """Return whether another node of a layer is between two heights."""
    return any(low > top and high < bottom for chain, high, low in layer.extents if number not in chain)


def _path(lefts: Sequence[float], rights: Sequence[float], ends: Sequence[tuple[float, float]]) -> str:
    """Return the outline of neighbouring layers, with a step in the middle between two of different heights."""
    cuts = [(right + left) / 2 for right, left in zip(rights[:-1], lefts[1:], strict=True)]
    edges = [lefts[0], *cuts, rights[-1]]
    pieces = [f"M{edges[0]:.0f} {ends[0][0]:.0f}"]
    pieces += [f"V{top:.0f}H{edges[place + 1]:.0f}" for place, (top, _) in enumerate(ends)]
    pieces += [f"V{ends[place][1]:.0f}H{edges[place]:.0f}" for place in range(len(ends) - 1, -1, -1)]
    return f"{''.join(pieces)}Z"


def _heading(region: GraphRegion, space: float) -> str:
    """Return the longest heading that fits: the kind and all counts, the counts, or its own count."""
    counts = TIMES.join(region.counts)
    own = f"{TIMES.strip()} {region.counts[-1]}" if region.counts else ""
    words = (f"{region.kind} {counts}".strip(), counts, own)
    return next((text for text in words if text and width(text) * _LETTER + _HEADING <= space), "")
