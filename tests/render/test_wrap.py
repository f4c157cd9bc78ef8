"""Lines of logs fit into a terminal."""

import pytest
from wcwidth import width

from mfwidgets.render.text import lines_of
from mfwidgets.render.view import Preformatted, Span, View, text_of_line
from mfwidgets.render.wrap import wrapped

LINES = (
    (Span("short"),),
    (Span("x" * 90, ("red",)), Span("y" * 50)),
    (Span("你好" * 40),),
    (Span(""),),
)


@pytest.mark.parametrize("columns", [40, 60, 80, 120, 200])
def test_a_log_fits(columns):
    margin = tuple(f"12:00:0{number}" for number in range(len(LINES)))
    lines = lines_of(View("Log of", "F/1", parts=(Preformatted("stdout", LINES, margin=margin),)), columns)
    texts = [text_of_line(line) for line in lines]
    assert max(map(width, texts)) <= columns
    body = texts[2:]
    assert sum("12:00:0" in text for text in body) == len(LINES)
    assert "".join(text[12:] for text in body) == "".join(map(text_of_line, LINES))
    rest = [text for text in body if "12:00:0" not in text]
    assert all(text.startswith(" " * 12) for text in rest)


def test_a_narrow_terminal_has_no_margin():
    rows = wrapped("  2026-01-02 12:00:00 stderr  ", (Span("x" * 60),), 40)
    assert [text_of_line(row) for row in rows] == ["  " + "x" * 38, "  " + "x" * 22]


def test_nothing_is_cut_without_a_terminal():
    assert wrapped("  ", (Span("x" * 500),), None) == [(Span("  ", ("dim",)), Span("x" * 500))]


def test_styles_stay():
    (first, second) = wrapped("", (Span("a" * 30, ("red",)), Span("b" * 20, ("bold",))), 40)
    assert first[1:] == (Span("a" * 30, ("red",)), Span("b" * 10, ("bold",)))
    assert second[1:] == (Span("b" * 10, ("bold",)),)
