"""The log viewer without a browser: reading, searching, following, paging."""

import re
import threading

import pytest
from waiting import PATIENCE_S, waits_for

from mfwidgets import Metaflow
from mfwidgets.datastore.logs import LogLine
from mfwidgets.display_options import options
from mfwidgets.views.log import moment_text
from mfwidgets.widgets.log_lines import PAGE, ROW_HEIGHT
from mfwidgets.widgets.log_text import LogText
from mfwidgets.widgets.log_times import between_times
from mfwidgets.widgets.log_viewer import LogViewer


@pytest.fixture
def opened(client, runs):
    viewer = LogViewer(client.get(runs["logs"])["start"].task, "stdout")
    assert viewer.wait(PATIENCE_S)
    assert viewer.wait(PATIENCE_S)
    yield viewer
    viewer.close()


def sent(viewer, number):
    """Return the message of the widget for a page."""
    found = []
    viewer.lines.send = found.append
    viewer.lines._received(viewer.lines, {"page": number, "version": viewer.lines.version}, [])
    return found[0]["lines"] if found else None


def test_a_long_log_is_sent_in_pages(opened):
    assert opened.lines.total == 100_000
    assert "100,000 lines" in opened._message.value
    page = sent(opened, 3)
    assert len(page) == PAGE
    assert page[0]["spans"][0][0] == f"line {3 * PAGE}"
    assert re.fullmatch(r"\d\d:\d\d:\d\d", page[0]["margin"])
    assert re.search(r"20\d\d-\d\d-\d\d, times in ", opened._message.value)
    assert sent(opened, 10_000) is None
    opened.lines._received(opened.lines, {"page": 0, "version": -1}, [])  # of an earlier log
    opened.lines._received(opened.lines, "nonsense", [])


def test_search(opened):
    opened._search.value = "line 9999"
    assert opened.wait(PATIENCE_S)
    assert opened._text.found[:3] == (9999, 99990, 99991)
    assert opened.lines.current == 9999
    assert "match 1 of 11 in line 10,000" in opened._message.value
    opened._after.click()
    assert opened.lines.current == 99990
    opened._before.click()
    opened._before.click()
    assert opened.lines.current == 99999  # from the first to the last
    assert sent(opened, 99999 // PAGE)[-1]["found"] == [(0, 9)]
    opened._search.value = "nowhere"
    assert opened.wait(PATIENCE_S)
    assert "no match" in opened._message.value
    opened._regex.value = True
    opened._search.value = r"line 12[34]$"
    assert opened.wait(PATIENCE_S)
    assert opened._text.found == (123, 124)
    opened._search.value = "["
    assert opened.wait(PATIENCE_S)
    assert "Expected a regular expression" in opened._message.value
    opened._search.value = ""
    assert opened.wait(PATIENCE_S)
    assert opened._text.found == ()


def test_streams_and_attempts(client, runs):
    viewer = LogViewer(client.get(runs["retry"])["flaky"].task)
    assert viewer.wait(PATIENCE_S)
    assert viewer.wait(PATIENCE_S)
    assert [name for name, _ in viewer._attempt.options] == ["newest", "0: failed", "1: completed"]
    assert [line.message for line in viewer._text.lines] == ["attempt 1"]
    viewer._attempt.value = 0
    assert viewer.wait(PATIENCE_S)
    assert {line.stream for line in viewer._text.lines} == {"stdout", "stderr"}
    viewer._stream.value = "stderr"
    assert viewer.wait(PATIENCE_S)
    assert {line.stream for line in viewer._text.lines} == {"stderr"}
    assert viewer.lines.layout.display == ""
    viewer.show(None)
    assert "Select a task" in viewer._message.value
    assert viewer.lines.layout.display == "none"
    viewer.close()


def test_colours_and_markup():
    text = LogText([LogLine("2026-01-02T03:04:05", "\x1b[31mred\x1b[0m <b>&</b>\x00", "stdout")]).search(
        "ed <b", regex=False
    )
    (line,) = text.page(0)
    assert line["spans"] == [("red", ("red",)), (" <b>&</b>\\x00", ())]
    assert line["found"] == [(1, 6)]
    assert text.found == (0,)


def test_following_ends_with_the_task(opened, monkeypatch):
    from mfwidgets.widgets import log_viewer

    monkeypatch.setattr(log_viewer, "POLL_S", 0.05)
    opened._follow.value = True
    assert opened.lines.follow
    assert waits_for(lambda: not opened._follow.value)  # it ended long ago
    assert not opened.lines.follow


def test_download(opened):
    found = []
    opened.lines.send = found.append
    opened._save.click()
    assert found[0]["name"].endswith("start-1-stdout.log")
    assert found[0]["text"].startswith("line 0\nline 1\n")


def test_lines_of_a_time(client, runs):
    viewer = LogViewer(client.get(runs["logs"])["start"].task, "stdout")
    assert viewer.wait(PATIENCE_S)
    assert viewer.wait(PATIENCE_S)
    last = moment_text(viewer._text.lines[-1].time)
    first = moment_text(viewer._text.lines[0].time)
    viewer._until.value = first[-8:]
    assert viewer.wait(PATIENCE_S)
    assert 0 < viewer.lines.total < 100_000
    assert {moment_text(line.time) for line in viewer._text.lines} == {first}
    viewer._until.value = ""
    viewer._since.value = last
    assert viewer.wait(PATIENCE_S)
    assert {moment_text(line.time) for line in viewer._text.lines} == {last}
    viewer._since.value = "2099-01-01"
    assert viewer.wait(PATIENCE_S)
    assert "there is no line in this time" in viewer._message.value
    viewer._since.value = "soon"
    assert viewer.wait(PATIENCE_S)
    assert "Expected a time such as 12:03" in viewer._message.value
    viewer.close()


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        ("", "", "abcd"),
        ("03:04", "", "bcd"),
        ("3:04:05", "03:05", "bc"),
        ("2026-01-02 03:04:05", "", "bcd"),
        ("2026-01-02T04:05:00+01:00", "", "cd"),
        ("55s", "", "cd"),
        ("1m", "", "bcd"),
        ("", "3:04", "a"),
        ("3 h", "", "abcd"),
    ],
)
def test_typed_times(since, until, expected):
    times = ["2026-01-02T03:03:59.9", "2026-01-02T03:04:05.5", "2026-01-02T03:05:00.000001", "2026-01-02T03:05:05"]
    lines = [LogLine(time, name, "stdout") for time, name in zip(times, "abcd", strict=True)]
    with options(time_zone="UTC"):
        assert "".join(line.message for line in between_times(lines, since, until)) == expected
    with options(time_zone="Asia/Tokyo"):
        assert [line.message for line in between_times(lines, "12:05", "")] == ["c", "d"]


