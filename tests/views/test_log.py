"""The display of a log: as on a terminal, at the end or at the error, in the stream that has lines."""

import re

import pytest

from mfwidgets import Metaflow
from mfwidgets.datastore.logs import LogLine
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.views.log import log_block
from mfwidgets.views.screen_lines import error_line, library_lines, screen_lines


@pytest.fixture
def progress(small):
    return Metaflow(metadata=str(small.folder("progress")), namespace=None).get(small["progress"])


def text_of(block):
    return ["".join(span.text for span in line).rstrip() for line in block.lines]


def lines(*messages, stream="stderr"):
    return [LogLine(f"2026-01-02T03:04:{n:02}", message, stream) for n, message in enumerate(messages)]


def test_progress_bars_are_in_their_last_state(progress):
    (block,) = build_view(progress["start"].task.logs("stderr"), Limits()).parts
    assert text_of(block)[:2] == ["100%|##########|", "outer 3/3"]
    assert not any("inner" in text for text in text_of(block))  # it was erased
    erased = lines("work", "\r 50%\r100%\r    \r", "done", "")
    assert [line.message for line in screen_lines(erased)] == ["work", "done", ""]


def test_a_progress_bar_overwrites_no_line_of_the_other_stream(progress):
    (block,) = build_view(progress["start"].task.logs("both"), Limits()).parts
    shown = text_of(block)
    assert "name    loss" in shown
    assert "x" * 500 in shown
    assert "outer 3/3" in shown
    assert block.heading == "stdout and stderr"


def test_a_log_opens_at_the_error(progress):
    first, rest = build_view(progress["end"].task.logs("both"), Limits()).parts
    assert text_of(first)[-1] == "ValueError: week 17 is negative"
    assert first.lines[-1][0].styles == ("red", "bold")
    assert first.at_end
    assert rest.folded
    assert {"week 299", "closing 39"} & set(text_of(rest))
    assert re.match(r"the last 50 lines, after the error", rest.note)
    assert first.note.startswith("before the error, last ")
    (only_stderr, closing) = build_view(progress["end"].task.logs("stderr"), Limits()).parts
    assert text_of(only_stderr)[-1] == text_of(first)[-1]
    assert text_of(closing)[-41:] == [*(f"closing {number}" for number in range(40)), "Task failed."]


def test_the_rest_is_one_line_of_code_away(progress):
    view = build_view(progress["end"].task.logs("stdout"), Limits())
    assert view.parts[0].note.startswith("last 200 of 300 lines")
    assert any(re.match(r"stderr has [\d.]+ kB: %mflow logs .*/end/2 --stderr", note) for note in view.notes)
    (code,) = [note.partition("search: ")[2] for note in view.notes if "All lines" in note]
    assert code.endswith(f".get('{progress['end'].task.pathspec}').logs('stdout').view()")
    assert len(eval(code, {"Metaflow": Metaflow})._text.lines) >= 0  # it is the line that opens the viewer


def test_the_html_is_scrolled_to_its_end(progress):
    html = progress["end"].task.logs("both")._repr_html_()
    opened = '<pre class="mfw-log" tabindex="0" style="--i:17ch;display:flex;flex-direction:column-reverse">'
    assert html.count(opened) == 2


def test_a_task_that_has_not_failed_opens_at_its_end(client, runs):
    trace = lines("Traceback (most recent call last):", '  File "a.py", line 1, in f', "ValueError: x", *["ok"] * 30)
    assert error_line(trace) == 2
    (view,) = [build_view(client.get(runs["linear"])["start"].task.logs("both"), Limits())]
    assert len(view.parts) == 1


def test_the_error_of_one_stream_is_found_between_lines_of_the_other():
    mixed = [
        *lines("Traceback (most recent call last):", '  File "a.py", line 1, in f'),
        *lines("out", stream="stdout"),
        *lines("    1 / 0", "ZeroDivisionError: division by zero", "Task failed."),
    ]
    assert error_line(mixed) == 4
    assert error_line(lines("all is well")) is None
    assert error_line([]) is None


def test_frames_of_libraries_are_dim():
    trace = lines(
        "Traceback (most recent call last):",
        '  File "/x/site-packages/metaflow/task.py", line 5, in run',
        "    step()",
        '  File "/home/ann/flow.py", line 3, in fit',
        "    1 / 0",
        "ZeroDivisionError: division by zero",
    )
    assert library_lines(trace) == [1, 2]
    block = log_block("stderr", trace, Limits())
    assert [line[0].styles for line in block.lines] == [(), ("dim",), ("dim",), (), (), ("red", "bold")]


def test_lines_without_movements_are_the_same_objects():
    plain = lines("a", "\x1b[31mb\x1b[0m")
    assert screen_lines(plain) is plain


def test_the_other_stream_is_shown_if_the_requested_one_is_empty(client, runs):
    view = build_view(client.get(runs["died-at-import"])["start"].task.logs("stdout"), Limits())
    assert view.notes[:2] == ("Nothing was logged to stdout.", "These lines are from stderr.")
    assert view.parts[0].heading == "stderr"
    empty = build_view(client.get(runs["linear"])["end"].task.logs("both"), Limits())
    assert empty.notes == ("Nothing was logged to stdout and stderr.",)


def test_a_search_looks_in_the_other_stream_too(progress):
    view = build_view(progress["end"].task.logs("stdout").grep("^ValueError"), Limits())
    assert view.notes[0] == "No line of stdout matches '^ValueError'."
    assert view.notes[1] == "These lines are from stderr."
    assert text_of(view.parts[0]) == ["ValueError: week 17 is negative"]
