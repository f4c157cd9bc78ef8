"""The packages of a run: real runs, a real uv project, manifests of Conda in both layouts, and odd records."""

import io
import json
import tarfile
from types import SimpleNamespace

import pytest
from running_flow import WAITING, running_flow

from mfwidgets import Metaflow, compare
from mfwidgets.client.answers.comparison_facts import Fact, Name, _package_facts
from mfwidgets.client.answers.differences import MISSING
from mfwidgets.client.answers.packages import NOT_RECORDED, NOT_RESOLVED, Packages, package_differences
from mfwidgets.datastore.code_package import CodePackage
from mfwidgets.errors import DataException, MetaflowInvalidArgument
from mfwidgets.queries.packages import (
    PackageRow,
    locked_packages,
    manifest_packages,
    normalized,
    package_of,
    package_rows,
    requested_packages,
)

LOCK = """
version = 1

[[package]]
name = "certifi"
version = "2026.1.1"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "project"
version = "0.1.0"
source = { virtual = "." }
"""

GRAPH = {
    "decorators": [
        {"name": "conda_base", "attributes": {"python": "3.11.7", "packages": {"requests": "2.32.0"}, "libraries": {}}},
        {"name": "schedule", "attributes": {"cron": "None"}},
        "odd",
    ],
    "steps": {
        "start": {"decorators": []},
        "fit": {
            "decorators": [
                {
                    "name": "pypi",
                    "attributes": {"python": "None", "packages": {"Scikit_Learn": ">=1.5", "torch": "None"}},
                },
                {"name": "conda", "attributes": {"packages": {"requests": "2.31.0"}, "libraries": {"scipy": ""}}},
            ]
        },
        "end": {"decorators": [{"name": "conda", "attributes": {"packages": {"never": "1"}, "disabled": True}}]},
    },
}

MANIFEST = {
    "id1": {
        "linux-64": {
            "conda": [
                {"url": "https://conda.anaconda.org/conda-forge/linux-64/requests-2.32.0-pyh4a_0.conda"},
                {"url": "https://conda.anaconda.org/conda-forge/linux-64/ca-certificates-2026.1-h0_1.tar.bz2"},
                {"url": 7},
                "odd",
            ],
            "pypi": [{"url": "https://files.example.org/a/scikit_learn-1.5.2-cp311-cp311-manylinux_x86_64.whl"}],
        }
    }
}


def test_a_plain_run_has_python_and_metaflow(client, runs):
    packages = client.get(runs["linear"]).packages()
    assert [(row.name, row.source) for row in packages] == [("python", "run"), ("metaflow", "run")]
    assert packages.note == NOT_RECORDED
    assert len(packages) == 2
    frame = packages.to_pandas()
    assert list(frame.columns) == ["name", "version", "requested", "source", "steps"]
    assert packages.to_dicts() == packages.to_dict()["packages"]
    assert NOT_RECORDED.partition("@")[0] in packages._repr_html_()


def test_a_project_of_uv(tmp_path):
    (tmp_path / "uv.lock").write_text(LOCK)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "project"\nversion = "0.1.0"\n')
    source = f"import os\nos.environ['METAFLOW_FEAT_ALWAYS_UPLOAD_CODE_PACKAGE'] = '1'\n{WAITING}"
    source = source.replace(
        "WaitingFlow()\n", "import sys\n    sys.argv[1:1] = ['--environment=uv']\n    WaitingFlow()\n"
    )
    with running_flow(tmp_path, source) as running:
        running.go()
        run = Metaflow(metadata=str(tmp_path), namespace=None).get(running.run).wait(120)
    packages = run.packages()
    assert PackageRow("certifi", "2026.1.1", None, "uv") in list(packages)
    assert "project" not in [row.name for row in packages]
    assert not packages.note
    assert "2026.1.1" in packages._repr_html_()


def test_requests_of_decorators():
    requests = requested_packages(GRAPH)
    assert requests["start", "conda"] == {"requests": "2.32.0", "python": "3.11.7"}
    assert requests["fit", "conda"] == {"requests": "2.31.0", "python": "3.11.7", "scipy": ""}
    assert requests["fit", "pypi"] == {"Scikit_Learn": ">=1.5", "torch": ""}
    assert ("end", "pypi") not in requests
    assert "never" not in requests["end", "conda"]
    assert requested_packages({}) == {}


