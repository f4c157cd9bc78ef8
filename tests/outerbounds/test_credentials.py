"""Credentials of Outerbounds: each cloud's own library exchanges the token, and obstore reads with the result."""

import json
import traceback
from datetime import UTC, datetime, timedelta

import pytest
from outerbounds_server import AUTH, CONFIG_URL, CONTENT, KEY, ROLE, write_home

from mfwidgets.concurrency import parallel_map
from mfwidgets.config import read_configuration
from mfwidgets.datastore.cloud import open_cloud
from mfwidgets.datastore.credentials import credentials_source, storage_credentials
from mfwidgets.errors import DataException, MetaflowConfigurationError, MetaflowException, ServiceException
from mfwidgets.magic.dispatch import run_line
from mfwidgets.outerbounds import clouds
from mfwidgets.outerbounds import configuration as outerbounds_configuration
from mfwidgets.outerbounds import credentials as outerbounds_credentials
from mfwidgets.outerbounds.configuration import RESOLVED, OuterboundsConfiguration
from mfwidgets.outerbounds.credentials import OuterboundsCredentials, auth_server

ROOTS = {"s3": "s3://runs/metaflow", "azure": "runs/metaflow", "gs": "gs://runs/metaflow"}
TOKENS = {"s3": "aws", "azure": "azure", "gs": "gcp"}
SECRETS = (KEY, "token-aws", "token-azure", "token-gcp", "aws-secret", "session-aws", "bearer-azure", "federated")


@pytest.fixture
def server(_running, monkeypatch, tmp_path):
    """A server whose hosts this process reaches, a user's folder that names it, and nothing in memory."""
    for name, value in _running.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("METAFLOW_HOME", str(write_home(tmp_path / "home")))
    monkeypatch.setenv("METAFLOW_CLIENT_CACHE_PATH", str(tmp_path / "cache"))
    monkeypatch.setenv("METAFLOW_AZURE_STORAGE_BLOB_SERVICE_ENDPOINT", "https://acme.blob.core.windows.net")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(outerbounds_configuration, "PROVIDER", OuterboundsConfiguration())
    monkeypatch.setattr(outerbounds_credentials, "PROVIDER", OuterboundsCredentials())
    monkeypatch.setattr("mfwidgets.entry_points._loaded", {})
    _running.requests()
    yield _running
    for url in (CONFIG_URL, *(f"https://{AUTH}/generate/{name}" for name in TOKENS.values())):
        _running.answers(url, 0)


def hosts(requests):
    return list(dict.fromkeys(request["host"] for request in requests))


@pytest.mark.parametrize("kind", ROOTS)
def test_bytes_are_read_with_the_token_of_the_auth_server(server, kind):
    datastore = open_cloud(kind, ROOTS[kind], read_configuration())
    assert datastore.read("F/1/start/2/0.data.json") == CONTENT
    requests = server.requests()
    (token,) = [request for request in requests if request["host"] == AUTH]
    assert (token["method"], token["path"]) == ("GET", f"/generate/{TOKENS[kind]}")
    assert token["headers"]["x-api-key"] == KEY
    assert {request["host"] for request in requests if KEY in json.dumps(request)} == {AUTH, "api.acme.example"}


def test_the_role_is_assumed_in_its_region_and_other_keys_are_not_used(server, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOTHER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "other")
    open_cloud("s3", ROOTS["s3"], read_configuration()).read("F/1/x")
    requests = server.requests()
    (sts,) = [request for request in requests if request["host"] == "sts.eu-west-1.amazonaws.com"]
    assert sts["form"]["RoleArn"] == ROLE
    assert "AKIAOTHER" not in json.dumps(requests)
    assert any(request["host"].endswith("s3.eu-west-1.amazonaws.com") for request in requests)


def test_the_google_account_is_that_of_the_answer(server):
    open_cloud("gs", ROOTS["gs"], read_configuration()).read("F/1/x")
    sts, account = [request for request in server.requests() if request["host"].endswith("googleapis.com")][:2]
    assert sts["form"]["audience"] == (
        "//iam.googleapis.com/projects/12345/locations/global/workloadIdentityPools/pool-1/providers/provider-1"
    )
    assert account["path"].endswith("/serviceAccounts/task@acme.iam.gserviceaccount.com:generateAccessToken")
    assert account["form"]["scope"] == ["https://www.googleapis.com/auth/devstorage.read_only"]


