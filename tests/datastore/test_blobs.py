import gzip
import hashlib

import pytest

from mfwidgets.datastore.base import LocalDatastore
from mfwidgets.datastore.blobs import load_blob
from mfwidgets.errors import BlobMissing, DataException, TooLarge

CONTENT = b"some bytes " * 100
SHA = hashlib.sha1(CONTENT).hexdigest()


@pytest.fixture
def store(tmp_path):
    def put(stored, sha=SHA):
        file = tmp_path / "F" / "data" / sha[:2] / sha
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(stored)
        return LocalDatastore((tmp_path,))

    return put


@pytest.mark.parametrize("stored", [CONTENT, gzip.compress(CONTENT), gzip.compress(CONTENT, 3, mtime=1)])
def test_the_hash_decides_between_raw_and_gzip(store, stored):
    assert load_blob(store(stored), "F", SHA, "Artifact x") == CONTENT


def test_a_raw_blob_that_is_gzip_is_not_unpacked(store):
    packed = gzip.compress(CONTENT)  # such as a code package
    sha = hashlib.sha1(packed).hexdigest()
    assert load_blob(store(packed, sha), "F", sha, "Code") == packed


@pytest.mark.parametrize(
    "stored", [b"", CONTENT[:-1], gzip.compress(CONTENT)[:-9], gzip.compress(CONTENT + b"!"), b"\x1f\x8b\x08\x00junk"]
)
def test_damaged_bytes_are_never_returned(store, stored):
    with pytest.raises(DataException, match=r"Artifact x: the \d+ bytes .* are damaged"):
        load_blob(store(stored), "F", SHA, "Artifact x")


def test_missing_bytes_and_an_invalid_hash(tmp_path):
    store = LocalDatastore((tmp_path,))
    with pytest.raises(BlobMissing, match="are missing from"):
        load_blob(store, "F", SHA, "Artifact x")
    with pytest.raises(DataException, match="expected a SHA-1"):
        load_blob(store, "F", "../../../etc/passwd", "Artifact x")


def test_the_first_root_with_an_object_is_read(tmp_path):
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "both").write_text(name)
    (tmp_path / "there" / "one").write_text("there")
    store = LocalDatastore((tmp_path / "here", tmp_path / "there"))
    assert store.read("both") == b"here"
    assert store.read("one") == b"there"
    assert store.size("one") == 5
    assert store.read("none") is None
    assert store.size("none") is None
    assert store.names("none") == []


def test_a_blob_above_the_limit_is_not_read(store):
    with pytest.raises(TooLarge, match=r"Artifact x has 1,001 bytes\. At most 1,000 are read here") as caught:
        load_blob(store(gzip.compress(CONTENT)), "F", SHA, "Artifact x", max_bytes=1_000)
    assert caught.value.size == 1_001  # no more were unpacked
    assert load_blob(store(gzip.compress(CONTENT)), "F", SHA, "Artifact x", max_bytes=1_100) == CONTENT
    large = b"\0" * 100_000
    with pytest.raises(TooLarge, match="100,000 bytes"):
        load_blob(store(large, hashlib.sha1(large).hexdigest()), "F", hashlib.sha1(large).hexdigest(), "Artifact x", 50)
