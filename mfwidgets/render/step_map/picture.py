"""The shapes of a map of a run: bars, areas, ticks. Widths are shares of the plot, so that it takes the width of the page."""

from collections.abc import Iterable, Sequence

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.render.step_map.model import Area, AxisTick, Bar, StepMap, Track

_ROW, _PADDING = 28, 7
"""The height of a row with one bar, and the space above its bar, in pixels."""

_WAITING_HEIGHT = 3
_FEW_LANES = 6
"""More lanes have lower bars."""

_MIN_SHARE = 0.0015
"""The width of the shortest piece. Each has an outline of one pixel in addition."""

_MIN_TIP = 0.012
"""The width of the place that shows a tooltip: a short piece is hard to hit."""

_AREA_HEIGHT, _DETAILED_AREA_HEIGHT = 34, 72
_MIN_LEVEL = 0.06
"""The height of a few failed tasks among many, as a share of the area."""


@fast_dataclass(frozen=True, slots=True)
class Piece:
    """A rectangle of a bar. ``left`` and ``width`` are percents, the others are pixels."""

    kind: str
    left: str
    width: str
    top: float
    height: float


@fast_dataclass(frozen=True, slots=True)
class PlacedBar:
    """A bar with its pieces, and its label at a share of the plot in percents."""

    bar: Bar
    pieces: tuple[Piece, ...]
    label_left: str
    label_top: float

    @property
    def tip(self) -> Piece:
        """The whole bar, for its tooltip."""
        start = min(max(self.bar.pieces[0].start, 0.0), 1.0 - _MIN_SHARE) if self.bar.pieces else 0.0
        end = min(self.bar.pieces[-1].end, 1.0) if self.bar.pieces else 0.0
        top = min((piece.top for piece in self.pieces), default=0.0)
        bottom = max((piece.top + piece.height for piece in self.pieces), default=0.0)
        return Piece("tip", percent(start), percent(max(end - start, _MIN_TIP)), top, bottom - top)


@fast_dataclass(frozen=True, slots=True)
class TrackPicture:
    """The picture of a step.

    Attributes
    ----------
    layers
        Status and path of each layer of an area that is ``AREA_WIDTH`` wide.
    """

    height: int
    bars: tuple[PlacedBar, ...]
    layers: tuple[tuple[str, str], ...]


AREA_WIDTH = 1000


def percent(share: float) -> str:
    """Return a share as a CSS percentage with two decimals at most."""
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + "%"


def picture_of_track(track: Track, *, detailed: bool) -> TrackPicture:
    """Return the shapes of a step."""
    if track.area is not None:
        height = _DETAILED_AREA_HEIGHT if detailed else _AREA_HEIGHT
        return TrackPicture(height, (), _area_paths(track.area, height))
    lanes = track.lanes
    bar, gap = (15, 4) if detailed else (14, 0) if lanes <= 1 else (7, 2) if lanes <= _FEW_LANES else (4, 1.5)
    height = max(_ROW, round(2 * _PADDING + lanes * (bar + gap) - gap))
    return TrackPicture(height, tuple(_placed(one, bar, gap, track.usual) for one in track.bars), ())


def _placed(bar: Bar, height: float, gap: float, usual: float | None) -> PlacedBar:
    top = _PADDING + bar.lane * (height + gap)
    pieces = []
    for segment in bar.pieces:
        start = min(max(segment.start, 0.0), 1.0 - _MIN_SHARE)
        width = max(min(segment.end, 1.0) - start, _MIN_SHARE)
        waits = segment.status == "waiting"
        tall = min(_WAITING_HEIGHT, height / 2) if waits else height
        pieces.append(Piece(segment.status, percent(start), percent(width), top + (height - tall) / 2, tall))
    if bar.critical and bar.pieces:
        start = min(max(bar.pieces[0].start, 0.0), 1.0 - _MIN_SHARE)
        width = max(min(bar.pieces[-1].end, 1.0) - start, _MIN_SHARE)
        pieces.append(
            Piece("critical", percent(start), percent(width), top + height + (0 if gap else 2), min(gap, 2) or 2)
        )
    end = bar.pieces[-1].end if bar.pieces else 0.0
    worked = next((segment.start for segment in bar.pieces if segment.status != "waiting"), end)
    left = end if bar.place == "after" else worked
    if bar.place == "after" and usual is not None and fits(bar.label, 1 - usual) and not fits(bar.label, usual - end):
        left = max(end, usual)  # the mark would cross the label
    return PlacedBar(bar, tuple(pieces), percent(min(max(left, 0.0), 1.0)), top + height - 3.5)


