"""The words of a line: quoting can be reversed, and quotes are read as by shlex."""

import shlex
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.error import UsageError

from mfwidgets.code_lines import quote
from mfwidgets.hidden_characters import has_hidden
from mfwidgets.magic.tokenize import scan, tokenize

NAMES = st.text().filter(lambda name: not has_hidden(name)) | st.text("{}$'\"\\; -=x%!?#~`&|")


@given(st.lists(NAMES))
def test_quoted_words_are_read_back_and_run_nothing(words):
    line = " ".join(map(quote, words))
    assert tokenize(line, {"x": "another"}) == words
    assert shlex.split(line) == words


@given(st.text("ab -='\";\\/#~日", max_size=30))
def test_quotes_are_read_as_shlex_reads_them(line):
    lexer = shlex.shlex(line.rstrip().removesuffix(";"), posix=True)
    lexer.whitespace_split, lexer.escape, lexer.commenters = True, "", ""
    try:
        expected = list(lexer)
    except ValueError:
        with pytest.raises(UsageError, match="Expected a closing quote, got none in: "):
            tokenize(line)
    else:
        assert tokenize(line) == expected


@given(st.text("a{}$'\" =-"))
def test_words_have_their_positions(line):
    words = scan(line)
    ends = [*(word.start for word in words[1:]), len(line)]
    for word, end in zip(words, ends, strict=False):
        raw = line[word.start : end]
        assert "".join(sign for sign in word.text if sign not in "'\" ") == "".join(
            sign for sign in raw if sign not in "'\" "
        )
        assert word.open_quote is None or line[word.open_quote] in "'\""


VARIABLES = {
    "run": SimpleNamespace(pathspec="F/2"),
    "tag": "two words",
    "mark": "\ue000",
    "names": {"a b": "c"},
    "n": 3,
}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("{run}/start $run $run/x", ["F/2/start", "F/2", "F/2/x"]),
        ("runs F --tag {tag} --limit {n - 1}", ["runs", "F", "--tag", "two words", "--limit", "2"]),
        ("{names['a b']}", ["c"]),
        ("{tag}{mark}\ue000", ["two words\ue000\ue000"]),
        ("$5 $nothing {} {{n}}", ["$5", "$nothing", "{}", "{3}"]),
        ("--grep a{3} --grep={n} --grepping={n}", ["--grep", "a{3}", "--grep={n}", "--grepping=3"]),
        ("a'b c'\"d\"", ["ab cd"]),
        ("'{n}' \"$run\" a'{n}'{n}'$run'", ["{n}", "$run", "a{n}3$run"]),
        ("'{' {n} '}'", ["{", "3", "}"]),
        ("'' \"\"", ["", ""]),
        ("F/latest ; ", ["F/latest"]),
    ],
)
def test_values_and_quotes(line, words):
    assert tokenize(line, VARIABLES) == words


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a 'b {n}", "Expected a closing quote, got none in: a 'b {n}"),
        ("{missing}", "{missing} has no value: name 'missing'"),
    ],
)
def test_invalid_lines(line, message):
    with pytest.raises(UsageError) as error:
        tokenize(line, VARIABLES)
    assert message in str(error.value)


def test_an_unfinished_line_can_be_scanned():
    first, second = scan("logs --tag='two w")
    assert (first.text, first.open_quote) == ("logs", None)
    assert (second.text, second.start, second.open_quote) == ("--tag=two w", 5, 11)
