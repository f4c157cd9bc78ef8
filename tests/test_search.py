"""Searches end within their limit, let other threads run, and read the syntax of Python's re."""

import re
import threading
import time
from contextlib import contextmanager, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from waiting import PROMPT_S

from mfwidgets import search
from mfwidgets.deadline import Deadline
from mfwidgets.errors import DeadlineExceeded, MetaflowInvalidArgument
from mfwidgets.search import LinePattern

SLOW = r"(a|a)*\1*$"

TRIES_FOR_EVER = [
    SLOW, r"(?:a|aa)+$", r"(\w+\s?)*[xy]$", r"(a*)*\1[xy]", r"(a*)(a*)(a*)(a*)(a*)\1\2\3\4\5[xy]", r"(?:(?:a?){50}){50}[xy]$",
    r"(?:a{1,100}){1,100}[xy]", r"(?:a+)+[xy]", r"^(([a-z])+.)+[A-Z]([a-z])+$", r"(?=(a+)+[xy])", r"(?:.|a)*?[xy]$", r"(?i)(?:A|a|b?)*[xy]$",
]  # fmt: skip


@contextmanager
def others_go_on():
    """Another thread must not stop for long while the block runs."""
    gaps, done = [0.0], threading.Event()

    def watch():
        while not done.is_set():
            began = time.monotonic()
            time.sleep(0.01)
            gaps.append(time.monotonic() - began)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    assert max(gaps) < PROMPT_S


@pytest.mark.parametrize("pattern", TRIES_FOR_EVER)
@pytest.mark.parametrize("text", ["a" * 40 + "!", "a" * 300_000 + "!"], ids=["short", "long"])
def test_a_pattern_that_tries_for_ever_is_given_up(pattern, text):
    slow = LinePattern(pattern)
    before = time.thread_time()
    with others_go_on(), suppress(DeadlineExceeded):  # regex decides some of them at once
        list(slow.matching([text]))
    assert time.thread_time() - before < 3


def test_python_in_the_browser_has_no_clock_of_threads(monkeypatch):
    monkeypatch.delattr(time, "thread_time")
    assert list(LinePattern("a+").matching(["b", "caa"])) == [1]


def test_the_error_names_the_pattern():
    with pytest.raises(DeadlineExceeded, match=r"The search for .*a\|a.* was given up, because it takes too long"):
        list(LinePattern(SLOW).matching(["a" * 40 + "!"]))
    assert LinePattern(SLOW).spans(["a" * 40 + "!", "b"]) == [[], []]


def test_many_slow_lines_have_one_limit(monkeypatch):
    monkeypatch.setattr(search, "SEARCH_TIMEOUT_S", 0.5)
    lines = ["a" * 22 + "!"] * 1000  # each takes some milliseconds
    before = time.thread_time()
    with pytest.raises(DeadlineExceeded, match="given up"):
        list(LinePattern(SLOW).matching(lines))
    assert time.thread_time() - before < 3
    monkeypatch.setattr(search, "MARKING_TIMEOUT_S", 0.1)
    assert LinePattern("a").spans(["a"]) == [[(0, 1)]]
    assert LinePattern(SLOW).spans(lines)[-1] == []


def test_an_interrupted_search_ends():
    deadline, ended = Deadline(), []

    def find():
        with deadline.apply(), pytest.raises(DeadlineExceeded):
            list(LinePattern(SLOW).matching(["a" * 20 + "!"] * 100_000))
        ended.append(time.thread_time())

    thread = threading.Thread(target=find)
    thread.start()
    time.sleep(0.1)
    deadline.cancel()
    thread.join(PROMPT_S)
    assert ended


def test_a_search_in_many_lines_has_a_limit_and_a_deadline(monkeypatch):
    monkeypatch.setattr(search, "SEARCH_TIMEOUT_S", 0)
    with pytest.raises(DeadlineExceeded, match="given up"):
        list(LinePattern("x").matching(["a"] * 2000))
    deadline = Deadline()
    deadline.cancel()
    with deadline.apply(), pytest.raises(DeadlineExceeded):
        list(LinePattern("x").matching(["a"]))


def test_the_end_of_a_piece_is_not_the_end_of_a_line():
    text = "a" * 250_000 + "b"
    assert list(LinePattern("a$").matching([text, "a" * 250_000])) == [1]
    assert list(LinePattern(r"aaa\Z").matching([text])) == []
    assert list(LinePattern("a(?!a)").matching([text, "a" * 101_000 + "a"])) == [0, 1]
    assert list(LinePattern("ab$").matching([text])) == [0]


def test_a_long_line_is_searched_to_its_end():
    line = "a" * 250_000 + "needle" + "b" * 149_998
    for at in (0, 99_997, 250_000, 399_000):
        text = line[:250_000][:at] + "needle" + line[at:]
        assert list(LinePattern("needle").matching(["x", text, text])) == [1, 2]
    assert list(LinePattern("^needle").matching(["x" * 100_000 + "needle"])) == []
    assert list(LinePattern("gone").matching([line])) == []


