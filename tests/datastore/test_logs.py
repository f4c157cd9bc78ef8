import tracemalloc

import pytest

from mfwidgets.datastore import logs
from mfwidgets.datastore.base import LocalDatastore
from mfwidgets.datastore.logs import merge, parse, read_log, read_text
from mfwidgets.deadline import Deadline
from mfwidgets.errors import DeadlineExceeded


def line(second, message, source="task", prefix=b""):
    return prefix + f"[MFLOG|0|2026-01-02T03:04:{second:02}.5Z|{source}|some-id]".encode() + message + b"\n"


def messages(content):
    return parse(content).messages()


def test_headers_are_removed_and_times_kept():
    (first, second) = parse(line(1, b"one") + line(2, b"t]w|o", prefix=b"[!")).lines()
    assert (first.message, first.time) == ("one", "2026-01-02T03:04:01.5")
    assert second.message == "t]w|o"


def test_invalid_utf8_is_replaced():
    assert messages(line(1, b"caf\xe9")) == ["caf�"]


def test_lines_without_a_header_stay_after_the_line_before():
    content = line(1, b"one") + b"Segmentation fault\nabort\n" + line(2, b"two")
    assert messages(content) == ["one", "Segmentation fault", "abort", "two"]
    merged = merge([parse(content), parse(line(1, b"scheduler", "runtime") + line(3, b"end", "runtime"))])
    assert merged.messages() == ["one", "Segmentation fault", "abort", "scheduler", "two", "end"]


@pytest.mark.parametrize("piece_bytes", [1, 60, 4_000_000])
@pytest.mark.parametrize(
    "content",
    [
        line(1, b"one") + line(2, b"caf\xe9\r") + line(2, b"[MFLOG|0|x]"),
        line(2, b"two") + line(1, b"one"),
        line(1, b"one") + b"crash\n" + line(2, b"half")[:-1],
        b"no header\n\n" + line(1, b"") + b"\n",
        line(1, b"a]b", prefix=b"[!") + line(1, b"\x00"),
    ],
)
def test_the_text_has_the_messages_of_the_lines(content, piece_bytes, tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "_PIECE_BYTES", piece_bytes)
    (tmp_path / "F").mkdir()
    (tmp_path / "F" / "0.task_stdout.log").write_bytes(content)
    store = LocalDatastore((tmp_path,))
    lines = read_log(store, ("F",), 0, "stdout").lines()
    assert read_text(store, ("F",), 0, "stdout") == "".join(f"{found.message}\n" for found in lines)


@pytest.mark.parametrize("piece_bytes", [1, 60, 150])
def test_pieces_of_a_log_have_the_lines_and_times_of_the_whole(piece_bytes, monkeypatch):
    content = line(1, b"one") + b"crash\n\nabort\n" + line(2, b"two") + b"half"
    whole = parse(content)
    assert [time[-4:-2] for time in whole.times] == ["01", "01", "01", "01", "02", "02"]
    monkeypatch.setattr(logs, "_PIECE_BYTES", piece_bytes)
    monkeypatch.setattr(logs, "_LINES_AT_ONCE", 2)
    assert parse(content) == whole
    assert parse(content).lines("stdout") == whole.lines("stdout")
    assert parse(content).messages() == ["one", "crash", "", "abort", "two", "half"]


def test_reading_a_log_that_was_given_up_stops():
    content = line(1, b"one")
    log = parse(content)
    with Deadline(0).apply():
        for read in (lambda: parse(content), log.messages, log.lines):
            with pytest.raises(DeadlineExceeded):
                read()


def test_a_large_text_takes_little_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "_PIECE_BYTES", 200_000)
    content = b"".join(line(0, b"epoch %d loss 0.123456" % number) for number in range(200_000))
    (tmp_path / "F").mkdir()
    (tmp_path / "F" / "0.task_stdout.log").write_bytes(content)
    size, store = len(content), LocalDatastore((tmp_path,))
    del content
    tracemalloc.start()
    try:
        assert read_text(store, ("F",), 0, "stdout").endswith("epoch 199999 loss 0.123456\n")
        assert tracemalloc.get_traced_memory()[1] < 2.2 * size
    finally:
        tracemalloc.stop()


def test_equal_times_keep_their_order():
    content = b"".join(line(1, str(number).encode()) for number in (3, 1, 2))
    assert merge([parse(content)]).messages() == ["3", "1", "2"]


def test_a_last_line_without_a_line_end_and_an_empty_log(tmp_path):
    assert messages(line(1, b"one") + b"half") == ["one", "half"]
    (tmp_path / "F" / "1" / "s" / "1").mkdir(parents=True)
    store = LocalDatastore((tmp_path,))
    assert read_log(store, ("F", "1", "s", "1"), 0, "stdout").lines() == []
    (tmp_path / "F" / "1" / "s" / "1" / "0.runtime_stdout.log").write_bytes(b"")
    assert read_log(store, ("F", "1", "s", "1"), 0, "stdout").lines() == []
