"""Packages that extend mfwidgets: the example of the documentation, installed, and packages that do not work."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from documents.pages import HOWTO, parsed
from local_world import World
from outerbounds_server import outerbounds_server
from sybil.parsers.myst import CodeBlockParser

import mfwidgets
from mfwidgets import Metaflow
from mfwidgets.config import configuration_origin, read_configuration
from mfwidgets.datastore.credentials import credentials_source, storage_credentials
from mfwidgets.entry_points import extension, extensions, package_of
from mfwidgets.errors import ExtensionFailed, MetaflowException, UnloadableArtifact, ValuesNotRead
from mfwidgets.extensions import CONFIGURATION, HEADERS, SERIALIZERS, STORAGE_CREDENTIALS
from mfwidgets.providers.factory import open_provider

PAGE = HOWTO / "extend.md"
REPOSITORY = Path(mfwidgets.__file__).parents[1]


def block(language):
    """Return the first code block of the page in this language."""
    blocks = []
    for example in parsed(PAGE, CodeBlockParser(language, lambda example: blocks.append(example.parsed))):
        example.evaluate()
    return blocks[0]


def install(folder, name, points, module=""):
    """Write what an installer writes: the module, and its metadata with the entry points by group."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name.replace('-', '_')}.py").write_text(module)
    metadata = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    groups = [
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in all_.items()) for group, all_ in points.items()
    ]
    (metadata / "entry_points.txt").write_text("\n".join(groups))
    return folder


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """A function that installs a package into a folder on ``sys.path``."""
    monkeypatch.syspath_prepend(tmp_path / "packages")
    monkeypatch.setattr("mfwidgets.entry_points._loaded", {})
    monkeypatch.setattr("mfwidgets.entry_points._failed", set())
    before = set(sys.modules)

    def add(name, points, module=""):
        return install(tmp_path / "packages", name, points, module)

    yield add
    for name in set(sys.modules) - before:
        if name.startswith("acme"):
            del sys.modules[name]


ASKED = """
import json, sys
import mfwidgets as m
first = [name for name in sys.modules if name.startswith(("acme", "importlib.metadata"))]
m.namespace(None)
selector, flows = m.get_metadata(), [flow.id for flow in m.Metaflow()]
m.metadata(sys.argv[1])
task = m.Task("TableFlow/1/start/1")
shown = m.DataArtifact("TableFlow/1/start/1/rows")._repr_mimebundle_()["text/plain"]
from mfwidgets.config import read_configuration
from mfwidgets.datastore.cloud import open_cloud
read = open_cloud("s3", "s3://runs/metaflow", read_configuration()).read("F/1/x").decode()
from mfwidgets.magic.dispatch import run_line
doctor = run_line("doctor")._repr_mimebundle_()["text/plain"]
print(json.dumps([first, selector, flows, shown, task.data.rows, read, doctor]))
"""


def test_the_example_of_the_documentation_works(tmp_path):
    project = tomllib.loads(block("toml"))["project"]
    site = install(tmp_path / "site", project["name"], project["entry-points"], block("python"))
    world = World(tmp_path / "runs")
    world.task("TableFlow", "1", "start", "1")
    world.artifact("TableFlow/1/start/1", "rows", content=b"city,people\nGraz,300\n", encoding="acme-csv")
    with outerbounds_server(tmp_path / "server") as server:
        server.answers("https://metadata.acme.example/north/flows", 200, [])
        environ = os.environ | server.environ | {
            "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(site)]), "ACME_DEPLOYMENT": "north",
            "ACME_TOKEN": "session-aws", "AWS_DEFAULT_REGION": "eu-west-1", "METAFLOW_DEFAULT_DATASTORE": "s3",
        }  # fmt: skip
        command = [sys.executable, "-W", "error", "-c", ASKED, str(tmp_path / "runs")]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        seen = server.requests()
    first, selector, flows, shown, rows, read, doctor = json.loads(done.stdout)
    assert first == []
    assert (selector, flows) == ("service@https://metadata.acme.example/north", [])
    assert "acme-csv" in shown
    assert ".data reads it with the package acme-metaflow" in shown
    assert rows == [{"city": "Graz", "people": "300"}]
    assert read == "bytes of a run"
    assert "Acme's deployments" in doctor
    assert "Acme's login" in doctor
    assert {one["host"]: one["headers"].get("authorization") for one in seen}[
        "metadata.acme.example"
    ] == "Bearer session-aws"


def only(group):
    """Return the objects of a group that are not ours."""
    return [found for found in extensions(group) if not found.label.startswith("mfwidgets ")]


ODD = """
class Odd:
    def source(self, *_): {0}
    def read(self, *_): {1}
    def headers(self, *_): {1}
    def credentials(self, *_): {1}
    def deserialize(self, *_): {1}
odd = Odd()
"""
ALL = {group.name: {"odd": "acme_odd:odd"} for group in (CONFIGURATION, HEADERS, STORAGE_CREDENTIALS, SERIALIZERS)}

