"""Lays out a graph of steps as rails, one row per step, like the graph of a version history. Pure functions.

A step that opens branches or a foreach has a rail below it. Its next steps are one column to the right, and each is tapped
from that rail. Branches that meet share a rail to their right. So a split into fifty branches needs three columns.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mfwidgets.fast_dataclass import fast_dataclass

MAX_COLUMNS = 14
"""A graph that needs more columns has no rails: nobody could follow them."""

_PITCH = 14
"""The distance of two columns in pixels."""

NODE_Y = 14
"""The middle of a step in its row, in pixels."""

_LEFT, _RADIUS, _LONG = 9, 6, 999
"""Pixels. The row cuts a rail that is too long."""

_REGION_SPACE = 8
"""The distance of an outline from the middle of the rail that it contains."""

_UP, _DOWN, _WEST, _EAST = 1, 2, 4, 8
_BOXES = {
    _UP: "│", _DOWN: "│", _UP | _DOWN: "│", _WEST: "─", _EAST: "─", _WEST | _EAST: "─", _UP | _EAST: "╰",
    _DOWN | _EAST: "╭", _UP | _WEST: "╯", _DOWN | _WEST: "╮", _UP | _DOWN | _EAST: "├", _UP | _DOWN | _WEST: "┤",
    _WEST | _EAST | _DOWN: "┬", _WEST | _EAST | _UP: "┴", _UP | _DOWN | _WEST | _EAST: "┼", 0: " ",
}  # fmt: skip


@fast_dataclass(frozen=True, slots=True)
class RailStep:
    """A step of a graph.

    Attributes
    ----------
    following
        The names of the next steps. Unknown names and earlier steps are not drawn.
    opens, closes
        Whether it splits into a foreach, and whether it is a join.
    ran
        Whether it ran. Rails between steps that ran are solid, others are dashed.
    """

    name: str
    following: tuple[str, ...]
    opens: bool = False
    closes: bool = False
    ran: bool = True


@fast_dataclass(frozen=True, slots=True)
class Rail:
    """A vertical rail that passes, reaches or leaves the row of a step."""

    column: int
    ran: bool = True


@fast_dataclass(frozen=True, slots=True)
class RailRow:
    """The rails in the row of one step.

    Attributes
    ----------
    column
        The column of the step.
    passing
        Rails from the top to the bottom of the row.
    arriving, leaving
        Rails from the top to the step, and from the step to the bottom.
    """

    column: int
    passing: tuple[Rail, ...]
    arriving: tuple[Rail, ...]
    leaving: tuple[Rail, ...]


@fast_dataclass(frozen=True, slots=True)
class Rails:
    """The rails of a graph. Without rows if it needs too many columns."""

    columns: int
    rows: tuple[RailRow, ...]

    @property
    def width(self) -> int:
        """The width in pixels."""
        return 2 * _LEFT + (self.columns - 1) * _PITCH + 6 if self.rows else 0


@dataclass(slots=True)
class _Net:
    """Edges that share a vertical rail: all from one step, or all to one step."""

    sources: list[int]
    targets: list[int]
    column: int = -1

    @property
    def first(self) -> int:
        return min(self.sources)

    @property
    def last(self) -> int:
        return max(self.targets)


def lay_out_rails(steps: Sequence[RailStep]) -> Rails:
    """Return the rails of steps in topological order. Edges back to earlier steps are not drawn."""
    row_of = {step.name: row for row, step in enumerate(steps)}
    following = [
        sorted({row_of[name] for name in step.following if name in row_of and row_of[name] > row})
        for row, step in enumerate(steps)
    ]
    preceding: list[list[int]] = [[] for _ in steps]
    for row, targets in enumerate(following):
        for target in targets:
            preceding[target].append(row)
    leaving, meeting = _nets(following, preceding)
    columns = _columns_of_steps(steps, following, preceding, leaving)
    nets = [*(net for net in leaving if net is not None), *_placed_meetings(meeting, leaving, columns)]
    count = max([*columns, *(net.column for net in nets)], default=-1) + 1
    if count > MAX_COLUMNS:
        return Rails(0, ())
    return Rails(count, tuple(_row(row, columns[row], nets, steps) for row in range(len(steps))))


def _nets(
    following: Sequence[Sequence[int]], preceding: Sequence[Sequence[int]]
) -> tuple[list[_Net | None], list[_Net]]:
    """Return the net that leaves each step, and the nets of steps in which several others meet."""
    meeting: dict[int, list[int]] = defaultdict(list)
    leaving: list[_Net | None] = [None] * len(following)
    for row, targets in enumerate(following):
        for target in targets:
            if len(targets) == 1 and len(preceding[target]) > 1:
                meeting[target].append(row)
            else:
                net = leaving[row]
                if net is None:
                    net = leaving[row] = _Net([row], [])
                net.targets.append(target)
    for target, sources in list(meeting.items()):
        if len(sources) == 1:  # the others arrive from splits
            leaving[sources[0]] = _Net([sources[0]], [target])
            del meeting[target]
    return leaving, [_Net(sources, [target]) for target, sources in meeting.items()]


def _columns_of_steps(
    steps: Sequence[RailStep],
    following: Sequence[Sequence[int]],
    preceding: Sequence[Sequence[int]],
    leaving: Sequence[_Net | None],
) -> list[int]:
    """Return the column of each step. The rail that leaves it goes down in the same column."""
    columns: list[int] = []
    open_until: dict[int, int] = {}  # by column: the row in which the rail of an earlier step ends

    def opens(row: int) -> bool:
        return steps[row].opens or len(following[row]) > 1

    for row, step in enumerate(steps):
        before = preceding[row]
        if not before:
            column = 0
        elif len(before) == 1:
            column = columns[before[0]] + (1 if opens(before[0]) else -1 if step.closes else 0)
        else:
            column = min(columns[other] - (0 if len(following[other]) > 1 else 1) for other in before)
        column = max(column, 0)
        while open_until.get(column, -1) > row:
            column += 1
        columns.append(column)
        net = leaving[row]
        if net is not None:
            net.column = column
            open_until[column] = net.last
    return columns


def _placed_meetings(meeting: Sequence[_Net], leaving: Sequence[_Net | None], columns: Sequence[int]) -> Sequence[_Net]:
    """Place the rails of steps that meet to the right of all steps next to them, short rails first."""
    placed: list[_Net] = []
    for net in sorted(meeting, key=lambda net: (net.last - net.first, net.first)):
        column = max(columns[net.first : net.last + 1]) + 1
        others = [*(other for other in leaving if other is not None), *placed]
        busy = {other.column for other in others if other.first < net.last and net.first < other.last}
        while column in busy:
            column += 1
        net.column = column
        placed.append(net)
    return placed


def _row(row: int, column: int, nets: Iterable[_Net], steps: Sequence[RailStep]) -> RailRow:
    passing, arriving, leaving = [], [], []
    for net in nets:
        if not net.first <= row <= net.last:
            continue
        arrives, leaves = row in net.targets, row in net.sources
        if arrives:
            arriving.append(Rail(net.column, steps[row].ran and any(steps[source].ran for source in net.sources)))
        if leaves:
            leaving.append(Rail(net.column, steps[row].ran and any(steps[target].ran for target in net.targets)))
        above = any(source < row for source in net.sources) and net.last > row
        if above and net.first < row < net.last and not (leaves and len(net.sources) == 1):
            passing.append(Rail(net.column, _ran(net, row, steps)))
    return RailRow(column, tuple(passing), tuple(arriving), tuple(leaving))


def _ran(net: _Net, row: int, steps: Sequence[RailStep]) -> bool:
    """Return whether the part of a rail that passes a row connects steps that ran."""
    before = any(steps[source].ran for source in net.sources if source < row)
    return before and any(steps[target].ran for target in net.targets if target > row)


def row_paths(row: RailRow) -> Mapping[bool, str]:
    """Return the SVG paths of a row: of the solid rails, and of the dashed ones."""
    paths: dict[bool, list[str]] = {True: [], False: []}
    own = _x(row.column)
    for rail in row.passing:
        paths[rail.ran].append(f"M{_x(rail.column)} 0V{_LONG}")
    for rail in row.arriving:
        x = _x(rail.column)
        paths[rail.ran].append(f"M{x} 0V{NODE_Y}" if x == own else f"M{x} 0V{NODE_Y - _RADIUS}{_turn(x, own)}")
    for rail in row.leaving:
        x = _x(rail.column)
        if x == own:
            paths[rail.ran].append(f"M{own} {NODE_Y}V{_LONG}")
        else:
            paths[rail.ran].append(f"M{x} {_LONG}V{NODE_Y + _RADIUS}{_turn(x, own)}")
    return {ran: "".join(pieces) for ran, pieces in paths.items() if pieces}


def _turn(x: int, to_x: int) -> str:
    """Return the corner from a rail to the middle of the row, and the line to the step."""
    side = _RADIUS if to_x > x else -_RADIUS
    return f"Q{x} {NODE_Y} {x + side} {NODE_Y}H{to_x}"


def _x(column: int) -> int:
    return _LEFT + column * _PITCH


def node_x(row: RailRow) -> int:
    """Return the middle of a step in pixels."""
    return _x(row.column)


def region_left(column: int, depth: int) -> int:
    """Return the left side of the outline of a foreach in pixels."""
    return max(_x(column) - _REGION_SPACE, 3 * depth)


def row_text(row: RailRow, columns: int, sign: str) -> str:
    """Return the rails of a row in letters: ``├─●─╮``. The step has this sign."""
    cells = [0] * (2 * columns - 1)
    for rail in row.passing:
        cells[2 * rail.column] |= _UP | _DOWN
    for rails, side in ((row.arriving, _UP), (row.leaving, _DOWN)):
        for rail in rails:
            first, last = sorted((2 * rail.column, 2 * row.column))
            cells[2 * rail.column] |= side
            for place in range(first, last):
                cells[place] |= _EAST
                cells[place + 1] |= _WEST
    letters = [_BOXES[sides] for sides in cells]
    letters[2 * row.column] = sign
    return "".join(letters)
