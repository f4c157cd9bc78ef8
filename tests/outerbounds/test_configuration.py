"""The configuration of Outerbounds: what is followed, what is refused, and that keys stay where they belong."""

import json
import traceback
import warnings

import pytest
from outerbounds_server import API, CONFIG_URL, KEY, NORTH_URL, write_home

import mfwidgets
from mfwidgets import Metaflow
from mfwidgets.concurrency import parallel_map
from mfwidgets.config import configuration_origin, read_configuration
from mfwidgets.deadline import Deadline
from mfwidgets.errors import (
    DeadlineExceeded,
    ExtensionFailed,
    MetaflowConfigurationError,
    MetaflowException,
    ServiceException,
)
from mfwidgets.magic.commands import doctor as doctor_command
from mfwidgets.magic.dispatch import run_line
from mfwidgets.outerbounds import configuration as outerbounds_configuration
from mfwidgets.outerbounds import requests as outerbounds_requests
from mfwidgets.outerbounds.configuration import RESOLVED, OuterboundsConfiguration

NORTH = {"OB_CURRENT_PERIMETER": "north", "OB_CURRENT_PERIMETER_MF_CONFIG_URL": NORTH_URL}


@pytest.fixture
def server(_running, monkeypatch):
    """A server whose hosts this process reaches, and nothing in memory."""
    for name, value in _running.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(outerbounds_configuration, "PROVIDER", OuterboundsConfiguration())
    monkeypatch.setattr("mfwidgets.entry_points._loaded", {})
    _running.requests()
    yield _running
    for url in (CONFIG_URL, NORTH_URL):
        _running.answers(url, 0)


def read(home, tmp_path, **environ):
    return read_configuration({"METAFLOW_HOME": str(home), **environ}, tmp_path)


def test_the_url_is_followed_once_with_its_key(server, tmp_path):
    home = write_home(tmp_path / "home")
    found = [read(home, tmp_path) for _ in range(3)]
    assert {configuration.get("SERVICE_URL") for configuration in found} == {"https://metadata.acme.example/default"}
    assert found[0].service_headers() == {"x-api-key": KEY}
    assert found[0].origin == f"Outerbounds at {API}"
    (request,) = server.requests()
    assert (request["method"], request["host"], request["headers"]["x-api-key"]) == ("GET", API, KEY)
    assert KEY not in repr(found[0])


def test_the_environment_comes_first(server, tmp_path):
    home = write_home(tmp_path / "home")
    assert read(home, tmp_path, METAFLOW_SERVICE_URL="https://mine").get("SERVICE_URL") == "https://mine"


@pytest.mark.parametrize("name", ["OB_CURRENT_PERIMETER_MF_CONFIG_URL", "OB_CURRENT_PERIMETER_URL"])
def test_a_perimeter_comes_before_the_url_of_the_file(server, tmp_path, name):
    home = write_home(tmp_path / "home", OB_CURRENT_PERIMETER="north", **{name: NORTH_URL})
    found = read(home, tmp_path)
    assert found.get("SERVICE_URL") == "https://metadata.acme.example/north"
    assert found.origin == f"Outerbounds at {API}, perimeter north"


def test_a_switch_of_the_perimeter_is_seen(server, tmp_path):
    home = write_home(tmp_path / "home")
    read(home, tmp_path)
    (home / "ob_config.json").write_text(json.dumps(NORTH))
    assert read(home, tmp_path).get("SERVICE_URL") == "https://metadata.acme.example/north"


def test_a_perimeter_in_another_folder_and_of_a_profile(server, tmp_path):
    home, other = write_home(tmp_path / "home"), tmp_path / "other"
    other.mkdir()
    (home / "config.json").rename(home / "config_team.json")
    (other / "ob_config_team.json").write_text(json.dumps(NORTH))
    found = read(home, tmp_path, OBP_CONFIG_DIR=str(other), METAFLOW_PROFILE="team")
    assert found.get("SERVICE_URL") == "https://metadata.acme.example/north"