FAILING = {
    "a module that is missing": ("", "cannot be imported"),
    "a syntax error": ("def", "cannot be imported: SyntaxError"),
    "an exit": ("import sys; sys.exit(3)", "cannot be imported: SystemExit"),
    "an error at import": ("1/0", "cannot be imported: ZeroDivisionError"),
    "no object": ("other = 1", "cannot be imported: AttributeError"),
    "an object without its methods": ("odd = 5", r"has no source\(\)"),
    "an error in source": (
        ODD.format("1/0", "return {}"),
        r"source\(\) raises ZeroDivisionError \(.*acme_odd\.py, line 3\)",
    ),
    "another type": (ODD.format("return 5", "return {}"), r"source\(\) returns int, not str"),
    "an error in read": (ODD.format("return 'x'", "raise ValueError('K3Y-SECRET')"), r"\(\) raises ValueError"),
    "another type to read": (ODD.format("return 'x'", "return 5"), r"\(\) returns int, not "),
}


@pytest.mark.parametrize("name", FAILING)
def test_a_package_that_fails_gives_one_warning_and_breaks_nothing(packages, runs, name):
    module, message = FAILING[name]
    folder = packages("acme-odd", {CONFIGURATION.name: {"odd": "acme_odd:odd"}}, module)
    if not module:
        (folder / "acme_odd.py").unlink()

    def look():
        client = Metaflow(metadata=f"local@{runs.folder}", namespace=None)
        assert "LinearFlow" in client._repr_mimebundle_()["text/plain"]

    with pytest.warns(ExtensionFailed, match=message) as warned:
        look()
    look()  # warnings are errors here
    (warning,) = warned
    assert "acme-odd (mfwidgets.configuration: odd)" in str(warning.message)
    assert "K3Y-SECRET" not in str(warning.message)


@pytest.mark.parametrize(
    "code",
    ["raise ValueError('K3Y-SECRET')", "return 5", "return {'a': 'b\\nc'}", "return {5: 'x'}", "return {'x': 5}"],
)
def test_headers_that_fail_give_one_warning(packages, tmp_path, code):
    packages("acme-odd", {HEADERS.name: {"odd": "acme_odd:odd"}}, ODD.format("", code).replace(": \n", ": pass\n"))
    configuration = read_configuration({}, tmp_path)
    provider = open_provider("service@http://127.0.0.1:9", configuration)
    with pytest.warns(ExtensionFailed, match=r"acme-odd .*headers\(\)") as warned:
        assert provider._http._headers() == {}
    assert provider._http._headers() == {}
    (warning,) = warned
    assert "K3Y-SECRET" not in str(warning.message)


def test_headers_are_not_given_to_a_host_that_a_folder_names(packages, tmp_path):
    packages("acme-odd", {HEADERS.name: {"odd": "acme_odd:odd"}}, ODD.format("pass", "return {'x-key': 'K3Y'}"))
    (tmp_path / ".metaflow").mkdir()
    (tmp_path / ".metaflow" / "config.json").write_text(json.dumps({"METAFLOW_SERVICE_URL": "http://evil.example"}))
    of_folder = open_provider("service", read_configuration({}, tmp_path))
    of_user = open_provider("service", read_configuration({"METAFLOW_SERVICE_URL": "http://a.example"}, tmp_path))
    assert (of_folder._http._headers(), of_user._http._headers()) == ({}, {"x-key": "K3Y"})


def test_a_message_for_the_user_is_shown(packages, tmp_path):
    raising = "raise __import__('mfwidgets').errors.MetaflowException('Run `acme login`.')"
    packages("acme-odd", ALL, ODD.format("return 'Acme'", raising))
    with pytest.raises(MetaflowException, match="Run `acme login`"):
        read_configuration({}, tmp_path)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("return lambda: 1 / 0", "finds no credentials: ZeroDivisionError"),
        ("return lambda: 5", "finds no credentials: AttributeError"),
        ("return lambda: {'expires_at': __import__('datetime').datetime.now()}", "finds no credentials: ValueError"),
    ],
)
def test_credentials_that_fail_are_named(packages, tmp_path, code, message):
    packages("acme-odd", {STORAGE_CREDENTIALS.name: {"odd": "acme_odd:odd"}}, ODD.format("return 'Acme'", code))
    configuration = read_configuration({}, tmp_path)
    assert credentials_source("s3", configuration) == "Acme"
    credentials = storage_credentials("s3", configuration)
    with pytest.raises(Exception, match=r".*"):
        credentials()
    assert message in str(credentials.error)


def table(tmp_path, encoding):
    world = World(tmp_path)
    world.task("TableFlow", "1", "start", "1")
    world.artifact("TableFlow/1/start/1", "rows", content=b"a", encoding=encoding)
    return Metaflow(metadata=f"local@{tmp_path}", namespace=None).get("TableFlow/1/start/1/rows")


