"""The doctor: problems and remedies, within its timeout, without secrets."""

import socket

import pytest
from waiting import PATIENCE_S

import mfwidgets
from mfwidgets import Metaflow
from mfwidgets.magic.commands import doctor as doctor_command
from mfwidgets.magic.dispatch import run_line


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    monkeypatch.setattr(doctor_command, "TIMEOUT_S", PATIENCE_S)


def checks(doctor):
    return {check.name: check for check in doctor.checks}


def test_all_is_well(runs):
    mfwidgets.metadata(f"local@{runs.folder}")
    mfwidgets.namespace("user:ann")
    doctor = run_line("doctor")
    assert doctor.well
    assert "13 flows" in checks(doctor)["metadata"].details
    assert checks(doctor)["namespace"].details.startswith("user:ann: has ")
    assert "There are no problems." in doctor._repr_mimebundle_()["text/plain"]
    assert repr(doctor) == "<doctor: no problems>"


def test_a_service_shows_its_version(on_service):
    _, service = on_service
    mfwidgets.metadata(service.url)
    mfwidgets.namespace(None)
    found = checks(run_line("doctor"))["metadata"].details
    assert f"service@{service.url}" in found
    assert Metaflow()._context.provider.version() in found


def test_an_unreachable_service(monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("METAFLOW_SERVICE_AUTH_KEY", "s3cr3t")
    monkeypatch.setenv("METAFLOW_SERVICE_RETRY_COUNT", "1")
    mfwidgets.metadata(f"http://ann:s3cr3t@127.0.0.1:{port}")
    doctor = run_line("doctor")
    assert not doctor.well
    assert checks(doctor)["metadata"].result == "problem"
    assert "%mflow metadata SELECTOR" in checks(doctor)["metadata"].advice
    assert "METAFLOW_SERVICE_AUTH_KEY" in checks(doctor)["configuration"].details
    text = "".join(doctor._repr_mimebundle_().values()) + repr(doctor.to_dict())
    assert "s3cr3t" not in text


def test_a_slow_service(on_service, monkeypatch):
    _, service = on_service
    mfwidgets.metadata(service.url)
    monkeypatch.setattr(doctor_command, "TIMEOUT_S", 1.5)
    service.latency(10)
    try:
        doctor = run_line("doctor")
    finally:
        service.latency(0)
    assert checks(doctor)["metadata"].details == "no answer within 1.5 s"


def test_a_default_that_cannot_be_opened(monkeypatch):
    monkeypatch.setenv("METAFLOW_DEFAULT_METADATA", "nonsense")
    doctor = run_line("doctor")
    assert "METAFLOW_DEFAULT_METADATA, got 'nonsense'" in checks(doctor)["metadata"].details
    assert not doctor.well


@pytest.mark.parametrize("nothing", ["empty folder", "empty namespace"])
def test_a_folder_without_runs(nothing, runs, tmp_path):
    (tmp_path / ".metaflow").mkdir()
    mfwidgets.metadata(f"local@{tmp_path if nothing == 'empty folder' else runs.folder}")
    mfwidgets.namespace("user:nobody")
    doctor = run_line("doctor")
    assert checks(doctor)["namespace"].advice == "%mflow ns none shows all runs."
    assert (checks(doctor)["metadata"].result == "problem") is (nothing == "empty folder")


def test_the_advice_for_an_empty_folder_is_not_what_is_set_already(tmp_path):
    (tmp_path / ".metaflow").mkdir()
    mfwidgets.metadata(f"local@{tmp_path}")
    mfwidgets.namespace(None)
    assert checks(run_line("doctor"))["namespace"].advice == "%mflow metadata SELECTOR switches to another provider."
    mfwidgets.namespace("user:ann")
    assert checks(run_line("doctor"))["namespace"].advice == "%mflow ns none shows all runs."


def test_a_missing_extra(runs, monkeypatch):
    mfwidgets.metadata(f"local@{runs.folder}")
    monkeypatch.setenv("METAFLOW_DEFAULT_DATASTORE", "azure")
    mfwidgets.default_metadata()
    monkeypatch.setattr(
        doctor_command, "version", lambda name: (_ for _ in ()).throw(doctor_command.PackageNotFoundError(name))
    )
    assert checks(run_line("doctor"))["datastore"].advice == "pip install 'mfwidgets[azure]'"
