"""The beginning of a large blob: raw or gzipped, read by bounded ranges, up to limits."""

import gzip
import io
import random

import pytest
from local_world import World

from mfwidgets.datastore.base import LocalDatastore
from mfwidgets.datastore.blob_stream import BlobStream, blob_beginning
from mfwidgets.errors import BlobMissing

CONTENT = random.Random(1).randbytes(5_000_000)


class Ranges:
    """Serves ranges of bytes, and records them."""

    def __init__(self, content):
        self.content, self.asked = content, []

    def __call__(self, start, length):
        self.asked.append((start, length))
        return self.content[start : start + length]


@pytest.mark.parametrize("stored", [CONTENT, gzip.compress(CONTENT, 3)], ids=["raw", "gzip"])
@pytest.mark.parametrize("size", [1_000, 70_000, 3_000_000])
def test_all_bytes_come_in_order(stored, size):
    stream = io.BufferedReader(BlobStream(Ranges(stored)))
    assert b"".join(iter(lambda: stream.read(size), b"")) == CONTENT


def test_only_the_needed_ranges_are_read():
    ranges = Ranges(gzip.compress(CONTENT, 3))
    io.BufferedReader(BlobStream(ranges)).read(100_000)
    assert ranges.asked == [(0, 256_000)]


def test_the_stored_bytes_are_limited():
    ranges = Ranges(CONTENT)
    assert io.BufferedReader(BlobStream(ranges, max_packed=700_000)).read() == CONTENT[:700_000]
    assert sum(length for _, length in ranges.asked) == 700_000


def test_the_unpacked_bytes_are_limited():
    ranges = Ranges(gzip.compress(b"\0" * 50_000_000))
    assert len(io.BufferedReader(BlobStream(ranges, max_unpacked=3_000_000)).read()) == 3_000_000


def test_damaged_bytes_end_the_stream():
    stored = bytearray(gzip.compress(CONTENT[:2_000_000]))
    stored[1_000_000:1_000_100] = b"\xff" * 100
    read = io.BufferedReader(BlobStream(Ranges(bytes(stored)))).read()
    assert CONTENT.startswith(read[:500_000])
    assert len(read) <= 2_000_000
    assert io.BufferedReader(BlobStream(Ranges(b""))).read() == b""


def test_a_blob_of_a_folder(tmp_path):
    world = World(tmp_path)
    world.task("F", "1", "start", "1")
    blob = world.artifact("F/1/start/1", "x", content=CONTENT)
    datastore = LocalDatastore((world.root,))
    assert blob_beginning(datastore, "F", blob.name, "x").read(1_000) == CONTENT[:1_000]
    blob.unlink()
    with pytest.raises(BlobMissing, match="x: its bytes"):
        blob_beginning(datastore, "F", blob.name, "x").read(1)
    with pytest.raises(BlobMissing, match="SHA-1"):
        blob_beginning(datastore, "F", "../x", "x")


def test_ranges_of_a_file(tmp_path):
    (tmp_path / "file").write_bytes(b"0123456789")
    datastore = LocalDatastore((tmp_path,))
    assert datastore.read_range("file", 2, 3) == b"234"
    assert datastore.read_range("file", 8, 9) == b"89"
    assert datastore.read_range("file", 10, 5) == datastore.read_range("file", 50, 5) == b""
    assert datastore.read_range("missing", 0, 1) is None
