"""Named pipes, devices, sparse giants, loops, folders and deep JSON in any place of a ``.metaflow`` folder.

The object itself is shown or refused by an error of ours. Everything else is shown.
"""

import ast
import gzip
import os
import shutil
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
from local_world import SPECIAL, World, descriptor, included, instead, packed_zeros, stored_file

import mfwidgets
from mfwidgets import Metaflow, get_cards
from mfwidgets.datastore.base import LocalDatastore
from mfwidgets.datastore.blob_cache import BlobCache
from mfwidgets.errors import CorruptFile, MetaflowException, TooLarge
from mfwidgets.files import file_size, is_missing, names_in_folder, read_file, read_file_from
from mfwidgets.providers import local_files

PLACES = {
    "run": "F/1/_meta/_self.json",
    "flow": "F/_meta/_self.json",
    "step": "F/1/start/_meta/_self.json",
    "task": "F/1/start/1/_meta/_self.json",
    "event": "F/1/start/1/_meta/sysmeta_attempt_ok_1735689600000.json",
    "data": "F/1/start/1/0.data.json",
    "done": "F/1/start/1/0.DONE.lock",
    "log": "F/1/start/1/0.task_stdout.log",
    "runtime": "F/1/start/1/0.runtime",
    "record": "F/1/start/1/_meta/0_artifact_x.json",
    "blob": "",
    "card": "mf.cards/F/runs/1/steps/start/tasks/1/cards/default-x-00ab.html",
}


def _ours(question):
    """Return an answer, or None after an error of ours. Any other error fails the test."""
    with suppress(MetaflowException):
        return question()
    return None


@pytest.mark.parametrize("kind", SPECIAL)
@pytest.mark.parametrize("place", PLACES)
def test_the_rest_is_shown(tmp_path, kind, place):
    world = World(tmp_path)
    for flow, run in (("F", "1"), ("F", "2"), ("G", "1")):
        world.task(flow, run)
    blob = world.artifact("F/1/start/1", "x", value=1)
    world.log("F/1/start/1", "a line\n")
    world.card("F/1/start/1", "x", "<p>")
    instead(blob if place == "blob" else world.root / PLACES[place], kind)
    client = Metaflow(metadata=f"local@{tmp_path}", namespace=None)
    assert {flow.id for flow in client} >= {"G"}
    if place != "flow":
        assert "2" in [run.id for run in client["F"]]
        assert "F/2" in set(client["F"].runs().to_pandas().pathspec)
    assert "F/2" in client.get("F/2")._repr_mimebundle_()["text/plain"]
    _ours(lambda: client.get("F/1")._repr_mimebundle_())
    _ours(lambda: client.get("F/1/start/1")._repr_mimebundle_())
    _ours(lambda: client.get("F/1/start/1/x")._repr_mimebundle_())
    _ours(lambda: client.get("F/1").status)
    _ours(lambda: client.get("F/1/start/1").logs(tail=3).text)
    if (kind, place) != ("sparse", "log"):
        _ours(lambda: client.get("F/1/start/1").stdout)
    _ours(lambda: [card.get() for card in get_cards(client.get("F/1/start/1"))])


@pytest.mark.parametrize("kind", ["fifo", "zero", "folder", "loop"])
def test_only_regular_files_are_read(tmp_path, kind):
    instead(tmp_path / "x", kind)
    for read in (lambda: read_file(str(tmp_path / "x")), lambda: read_file_from(str(tmp_path / "x"), 5)):
        with pytest.raises(OSError, match=r"not a regular file|Is a directory|symbolic links"):
            read()


def test_files_have_a_size_limit(tmp_path):
    instead(tmp_path / "x", "sparse")
    with pytest.raises(TooLarge, match=r"x has 5,368,709,120 bytes\. At most 1,000 are read here"):
        read_file(str(tmp_path / "x"), 1000)


def test_a_file_that_does_not_fit_into_memory_is_an_error(tmp_path):
    with (tmp_path / "x").open("wb") as file:
        file.truncate(2**43)
    for read in (lambda: read_file(str(tmp_path / "x")), lambda: read_file_from(str(tmp_path / "x"), 5)):
        with pytest.raises(TooLarge, match="do not fit into memory"):
            read()


