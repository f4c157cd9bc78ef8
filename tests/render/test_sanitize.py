import pytest

from mfwidgets.render.sanitize import escape_control_chars, log_line, single_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ünïcode 你好", "plain ünïcode 你好"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;https://evil\x07link\x1b]8;;\x07", "link"),
        ("a\x00b\x07c", "a\\x00b\\x07c"),
        ("user:ann\u202enimda", "user:ann\\u202enimda"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("lone \udcff surrogate", "lone \\udcff surrogate"),
        ("\x85next", "\\x85next"),
    ],
)
def test_invisible_characters_are_escaped(text, shown):
    assert escape_control_chars(text) == shown


def test_single_line_is_bounded():
    assert single_line("a\nb\r\nc\td", 20) == "a⏎b⏎c d"
    assert single_line("x" * 1_000_000, 10) == "x" * 9 + "…"


def test_a_progress_bar_leaves_its_last_state():
    assert log_line("  1%\r 50%\r100% done\r", 50) == "100% done"
    assert log_line("a\tb", 50) == "a       b"
