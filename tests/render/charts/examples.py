"""Charts of every kind, with numbers that never change, and with hostile values.

``PYTHONPATH=tests python -m render.charts.examples`` writes the reference pictures again. Look at them before you commit.
"""

from pathlib import Path

from mfwidgets.render.charts.axes import Axis, axis_of
from mfwidgets.render.charts.model import (
    Bar,
    BarsChart,
    Curve,
    CurvesChart,
    HeatCell,
    HeatMap,
    HistogramChart,
    Mark,
    ParallelChart,
    ParallelLine,
    Piece,
    ScatterChart,
)

STATUSES = ("completed", "failed", "completed", "caught", "completed", "running", "completed", "killed", "unknown")
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}</svg>&amp;\x1b[2J\u202e"
BEGIN = 1_767_261_600_000


def charts_of(values, groups=("adam", "sgd", "rmsprop"), name="run"):
    """Return a chart of every kind over values."""
    indices = range(len(values))
    group = [groups[number % len(groups)] for number in indices] if groups else []
    status = [STATUSES[number % len(STATUSES)] for number in indices]
    times = [BEGIN + number * 5_400_000 for number in indices]
    paths = [f"TuneFlow/{number}" for number in indices]
    titles = [f"{name} {number}" for number in indices]
    y, by_group = axis_of(name, values), axis_of("optimizer", group)
    history = tuple(map(Mark, times, values, paths, status, titles))
    scatter = tuple(map(Mark, values, values[::-1], paths, [""] * len(values), titles, group))
    shaded = tuple(map(Mark, group, values, paths, status, titles, values[::-1]))
    lines = tuple(
        ParallelLine(
            (group[number], value, values[-number]), paths[number], status[number], titles[number], number == 1
        )
        for number, value in enumerate(values)
    )
    pieces = tuple(Piece(f"{name} {number}", value, paths[number]) for number, value in enumerate(values))
    cells = tuple(
        HeatCell(
            group[number], str(number // max(len(groups), 1)), value, paths[number], status[number], titles[number]
        )
        for number, value in enumerate(values)
    )
    rows = Axis("depth", categories=tuple(dict.fromkeys(cell.y for cell in cells)))
    return {
        "history": ScatterChart(f"{name} over time", Axis("started (UTC)", time=True), y, history),
        "scatter": ScatterChart(f"{name} by {name}", y, y, scatter, colour=by_group),
        "shaded": ScatterChart(f"{name} by group", by_group, y, shaded, colour=y),
        "curves": CurvesChart(
            name,
            Axis("epoch"),
            y,
            tuple(
                Curve(title, tuple(values[number % 3 :]), (), path, best=number == 2)
                for number, (title, path) in enumerate(zip(titles[:3], paths, strict=False))
            ),
        ),
        "many_curves": CurvesChart(
            name,
            Axis("epoch"),
            y,
            tuple(
                Curve(title, (*values[number:], *values[:number]), (), path, best=number == 2)
                for number, (title, path) in enumerate(zip(titles, paths, strict=True))
            ),
        ),
        "histogram": HistogramChart(name, y, tuple(values)),
        "categories": HistogramChart("optimizer", by_group, tuple(group)),
        "parallel": ParallelChart(name, (by_group, y, y), lines, colour=1),
        "bars": BarsChart(
            name,
            Axis("duration", "s"),
            tuple(Bar(title, pieces, path) for title, path in zip(titles, paths, strict=True)),
        ),
        "heat_map": HeatMap(name, by_group, rows, cells, y),
    }


ORDINARY = [round(0.2 + (number * 37 % 101) / 400 + number % 3 / 20, 4) for number in range(24)]
"""Numbers as of a metric."""

UNPLEASANT = {
    "none": [],
    "one point": [0.5],
    "equal": [3.0] * 9,
    "nothing finite": [float("nan"), None, float("inf"), -float("inf")],
    "largest": [1e308, -1e308, 1.7976931348623157e308, 0.0],
    "smallest": [5e-324, 0.0, 1e-300],
    "close": [1.0, 1.0000000000000002],
    "mixed": [1, "two", None, True, [3], {"a": 1}, b"x", 4.5, float("nan"), 10**400, -(10**5000), object],
    "words": [HOSTILE, "adam", "", "x" * 100_000, "\u202e evil", "日本語"],
    "booleans": [True, False, True],
    "integers": [10**18, 10**18 + 1, -5],
    "five hundred": [f"category {number}" for number in range(500)],
    "zeros": [0, 0.0, -0.0],
    "across": [1e-12, 1e12, 1.0, 3.0],
}


def reference_of(kind):
    """Return the file with the expected picture."""
    return Path(__file__).with_name(f"{kind}.svg")


def drawn():
    """Return the picture of each ordinary chart."""
    from mfwidgets import options
    from mfwidgets.render.html import svg_of

    with options(time_zone="UTC"):
        return {kind: svg_of(chart) for kind, chart in charts_of(ORDINARY).items()}


if __name__ == "__main__":
    for kind, svg in drawn().items():
        reference_of(kind).write_text(svg, encoding="utf-8")