def test_a_large_file_takes_its_memory_once(tmp_path):
    content = os.urandom(1000) * 20_000
    (tmp_path / "x").write_bytes(content)
    tracemalloc.start()
    try:
        assert read_file(str(tmp_path / "x")) == content
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1.5 * len(content)
    assert read_file_from(str(tmp_path / "x"), 1000) == content[1000:]


@pytest.mark.parametrize("name", ["a\0b", "x" * 300, "\ud800"])
def test_impossible_names_are_missing_files(tmp_path, name):
    assert file_size(f"{tmp_path}/{name}") is None
    for ask in (read_file, names_in_folder):
        with pytest.raises(OSError, match=r"null|too long|surrogates") as caught:
            ask(f"{tmp_path}/{name}")
        assert is_missing(caught.value)
    datastore = LocalDatastore((tmp_path,))
    assert datastore.read(name) is datastore.size(name) is datastore.read_from(name, 1) is None
    assert datastore.names(name) == []


def test_a_key_stays_below_its_root(tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "file").write_bytes(b"x")
    assert LocalDatastore((tmp_path / "root",)).read("a/../../file") is None
    assert LocalDatastore((tmp_path / "root" / "..",)).read("file") == b"x"


def test_names_in_a_folder_have_a_limit(tmp_path):
    for number in range(5):
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"file{number}").touch()
    (tmp_path / "link").symlink_to("link")
    assert names_in_folder(str(tmp_path), only_folders=True, max_names=6) == ["0", "1", "2", "3", "4", "link"]
    with pytest.raises(OSError, match="it has more than 6 names"):
        names_in_folder(str(tmp_path), max_names=6)


def test_a_crowded_folder_hides_only_its_object(tmp_path, monkeypatch):
    monkeypatch.setattr(local_files, "_MAX_RECORDS", 50)
    world = World(tmp_path)
    for run in ("1", "2"):
        world.task("F", run)
    for number in range(60):
        (world.root / "F" / f"file{number}").touch()
        (world.root / "F/1/start/1/_meta" / f"sysmeta_{number}").touch()
    client = Metaflow(metadata=f"local@{tmp_path}", namespace=None)
    assert len(client["F"].runs().to_dicts()) == 2
    with pytest.raises(CorruptFile, match="start/1/_meta cannot be listed: it has more than 50 names"):
        client.get("F/1/start/1").metadata  # noqa: B018 - it raises


@pytest.mark.parametrize(
    "place", ["F/1", "F/1/start", "F/1/start/1", "F/1/start/1/_meta", "F/1/_parameters", "mf.cards"]
)
def test_a_folder_that_cannot_be_listed_hides_only_its_object(tmp_path, place):
    world = World(tmp_path)
    for run in ("1", "2"):
        world.task("F", run)
    shutil.rmtree(world.root / place, ignore_errors=True)
    instead(world.root / place, "loop")
    client = Metaflow(metadata=f"local@{tmp_path}", namespace=None)
    assert len(client["F"].runs().to_dicts(params=True)) == 2
    assert "Cannot show" not in client["F"]._repr_mimebundle_()["text/plain"]
    for path in ("F/1", "F/1/start", "F/1/start/1"):
        _ours(lambda path=path: client.get(path)._repr_mimebundle_())
    _ours(lambda: client.get("F/1").tasks().to_dicts())
    if place == "F/1/start":
        with pytest.raises(CorruptFile, match=f"{place} cannot be listed: Too many levels of symbolic links"):
            client.get("F/1").tasks().to_dicts()


