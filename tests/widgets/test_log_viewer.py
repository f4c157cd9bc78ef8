"""The viewer of logs without a browser: reading, searching, following, paging."""

import re
import time

import pytest

from mfwidgets.datastore.logs import LogLine
from mfwidgets.widgets.lines import PAGE
from mfwidgets.widgets.log_text import LogText
from mfwidgets.widgets.log_viewer import LogViewer


@pytest.fixture
def opened(client, runs):
    viewer = LogViewer(client.get(runs["logs"])["start"].task, "stdout")
    assert viewer.wait()
    assert viewer.wait()
    yield viewer
    viewer.close()


def sent(viewer, number):
    """Return what the widget sends for a page."""
    found = []
    viewer.lines.send = found.append
    viewer.lines._received(viewer.lines, {"page": number, "version": viewer.lines.version}, [])
    return found[0]["lines"] if found else None


def test_a_long_log_is_sent_by_the_page(opened):
    assert opened.lines.total == 100_000
    assert "100,000 lines" in opened._told.value
    page = sent(opened, 3)
    assert len(page) == PAGE
    assert page[0]["spans"][0][0] == f"line {3 * PAGE}"
    assert re.match(r"20\d\d-", page[0]["margin"])
    assert sent(opened, 10_000) is None
    opened.lines._received(opened.lines, {"page": 0, "version": -1}, [])  # of an earlier log
    opened.lines._received(opened.lines, "nonsense", [])


def test_search(opened):
    opened._search.value = "line 9999"
    assert opened.wait()
    assert opened._text.found[:3] == (9999, 99990, 99991)
    assert opened.lines.current == 9999
    assert "line 10,000, 1 of 11 with it" in opened._told.value
    opened._after.click()
    assert opened.lines.current == 99990
    opened._before.click()
    opened._before.click()
    assert opened.lines.current == 99999  # from the first to the last
    assert sent(opened, 99999 // PAGE)[-1]["found"] == [(0, 9)]
    opened._search.value = "nowhere"
    assert opened.wait()
    assert "none with it" in opened._told.value
    opened._regex.value = True
    opened._search.value = r"line 12[34]$"
    assert opened.wait()
    assert opened._text.found == (123, 124)
    opened._search.value = "["
    assert opened.wait()
    assert "no regular expression" in opened._told.value
    opened._search.value = ""
    assert opened.wait()
    assert opened._text.found == ()


def test_streams_and_attempts(client, runs):
    viewer = LogViewer(client.get(runs["retry"])["flaky"].task)
    assert viewer.wait()
    assert viewer.wait()
    assert [name for name, _ in viewer._attempt.options] == ["newest attempt", "attempt 0", "attempt 1"]
    assert [line.message for line in viewer._text.lines] == ["attempt 1"]
    viewer._attempt.value = 0
    assert viewer.wait()
    assert {line.stream for line in viewer._text.lines} == {"stdout", "stderr"}
    viewer._stream.value = "stderr"
    assert viewer.wait()
    assert {line.stream for line in viewer._text.lines} == {"stderr"}
    viewer.show(None)
    assert "Choose a task" in viewer._told.value
    viewer.close()


def test_colours_and_markup():
    text = LogText([LogLine("2026-01-02T03:04:05", "\x1b[31mred\x1b[0m <b>&</b>\x00", "stdout")]).search(
        "ed <b", regex=False
    )
    (line,) = text.page(0)
    assert line["spans"] == [("red", ("red",)), (" <b>&</b>␀", ())]
    assert line["found"] == [(1, 6)]
    assert text.found == (0,)


def test_following_ends_with_the_task(opened, monkeypatch):
    from mfwidgets.widgets import log_viewer

    monkeypatch.setattr(log_viewer, "LOOK", 0.05)
    opened._follow.value = True
    assert opened.lines.follow
    deadline = time.monotonic() + 20
    while opened._follow.value and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not opened._follow.value  # it has ended long ago
    assert not opened.lines.follow


def test_download(opened):
    found = []
    opened.lines.send = found.append
    opened._save.click()
    assert found[0]["name"].endswith("start-1-stdout.log")
    assert found[0]["text"].startswith("line 0\nline 1\n")
