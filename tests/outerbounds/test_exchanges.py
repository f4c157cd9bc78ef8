"""The requests of mfwidgets are those of the real ``ob-metaflow-extensions``, which are recorded."""

import json

import pytest
from outerbounds.exchanges import CASES, KINDS, RECORDED, essence, files
from outerbounds_server import API, AUTH

from mfwidgets.config import read_configuration
from mfwidgets.datastore.cloud import open_cloud
from mfwidgets.errors import ServiceException
from mfwidgets.outerbounds import configuration as outerbounds_configuration
from mfwidgets.outerbounds import credentials as outerbounds_credentials
from mfwidgets.outerbounds.configuration import OuterboundsConfiguration
from mfwidgets.outerbounds.credentials import OuterboundsCredentials

REAL = json.loads(RECORDED.read_text(encoding="utf-8"))
ROOTS = {"s3": "s3://runs/metaflow", "azure": "runs/metaflow", "gs": "gs://runs/metaflow"}

EXCHANGES = {API, AUTH, "login.microsoftonline.com", "sts.googleapis.com", "iamcredentials.googleapis.com"}
"""The hosts for configuration and credentials. The libraries that read objects differ: they have other paths."""


@pytest.fixture
def server(_running, monkeypatch):
    for name, value in _running.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(outerbounds_configuration, "PROVIDER", OuterboundsConfiguration())
    monkeypatch.setattr(outerbounds_credentials, "PROVIDER", OuterboundsCredentials())
    monkeypatch.setattr("mfwidgets.entry_points._loaded", {})
    _running.requests()
    return _running


def exchanges(requests):
    return [one for one in requests if one["host"] in EXCHANGES or one["host"].startswith("sts.")]


@pytest.mark.parametrize("case", CASES)
def test_the_configuration_is_that_of_the_real_extension(server, tmp_path, case):
    environ, real = files(tmp_path, case), REAL["cases"][case]
    if "error" in real["answer"]:
        assert "[status:403]" in real["answer"]["error"]
        with pytest.raises(ServiceException, match="status 403"):
            read_configuration(environ, tmp_path)
    else:
        configuration = read_configuration(environ, tmp_path)
        assert configuration.get("SERVICE_URL") == real["answer"]["url"]
        assert configuration.service_headers() == real["answer"]["headers"]
    assert essence(server.requests()) == real["requests"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_credentials_are_obtained_as_by_the_real_extension(server, tmp_path, monkeypatch, kind):
    for name, value in files(tmp_path, "default").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("METAFLOW_AZURE_STORAGE_BLOB_SERVICE_ENDPOINT", "https://acme.blob.core.windows.net")
    monkeypatch.setenv("METAFLOW_CLIENT_CACHE_PATH", str(tmp_path / "cache"))
    real = REAL["kinds"][kind]
    assert "error" not in real["answer"]
    open_cloud(kind, ROOTS[kind], read_configuration()).read("F/1/x")
    ours = essence(server.requests())
    assert exchanges(ours) == exchanges(real["requests"])
    assert len(exchanges(ours)) >= 3