def test_wrapped_lines_lose_nothing():
    messages = [
        "short",
        "",
        "x" * 95,
        "\x1b[31m" + "r" * 30 + "\x1b[0m" + "p" * 30,
        "tab\tand \u202e" + "é" * 41,
        "last",
    ]
    text = LogText([LogLine("2026-01-02T03:04:05", message, "stdout") for message in messages])
    wrapped = text.search("r{3}p{3}|x{80}|last", regex=True).wrapped(40)
    rows = wrapped.page(0)
    assert wrapped.rows == len(rows) == 1 + 1 + 3 + 2 + 2 + 1
    assert all(len(joined(row)) <= 40 for row in rows)
    assert "".join(joined(row) for row in rows) == "".join(joined(row) for row in text.page(0))
    assert [wrapped.row_of(line) for line in range(6)] == [0, 1, 2, 5, 7, 9]
    assert [bool(row["margin"].strip()) for row in rows] == [row in {0, 1, 2, 5, 7, 9} for row in range(10)]
    assert [row["found"] for row in rows] == [[], [], [(0, 40)], [(0, 40)], [], [(27, 33)], [], [], [], [(0, 4)]]
    assert rows[5]["spans"] == [("r" * 30, ("red",)), ("p" * 10, ())]


def test_pages_of_wrapped_lines():
    lines = [LogLine("2026-01-02T03:04:05", f"{number} " + "x" * 60, "stdout") for number in range(1000)]
    text = LogText(lines).wrapped(20)
    assert text.rows == 4 * 1000
    rows = [row for number in range(text.rows // PAGE) for row in text.page(number)]
    assert len(rows) == text.rows
    assert "".join(joined(row) for row in rows) == "".join(line.message for line in lines)


def joined(row):
    return "".join(text for text, _ in row["spans"])


def test_the_page_sends_its_size(opened):
    opened.lines.columns = 31
    assert opened.wait(PATIENCE_S)
    assert opened.lines.total == 100_000
    opened._search.value = "line 70000"
    assert opened.wait(PATIENCE_S)
    assert opened.lines.current == 70_000
    opened._wrap.value = False
    assert opened.wait(PATIENCE_S)
    assert opened._text.columns == 0


VISIBLE_ROWS = 420 // ROW_HEIGHT


def viewer_of(task, stream="both"):
    viewer = LogViewer(task, stream)
    assert viewer.wait(PATIENCE_S)
    assert viewer.wait(PATIENCE_S)
    return viewer


@pytest.fixture
def progress(small):
    return Metaflow(metadata=str(small.folder("progress")), namespace=None).get(small["progress"])


def test_a_log_opens_at_its_end(opened):
    assert opened.lines.start == 100_000 - VISIBLE_ROWS
    assert opened._wrap.value


def test_the_log_of_a_failed_attempt_opens_at_the_error(progress):
    viewer = viewer_of(progress["end"].task)
    messages = [line.message for line in viewer._text.lines]
    error = messages.index("ValueError: week 17 is negative")
    assert viewer._text.error == error
    assert len(messages) - error > VISIBLE_ROWS
    assert viewer.lines.start <= error < viewer.lines.start + VISIBLE_ROWS
    row = viewer._text.page(error // PAGE)[error % PAGE]
    assert row["spans"] == [("ValueError: week 17 is negative", ("red", "bold"))]
    viewer.lines.columns = 40  # the page has measured its width
    assert viewer.wait(PATIENCE_S)
    assert viewer.lines.total > len(messages)
    assert viewer.lines.start <= viewer._text.row_of(error) < viewer.lines.start + VISIBLE_ROWS
    viewer.close()


def test_lines_that_the_user_reads_stay_when_they_are_wrapped(progress):
    viewer = viewer_of(progress["end"].task)
    viewer.lines.top = 7  # the user scrolled
    viewer.lines.columns = 40
    assert viewer.wait(PATIENCE_S)
    assert viewer.lines.start == viewer._text.row_of(7)
    assert viewer._text.line_of(viewer.lines.start) == 7
    viewer.close()


def test_new_lines_do_not_move_what_is_read(opened):
    opened.lines.top = 50
    opened.read()
    assert opened.wait(PATIENCE_S)
    assert (opened.lines.top, opened._opening) == (50, False)
    opened._set_text(LogText(opened._text.lines[:10]))
    assert opened.lines.start == -1
    opened._stream.value = "both"
    assert opened.wait(PATIENCE_S)
    assert opened.lines.start == 100_000 - VISIBLE_ROWS


def test_a_search_finds_lines_of_the_other_stream(progress):
    viewer = viewer_of(progress["end"].task, "stdout")
    viewer._search.value = "closing 3"
    assert viewer.wait(PATIENCE_S)
    assert viewer.wait(PATIENCE_S)
    assert viewer._stream.value == "both"
    assert len(viewer._text.found) == 11
    assert viewer._text.lines[viewer._text.found[0]].stream == "stderr"
    assert viewer.lines.current == viewer._text.row_of(viewer._text.found[0])
    assert "match 1 of 11" in viewer._message.value
    viewer._search.value = "nowhere at all"
    assert viewer.wait(PATIENCE_S)
    assert "no match" in viewer._message.value
    viewer.close()


def test_progress_bars_are_in_their_last_state_and_downloads_have_all(progress):
    viewer = viewer_of(progress["start"].task, "stderr")
    shown = [line.message.rstrip() for line in viewer._text.lines]
    assert shown[:2] == ["100%|##########|", "outer 3/3"]
    assert " 50%" in viewer._text.text()
    assert viewer._text.search("50%", regex=False).found == ()
    viewer.close()


def test_rows_and_lines_are_inverse():
    lines = [LogLine("2026-01-02T03:04:05", "x" * length, "stdout") for length in (0, 5, 70, 20, 41)]
    for text in (LogText(lines), LogText(lines).wrapped(20)):
        assert [text.line_of(text.row_of(line)) for line in range(5)] == list(range(5))
        assert text.line_of(10_000) == 4
    assert LogText().line_of(3) == 0


def test_a_search_is_not_lost_if_lines_are_wrapped_meanwhile(opened, monkeypatch):
    """The page measures its width again when a scroll bar appears, and a long search goes on then."""
    searching, go_on = threading.Event(), threading.Event()
    search = LogText.search

    def slow(self, text, *, regex):
        searching.set()
        assert go_on.wait(PATIENCE_S)
        return search(self, text, regex=regex)

    monkeypatch.setattr(LogText, "search", slow)
    opened._search.value = "line 77777"
    assert searching.wait(PATIENCE_S)
    opened.lines.columns = 60
    go_on.set()
    assert waits_for(lambda: opened.lines.current == 77_777)
    assert opened.wait(PATIENCE_S)
    assert opened._text.columns == opened._columns
    assert not opened._is_finding
