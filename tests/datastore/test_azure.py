"""Data in Azure Blob Storage: the tests read what real Metaflow wrote to a real server, Azurite."""

import os
import subprocess
import sys

import pytest
from azure_server import azure_server
from corpus import FLOWS
from npm_packages import has_npm

from mfwidgets import Metaflow
from mfwidgets.errors import DataException

pytestmark = pytest.mark.skipif(not has_npm() and not os.environ.get("CI"), reason="Azurite needs npm")


@pytest.fixture(scope="module")
def _on_azure(tmp_path_factory):
    folder = tmp_path_factory.mktemp("azure")
    (folder / ".metaflow").mkdir()
    with azure_server(folder / "server") as server:
        for flow in ("linear_flow.py", "parameter_flow.py"):
            command = [sys.executable, str(FLOWS / flow), "--datastore=azure", "run"]
            done = subprocess.run(
                command, cwd=folder, env=os.environ | server.environ, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stdout + done.stderr
        yield folder, server


@pytest.fixture
def client(_on_azure, monkeypatch, tmp_path):
    folder, server = _on_azure
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("METAFLOW_CLIENT_CACHE_PATH", str(tmp_path))
    return Metaflow(metadata=folder, namespace=None)


def test_what_metaflow_wrote(client):
    run = client["LinearFlow"].latest_run
    assert run.status == "completed"
    assert run.data.text == "grün & <b>bold</b>"
    task = run["start"].task
    assert task.stdout.startswith("out: first\n")
    assert (task["x"].type, task["x"].size) == ("int", 5)
    assert list(client["LinearFlow"].runs().to_pandas(artifacts=["x"])["artifact.x"]) == [2]


def test_included_files(client):
    data = client["ParameterFlow"].latest_run.data
    assert data.words == "eins\nzwei\nüç\n"
    assert data.bits.startswith(b'"""Parameters')


def test_an_untrusted_certificate(client, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(DataException, match="cannot be read: "):
        _ = client["LinearFlow"].latest_run.data.text


def test_missing_certificates(client, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(DataException, match=r"certificates in /nowhere/ca\.pem cannot be read"):
        _ = client["LinearFlow"].latest_run.data.text
