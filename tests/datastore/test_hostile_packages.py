"""Code packages that hide gigabytes, thousands of members, or names that lead elsewhere."""

import stat
import tarfile
import tracemalloc

import pytest
from local_world import World, many_members, member, package, package_bomb

from mfwidgets import Metaflow
from mfwidgets.datastore import code_package
from mfwidgets.errors import DataException, MetaflowException, TooLarge

FLOW = ("flow.py", b"x = 1")


@pytest.fixture
def code(tmp_path):
    """Return the code of a run with this package."""

    def make(content):
        world = World(tmp_path)
        world.task("F")
        world.package("F/1/start/1", content)
        run = Metaflow(metadata=f"local@{tmp_path}", namespace=None).get("F/1")
        assert "completed" in run._repr_mimebundle_()["text/plain"]
        return run.code

    return make


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda: package_bomb("flow.py", 1500), "more than 1,000,000,000 bytes when unpacked"),
        (lambda: package_bomb("././@PaxHeader", 1500, b"x"), "a part of 1,572,86"),
        (lambda: package_bomb("././@LongLink", 1500, b"L"), "a part of 1,572,86"),
        (lambda: many_members(60_000), "more than 50,000 members"),
    ],
)
def test_bombs_are_refused_in_little_memory(code, content, message):
    found = code(content())
    tracemalloc.start()
    try:
        for question in (found.files, found.extract):
            with pytest.raises(TooLarge, match=message):
                question()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100_000_000
    assert "MetaflowCode" in found._repr_mimebundle_()["text/plain"]


def test_a_script_before_a_bomb_is_read(code, monkeypatch):
    monkeypatch.setattr(code_package, "MAX_UNPACKED_BYTES", 1_000_000)
    found = code(package([FLOW, ("large", bytes(3_000_000))]))
    assert found.flowspec == "x = 1"
    with pytest.raises(TooLarge):
        found.files()
    assert "x = 1" in found._repr_mimebundle_()["text/plain"]


@pytest.mark.parametrize("info", [None, {}, [1], {"script": ["x"]}, {"script": 5}, b"[" * 100_000, b"\xff", b"{"])
def test_a_damaged_description_hides_nothing_else(code, info):
    found = code(package([FLOW], info=info))
    assert found.files()["flow.py"] == b"x = 1"
    with pytest.raises(DataException, match="does not name the flow's file"):
        found.flowspec  # noqa: B018 - it raises
    assert "flow.py" in found._repr_mimebundle_()["text/plain"]


@pytest.mark.parametrize(
    "members",
    [
        [FLOW, ("flow.py/x", b"y")],
        [("n" * 5000, b"x"), FLOW],
        [FLOW, FLOW],
        [FLOW, ("../out.py", b"y")],
        [FLOW, ("/out.py", b"y")],
        [FLOW, member("d", tarfile.SYMTYPE, ".."), ("d/out.py", b"y")],
        [FLOW, member("dev", tarfile.CHRTYPE, devmajor=1, devminor=5), member("fifo", tarfile.FIFOTYPE)],
        [FLOW, ("a\0b", b"x")],
    ],
)
def test_extracting_writes_only_plain_files_into_the_folder(code, members, tmp_path):
    found = code(package(members))
    assert found.flowspec == "x = 1"
    folder = tmp_path / "out" / "sub"
    folder.mkdir(parents=True)
    try:
        written = found.extractall(folder)
    except MetaflowException as error:
        assert "The code package of flow F" in str(error)  # noqa: PT017 - writing is allowed, too
    else:
        assert {file.parent for file in written} <= {folder, folder / "d"}
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["sub"]
    for file in folder.rglob("*"):
        mode = file.lstat().st_mode
        assert stat.S_ISREG(mode) or stat.S_ISDIR(mode)
        assert not mode & 0o7000


@pytest.mark.parametrize(
    "recorded", ["[" * 100_000, "[]", "{}", '{"location": 5, "sha": "x", "ds_type": "local"}', "1"]
)
def test_a_damaged_record_is_named(code, tmp_path, recorded):
    run = code(package([FLOW])) and Metaflow(metadata=f"local@{tmp_path}", namespace=None).get("F/1")
    World(tmp_path).event("F", "1", "start", "1", "code-package", recorded)
    with pytest.raises(DataException, match="code package is not valid"):
        run.code  # noqa: B018 - it raises
