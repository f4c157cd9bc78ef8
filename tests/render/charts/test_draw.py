"""Charts of all kinds are drawn, whatever their values and names are."""

from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from render.charts.examples import HOSTILE, ORDINARY, UNPLEASANT, charts_of, drawn, reference_of

from mfwidgets.render.charts.axes import Axis
from mfwidgets.render.charts.draw import lay_out_chart
from mfwidgets.render.charts.model import Bar, BarsChart, Curve, CurvesChart, Piece
from mfwidgets.render.charts.part import chart_part
from mfwidgets.render.html import html_of, svg_of
from mfwidgets.render.text import text_of
from mfwidgets.render.view import View

KINDS = tuple(charts_of(ORDINARY))


def view_of(chart):
    return View("Charts", "", parts=(chart_part(chart),))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("values", UNPLEASANT)
def test_unpleasant_values_are_drawn(kind, values):
    chart = charts_of(UNPLEASANT[values])[kind]
    svg = svg_of(chart)
    tree = ET.fromstring(svg)
    assert tree.get("role") == "img"
    assert "nan" not in "".join(path.get("d") for path in tree.iter("{http://www.w3.org/2000/svg}path"))
    assert "inf" not in "".join(path.get("d") for path in tree.iter("{http://www.w3.org/2000/svg}path"))
    assert text_of(view_of(chart))
    assert len(html_of(view_of(chart))) < 200_000


@pytest.mark.parametrize("kind", KINDS)
def test_no_name_becomes_markup(kind):
    def tags(name):
        chart = charts_of(ORDINARY, (f"{name} a", f"{name} b"), name)[kind]
        return [element.tag.rpartition("}")[2] for element in ET.fromstring(svg_of(chart)).iter()]

    assert not {"script", "img", "a", "image", "use", "foreignObject"} & set(tags(HOSTILE))
    html = html_of(view_of(charts_of(ORDINARY, (HOSTILE,), HOSTILE)[kind]))
    assert "<script" not in html
    assert "<img" not in html
    assert "\u202e" not in html
    assert "\x1b" not in text_of(view_of(charts_of(ORDINARY, (HOSTILE,), HOSTILE)[kind]))


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_are_as_stored(kind):
    assert drawn()[kind] == reference_of(kind).read_text(encoding="utf-8")


def test_names_at_the_ends_of_curves_do_not_overlap():
    curves = tuple(Curve(f"run {number}", (5.0, 1.0 + number / 1000)) for number in range(4))
    picture = lay_out_chart(CurvesChart("loss", Axis("epoch"), Axis("loss"), curves))
    heights = sorted(label.y for label in picture.labels if label.text.startswith("run "))
    assert len(heights) == 4
    assert all(low + 12 <= high for low, high in pairwise(heights))


def test_durations_are_written_as_everywhere():
    chart = BarsChart("durations", Axis("duration", "s"), (Bar("1", (Piece("train", 425.1),)),))
    assert "7 m 05 s" in svg_of(chart)


def test_a_thousand_runs_are_a_small_picture():
    charts = charts_of([0.2 + (number * 37 % 1009) / 900 for number in range(1000)])
    for kind in ("history", "scatter", "shaded", "histogram", "parallel"):
        assert len(html_of(view_of(charts[kind]))) < 120_000, kind
