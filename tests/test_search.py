"""Searches end within their limit, let other threads run, and read the syntax of Python's re."""

import re
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfwidgets import search
from mfwidgets.deadline import Deadline
from mfwidgets.errors import DeadlineExceeded, MetaflowInvalidArgument
from mfwidgets.search import LinePattern

SLOW = r"(a|a)*\1*$"


def test_a_pattern_that_tries_for_ever_is_given_up():
    seen, done = [], threading.Event()

    def count():
        while not done.is_set():
            seen.append(time.monotonic())
            time.sleep(0.01)

    thread = threading.Thread(target=count)
    thread.start()
    with pytest.raises(DeadlineExceeded, match=r"was given up, because it takes too long. Try a pattern without"):
        list(LinePattern(SLOW).matching(["a" * 40 + "!"]))
    done.set()
    thread.join()
    assert len(seen) > 3  # other threads went on
    assert LinePattern(SLOW).spans("a" * 40 + "!") == []


def test_a_search_in_many_lines_has_a_limit_and_a_deadline(monkeypatch):
    monkeypatch.setattr(search, "SEARCH_TIMEOUT_S", 0)
    with pytest.raises(DeadlineExceeded, match="given up"):
        list(LinePattern("x").matching(["a"] * 2000))
    deadline = Deadline()
    deadline.cancel()
    with deadline.apply(), pytest.raises(DeadlineExceeded):
        list(LinePattern("x").matching(["a"]))


@pytest.mark.parametrize("pattern", ["(", "a{2,1}", "[", "x" * 20_000, 5, None, "(?P<a>x)(?P<a", "*", "\\"])
def test_what_is_not_a_pattern_is_named(pattern):
    with pytest.raises(MetaflowInvalidArgument, match="Expected a regular expression"):
        LinePattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["^ab", "b$", "a.c", "[ab]+", r"\bab\b", r"\d{2,}", "(?i)AB", "a|c", "(?P<x>a)(?P=x)", r"(a)\1", "(?<!x)a", "a(?=b)", "x*", "[^a]", r"\w+\s"],
)  # fmt: skip
@given(text=st.text("abc xA1\n", max_size=12))
def test_patterns_mean_what_they_mean_in_re(pattern, text):
    assert bool(list(LinePattern(pattern).matching([text]))) == bool(re.search(pattern, text))


def test_spans_matches_and_ordinary_text():
    assert LinePattern("a+").spans("aa b a") == [(0, 2), (5, 6)]
    assert LinePattern("A.", literal=True, ignore_case=True).spans("xa.b a1") == [(1, 3)]
    assert list(LinePattern("a").matching("aaaa", 2)) == [0, 1]
    assert LinePattern("a") == LinePattern("a") != LinePattern("a", ignore_case=True)