def test_the_variable_of_a_run_costs_no_request(server, tmp_path):
    resolved = json.dumps({"METAFLOW_SERVICE_URL": "https://of-the-run", "METAFLOW_SERVICE_AUTH_KEY": "its-own"})
    found = read(write_home(tmp_path / "home"), tmp_path, **{RESOLVED: resolved})
    assert found.get("SERVICE_URL") == "https://of-the-run"
    assert found.service_headers() == {"x-api-key": "its-own"}
    assert not server.requests()


def test_a_file_with_everything_in_it_costs_no_request(server, tmp_path):
    home = write_home(tmp_path / "home")
    (home / "config.json").write_text(json.dumps({"METAFLOW_SERVICE_URL": "https://old", "OBP_AUTH_SERVER": "a.b"}))
    assert read(home, tmp_path).get("SERVICE_URL") == "https://old"
    assert not server.requests()


def test_a_refused_key_is_named_with_its_status(server, tmp_path):
    home = write_home(tmp_path / "home", key="stale-key", **NORTH)
    with pytest.raises(ServiceException, match=r"403.*config\.json.*outerbounds configure") as caught:
        read(home, tmp_path)
    assert caught.value.http_code == 403
    assert "north" in str(caught.value)
    assert "stale-key" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("status", "content", "headers", "message"),
    [
        (500, {"message": f"you sent {KEY}"}, {}, "status 500"),
        (503, "", {}, "it answers 503"),
        (200, "<html>login</html>", {}, "login page"),
        (200, [1], {}, "Expected a JSON object"),
        (200, {"config": 5}, {}, "Expected an object 'config' .* got int"),
        (200, {}, {}, "got NoneType"),
        (200, "[" * 100_000, {}, "Expected a JSON object"),
        (200, "1" * 1_100_000, {}, "more than 1,000,000 bytes"),
        (302, "", {"Location": "https://evil.acme.example/"}, "redirects to another host"),
        (302, "", {"Location": "http://api.acme.example/"}, "redirects to another host"),
        (302, "", {"Location": CONFIG_URL}, "in circles"),
        (302, "", {"Location": "https://[::1/"}, "that it redirects to, is not valid"),
        (200, "{}", {"Content-Encoding": "br"}, "was not requested"),
    ],
)
def test_an_answer_that_makes_no_sense_is_our_error(server, tmp_path, monkeypatch, status, content, headers, message):
    monkeypatch.setattr(outerbounds_requests, "_PAUSES_S", (0.0, 0.0))
    server.answers(CONFIG_URL, status, content, headers)
    with pytest.raises(MetaflowException, match=message) as caught:
        read(write_home(tmp_path / "home"), tmp_path)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert {request["host"] for request in server.requests()} == {API}


def test_a_redirect_on_the_same_host_is_followed(server, tmp_path):
    server.answers(CONFIG_URL, 307, "", {"Location": NORTH_URL.removeprefix(f"https://{API}")})
    assert read(write_home(tmp_path / "home"), tmp_path).get("SERVICE_URL") == "https://metadata.acme.example/north"
    assert [request["headers"]["x-api-key"] for request in server.requests()] == [KEY, KEY]


def test_an_old_answer_is_renewed_and_kept_if_the_server_is_away(server, tmp_path, monkeypatch):
    monkeypatch.setattr(outerbounds_configuration, "MAX_AGE_S", -1.0)
    monkeypatch.setattr(outerbounds_configuration, "_FAILED_AGE_S", -1.0)
    monkeypatch.setattr(outerbounds_requests, "_PAUSES_S", ())
    home = write_home(tmp_path / "home")
    read(home, tmp_path)
    newer = {"config": {"METAFLOW_SERVICE_URL": "https://newer"}}
    server.answers(CONFIG_URL, 200, newer)
    assert read(home, tmp_path).get("SERVICE_URL") == "https://newer"
    server.answers(CONFIG_URL, 503)
    assert read(home, tmp_path).get("SERVICE_URL") == "https://newer"
    server.answers(CONFIG_URL, 403)
    with pytest.raises(ServiceException, match="status 403"):
        read(home, tmp_path)


