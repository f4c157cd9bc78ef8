"""Folders of strangers with thousands of odd names, loops, giant records and odd tags: the rest is shown, and soon."""

import itertools
import json
import os
import socket
import tracemalloc

import pytest
from local_world import World

from mfwidgets import Metaflow
from mfwidgets.datastore.base import LocalDatastore
from mfwidgets.datastore.blob_cache import BlobCache
from mfwidgets.deadline import Deadline
from mfwidgets.errors import CorruptFile, DeadlineExceeded
from mfwidgets.files import parse_json
from mfwidgets.providers.local_files import RememberedFiles, names_in, read_json

SHA = "11f6ad8ec52a2984abaafd7c3b516503785c2072"  # of b"x"
POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has other names and files")


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    for flow, run in (("F", "1"), ("F", "2"), ("G", "1")):
        made.task(flow, run)
        made.task(flow, run, "end", "2")
    return made


def shows_the_rest(world):
    client = Metaflow(metadata=f"local@{world.base}", namespace=None)
    text = client._repr_mimebundle_()["text/plain"]
    assert "completed" in text
    assert "Cannot show" not in text
    assert {"F", "G"} <= {flow.id for flow in client}
    assert {"1", "2"} <= {run.id for run in client["F"]}
    for pathspec in ("F/1", "F/2", "F/1/start/1", "G"):
        assert "completed" in client.get(pathspec)._repr_mimebundle_()["text/plain"]
    assert "F/2" in client["F"].runs().to_pandas().to_csv()
    return client


@pytest.mark.parametrize("where", ["", "F", "F/1", "F/1/start", "F/1/start/1", "F/1/start/1/_meta"])
def test_many_odd_names(world, where):
    folder = world.root / where
    for number in range(2_000):
        (folder / f"odd{number}").touch()
        (folder / f"folder{number}").mkdir()
    client = shows_the_rest(world)
    assert len(list(client["F"].runs())) == 2
    assert len(list(client.get("F/1/start"))) == 1


@POSIX
def test_loops_devices_and_sockets(world, monkeypatch):
    for link, target in (
        ("L", "."),
        ("D", "/dev"),
        ("P", "/proc"),
        ("F/up", ".."),
        ("F/1/again", "."),
        ("F/1/start/x", "x"),
    ):
        (world.root / link).symlink_to(target)
    monkeypatch.chdir(world.root)  # the address of a socket is short
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind("F/1/start/1/0.runtime")
        shows_the_rest(world)


@POSIX
@pytest.mark.parametrize(
    "name",
    [
        b"\xff\xfe", b"caf\xe9", "e\u0301".encode(), b"a" * 255, "\u202eabc".encode(), b"f", b"-h", b"--help", b"?", b"~", b"a\nb", b"\x1b[2J",
        b"a\\b", b"none", b"latest", b"*", b"%mflow", "\u212aelvin".encode(), b"xn--80ak6aa92e", b".hidden", b"data", b"9" * 16,
    ],
)  # fmt: skip
def test_odd_names_of_objects(world, name, tmp_path):
    for above in (b"", b"F/", b"F/1/", b"F/1/start/"):
        meta = os.fsencode(world.root) + b"/" + above + name + b"/_meta"
        os.makedirs(meta)  # noqa: PTH103 - bytes
        with open(meta + b"/_self.json", "w") as file:  # noqa: PTH123 - bytes
            json.dump({"ts_epoch": 1, "tags": ["\ud800", "", "\x1b[2J", None, [], "x" * 10_000]}, file)
    client = shows_the_rest(world)
    for shown in (client, *client, *client["F"], *client.get("F/1"), *client.get("F/1/start")):
        text = shown._repr_mimebundle_()["text/plain"] + repr(shown)
        assert "\x1b" not in text
        shown.to_html(tmp_path / "page.html")
        json.dumps(shown.to_dict())
    client["F"].runs().to_pandas().to_csv(tmp_path / "table.csv")


def test_many_tags(world):
    world.run("F", "3", tags=[f"t{number}" for number in range(300_000)])
    client = shows_the_rest(world)
    assert len(client.get("F/3").tags) <= 10_001


# -- records ------------------------------------------------------------------------------------------------------------


