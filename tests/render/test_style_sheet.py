"""The style sheet of displays: one vocabulary of colours, sizes and fonts, inside of the displays, readable in both themes."""

import re
from importlib.resources import files

import pytest

from mfwidgets.render.charts.palette import STATUS
from mfwidgets.render.html import html_of
from mfwidgets.render.tile_grid import Tile
from mfwidgets.render.tiles import tile_style
from mfwidgets.render.view import View

SHEET = files("mfwidgets.render").joinpath("templates", "mfwidgets.css").read_text(encoding="utf-8")
VOCABULARY, RULES = SHEET.split("\n", 1)

THEMES = {
    "light": ("#ffffff", (0, 0, 0, 0.87)),
    "dark": ("#111111", (255, 255, 255, 0.87)),
    "code": ("#1f1f1f", (204, 204, 204, 1)),
}
"""The backgrounds and text colours of JupyterLab's themes and of VS Code's dark theme."""


def parts(colour):
    return tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))


def over(top, alpha, under):
    return tuple(one * alpha + other * (1 - alpha) for one, other in zip(top, under, strict=True))


def luminance(colour):
    """Return the relative luminance of WCAG 2."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (one / 255 for one in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.fixture(params=THEMES)
def theme(request):
    """The background and the text colour of a theme."""
    background, (*text, alpha) = THEMES[request.param]
    return parts(background), over(text, alpha, parts(background))


def share(pattern):
    """Return a percentage of the style sheet as a fraction."""
    return int(re.search(pattern, SHEET)[1]) / 100


def test_it_is_small():
    html = html_of(View("X", ""))
    style = html[html.index("<style>") : html.index("</style>")]
    assert len(style) < 12_800  # it is in each output


def test_all_rules_are_inside_of_displays():
    for rule in re.sub(r"@(media|container) ?[^{]*\{", "", SHEET).split("}")[:-1]:
        for selector in re.split(r",(?![^(]*\))", rule.partition("{")[0]):
            assert not selector.strip() or selector.strip().startswith(".mfw.mfw.mfw"), selector


def test_sizes_fonts_and_colours_come_from_the_vocabulary():
    sizes = re.findall(r"font-size:([^;}]+)", RULES)
    assert len(sizes) > 10
    assert [size for size in sizes if "var(--mfw-" not in size] == []
    assert [font for font in re.findall(r"font-family:([^;}]+)", RULES) if "var(--mfw-" not in font] == []
    tones = set(re.findall(r"#[0-9a-f]{3,8}", re.sub(r"\[[^]]*\]", "", RULES)))  # a selector can name an inline style
    assert tones <= {"#a33ea1", "#0e7c86"}  # magenta and cyan of terminals, which no status has
    assert not re.search(r"var\(--(jp|vscode|colab)-", RULES)


def test_statuses_have_one_colour_everywhere():
    names = {"ok": "completed", "bad": "failed", "busy": "running", "odd": "caught"}
    assert {status: re.search(rf"--mfw-{name}:(#\w+)", VOCABULARY)[1] for name, status in names.items()} == {
        status: STATUS[status] for status in names.values()
    }
    for status, colour in STATUS.items():
        assert f"background:{colour};color:#fff" in tile_style(Tile("", status))
        assert contrast(parts(colour), (255, 255, 255)) >= 4.5
        assert contrast(parts(colour), (17, 17, 17)) >= 3


def test_dimmed_text_is_readable(theme):
    background, text = theme
    dim = over(text, share(r"--mfw-dim:color-mix\(in srgb,currentColor (\d+)%"), background)
    assert contrast(dim, background) >= 4.5
    wash = over(text, share(r"--mfw-wash:color-mix\(in srgb,currentColor (\d+)%"), background)
    assert contrast(over(text, 0.74, wash), wash) >= 4.5


@pytest.mark.parametrize("colour", sorted(set(STATUS.values())))
def test_statuses_are_readable(theme, colour):
    background, text = theme
    mixed = over(parts(colour), share(r"\.mfw-status\{[^}]*var\(--mfw-tone\) (\d+)%,currentColor"), text)
    pill = over(parts(colour), share(r"var\(--mfw-tone\) (\d+)%,transparent\)\}"), background)
    assert contrast(mixed, pill) >= 4.5


@pytest.mark.parametrize("colour", sorted({*STATUS.values(), "#a33ea1", "#0e7c86"}))
def test_colours_of_logs_and_code_are_readable(theme, colour):
    background, text = theme
    log = over(parts(colour), share(r"\.mfw-log span\{color:color-mix\(in srgb,[^)]*\) (\d+)%"), text)
    assert contrast(log, over(text, 0.06, background)) >= 4.5


@pytest.mark.parametrize("number", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_numbers_in_tiles_are_readable(theme, number):
    background, text = theme
    red, green, blue, alpha = re.search(
        r"rgba\((\d+),(\d+),(\d+),([\d.]+)\)", tile_style(Tile("", "completed", share=number))
    ).groups()
    assert contrast(text, over((int(red), int(green), int(blue)), float(alpha), background)) >= 4.5


@pytest.mark.parametrize(
    "words",
    [
        "@media print{",
        "details::details-content{content-visibility:visible",
        "{break-inside:avoid}",
        "@media(forced-colors:active){",
        "@media(prefers-reduced-motion:reduce){",
        ":focus-visible{outline:2px",
    ],
)
def test_print_forced_colours_motion_and_keyboards_are_cared_for(words):
    assert words in SHEET