def test_all_clients_and_threads_share_the_credentials(server):
    for _ in range(3):
        datastore = open_cloud("azure", ROOTS["azure"], read_configuration())
        parallel_map(datastore.read, [f"F/1/{number}" for number in range(10)])
    assert [request["host"] for request in server.requests()].count(AUTH) == 1


@pytest.mark.parametrize("left", [timedelta(minutes=4), timedelta(seconds=-1)])
def test_credentials_that_expire_soon_are_renewed(server, monkeypatch, left):
    given = {"token": "t", "expires_at": datetime.now(UTC) + left}
    monkeypatch.setitem(clouds.EXCHANGES, "azure", lambda _: given)
    provide = storage_credentials("azure", read_configuration())
    assert provide() == provide() == given
    assert [request["host"] for request in server.requests()].count(AUTH) == 2


@pytest.mark.parametrize("kind", ROOTS)
def test_a_refused_key_is_named(server, tmp_path, kind):
    server.answers(f"https://{AUTH}/generate/{TOKENS[kind]}", 403, {"message": f"no {KEY}"})
    with pytest.raises((ServiceException, DataException), match=rf"{AUTH}.*403.*outerbounds configure") as caught:
        open_cloud(kind, ROOTS[kind], read_configuration()).read("F/1/x")
    shown = "".join(traceback.format_exception(caught.value))
    assert not [secret for secret in SECRETS if secret in shown]


@pytest.mark.parametrize("kind", ROOTS)
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({}, "Expected a token"),
        ({"token": 5}, "Expected a token"),
        ({"token": "token-odd"}, "Expected '.*' with Outerbounds' token"),
    ],
)
def test_an_answer_without_its_parts_is_named(server, kind, answer, message):
    server.answers(f"https://{AUTH}/generate/{TOKENS[kind]}", 200, answer)
    with pytest.raises(MetaflowException, match=message):
        open_cloud(kind, ROOTS[kind], read_configuration()).read("F/1/x")


REFUSED = {
    "s3": {"token": "token-odd", "role_arn": ROLE, "region": "eu-west-1"},
    "azure": {"token": "token-odd", "azureTenantId": "tenant-1", "azureClientId": "client-1"},
    "gs": {
        "token": "token-odd",
        "gcpProjectNumber": "1",
        "gcpWorkloadIdentityPool": "p",
        "gcpWorkloadIdentityPoolProvider": "q",
        "gcpServiceAccountEmail": "a@b",
    },
}


@pytest.mark.parametrize("kind", ROOTS)
def test_a_cloud_that_refuses_the_token_is_named_without_it(server, kind):
    server.answers(f"https://{AUTH}/generate/{TOKENS[kind]}", 200, REFUSED[kind])
    with pytest.raises(DataException, match=f"cannot be obtained with the token of {AUTH}") as caught:
        open_cloud(kind, ROOTS[kind], read_configuration()).read("F/1/x")
    assert "token-odd" not in "".join(traceback.format_exception(caught.value))


def read(tmp_path, user, project=None, **environ):
    home = tmp_path / "own"
    home.mkdir(exist_ok=True)
    (home / "config.json").write_text(json.dumps(user))
    if project is not None:
        (tmp_path / ".metaflow").mkdir(exist_ok=True)
        (tmp_path / ".metaflow" / "config.json").write_text(json.dumps(project))
    return read_configuration({"METAFLOW_HOME": str(home), **environ}, tmp_path)


SERVICE = {"METAFLOW_SERVICE_URL": "https://metadata.acme.example/x", "METAFLOW_SERVICE_AUTH_KEY": KEY}