def test_a_record_of_many_values_is_refused_in_little_memory(world):
    (world.root / "F/1/start/1/0.data.json").write_text('{"objects": {}, "x": [' + "[]," * 7_000_000 + "[]]}")
    (world.root / "F/1/start/1/_meta/sysmeta_x_1.json").write_text("[" + "[]," * 3_000_000 + "[]]")
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="more than 3,000,000 values"):
            parse_json((world.root / "F/1/start/1/0.data.json").read_bytes())
        shows_the_rest(world)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 150_000_000


def test_a_display_remembers_few_bytes(tmp_path):
    files = RememberedFiles()
    tracemalloc.start()
    try:
        for number in range(40):
            file = tmp_path / f"{number}"
            with file.open("wb") as opened:
                opened.truncate(4_900_000)
            with pytest.raises(CorruptFile):
                files.json(str(file))
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 60_000_000


class Ending:
    """A clock that reaches the end of a deadline after some looks."""

    def __init__(self, looks):
        self.times = itertools.chain([0.0] * looks, itertools.repeat(100.0))

    def __call__(self):
        return next(self.times)


@pytest.mark.parametrize("looks", [1, 2, 3])
def test_what_is_given_up_is_not_called_broken(tmp_path, looks):
    (tmp_path / "large").write_text('{"x": "' + "x" * 4_000_000 + '"}')
    questions = (
        lambda: read_json(str(tmp_path / "large")),
        lambda: LocalDatastore((tmp_path,)).read("large"),
        lambda: LocalDatastore((tmp_path,)).names(""),
        lambda: names_in(str(tmp_path)),
    )
    for question in questions:
        with Deadline(50, clock=Ending(looks)).apply(), pytest.raises(DeadlineExceeded):
            again(question, looks)  # each looks at the clock at least once


def again(question, times):
    for _ in range(times):
        question()


# -- the cache ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path):
    made = BlobCache(tmp_path / "cache", 10**9)
    made.put(SHA, b"x")
    return made


@POSIX
def test_a_folder_of_the_cache_that_is_a_link_is_not_used(cache, tmp_path):
    folder = cache.folder / SHA[:2]
    (folder / SHA).unlink()
    folder.rmdir()
    (tmp_path / "other").mkdir()
    folder.symlink_to(tmp_path / "other")
    cache.put(SHA, b"x")
    assert list((tmp_path / "other").iterdir()) == []
    (tmp_path / "other" / SHA).write_bytes(b"x")
    assert cache.get(SHA) is None
    assert cache.info().files == cache.clear().files == 0
    assert (tmp_path / "other" / SHA).exists()


@pytest.mark.parametrize("size", [1_000_000, 2**43])
def test_a_file_that_is_too_large_is_not_read(cache, size):
    with (cache.folder / SHA[:2] / SHA).open("wb") as file:
        file.truncate(size)
    assert cache.get(SHA, 1000) is None
    if size == 2**43:  # more than any memory
        assert cache.get(SHA) is None


@pytest.mark.parametrize("instead", ["file", "fifo", "missing"])
@POSIX
def test_special_files_instead_of_a_folder_of_the_cache(cache, instead):
    folder = cache.folder / SHA[:2]
    (folder / SHA).unlink()
    folder.rmdir()
    if instead != "missing":
        (os.mkfifo if instead == "fifo" else os.mknod)(folder)
    assert cache.get(SHA) is None
    cache.put(SHA, b"x")
    assert cache.info().files == (instead == "missing")


def test_many_other_files_in_the_cache(cache):
    for number in range(3_000):
        (cache.folder / f"odd{number}").touch()
        (cache.folder / SHA[:2] / f"odd{number}").touch()
    assert cache.get(SHA) == b"x"
    assert cache.clear().files == 1
    assert len(list(cache.folder.iterdir())) == 3_001


def test_an_impossible_folder_of_the_cache_raises_nothing(tmp_path):
    for folder in (tmp_path / "a\0b", tmp_path / ("x" * 300), tmp_path / "\ud800"):
        cache = BlobCache(folder, 10**9)
        cache.put(SHA, b"x")
        assert cache.get(SHA) is None
        assert cache.clear().files == 0
