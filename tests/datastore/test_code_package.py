"""Code packages: same content as in Metaflow's client, and no file is written outside the folder."""

import io
import json
import os
import re
import tarfile
from pathlib import Path

import pytest

from mfwidgets.datastore.code_package import CodePackage
from mfwidgets.errors import DataException


def test_a_real_package(client, runs, metaflow):
    ours, theirs = client.get(runs["packed"]).code, metaflow.Run(runs["packed"]).code
    assert ours.path == theirs.path
    assert ours.info == theirs.info
    assert ours.script_name == theirs.script_name == "foreach_flow.py"
    assert ours.flowspec == theirs.flowspec.decode()  # Metaflow documents str and returns bytes
    assert str(ours) == str(theirs)
    assert ours.tarball.getnames() == theirs.tarball.getnames()
    assert ours.sha in ours.path
    assert client.get(runs["packed"])["end"].task.environment_info == "Local environment"
    assert client.get(runs["linear"]).code is None
    assert client.get(runs["linear"])["end"].environment_info is None


def test_extracting_the_users_files(client, runs, tmp_path):
    code = client.get(runs["packed"]).code
    with code.extract() as folder:
        names = {path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file()}
    assert "foreach_flow.py" in names
    assert not any(name.startswith((".mf_", "metaflow/")) for name in names)
    written = code.extractall(tmp_path)
    assert {path.relative_to(tmp_path).as_posix() for path in written} == names
    assert (tmp_path / "foreach_flow.py").read_text() == code.flowspec


def packed(files, links=()):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for name, target in links:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return stream.getvalue()


INFO = json.dumps({"script": "flow.py"}).encode()


def test_the_older_layout(tmp_path):
    files = {"INFO": INFO, "CONFIG": b"{}", "metaflow/__init__.py": b"", "flow.py": b"code", "lib/a.py": b"a"}
    package = CodePackage(packed(files), "F")
    assert package.info == {"script": "flow.py"}
    assert sorted(package.sizes()) == ["flow.py", "lib/a.py"]
    package.extract_to(tmp_path)
    assert (tmp_path / "lib" / "a.py").read_bytes() == b"a"


@pytest.mark.parametrize("name", ["../evil.py", "/etc/evil.py", "a/../../evil.py", ".", "a/.."])
def test_a_name_that_leads_out_writes_nothing(name, tmp_path):
    package = CodePackage(packed({"INFO": INFO, "flow.py": b"", name: b"evil"}), "F")
    with pytest.raises(
        DataException, match=rf"The code package of F contains {re.escape(repr(name))}, which leads out of"
    ):
        package.extract_to(tmp_path / "target")
    assert list(tmp_path.rglob("*.py")) == []


def test_a_link_in_the_folder_is_not_followed(tmp_path):
    target = tmp_path / "target"
    target.mkdir()
    (target / "lib").symlink_to(tmp_path)
    package = CodePackage(packed({"INFO": INFO, "flow.py": b"", "lib/evil.py": b"evil"}), "F")
    with pytest.raises(DataException, match=r"contains 'lib/evil\.py', which leads out of"):
        package.extract_to(target)
    assert list(tmp_path.rglob("*.py")) == []


def test_extracted_files_belong_to_the_reader_and_the_last_of_a_name_counts(tmp_path):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content, mode in [
            ("INFO", INFO, 0o644),
            ("a.sh", b"1", 0o644),
            ("a.sh", b"22", 0o6777),
            ("b", b"", 0),
        ]:
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.uid, member.gid = len(content), mode, 12345, 12345
            archive.addfile(member, io.BytesIO(content))
    package = CodePackage(stream.getvalue(), "F")
    written = package.extract_to(tmp_path)
    assert written == [tmp_path / "a.sh", tmp_path / "b"]
    assert (tmp_path / "a.sh").read_bytes() == package.read("a.sh") == b"22"
    if os.name == "posix":
        assert (tmp_path / "a.sh").stat().st_uid == os.getuid()
        assert [file.stat().st_mode & 0o7777 for file in written] == [0o755, 0o600]


def test_links_are_not_followed(tmp_path):
    package = CodePackage(packed({"INFO": INFO, "link/evil.py": b"evil"}, links=[("link", "/tmp")]), "F")
    package.extract_to(tmp_path)
    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "link" / "evil.py").read_bytes() == b"evil"


@pytest.mark.parametrize("content", [b"", b"junk", packed({"INFO": INFO})[:40], packed({})])
def test_a_broken_package_says_so(content):
    with pytest.raises(DataException, match="The code package of F"):
        CodePackage(content, "F").sizes()