def test_threads_share_an_answer_and_a_failure(server, tmp_path, monkeypatch):
    monkeypatch.setattr(outerbounds_configuration, "_FAILED_AGE_S", 1000.0)
    home = write_home(tmp_path / "home")
    parallel_map(lambda _: read(home, tmp_path), range(8))
    assert len(server.requests()) == 1
    (home / "config.json").write_text((home / "config.json").read_text().replace(KEY, "stale-key"))

    def refusal(_):
        with pytest.raises(ServiceException) as caught:
            read(home, tmp_path)
        return str(caught.value)

    errors = parallel_map(refusal, range(8))
    assert len(set(errors)) == len(server.requests()) == 1


def test_a_moment_of_failure_is_repeated(server, tmp_path, monkeypatch):
    server.answers(CONFIG_URL, 503)
    monkeypatch.setattr(outerbounds_requests, "sleep", lambda _: server.answers(CONFIG_URL, 0))
    assert read(write_home(tmp_path / "home"), tmp_path).get("SERVICE_URL")


def test_a_server_that_is_silent_is_given_up(server, tmp_path, monkeypatch):
    server.answers(CONFIG_URL, -1)
    home = write_home(tmp_path / "home")
    with Deadline(0.3).apply(), pytest.raises(DeadlineExceeded, match=rf"{API}.* was given up"):
        read(home, tmp_path)
    monkeypatch.setenv("METAFLOW_HOME", str(home))
    monkeypatch.setattr(doctor_command, "TIMEOUT_S", 0.3)
    assert f"{API}" in run_line("doctor")._repr_mimebundle_()["text/plain"]
    monkeypatch.setattr(outerbounds_requests, "TIMEOUT_S", 0.5)
    with pytest.raises(ServiceException, match=r"does not answer|has not answered"):
        read(home, tmp_path)


BROKEN = {
    "no key": ({"OBP_METAFLOW_CONFIG_URL": CONFIG_URL}, None, "Expected the key METAFLOW_SERVICE_AUTH_KEY"),
    "odd key": ({"OBP_METAFLOW_CONFIG_URL": CONFIG_URL, "METAFLOW_SERVICE_AUTH_KEY": [1]}, None, "Expected the key"),
    "key of two lines": (
        {"OBP_METAFLOW_CONFIG_URL": CONFIG_URL, "METAFLOW_SERVICE_AUTH_KEY": "s3cret\nx: y"},
        None,
        "Expected headers of one line",
    ),
    "odd url": ({"OBP_METAFLOW_CONFIG_URL": ["s3cret"]}, None, "Expected the URL .* got 'list'"),
    "no url": ({"OBP_METAFLOW_CONFIG_URL": ""}, None, "Expected the URL"),
    "a file": ({"OBP_METAFLOW_CONFIG_URL": "file:///etc/passwd"}, None, "Expected the URL"),
    "half a perimeter": ({}, {"OB_CURRENT_PERIMETER": "north"}, r"ob_config\.json"),
    "a url without perimeter": ({}, {"OB_CURRENT_PERIMETER_URL": NORTH_URL}, "Expected OB_CURRENT_PERIMETER"),
    "no object": ({}, [1], r"ob_config\.json, got list"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_are_named(server, tmp_path, name):
    config, perimeter, message = BROKEN[name]
    home = write_home(tmp_path / "home")
    (home / "config.json").write_text(json.dumps(config))
    if perimeter is not None:
        (home / "ob_config.json").write_text(json.dumps(perimeter))
    with pytest.raises(MetaflowConfigurationError, match=message) as caught:
        read(home, tmp_path)
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))
    assert not server.requests()


def test_a_missing_folder_of_perimeters_and_a_broken_variable_are_named(server, tmp_path):
    home = write_home(tmp_path / "home")
    with pytest.raises(MetaflowConfigurationError, match="OBP_CONFIG_DIR names its folder"):
        read(home, tmp_path, OBP_CONFIG_DIR=str(tmp_path / "none"))
    for resolved in ("{", "[1]", '"s3cret"'):
        with pytest.raises(MetaflowConfigurationError, match=f"environment variable {RESOLVED}") as caught:
            read(home, tmp_path, **{RESOLVED: resolved})
        assert "s3cret" not in str(caught.value)


