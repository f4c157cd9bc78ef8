"""The cache of blobs: verified, private, bounded and shared. If it cannot be used, blobs are read without it."""

import hashlib
import os
import subprocess
import sys

import pytest
from waiting import PATIENCE_S

import mfwidgets
from mfwidgets.config import read_configuration
from mfwidgets.datastore.blob_cache import BlobCache, blob_cache


def sha(content):
    return hashlib.sha1(content).hexdigest()


@pytest.fixture
def cache(tmp_path):
    return BlobCache(tmp_path / "blobs", limit=1000)


def test_put_and_get(cache):
    content = b"some content"
    assert cache.get(sha(content)) is None
    cache.put(sha(content), content)
    assert cache.get(sha(content)) == content
    assert (cache.info().files, cache.info().size) == (1, len(content))
    assert cache.folder.stat().st_mode & 0o777 == 0o700
    assert cache._file(sha(content)).stat().st_mode & 0o077 == 0


def test_a_changed_file_is_not_returned(cache):
    cache.put(sha(b"right"), b"right")
    cache._file(sha(b"right")).write_bytes(b"wrong")
    assert cache.get(sha(b"right")) is None
    assert cache.info().files == 0


def test_the_least_recently_used_blobs_are_removed(cache):
    contents = [bytes([number]) * 300 for number in range(3)]
    for number, content in enumerate(contents):
        cache.put(sha(content), content)
        os.utime(cache._file(sha(content)), (number, number))
    assert cache.get(sha(contents[0])) is not None  # used again
    cache.put(sha(b"x" * 300), b"x" * 300)
    assert cache.info().size <= 1000
    assert cache.get(sha(contents[1])) is None
    assert cache.get(sha(contents[0])) is not None


def test_other_files_stay(cache):
    cache.put(sha(b"a"), b"a")
    others = [cache.folder / "README", cache.folder / "zz" / ("0" * 40), cache.folder / sha(b"a")[:2] / "notes"]
    for other in others:
        other.parent.mkdir(exist_ok=True)
        other.write_text("mine")
    abandoned, fresh = (cache.folder / sha(b"a")[:2] / f"half-{name}" for name in ("old", "new"))
    for half in (abandoned, fresh):
        half.write_text("half")
    os.utime(abandoned, (1, 1))
    assert cache.clear().files == 1
    assert all(other.exists() for other in others)
    assert fresh.exists()
    assert not abandoned.exists()


def test_a_blob_above_the_limit_is_not_kept(cache):
    cache.put(sha(b"x" * 1001), b"x" * 1001)
    assert cache.info().files == 0


@pytest.mark.parametrize("how", ["a file", "deleted", "full"])
def test_a_cache_that_cannot_be_used_raises_nothing(how, cache, monkeypatch):
    if how == "a file":
        cache.folder.write_text("")
    cache.put(sha(b"a"), b"a")
    if how == "deleted":
        import shutil

        shutil.rmtree(cache.folder)
    if how == "full":

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "replace", full)
        cache.clear()
    cache.put(sha(b"b"), b"b")
    kept = {"a file": None, "deleted": b"b", "full": None}[how]
    assert cache.get(sha(b"b")) == kept
    assert cache.info().files == (kept is not None)
    if how == "full":
        assert [file for file in cache.folder.rglob("*") if file.is_file()] == []


def test_four_processes_share_a_cache(tmp_path):
    program = f"""
import hashlib, pathlib, sys
from mfwidgets.datastore.blob_cache import BlobCache
cache = BlobCache(pathlib.Path({str(tmp_path / "blobs")!r}), limit=50_000)
for number in range(300):
    content = str(number % 60).encode() * 1000
    sha = hashlib.sha1(content).hexdigest()
    found = cache.get(sha)
    assert found in (None, content)
    if found is None:
        cache.put(sha, content)
"""
    processes = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(4)]
    assert [process.wait(PATIENCE_S) for process in processes] == [0, 0, 0, 0]
    info = BlobCache(tmp_path / "blobs", limit=50_000).info()
    assert 0 < info.size < 60_000  # each process can overlook what another has just written
    assert not list((tmp_path / "blobs").rglob("half-*"))


def test_configuration(tmp_path, monkeypatch):
    monkeypatch.setenv("METAFLOW_CLIENT_CACHE_PATH", str(tmp_path))
    monkeypatch.setenv("METAFLOW_CLIENT_CACHE_MAX_SIZE", "2")
    cache = blob_cache(read_configuration())
    assert (cache.folder, cache.limit) == (tmp_path / "mfwidgets", 2 * 1024 * 1024)
    cache.put(sha(b"a"), b"a")
    assert mfwidgets.cache_info().files == 1
    assert mfwidgets.clear_cache().files == 1
    assert mfwidgets.cache_info().size == 0
