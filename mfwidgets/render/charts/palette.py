"""Colours and shapes. All colours have a contrast of 3 or more against white and against #111.

Colour is never the only sign: categories and statuses also have shapes, and scales have numbers next to them.
"""

CATEGORIES = ("#1f77d0", "#d1660a", "#16936b", "#b657a6", "#a07d00", "#1590a8", "#d64550", "#7d73d6")
"""Colours of categories, in order. Each category also has a shape."""

OTHER = "#858585"
"""The colour of all further categories."""

SINGLE = CATEGORIES[0]

RAMP = ("#4b5fd3", "#7b56d6", "#a34fc4", "#c44aa0", "#d64f76", "#db6247", "#d07d14")
"""A scale from low to high."""

HEAT = "#1976d2"
"""The colour of heat maps, with more opacity for higher values. Black and white text on it are readable."""

STATUS = {
    "completed": "#1a7f4b",
    "caught": "#96690a",
    "failed": "#c93434",
    "killed": "#c93434",
    "running": "#2a6fd6",
    "unknown": "#96690a",
}
"""The colours of statuses, also in bars, tiles and the style sheet. White text on them is readable."""

SHAPES = {
    "circle": "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    "square": "m-3.6-3.6h7.2v7.2h-7.2z",
    "triangle": "m0-4.8l4.6 8h-9.2z",
    "diamond": "m0-5.2l5.2 5.2-5.2 5.2-5.2-5.2z",
    "down": "m0 4.8l4.6-8h-9.2z",
    "plus": "m-1.5-4.6h3v3.1h3.1v3h-3.1v3.1h-3v-3.1h-3.1v-3h3.1z",
    "cross": "m0-2.1l2.5-2.5 2.1 2.1-2.5 2.5 2.5 2.5-2.1 2.1-2.5-2.5-2.5 2.5-2.1-2.1 2.5-2.5-2.5-2.5 2.1-2.1z",
    "hourglass": "m-4.4-4.4h8.8l-8.8 8.8h8.8z",
    "ring": "m-4.2 0a4.2 4.2 0 1 0 8.4 0a4.2 4.2 0 1 0-8.4 0m1.8 0a2.4 2.4 0 1 1 4.8 0a2.4 2.4 0 1 1-4.8 0z",
    "right": "m4.8 0l-8-4.6v9.2z",
}
"""Paths of shapes around a point."""

CATEGORY_SHAPES = ("circle", "square", "triangle", "diamond", "down", "plus", "cross", "hourglass")
OTHER_SHAPE = "ring"

STATUS_SHAPES = {
    "completed": "circle",
    "caught": "diamond",
    "failed": "cross",
    "killed": "square",
    "running": "right",
    "unknown": "ring",
}

MAX_GROUPS = len(CATEGORIES)
"""More categories than this share one colour."""


def ramp_colour(share: float) -> str:
    """Return the colour of a position on the scale, from 0 to 1."""
    return RAMP[ramp_step(share)]


def ramp_step(share: float) -> int:
    """Return the number of the colour of a position on the scale."""
    return min(int(max(share, 0.0) * len(RAMP)), len(RAMP) - 1)
