"""Displays of the largest and the smallest numbers neither fail nor mislead."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from mfwidgets.client.plots.plot import Plot
from mfwidgets.client.plots.points import histogram_chart
from mfwidgets.pickles.previews.numbers import numbers_of
from mfwidgets.render.charts.axes import Axis
from mfwidgets.render.charts.model import Bar, BarsChart, Piece
from mfwidgets.render.charts.part import chart_part
from mfwidgets.render.charts.scale import scale_of
from mfwidgets.render.numbers import as_float, number_text
from mfwidgets.render.sparks import blocks, curve_path
from mfwidgets.render.text import text_of
from mfwidgets.render.view import View
from mfwidgets.views.measures import difference_text
from mfwidgets.views.previews import curve_cell


@pytest.mark.parametrize("values", [[1.7e308, -1.7e308, 0.0, 1.0], [5e-324, 0.0, 1e-323], [1e308] * 3 + [-1e308]])
def test_small_curves_have_levels_between_0_and_1(values):
    levels = curve_cell(numbers_of(values)).levels
    assert all(0 <= level <= 1 for level in levels)
    assert "nan" not in curve_path(levels)
    assert len(blocks(levels)) == len(values)


@pytest.mark.parametrize(
    ("number", "baseline", "text"),
    [
        (1e308, 1e-308, ""),
        (math.inf, math.inf, ""),
        (math.nan, 1.0, ""),
        (1.00001, 1.0, "+<0.1%"),
        (0.99999, 1.0, "-<0.1%"),
        (1.0999, 1.0, "+10%"),
        (-0.88, -1.0, "+12%"),
        (-1.12, -1.0, "-12%"),
        (14.0, 1.0, "x14"),
    ],
)
def test_differences_are_said_only_if_they_can_be(number, baseline, text):
    assert difference_text(number, baseline) == text


@pytest.mark.parametrize(
    "values",
    [
        [5e-324 * number for number in range(5)],
        [1.797e308, 1e150, 1e60],
        [1e308 + number * 1e290 for number in range(50)],
    ],
)
@pytest.mark.parametrize("log", [None, True, False])
def test_histograms_of_extreme_numbers_are_drawn(values, log):
    plot = Plot(histogram_chart(("artifact.x", values), log=log, noun="run"), "runs")
    assert "<svg" in plot.to_svg()
    assert "Cannot show" not in plot._repr_html_()
    placed = [value for value in values if value > 0 or not plot._chart.x.log]
    assert plot.to_pandas()["runs"].sum() == len(placed)


def test_a_duration_of_zero_counts_and_is_written_as_elsewhere():
    bars = tuple(Bar(str(seconds), (Piece("fit", seconds),)) for seconds in (0, 0.065, 10_800))
    chart = BarsChart("Duration", Axis("duration", "s"), bars)
    assert chart.note == ""
    text = text_of(View("Chart", "", parts=(chart_part(chart),)))
    assert "65 ms" in text
    assert "3 h 00 m" in text


def test_the_axis_of_durations_near_zero_has_hours_and_minutes():
    labels = [tick.label for tick in scale_of(Axis("d", "s"), [1, 3600], 0, 600).ticks()]
    assert labels[-1] == "1 h"
    assert not [label for label in labels if label.startswith("-")]


def test_text_says_which_rows_are_left_out():
    chart = BarsChart("Duration", Axis("duration", "s"), tuple(Bar(str(n), (Piece("fit", n),)) for n in range(30)))
    assert "(4 of 30)" in text_of(View("Chart", "", parts=(chart_part(chart, rows=4),)))


def test_numbers_of_numpy_are_written_like_those_of_python():
    assert number_text(np.int64(20260101)) == number_text(20260101) == "20,260,101"
    assert number_text(9999.6) == number_text(10_000) == "10,000"
    assert math.isnan(as_float(Decimal("sNaN")))
    assert math.isnan(as_float(Decimal("NaN")))
    assert as_float(Fraction(1, 4)) == 0.25