def test_no_other_module_opens_files_of_others():
    """Files are opened in files.py. The exceptions are files of the package itself, and those that it creates."""
    allowed = {
        "files.py",
        "sample_runs.py",
        "local_tags.py",
        "blob_cache.py",
        "code_package.py",
        "main.py",
        "saved_cards.py",
        "script.py",
        "cards.py",
        "cloud.py",
        "database.py",
    }
    for file in Path(mfwidgets.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                opens = name in ("open", "os.open") or name.endswith((".read_bytes", ".read_text", ".open"))
                assert not opens or file.name in allowed, (file, name)


# -- included files ------------------------------------------------------------------------------------------------------


@pytest.fixture
def shown(tmp_path):
    """Return the text of a run with an included file, and the value of its parameter in a table."""

    def ask(described, where="run"):
        world = World(tmp_path / where)
        world.task("F")
        world.parameter("F", "doc", content=included(described), kind="metaflow.includefile.IncludedFile")
        client = Metaflow(metadata=f"local@{world.base}", namespace=None)
        (row,) = client["F"].runs().to_dicts(params=True)
        return (
            client.get("F/1")._repr_mimebundle_()["text/plain"],
            row["param.doc"],
            client.get("F/1/_parameters/0/doc"),
        )

    return ask


@pytest.mark.filterwarnings("ignore::mfwidgets.errors.ValuesNotRead")
@pytest.mark.parametrize("kind", ["fifo", "zero", "sparse", "bomb", "private", "elsewhere"])
def test_nothing_outside_of_the_datastore_is_read(tmp_path, shown, kind):
    file = tmp_path / "file"
    if kind == "bomb":
        file = tmp_path / "run" / ".metaflow" / "data" / "F" / ("a" * 40)
        file.parent.mkdir(parents=True)
        file.write_bytes(packed_zeros(300))
    elif kind in ("private", "elsewhere"):
        file = tmp_path / ("a" * 40)
        file.write_bytes(gzip.compress(b"not-for-you") if kind == "elsewhere" else b"not-for-you")
    else:
        instead(file, kind)
    more = {"sub-type": "external"} if kind == "private" else {}
    text, value, artifact = shown(descriptor(tmp_path, url=f"local://{file}", **more))
    assert "doc" in text
    assert "completed" in text
    assert "not-for-you" not in text
    assert value is None
    if kind == "private":
        assert artifact.data == "not-for-you"  # .data does what Metaflow does


@pytest.mark.filterwarnings("ignore::mfwidgets.errors.ValuesNotRead")
@pytest.mark.parametrize(
    "change",
    [
        {"url": {"a": 1}},
        {"url": "local:///x\0y"},
        {"url": None},
        {"size": 10**400},
        {"size": "x"},
        {"sub-type": 5},
        {"encoding": 5},
    ],
)
def test_wrong_descriptors_give_an_error_for_the_parameter(tmp_path, shown, change):
    described = stored_file(tmp_path, **change) if "encoding" in change else descriptor(tmp_path, **change)
    text, value, artifact = shown(described)
    assert "completed" in text
    assert value is None
    with pytest.raises(MetaflowException, match="doc"):
        artifact.data  # noqa: B018 - it raises


def test_a_file_in_the_datastore_is_shown(tmp_path, shown):
    folder = tmp_path / "run" / ".metaflow" / "data" / "F"
    folder.mkdir(parents=True)
    _, value, artifact = shown(stored_file(folder, b"hello"))
    assert value == artifact.data == "hello"


# -- the cache ----------------------------------------------------------------------------------------------------------


SHA = "11f6ad8ec52a2984abaafd7c3b516503785c2072"  # of b"x"


def test_special_files_in_the_cache_are_not_read(tmp_path):
    cache = BlobCache(tmp_path / "cache", 10**9)
    cache.put(SHA, b"x")
    blob = cache.folder / SHA[:2] / SHA
    for kind in ("fifo", "zero", "loop"):
        instead(blob, kind)
        assert cache.get(SHA) is None
        assert cache.info().files == 0
    blob.unlink()
    (tmp_path / "real").write_bytes(b"x")
    blob.symlink_to(tmp_path / "real")
    assert cache.get(SHA) is None
    cache.clear()
    assert (tmp_path / "real").exists()


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="Windows has other permissions")
def test_the_folder_of_the_cache_belongs_to_the_user(tmp_path):
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    cache = BlobCache(tmp_path / "open", 10**9)
    cache.put(SHA, b"x")
    assert cache.get(SHA) == b"x"
    assert not cache.folder.stat().st_mode & 0o022
    (tmp_path / "link").symlink_to(tmp_path / "open")
    linked = BlobCache(tmp_path / "link", 10**9)
    assert linked.get(SHA) is None