def test_requests_and_versions_are_one_row():
    found = manifest_packages(MANIFEST, "/linux-64/id1")
    assert found == {
        "conda": {"requests": "2.32.0", "ca-certificates": "2026.1"},
        "pypi": {"scikit_learn": "1.5.2"},
    }
    resolved = {("fit", source): versions for source, versions in found.items()}
    rows = package_rows(requested_packages(GRAPH), resolved, GRAPH["steps"])
    assert PackageRow("scikit_learn", "1.5.2", ">=1.5", "pypi", ("fit",)) in rows
    assert PackageRow("requests", "2.32.0", "2.31.0", "conda", ("fit",)) in rows
    assert PackageRow("ca-certificates", "2026.1", None, "conda", ("fit",)) in rows
    assert PackageRow("requests", None, "2.32.0", "conda", ("start", "end")) in rows
    assert [row.name for row in rows] == sorted((row.name for row in rows), key=normalized)


@pytest.mark.parametrize("manifest", [None, [], {}, {"id1": []}, {"id1": {"linux-64": {"conda": {}}}}, "text"])
def test_odd_manifests_are_empty(manifest):
    assert manifest_packages(manifest, "/linux-64/id1") == {}
    assert manifest_packages(MANIFEST, "odd") == {}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://x.org/numpy-1.26.4-py311h64a7726_0.conda", ("numpy", "1.26.4")),
        ("https://x.org/_libgcc_mutex-0.1-conda_forge.tar.bz2", ("_libgcc_mutex", "0.1")),
        ("https://x.org/a-1.0-py3-none-any.whl#sha256=0", ("a", "1.0")),
        ("https://x.org/torch-2.5%2Bcpu-cp311-cp311-linux.whl", ("torch", "2.5+cpu")),
        ("https://x.org/my-pkg-1.0rc1.tar.gz", ("my-pkg", "1.0rc1")),
        ("git+https://user:secret@github.com/o/repo.git@abc123", ("repo", "abc123")),
        ("https://x.org/readme.txt", None),
        ("https://x.org/odd.conda", None),
        ("https://[broken", None),
        ("", None),
    ],
)
def test_names_and_versions_in_urls(url, expected):
    assert package_of(url) == expected


@pytest.mark.parametrize(
    "lock", [b"", b"\xff", b"package = 1", b"package = [1]", b"a = " + b"[" * 5000, b"[[package]]\nname = 1"]
)
def test_damaged_locks_are_empty(lock):
    assert locked_packages(lock) == {}


def package(files):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return CodePackage(stream.getvalue(), "flow F")


def test_both_layouts_of_code_packages():
    content = json.dumps(MANIFEST).encode()
    assert package({"INFO": b"{}", "conda.manifest": content}).manifest == MANIFEST
    new = package(
        {".mf_install": b"{}", ".mf_meta/INFO": b"{}", ".mf_meta/conda.manifest": content, "uv.lock": b"users"}
    )
    assert new.manifest == MANIFEST
    assert new.lock == b""
    assert package({"f.py": b""}).manifest == {}
    with pytest.raises(DataException, match="damaged"):
        _ = package({"INFO": b"{}", "conda.manifest": b"{"}).manifest


def packages(*rows):
    return Packages(SimpleNamespace(pathspec="F/1"), list(rows))


def test_the_note_says_what_is_missing():
    requested = PackageRow("pandas", None, "2.2", "pypi")
    assert packages(requested).note == NOT_RESOLVED
    assert packages(requested, PackageRow("numpy", "2.0", None, "pypi")).note == ""


def test_differences(monkeypatch, client, runs):
    both = [client.get(runs["linear"]), client.get(runs["failing"])]
    found = [
        packages(
            PackageRow("Pandas", "2.2", None, "pypi", ("a",)),
            PackageRow("pandas", "2.1", None, "pypi", ("b",)),
            PackageRow("same", "1", "", "conda"),
            PackageRow("asked", None, "", "conda"),
        ),
        packages(PackageRow("pandas", "2.3", None, "pypi"), PackageRow("same", "1", None, "conda")),
    ]
    monkeypatch.setattr("mfwidgets.client.answers.packages.packages_of", lambda run: found[both.index(run)])
    differences = package_differences(both)
    assert [(row.name, row.values) for row in differences] == [
        ("asked", ("any requested", MISSING)),
        ("Pandas", ("2.2, 2.1", "2.3")),
    ]


def test_a_comparison_has_packages(client, runs):
    same = compare(client.get(runs["linear"]), client.get(runs["linear-bob"]))
    assert same.packages() == []
    with pytest.raises(MetaflowInvalidArgument, match="Expected runs"):
        compare(*(client.get(runs[name])["start"] for name in ("linear", "linear-bob"))).packages()
    facts = dict(_package_facts(GRAPH))
    assert facts[Name("packages", "", "requests")] == Fact(("2.31.0", "2.32.0"), "2.31.0, 2.32.0")