def test_where_the_auth_server_is(tmp_path):
    inferred = read(tmp_path, SERVICE | {"OBP_PERIMETER": "north"})
    assert auth_server(inferred).host == "auth.acme.example"
    named = read(tmp_path, SERVICE | {"OBP_AUTH_SERVER": "https://auth.other.example/"})
    assert auth_server(named).host == "auth.other.example"
    in_a_pod = read(tmp_path, {}, METAFLOW_SERVICE_URL="https://m.a.b", METAFLOW_SERVICE_HEADERS='{"x-api-key": "k"}')
    assert (auth_server(in_a_pod).host, auth_server(in_a_pod).headers) == ("auth.a.b", {"x-api-key": "k"})


@pytest.mark.parametrize("name", ["a/b", "user:pass@host", "", "a b", "[::1", "https://"])
def test_an_odd_name_of_the_auth_server_is_refused(tmp_path, name):
    with pytest.raises(MetaflowConfigurationError, match="Expected the host of Outerbounds' auth server") as caught:
        auth_server(read(tmp_path, SERVICE | {"OBP_AUTH_SERVER": name}))
    assert "pass" not in str(caught.value)


def test_keys_go_to_the_auth_server_of_the_same_source_only(tmp_path):
    """A folder that names a metadata service, and so its auth server, gets no key of the user."""
    user = {"METAFLOW_SERVICE_AUTH_KEY": KEY, "METAFLOW_DEFAULT_AWS_CLIENT_PROVIDER": "obp"}
    configuration = read(tmp_path, user, {"METAFLOW_SERVICE_URL": "https://metadata.evil.example"})
    server = auth_server(configuration)
    assert (server.host, server.headers) == ("auth.evil.example", {})
    with pytest.raises(MetaflowConfigurationError, match="in the same place as the name of this host"):
        server.token("s3")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("s3", "METAFLOW_S3_ENDPOINT_URL"),
        ("s3", "METAFLOW_DATATOOLS_CLIENT_PARAMS"),
        ("azure", "METAFLOW_AZURE_STORAGE_BLOB_SERVICE_ENDPOINT"),
    ],
)
def test_a_folder_that_names_an_endpoint_gets_no_credentials(tmp_path, kind, name):
    ours = SERVICE | {"OBP_AUTH_SERVER": AUTH}
    evil = '{"endpoint_url": "https://evil"}' if name.endswith("PARAMS") else "https://evil"
    assert storage_credentials(kind, read(tmp_path, ours, {name: evil})) is None
    assert storage_credentials(kind, read(tmp_path, ours | {name: evil}, {})) is not None


def test_when_the_credentials_are_outerbounds(tmp_path):
    plain = read(tmp_path, SERVICE)
    assert [credentials_source(kind, plain) for kind in (*ROOTS, "local")] == [""] * 4
    ours = read(tmp_path, SERVICE | {"OBP_AUTH_SERVER": AUTH})
    assert {credentials_source(kind, ours) for kind in ROOTS} == {f"Outerbounds at {AUTH}"}
    chosen = read(tmp_path, SERVICE | {"OBP_AUTH_SERVER": AUTH}, METAFLOW_DEFAULT_AWS_CLIENT_PROVIDER="boto3")
    assert credentials_source("s3", chosen) == ""
    in_a_pod = read(tmp_path, {}, **SERVICE, METAFLOW_DEFAULT_GCP_CLIENT_PROVIDER="obp")
    resolved = read(tmp_path, {}, **{RESOLVED: json.dumps(SERVICE)})
    assert credentials_source("s3", resolved) == f"Outerbounds at {AUTH}"
    assert (credentials_source("gs", in_a_pod), credentials_source("s3", in_a_pod)) == (f"Outerbounds at {AUTH}", "")


def test_the_doctor_says_where_the_credentials_come_from(server):
    doctor = run_line("doctor")
    (datastore,) = [check for check in doctor.checks if check.name == "datastore"]
    assert f"credentials of Outerbounds at {AUTH}" in datastore.details
    assert KEY not in repr(doctor.to_dict())


def test_no_repr_shows_a_key(server):
    configuration = read_configuration()
    server_, provide = auth_server(configuration), storage_credentials("s3", configuration)
    provide()
    shown = repr((configuration, server_, provide, provide._provide))
    assert not [secret for secret in SECRETS if secret in shown]
