"""Colours are seen on white and on dark backgrounds. Their meaning never depends on colour alone."""

import pytest

from mfwidgets.render.charts import palette

LIGHT, DARK = "#ffffff", "#111111"


def luminance(colour):
    """Return the relative luminance of WCAG 2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


COLOURS = (*palette.CATEGORIES, palette.OTHER, *palette.RAMP, palette.HEAT, *palette.STATUS.values())


@pytest.mark.parametrize("colour", sorted(set(COLOURS)))
def test_a_colour_is_seen_on_white_and_on_dark(colour):
    assert contrast(colour, LIGHT) >= 3
    assert contrast(colour, DARK) >= 3


def test_each_category_and_status_has_a_shape_too():
    assert len(set(palette.CATEGORY_SHAPES)) == len(palette.CATEGORIES)
    assert palette.STATUS_SHAPES.keys() >= palette.STATUS.keys()