def _area_paths(area: Area, height: int) -> tuple[tuple[str, str], ...]:
    """Return a path for each layer, stacked. The highest sum has the full height."""
    count = max((len(levels) for _, levels in area.layers), default=0)
    if not count:
        return ()
    totals = [sum(levels[place] for _, levels in area.layers) for place in range(count)]
    top = max(totals) or 1.0
    space, step = height - 4, AREA_WIDTH / count
    floors = [0.0] * count
    paths = []
    for status, levels in area.layers:
        ceilings = [
            floor + (max(level / top, _MIN_LEVEL) if level > 0 else 0.0)
            for floor, level in zip(floors, levels, strict=True)
        ]
        if any(levels):
            paths.append((status, _stairs(floors, ceilings, step, space)))
        floors = ceilings
    return tuple(paths)


def _stairs(floors: Sequence[float], ceilings: Sequence[float], step: float, space: float) -> str:
    """Return the outlines of the columns between two heights. Neighbours share an outline, so that no seam is visible."""
    pieces: list[str] = []
    filled: list[int] = []
    for place in range(len(floors) + 1):
        if place < len(floors) and min(ceilings[place], 1.0) > floors[place]:
            filled.append(place)
            continue
        if filled:
            forward = _edge([(at, min(ceilings[at], 1.0)) for at in filled], step, space)
            back = _edge([(at + 1, floors[at]) for at in filled[::-1]], -step, space)
            pieces.append(f"M{step * filled[0]:.0f} {2 + space * (1 - floors[filled[0]]):.1f}{forward}{back}z")
            filled = []
    return "".join(pieces)


def _edge(columns: Sequence[tuple[int, float]], step: float, space: float) -> str:
    """Return lines along the tops of columns, each from its side at a place, in the direction of ``step``."""
    pieces: list[str] = []
    last = ""
    for number, (place, level) in enumerate(columns):
        height = f"V{2 + space * (1 - level):.1f}"
        pieces += [height] if height != last else []
        last = height
        after = columns[number + 1][1] if number + 1 < len(columns) else None
        if after != level:
            pieces.append(f"H{abs(step) * place + step:.0f}")
    return "".join(pieces)


_LETTER, _PLOT = 6.4, 300
"""Pixels: the width of a letter of a tick, and of the narrowest plot for which labels are chosen."""


def spaced_ticks(ticks: Iterable[AxisTick]) -> tuple[AxisTick, ...]:
    """Return the ticks, those without space for their labels without labels. A label begins at its tick, or ends there."""
    kept: list[AxisTick] = []
    end = 0.0
    for tick in ticks:
        width = (len(tick.label) * _LETTER + 10) / _PLOT
        start = tick.share if tick.share + width <= 1 else tick.share - width
        has_space = start >= end or not kept
        kept.append(tick if has_space else AxisTick(tick.share, ""))
        end = start + width if has_space else end
    return tuple(kept)


def is_at_end(tick: AxisTick) -> bool:
    """Return whether the label of a tick ends at it."""
    return tick.share + (len(tick.label) * _LETTER + 10) / _PLOT > 1


def fits(label: str, share: float) -> bool:
    """Return whether a label fits into a part of the narrowest plot."""
    return len(label) * _LETTER + 8 <= share * _PLOT


def map_style(shown: StepMap) -> str:
    """Return the custom properties of a map: the width of its rails, and the lines of its ticks."""
    lines = [(tick.share, "var(--mfw-line)") for tick in shown.ticks]
    if shown.now is not None:
        lines.append((shown.now, "var(--mfw-busy)"))
    stops = []
    for share, colour in sorted(lines):
        at = percent(share)
        stops.append(f"transparent {at},{colour} {at} calc({at} + 1px),transparent calc({at} + 1px)")
    grid = f"--mfw-grid:linear-gradient(to right,{','.join(stops)})" if stops else "--mfw-grid:none"
    return f"--mfw-rail:{shown.rails.width}px;{grid}"
