"""The display of a diff: the summary, each file, and the words that changed."""

import re

import pytest

from mfwidgets.client.answers.code_diff import CodeDiff, code_diff
from mfwidgets.render.view import text_of_line
from mfwidgets.views.cells import Limits
from mfwidgets.views.code_diff import build_code_diff_view, file_diffs
from mfwidgets.views.show import view_data

NAMES = ("F/1795719054748098", "F/1795719073341196")


class Code:
    def __init__(self, sha, files, python="3.11.7 (main)"):
        self.sha, self._files = sha, files
        self.info = {"python_version": python, "metaflow_version": "2.19"}

    def files(self):
        return self._files


class Holder:
    def __init__(self, code):
        self.code = code


def diffed(before, after, python="3.11.7"):
    codes = Code("1", before), Code("2", after, python)
    return code_diff([(name, Holder(code)) for name, code in zip(NAMES, codes, strict=True)])


def test_the_summary_comes_first():
    diff = diffed(
        {"a.py": b"x = 1\ny = 2\n", "old.py": b"1\n"}, {"a.py": b"x = 1\ny = 3\nz = 4\n", "new.py": b"2\n"}, "3.12.1"
    )
    view = build_code_diff_view(diff, Limits())
    assert view.reason == "3 files, +3 -2; Python 3.11.7 → 3.12.1"
    assert view.name == "…8098 and …1196"
    assert [(label, cell.text) for label, cell in view.facts] == [("- …8098", NAMES[0]), ("+ …1196", NAMES[1])]
    assert [(part.heading, part.note) for part in view.parts] == [
        ("a.py", "+2 -1"),
        ("new.py", "+1 -0"),
        ("old.py", "+0 -1"),
    ]


def test_words_that_changed_are_marked_not_by_colour_alone():
    view = build_code_diff_view(diffed({"a.py": b"rate = 0.03\n"}, {"a.py": b"rate = 0.05\n"}), Limits())
    _, removed, added = view.parts[0].lines
    assert [(span.text, span.styles) for span in removed if "bold" in span.styles] == [
        ("03", ("red", "bold", "underline"))
    ]
    assert text_of_line(removed) == "-rate = 0.03"
    assert [span.text for span in added if "underline" in span.styles] == ["05"]


def test_it_is_still_a_str():
    diff = diffed({"a.py": b"x\n"}, {"a.py": b"y\n"})
    assert isinstance(diff, str)
    assert diff == f"--- {NAMES[0]}/a.py\n+++ {NAMES[1]}/a.py\n@@ -1 +1 @@\n-x\n+y\n"
    assert view_data(diff)["objects"] == list(NAMES)


def test_lines_that_look_like_headings_stay_lines():
    diff = diffed({"a.sql": b"-- one\nend\n"}, {"a.sql": b"++ two\nend\n"})
    (file,) = file_diffs(diff, NAMES)
    assert (file.name, file.added, file.removed) == ("a.sql", 1, 1)


@pytest.mark.parametrize("content", [b"<script>alert(1)</script>\n", b"a\x1b[31mb\x00\n", "\u202eabc\n".encode()])
def test_hostile_files_are_harmless(content):
    html = diffed({"<b>.py": content}, {"<b>.py": b"x\n" + content * 3000})._repr_html_()
    assert "<script" not in html
    assert "<b>" not in html
    assert not re.search("[\x00\x1b\u202e]", html)
    assert len(html) < 64_000


def test_equal_files():
    assert build_code_diff_view(CodeDiff("", NAMES), Limits()).reason == "The files are equal."


def test_a_long_diff_says_what_is_left_out():
    diff = diffed({"a.py": b""}, {"a.py": b"x\n" * 999})
    view = build_code_diff_view(diff, Limits())
    assert view.parts[0].note == "+999 -0, 200 of 1,000 lines"
    assert "print(...) prints the whole diff" in view.notes[0]