def test_a_name_in_data_imports_nothing_that_is_not_installed(packages, tmp_path):
    """An encoding is a key among the installed entry points. It is never a module, a path or another group's name."""
    packages("acme-odd", {HEADERS.name: {"odd": "acme_odd:odd"}}, "raise SystemExit('imported')")
    for encoding in ("acme_odd:odd", "odd", "os:system", "../acme_odd", "", "outerbounds", "mfwidgets.headers"):
        artifact = table(tmp_path / f"w{abs(hash(encoding))}", encoding)
        assert artifact._repr_mimebundle_()
        with pytest.raises(UnloadableArtifact, match=r"install a package with an entry point|encoding"):
            _ = artifact.data
    assert "acme_odd" not in sys.modules


def test_looking_never_calls_a_serializer(packages, tmp_path):
    packages("acme-odd", {SERIALIZERS.name: {"odd": "acme_odd:odd"}}, ODD.format("pass", "return {'a': 1}"))
    artifact = table(tmp_path, "odd")
    artifact._repr_mimebundle_()
    artifact.parent._repr_mimebundle_()
    with pytest.warns(ValuesNotRead, match="unpickle=True reads it with the package acme-odd"):
        plain = artifact.parent.parent.tasks().to_pandas(artifacts=["rows"])
    assert "acme_odd" not in sys.modules
    assert plain["artifact.rows"].isna().all()


def test_a_serializer_gets_what_was_recorded(packages, tmp_path):
    code = "return [_[0], _[1].obj_type, _[1].size, _[1].encoding, dict(_[1].serializer_info)]"
    packages("acme-odd", {SERIALIZERS.name: {"odd": "acme_odd:odd"}}, ODD.format("pass", code))
    artifact = table(tmp_path, "odd")
    file = tmp_path / ".metaflow/TableFlow/1/start/1/0.data.json"
    content = json.loads(file.read_text())
    content["info"]["rows"]["serializer_info"] = {"source": "acme", "columns": 2}
    file.write_text(json.dumps(content))
    assert artifact.data == [[b"a"], "<class 'object'>", 1, "odd", {"source": "acme", "columns": 2}]
    file.unlink()
    assert artifact.data == [[b"a"], "", None, "odd", {}]


def test_a_serializer_that_fails_is_named(packages, tmp_path):
    packages("acme-odd", {SERIALIZERS.name: {"odd": "acme_odd:odd", "gone": "acme_gone:x"}}, ODD.format("pass", "1/0"))
    with pytest.raises(UnloadableArtifact, match=r"acme-odd .*ZeroDivisionError.*\.raw\(\)"):
        _ = table(tmp_path / "a", "odd").data
    gone = table(tmp_path / "b", "gone")
    with pytest.warns(ExtensionFailed, match="acme-odd"), pytest.raises(UnloadableArtifact, match="raw"):
        _ = gone.data
    assert gone.raw() == b"a"


METAFLOW = """
from metaflow.datastore.artifacts.serializer import ArtifactSerializer
class Upper(ArtifactSerializer):
    TYPE = "upper"
    @classmethod
    def setup_imports(cls): cls.lazy_import("json")
    @classmethod
    def can_serialize(cls, obj): return False
    @classmethod
    def can_deserialize(cls, metadata): return metadata.encoding == "upper"
    @classmethod
    def serialize(cls, obj, format=None): raise NotImplementedError
    @classmethod
    def deserialize(cls, data, metadata=None, format=None): return cls.json.dumps(data[0].decode().upper())
"""


@pytest.mark.usefixtures("metaflow")
def test_a_serializer_of_metaflow_fits(packages, tmp_path):
    packages("acme-upper", {SERIALIZERS.name: {"upper": "acme_upper:Upper"}}, METAFLOW)
    artifact = table(tmp_path, "upper")
    assert (artifact.data, artifact.data) == ('"A"', '"A"')


def test_the_first_package_on_the_path_counts_and_ours_is_last(packages, tmp_path):
    packages("acme-a", {CONFIGURATION.name: {"outerbounds": "acme_a:x"}}, "class x:\n source = read = dict")
    assert [found.label.partition(" ")[0] for found in extensions(CONFIGURATION)] == ["acme-a"]
    packages("acme-b", {CONFIGURATION.name: {"b": "acme_b:x"}}, "class x:\n source = read = dict")
    assert {found.label.partition(" ")[0] for found in extensions(CONFIGURATION)} == {"acme-a", "acme-b"}
    assert extension(CONFIGURATION, "nothing") is None
    assert package_of(CONFIGURATION, "b") == "acme-b"
    assert package_of(STORAGE_CREDENTIALS, "outerbounds") == "mfwidgets"


def test_a_package_that_is_installed_later_is_found(packages, tmp_path):
    assert not only(HEADERS)
    packages("acme-odd", ALL, ODD.format("pass", "pass"))
    assert only(HEADERS)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"no section = 1\n[", b"[mfwidgets.headers]\nx\n", b""])
def test_broken_metadata_of_another_package_hides_nothing(packages, tmp_path, content):
    folder = packages("acme-odd", ALL, ODD.format("return None", "return None"))
    other = folder / "aaa_broken-1.0.dist-info"
    other.mkdir()
    (other / "entry_points.txt").write_bytes(content)
    assert len(only(HEADERS)) == 1
    assert configuration_origin(read_configuration({}, tmp_path)) == ""
