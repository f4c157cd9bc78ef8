"""Lays out histograms, with their median."""

from mfwidgets.render.charts.axes import Axis
from mfwidgets.render.charts.bins import bins_of
from mfwidgets.render.charts.frame import draw_frame, frame_of
from mfwidgets.render.charts.model import HistogramChart, quantile
from mfwidgets.render.charts.palette import SINGLE
from mfwidgets.render.charts.picture import WIDTH, Label, Layer, Picture, Shape, px, rectangle, text_width, tooltip
from mfwidgets.render.charts.scatter import nothing
from mfwidgets.render.numbers import counted, number_text

_GAP = 1.5
"""Pixels between bars."""


def lay_out_histogram(chart: HistogramChart) -> Picture:
    """Return the picture of a histogram."""
    axis = chart.x.limited(24)
    bins = bins_of(axis, chart.values)
    edges = [edge for piece in bins for edge in (piece.low, piece.high)]
    counts = [float(piece.size) for piece in bins]
    frame = frame_of(axis, Axis(f"{chart.noun}s"), edges, counts, y_zero=True)
    layers, labels = draw_frame(frame)
    shapes = []
    for piece in bins:
        left, right = frame.x.at(piece.low), frame.x.at(piece.high)
        gap = min(_GAP, (right - left) / 4) if not axis.categories else (right - left) / 6
        top = frame.y.at(piece.size)
        if piece.size:
            bar = rectangle(left + gap / 2, top, right - left - gap, frame.bottom - top)
            shapes.append(Shape(bar, tooltip(f"{axis.label} {piece.label}", counted(piece.size, chart.noun))))
    layers.append(Layer(tuple(shapes), fill=SINGLE, opacity=0.8))
    places = sorted(place for place in axis.places(chart.values) if place is not None)
    if not places:
        labels.append(nothing((frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2))
    elif not axis.categories and len(places) > 1:
        median = quantile(places, 0.5)
        x = frame.x.at(median)
        text = f"median {number_text(median)}"
        line = Shape(f"M{px(x)} {px(frame.bottom)}V{px(frame.top - 6)}", text)
        layers.append(Layer((line,), stroke="currentColor", width=1.4, opacity=0.7, dash="4 3"))
        anchor = "end" if x + text_width(text) + 6 > WIDTH else "start"
        labels.append(Label(x + (6 if anchor == "start" else -6), frame.top - 2, text, anchor))
    return Picture(WIDTH, frame.bottom + 42, tuple(layers), tuple(labels))
