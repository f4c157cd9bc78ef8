"""The width of text without the tables of wcwidth, and with them."""

import wcwidth
from hypothesis import given
from hypothesis import strategies as st

from mfwidgets.render.text_width import ONE_COLUMN, clip, ljust, rjust, width

TEXTS = st.text(st.sampled_from(sorted(ONE_COLUMN)))
ANY = st.text(st.one_of(st.sampled_from("abc ü漢字é✓"), st.characters(exclude_categories=["C"])))


def test_a_common_character_is_one_column_wide():
    assert [character for character in ONE_COLUMN if wcwidth.width(character) != 1] == []


@given(TEXTS | ANY, st.integers(0, 12))
def test_the_same_as_wcwidth(text, columns):
    assert width(text) == wcwidth.width(text)
    assert ljust(text, columns) == wcwidth.ljust(text, columns)
    assert rjust(text, columns) == wcwidth.rjust(text, columns)
    assert clip(text, columns) == wcwidth.clip(text, 0, columns)
