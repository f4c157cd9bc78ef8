"""Code packages that hide gigabytes, thousands of members, or names that lead elsewhere."""

import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from local_world import World, many_members, member, package, package_bomb

from mfwidgets import Metaflow
from mfwidgets.datastore import bounded_tar
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


def header(name="x", size=0, kind=tarfile.REGTYPE, **more):
    """Return one header, with any content of its fields."""
    made = tarfile.TarInfo(name)
    made.size, made.type = size, kind
    for key, value in more.items():
        setattr(made, key, value)
    return made.tobuf(tarfile.GNU_FORMAT)


def pax(*records, kind=tarfile.XHDTYPE):
    """Return a PAX header with these records."""
    content = b"".join(b"%05d %s\n" % (len(record) + 7, record) for record in records)
    return header("././@PaxHeader", len(content), kind) + content + bytes(-len(content) % 512)


def archive(*blocks, first=FLOW):
    """Return a package with these blocks after the flow's file."""
    return gzip.compress(gzip.decompress(package([first]))[:2048] + b"".join(blocks) + bytes(1024))


def old_sparse():
    """Return the header of a sparse file of 8 GB, whose map goes on in a million blocks."""
    block = bytearray(header("sparse", 0, tarfile.GNUTYPE_SPARSE))
    block[482] = 1
    block[483:495] = b"%011o\0" % (8**10 - 1)
    block[148:156] = b"%06o\0 " % (sum(block) - sum(block[148:156]) + 8 * 32)
    return bytes(block)


HOSTILE = {
    "a script of 1.5 GB": (package_bomb("flow.py", 1), "a part of 1,572,864,000 bytes"),
    "a PAX header": (package_bomb("././@PaxHeader", 1, b"x"), "a part of 1,572,864,000 bytes"),
    "a long name": (package_bomb("././@LongLink", 1, b"L"), "a part of 1,572,864,000 bytes"),
    "a long link": (archive(header(size=10**6, kind=tarfile.GNUTYPE_LONGLINK)), "extended header of 1,000,000"),
    "a global header": (archive(header(size=10**6, kind=tarfile.XGLTYPE)), "extended header of 1,000,000"),
    "global headers": (archive(*[pax(b"k%d=v" % n, kind=tarfile.XGLTYPE) for n in range(20)]), "10 global headers"),
    "records": (archive(pax(*[b"k%d=v" % n for n in range(1000)]), header()), "damaged extended header"),
    "a record without length": (
        archive(header(size=8, kind=tarfile.XHDTYPE) + b"0 path=a".ljust(512, b"\0")),
        "damaged ext",
    ),
    "an old sparse file": (archive(old_sparse() + bytes(512 * 50)), "a sparse member"),
    "a sparse file": (
        archive(pax(b"GNU.sparse.major=1", b"GNU.sparse.minor=0"), header(size=512), b"9\n" * 256),
        "a sparse",
    ),
    "sparse numbers": (archive(pax(b"GNU.sparse.numblocks=1", b"GNU.sparse.map=0,1"), header()), "a sparse member"),
    "a negative size": (archive(header(size=-512)), "a part of -512 bytes"),
    "a size of 87 bits": (archive(header(size=2**87)), "a part of 154,742,"),
    "a size in a record": (archive(pax(b"size=" + b"9" * 90), header()), "a part of 99,999,999,"),
    "a negative size in a record": (archive(pax(b"size=-5"), header()), "a part of -5 bytes"),
    "no size in a record": (archive(pax(b"size=x"), header()), "A member has the size 'x'"),
    "a damaged header": (archive(b"x" * 512), "It is damaged at 2,048: invalid header"),
    "half a header": (
        gzip.compress(gzip.decompress(package([FLOW]))[:2048] + header()[:100]),
        "2,048: truncated header",
    ),
    "half a gzip": (package([FLOW, ("random", os.urandom(5000))])[:-3000], "its gzip ends too early"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_archives_are_refused_by_name_in_little_memory(code, name, tmp_path):
    content, message = HOSTILE[name]
    found = code(content)
    tracemalloc.start()
    try:
        for question in (found.files, found.extract, lambda: found.extractall(tmp_path / "out"), lambda: found.tarball):
            with pytest.raises(DataException, match=r"The code package of flow F") as caught:
                question()
            assert message in str(caught.value)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000
    assert not (tmp_path / "out").exists()
    text = found._repr_mimebundle_()["text/plain"]
    assert "Code" in text
    assert message in text
    if name not in ("a script of 1.5 GB", "a PAX header", "a long name"):
        assert found.flowspec == "x = 1"
        assert "x = 1" in text


def test_bytes_and_members_are_counted(code, monkeypatch):
    monkeypatch.setattr(bounded_tar, "MAX_HEADERS", 500)
    found = code(many_members(600))
    for question in (found.files, found.extract):
        with pytest.raises(TooLarge, match="more than 500 members"):
            question()
    monkeypatch.setattr(bounded_tar, "MAX_UNPACKED_BYTES", 1_000_000)
    many = code(package([FLOW, *((f"{number}.py", bytes(100_000)) for number in range(12))]))
    with pytest.raises(TooLarge, match="more than 1,000,000 bytes when unpacked"):
        many.extract()
    assert many.flowspec == "x = 1"


def test_any_number_of_empty_gzips_and_a_long_file_name_take_little_time(code):
    empty = code(gzip.compress(b"") * 1_000_000)
    with pytest.raises(DataException, match="is empty"):
        empty.files()
    named = bytearray(package([FLOW]))
    named[3] |= 8  # FNAME: a name follows the header
    named[10:10] = b"n" * 20_000_000 + b"\0"
    assert code(bytes(named)).flowspec == "x = 1"


@pytest.mark.parametrize(
    "content", [b"", b"PK\3\4", bz2.compress(b"x"), lzma.compress(b"x"), gzip.compress(b""), b"x" * 9000]
)
def test_other_formats_are_refused(code, content):
    with pytest.raises(DataException, match="The code package of flow F"):
        code(content).files()


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=300),
            st.binary(max_size=2000),
            st.sampled_from(
                [tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, b"Z"]
            ),
        ),
        max_size=6,
    ),
    st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
)
@settings(deadline=None)
def test_the_members_are_those_of_tarfile(members, form):
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=form) as made:
        for name, content, kind in members:
            info = tarfile.TarInfo(name)
            info.type, info.size, info.linkname = kind, len(content), name[::-1]
            if kind in (tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE):
                info.size = 0
            made.addfile(info, io.BytesIO(content))
    with tarfile.open(fileobj=io.BytesIO(written.getvalue())) as theirs:
        right = [(one.name, one.size, one.type, one.offset_data) for one in theirs.getmembers()]
    ours = bounded_tar.read_members(bounded_tar.BoundedGzip(gzip.compress(written.getvalue())))
    assert [(one.name, one.size, one.type, one.offset_data) for one in ours] == right