def test_a_folder_redirects_nothing(server, tmp_path):
    """A folder's own configuration neither names a URL to follow, nor gets the key of the answer."""
    home, project = write_home(tmp_path / "home"), tmp_path / "project"
    (project / ".metaflow").mkdir(parents=True)
    evil = {
        "OBP_METAFLOW_CONFIG_URL": "https://evil.acme.example/",
        "METAFLOW_SERVICE_URL": "https://evil.acme.example",
    }
    (project / ".metaflow" / "config.json").write_text(json.dumps(evil))
    found = read_configuration({"METAFLOW_HOME": str(home)}, project, separate_keys=True)
    assert found.service_headers() == {}
    assert [request["host"] for request in server.requests()] == [API]
    (home / "config.json").unlink()
    assert read(home, project).origin == ""


def test_the_key_of_the_environment_is_not_sent_to_the_url_of_the_file(server, tmp_path):
    home = write_home(tmp_path / "home")
    (home / "config.json").write_text(json.dumps({"OBP_METAFLOW_CONFIG_URL": CONFIG_URL}))
    with pytest.raises(MetaflowConfigurationError, match="Expected the key"):
        read(home, tmp_path, METAFLOW_SERVICE_AUTH_KEY="of-another-service")
    assert not server.requests()


def test_a_folder_is_read_without_the_server(server, tmp_path, monkeypatch, runs):
    monkeypatch.setenv("METAFLOW_HOME", str(write_home(tmp_path / "home", key="stale-key")))
    for selector in (f"local@{runs.folder}", runs.folder):
        with pytest.warns(ExtensionFailed, match=r"status 403.* Local runs are read with the files") as warned:
            client = Metaflow(metadata=selector, namespace=None)
        assert "stale-key" not in str(warned[0].message)
        assert "LinearFlow" in client._repr_mimebundle_()["text/plain"]
    for selector in (None, "service", "https://metadata.acme.example"):
        with pytest.raises(ServiceException, match="status 403"):
            Metaflow(metadata=selector, namespace=None)


def test_the_doctor_says_what_it_followed(server, tmp_path, monkeypatch):
    monkeypatch.setenv("METAFLOW_HOME", str(write_home(tmp_path / "home", **NORTH)))
    monkeypatch.setenv("METAFLOW_SERVICE_RETRY_COUNT", "1")
    doctor = run_line("doctor")
    text = "".join(doctor._repr_mimebundle_().values()) + repr(doctor.to_dict())
    assert f"Outerbounds at {API}, perimeter north" in text
    assert KEY not in text


def test_the_doctor_names_a_refused_key(server, tmp_path, monkeypatch):
    monkeypatch.setenv("METAFLOW_HOME", str(write_home(tmp_path / "home", key="stale-key")))
    doctor = run_line("doctor")
    text = "".join(doctor._repr_mimebundle_().values()) + repr(doctor.to_dict())
    assert "403" in text
    assert API in text
    assert "stale-key" not in text


def test_a_list_of_profiles_sends_no_request(server, tmp_path, monkeypatch):
    home = write_home(tmp_path / "home")
    (home / "config_team.json").write_text((home / "config.json").read_text())
    monkeypatch.setenv("METAFLOW_HOME", str(home))
    mfwidgets.get_metadata()
    server.requests()
    shown = run_line("profile")._repr_mimebundle_()["text/plain"]
    assert shown.count(f"Outerbounds at {API}") == 2
    assert not server.requests()


def test_a_profile_comes_before_the_variable_of_a_run(server, tmp_path, monkeypatch):
    home = write_home(tmp_path / "home")
    (home / "config_other.json").write_text(json.dumps({"METAFLOW_DEFAULT_METADATA": "local"}))
    monkeypatch.setenv("METAFLOW_HOME", str(home))
    monkeypatch.setenv(
        RESOLVED, json.dumps({"METAFLOW_DEFAULT_METADATA": "service", "METAFLOW_SERVICE_URL": "https://a"})
    )
    monkeypatch.setenv("METAFLOW_PROFILE", "")  # it is removed after the test
    assert mfwidgets.get_metadata() == "service@https://a"
    run_line("profile other")
    assert mfwidgets.get_metadata().startswith("local@")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert configuration_origin(read_configuration()) == ""
