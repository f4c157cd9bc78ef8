"""Source code keeps its lines, whatever it contains, and odd code takes little time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfwidgets.hidden_characters import visible
from mfwidgets.render import highlight as module
from mfwidgets.render.highlight import highlight


def text_of(lines):
    return ["".join(span.text for span in line) for line in lines]


def test_lines_keep_their_numbers():
    assert text_of(highlight("\n\n\nx = 1  \r\n\n\ty\n", "flow.py", 10, 80)) == ["", "", "", "x = 1", "", " y"]
    assert text_of(highlight("a\nb\nc", "flow.py", 2, 80)) == ["a", "b"]
    assert text_of(highlight("x" * 500, "flow.py", 2, 80)) == ["x" * 79 + "…"]


def test_strings_over_many_lines_and_both_languages():
    lines = highlight("def f():\n    '''One\n    two'''\n    return 1", "flow.py", 3, 80)
    assert ("green",) in {span.styles for span in lines[2]}
    assert highlight("x <- 1 # note", "flow.R", 3, 80)[0][-1].styles == ("dim", "italic")


@pytest.mark.parametrize("name", ["flow.ps1", "flow.html", "flow", "", "a/b.rb", "flow.py.adl"])
def test_a_package_chooses_no_other_lexer(name):
    (line,) = highlight("def f(): 'x'", name, 10, 80)
    assert {span.styles for span in line} == {()}


@pytest.mark.parametrize("unit", [" \n", "(", "'\\N{", "'''", "\0", " ", "\n", "\u2028", "\udc80"])
@pytest.mark.parametrize("name", ["flow.py", "flow.r"])
def test_the_lexer_reads_only_what_is_shown(unit, name, monkeypatch):
    read = []
    lexer = module._lexer(name)
    monkeypatch.setattr(lexer, "get_tokens", lambda text: read.append(len(text)) or [(module, text)])
    monkeypatch.setattr(module, "_lexer", lambda _: lexer)
    monkeypatch.setattr(module, "_styles", lambda _: ())
    highlight(unit * 1_000_000, name, 200, 200)
    highlight((unit * 300 + "\n") * 10_000, name, 2000, 200)
    assert read[0] <= 201 * 200
    assert read[1] <= module.MAX_HIGHLIGHTED_CHARS


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]) | st.sampled_from(" \n\t"), max_size=300),
    st.sampled_from(["flow.py", "flow.r", "x"]),
)
def test_any_source_keeps_its_words(source, name):
    assert " ".join(text_of(highlight(source, name, 1000, 1000))).split() == visible(source, lines=True).split()