@pytest.mark.parametrize(
    "pattern",
    ["(", "a{2,1}", "[", "x" * 20_000, 5, None, b"x", "(?P<a>x)(?P<a", "*", "\\", r"\9", "a**", "(?<=", "(" * 5000, "(?z)", r"\N{no such name}"],
)  # fmt: skip
def test_what_is_not_a_pattern_is_named(pattern):
    with pytest.raises(MetaflowInvalidArgument, match="Expected a regular expression"):
        LinePattern(pattern)


HUGE = [
    "(?:(?:(?:a{1000}){1000}){1000})b", "a{1000000}", r"(?:\d{400}){400}", "x{9999999999999999999}", "(" * 40 + "a" + ")+" * 40, "(?:" * 40 + "a" + "){1,2}" * 40, "(?:" * 25 + "a" + ")++" * 25,
    "(?:" * 20 + "a" + "){2}" * 20, "(?:(?:a*){1000}){1000}", "(?:[^]{1}]{1000}){1000}", "(?:a(?#comment){1000}){1000}", "(?x)(?:a{1000}) # and {\n {1000}", "(?x)\\#(?:a{1000}) #z\n {1000}",
    "(?i:a{1000}){1000}", "(?P<n>a{1000}){1000}", "(?=a{1000}){1000}", "(?>a{1000}){1000}", "(?:a{1000}|b){1000}", "x(?:a{1000,}){1000,}", r"(?:\p{Lu}{1000}){1000}", "(?:a {1000}) {1000}",
]  # fmt: skip


@pytest.mark.parametrize("pattern", HUGE)
def test_a_pattern_that_fills_the_memory_is_refused(pattern):
    before = time.thread_time()
    with pytest.raises(MetaflowInvalidArgument, match="fewer nested repetitions"):
        LinePattern(pattern)
    assert time.thread_time() - before < 1


@pytest.mark.parametrize(
    "pattern",
    ["|".join(f"word{number}" for number in range(900)), "(?i:" + "|".join("ab" * n for n in range(90)) + ")", "(a*)*" * 1900, "[" + "".join(map(chr, range(0x100, 0x1000))) + "]+", r"(?i)\w" * 1500, r"\1" * 90 + "(a)", "(?(1)b|c)" * 800, "(?:" * 60 + "a" + ")*" * 60, "[a-z]{2,99}" * 200],
)  # fmt: skip
def test_a_long_pattern_compiles_fast(pattern):
    before = time.thread_time()
    with suppress(MetaflowInvalidArgument, DeadlineExceeded):
        list(LinePattern(pattern).matching(["a" * 1000]))
    assert time.thread_time() - before < 3


@given(st.recursive(st.sampled_from(["a", "b", r"\d", "[xy]", "(?#c)", "."]), lambda part: st.one_of(
    st.tuples(part, part).map("".join), st.tuples(part, part).map(lambda two: f"(?:{two[0]}|{two[1]})"),
    st.tuples(part, st.sampled_from(["+", "*", "?", "{3}", "{9,}", "{40}", "{2,300}", "{99}", "++"])).map(lambda two: f"(?:{two[0]}){two[1]}"),
), max_leaves=12))  # fmt: skip
def test_what_is_accepted_compiles_fast(pattern):
    before = time.thread_time()
    try:
        LinePattern(pattern)
    except MetaflowInvalidArgument:
        return
    assert time.thread_time() - before < 2


@pytest.mark.parametrize(
    "pattern",
    ["^ab", "b$", "a.c", "[ab]+", r"\bab\b", r"\d{2,}", "(?i)AB", "a|c", "(?P<x>a)(?P=x)", r"(a)\1", "(?<!x)a", "a(?=b)", "x*", "[^a]", r"\w+\s", "a{,2}c", "{", "a{e}", "x{i<=3}|}", "a{1}{", "(?x) a  # comment {\n c", "[]a]", r"[^\]]b", "(?!a)x", "(?:a|(b))(?(1)c|x)", r"\A\w", "a++", "(?>x)c", r"\N{LATIN SMALL LETTER A}", "(?s:.)x", "(?m)^b"],
)  # fmt: skip
@given(text=st.text("abcei xA1\n{}<=3", max_size=12))
def test_patterns_mean_what_they_mean_in_re(pattern, text):
    assert bool(list(LinePattern(pattern).matching([text]))) == bool(re.search(pattern, text))


def test_spans_matches_and_ordinary_text():
    assert LinePattern("a+").spans(["aa b a", "", "x*"]) == [[(0, 2), (5, 6)], [], []]
    assert LinePattern("A.", literal=True, ignore_case=True).spans(["xa.b a1"]) == [[(1, 3)]]
    assert LinePattern("{1000}" * 5, literal=True).spans(["{1000}" * 5]) == [[(0, 30)]]
    assert list(LinePattern("a").matching("aaaa", 2)) == [0, 1]
    assert LinePattern("a") == LinePattern("a") != LinePattern("a", ignore_case=True)


def test_ordinary_text_is_searched_without_a_limit(monkeypatch):
    """A busy machine takes longer for a million lines."""
    monkeypatch.setattr(search, "SEARCH_TIMEOUT_S", 0)
    lines = ["nothing"] * 5_000 + ["line 777"]
    assert list(LinePattern("line 777", literal=True).matching(lines)) == [5_000]
    with pytest.raises(DeadlineExceeded):
        list(LinePattern("line 7+").matching(lines))