def test_a_script_before_a_bomb_is_read(code, monkeypatch):
    monkeypatch.setattr(bounded_tar, "MAX_UNPACKED_BYTES", 1_000_000)
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
    ("name", "kind"),
    [
        ("flow.py", tarfile.SYMTYPE), ("flow.py", tarfile.LNKTYPE), ("flow.py", tarfile.FIFOTYPE), ("flow.py", tarfile.DIRTYPE),
    ],
)  # fmt: skip
def test_a_script_that_is_not_a_file_is_not_read(code, name, kind, tmp_path):
    (tmp_path / "secret").write_text("SECRET")
    found = code(package([member(name, kind, str(tmp_path / "secret")), ("other.py", b"y")]))
    with pytest.raises(DataException, match="The code package of flow F"):
        found.flowspec  # noqa: B018 - it raises
    assert "SECRET" not in found._repr_mimebundle_()["text/plain"]


@pytest.mark.parametrize(
    "source", [b'"""\n' + b"(" * 4_000_000, b"\n" * 4_000_000, b" " * 100_000 + b"\n" + (b"a" + b" " * 99 + b"\n") * 30_000, bytes(range(256)) * 1000]
)  # fmt: skip
def test_odd_sources_are_shown(code, source):
    text = code(package([("flow.py", source)]))._repr_mimebundle_()["text/plain"]
    assert "Source" in text
    assert "Cannot show" not in text


@pytest.mark.parametrize(
    "recorded", ["[" * 100_000, "[]", "{}", '{"location": 5, "sha": "x", "ds_type": "local"}', "1"]
)
def test_a_damaged_record_is_named(code, tmp_path, recorded):
    run = code(package([FLOW])) and Metaflow(metadata=f"local@{tmp_path}", namespace=None).get("F/1")
    World(tmp_path).event("F", "1", "start", "1", "code-package", recorded)
    with pytest.raises(DataException, match="code package is not valid"):
        run.code  # noqa: B018 - it raises
