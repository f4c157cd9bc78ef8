"""Lines of logs as a terminal leaves them."""

import pytest

from mfwidgets.render.sanitize import parse_ansi
from mfwidgets.render.terminal import terminal_line, terminal_rows
from mfwidgets.render.view import Span


@pytest.mark.parametrize(
    ("line", "remains"),
    [
        ("plain", "plain"),
        ("end\r", "end"),
        ("  1%\r 50%\r100%", "100%"),
        ("longer line\rshort", "shortr line"),
        ("longer line\rshort\x1b[K", "short"),
        ("longer line\x1b[2K\rshort", "short"),
        ("abc\x08\x08X", "aXc"),
        ("a\tb\tc", "a       b       c"),
        ("abcdefgh\tX", "abcdefgh        X"),
        ("abcdef\x1b[3DX", "abcXef"),
        ("abcdef\x1b[2GX", "aXcdef"),
        ("ab\x1b[3CX", "ab   X"),
        ("\x1b[?25lhidden cursor\x1b[?25h\r", "hidden cursor"),
        ("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
        ("\x1b[31mred\rX\x1b[0mY", "\x1b[31mX\x1b[0mY\x1b[31md\x1b[0m"),
    ],
)
def test_a_line(line, remains):
    shown = terminal_line(line)
    assert shown == remains or parse_ansi([shown], 200) == parse_ansi([remains], 200)


def test_colours_go_on_in_the_next_line():
    first, second = parse_ansi(["\x1b[32ma\rb", "c\x1b[0m d"], 50)
    assert first == (Span("b", ("green",)),)
    assert second == (Span("c", ("green",)), Span(" d"))


def test_nested_progress_bars_are_two_rows():
    lines = ["\router 0%", "\rinner 0%\x1b[A", "\rinner 100%\x1b[A", "\r           \x1b[A\router 100%", "", "done"]
    assert [row.text.rstrip() for row in terminal_rows(lines)] == ["outer 100%", "", "done"]
    assert [(row.first, row.last) for row in terminal_rows(lines)] == [(0, 3), (1, 4), (5, 5)]


def test_erasing_what_is_below():
    assert [row.text for row in terminal_rows(["a", "b", "c\x1b[2A\x1b[J!"])] == ["a!", "", ""]


def test_a_cleared_screen_hides_nothing():
    assert [row.text for row in terminal_rows(["important", "\x1b[2J\x1b[Hnew"])] == ["important", "new"]


def test_a_cursor_does_not_reach_rows_that_scrolled_away():
    lines = [str(number) for number in range(200)] + ["\x1b[999Ax"]
    rows = terminal_rows(lines)
    assert [row.text for row in rows[:150]] == [str(number) for number in range(150)]
    assert any(row.text.startswith("x") for row in rows[150:])


def test_a_very_long_progress_bar_shows_its_last_state():
    line = "".join(f"\r{number:6d}/100000 |{'#' * 60}|" for number in range(100_000))
    assert terminal_line(line) == f" 99999/100000 |{'#' * 60}|"


def test_odd_sequences_take_little_time_and_memory():
    for piece in ("\x1b[999999999C", "\x1b[A", "\x1b[1;1;1;31m", "\x08", "\t", "\x1b[99B", "\x1b[J"):
        text = piece * 50_000 + "end"
        rows = terminal_rows([text, text])
        assert sum(len(row.text) for row in rows) <= 2 * len(text)
