"""The model of a map of a run: a table of its steps, the rails of their graph, and their tasks on one axis of time."""

from typing import TYPE_CHECKING, ClassVar

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.render.cell import Segment
from mfwidgets.render.step_map.rails import Rails

if TYPE_CHECKING:
    from mfwidgets.render.view import Table

TIMES = "timeline"
"""The name of the column with the bars."""

PLAIN = ("started", "next")
"""Columns, by the beginning of their names, that the picture shows as well. Only pages without style sheets show them."""

MEANINGS = {
    "waiting": "waiting to start",
    "critical": "critical path",
    "usual": "usual end: median of earlier runs",
    "cloned": "cloned from an earlier run",
}
"""The marks of a picture."""


@fast_dataclass(frozen=True, slots=True)
class Bar:
    """A task, or a step with one task.

    Attributes
    ----------
    lane
        Its lane in the track, from 0.
    pieces
        ``waiting``, and the status of each attempt. Positions are shares of the axis.
    title
        A tooltip.
    label
        A name that is written into the bar or next to it. Empty if it does not fit.
    place
        Where the label is: ``inside`` of the work, ``after`` the bar, or ``over`` its waiting.
    critical, cloned
        Whether it is on the critical path, and whether it was cloned from an earlier run.
    """

    lane: int
    pieces: tuple[Segment, ...]
    title: str = ""
    pathspec: str = ""
    label: str = ""
    place: str = "after"
    critical: bool = False
    cloned: bool = False


@fast_dataclass(frozen=True, slots=True)
class Area:
    """The number of tasks at each time.

    Attributes
    ----------
    layers
        For ``failed``, other statuses and ``waiting``, from the bottom: the mean number of tasks in equal parts of the axis.
    peak
        The largest number of tasks at one time.
    """

    layers: tuple[tuple[str, tuple[float, ...]], ...]
    peak: int
    title: str = ""


@fast_dataclass(frozen=True, slots=True)
class Track:
    """The picture of one step: bars in lanes, or an area if there are too many.

    Attributes
    ----------
    usual
        Where the step usually ends, as a share of the axis. None if unknown.
    """

    bars: tuple[Bar, ...] = ()
    area: Area | None = None
    usual: float | None = None
    usual_title: str = ""

    @property
    def lanes(self) -> int:
        """The number of lanes."""
        return max((bar.lane + 1 for bar in self.bars), default=0)


@fast_dataclass(frozen=True, slots=True)
class AxisTick:
    """A tick of the axis of time: its share of the axis, and its label."""

    share: float
    label: str


@fast_dataclass(frozen=True, slots=True)
class RowRegion:
    """The part of a foreach's outline that is in the row of one step.

    Attributes
    ----------
    column
        The leftmost column of its rails.
    depth
        The number of outlines around it.
    first, last
        Whether the row is at its upper or its lower end.
    """

    column: int
    depth: int
    first: bool
    last: bool


@fast_dataclass(frozen=True, slots=True)
class StepMap:
    """The steps of a run: their graph, their facts and their tasks on one axis of time.

    Attributes
    ----------
    table
        The facts. The first column has the names of the steps, the column ``timeline`` has bars for displays without
        pictures.
    rails, tracks
        The rails of the graph and the picture of each row.
    ticks
        The ticks of the axis.
    marks
        The marks that the legend explains: ``waiting``, ``critical``, ``usual``, ``cloned``.
    detailed
        Whether the bars are high and have labels.
    now
        The share of the axis that has passed, for a run that still runs.
    regions
        The outlines of foreaches in each row, the outermost first. Empty without any.
    """

    table: "Table"
    rails: Rails
    tracks: tuple[Track, ...]
    ticks: tuple[AxisTick, ...] = ()
    marks: tuple[str, ...] = ()
    detailed: bool = False
    now: float | None = None
    regions: tuple[tuple[RowRegion, ...], ...] = ()
    part: ClassVar[str] = "step_map"

    @property
    def heading(self) -> str:
        """The heading of the map."""
        return self.table.heading

    @property
    def note(self) -> str:
        """A sentence about omitted steps, and the time in total."""
        return self.table.note

    @property
    def left_out(self) -> bool:
        """Whether it does not show all steps."""
        return self.table.left_out

    @property
    def plain_places(self) -> frozenset[int]:
        """The columns that only pages without style sheets show, because the picture has the same facts."""
        return frozenset(
            number
            for number, column in enumerate(self.table.columns)
            if column.startswith(PLAIN) and (self.rails.rows or not column.startswith("next"))
        )

    @property
    def legend(self) -> tuple[tuple[str, str], ...]:
        """The marks and their meanings."""
        return tuple((mark, MEANINGS[mark]) for mark in MEANINGS if mark in self.marks)
