"""Text is folded between words, and nothing but blanks is lost."""

from hypothesis import given
from hypothesis import strategies as st
from wcwidth import width

from mfwidgets.render.fold import fold, fold_line
from mfwidgets.render.view import Span, text_of_line

TEXT = st.text(alphabet=st.sampled_from("ab /,_.你🙂é"), max_size=80)


@given(TEXT, st.integers(2, 40))
def test_lines_fit_and_keep_all_but_blanks(text, columns):
    lines = fold(text, columns)
    assert all(width(line) <= columns for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@given(st.lists(st.tuples(TEXT, st.sampled_from(["red", "bold"])), max_size=4), st.integers(20, 60), st.integers(0, 12))
def test_styles_stay_with_their_text(pieces, columns, indent):
    line = tuple(Span(text, (style,)) for text, style in pieces)
    lines = fold_line(line, columns, indent)
    assert all(width(text_of_line(row)) <= columns for row in lines)
    for style in ("red", "bold"):
        before = "".join(span.text for span in line if style in span.styles)
        after = "".join(span.text for row in lines for span in row if style in span.styles)
        assert after.replace(" ", "") == before.replace(" ", "")


def test_words_stay_whole():
    assert fold("one two three", 9) == ["one two", "three"]
    assert fold("one two three", 7) == ["one two", "three"]
    assert fold("a/very/long/pathspec", 12) == ["a/very/long/", "pathspec"]


def test_the_rest_of_a_line_is_indented():
    line = (Span("  label  ", ("dim",)), Span("a value that is long"))
    assert [text_of_line(row) for row in fold_line(line, 27, 9)] == ["  label  a value that is", "         long"]
    assert fold_line(line, None, 9) == [line]


def test_a_wide_letter_in_a_narrow_column_ends():
    assert fold("你好", 1) == ["你", "好"]
