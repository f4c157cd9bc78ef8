import pytest

from mfwidgets.config import read_configuration
from mfwidgets.errors import InvalidSelector
from mfwidgets.providers.factory import open_provider


def test_selectors_of_a_folder(runs, monkeypatch):
    configuration = read_configuration()
    for given in (str(runs.folder), f"local@{runs.folder}", f"local@{runs.root}", str(runs.root)):
        provider = open_provider(given, configuration)
        assert provider.local_root == runs.root
        assert provider.selector == f"local@{runs.folder}"
    monkeypatch.chdir(runs.folder)
    relative = open_provider("local@.", configuration)
    monkeypatch.chdir("/")
    assert len(relative.flows()) > 3
    assert relative.selector == "local@."
    monkeypatch.setenv("HOME", str(runs.folder.parent))
    assert open_provider(f"~/{runs.folder.name}", configuration).local_root == runs.root


@pytest.mark.parametrize("given", ["local", "local@", "", None])
def test_the_configured_default(given, runs):
    configuration = read_configuration({"METAFLOW_DATASTORE_SYSROOT_LOCAL": str(runs.folder)})
    assert open_provider(given, configuration).local_root == runs.root


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("/nowhere", "The folder /nowhere/.metaflow does not exist"),
        ("local@/nowhere", "FOLDER that contains the .metaflow"),
        ("foo@x", "/foo@x/.metaflow does not exist. Try"),
        ("local@\0", "Expected a folder with runs"),
        ("spin@/nowhere", "The folder /nowhere/.metaflow_spin does not exist"),
        ("service", "Expected the URL of a metadata service, got none. Set METAFLOW_SERVICE_URL"),
        ("service@example.org", "got 'example.org'"),
        ("http://", "got 'http://'"),
        (3, "got int"),
    ],
)
def test_an_invalid_selector_names_the_expected_form(given, message):
    with pytest.raises(InvalidSelector) as caught:
        open_provider(given, read_configuration())
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("selector", "is_host"),
    [
        ("ftp://host/x", True),
        ("localhost:8080", True),
        ("metaflow.example.org/service", True),
        ("/data/runs", False),
        ("runs", False),
        ("C:\\runs", False),
        ("local@./runs", False),
    ],
)
def test_what_looks_like_a_host_gets_the_hint_for_a_service(selector, is_host):
    with pytest.raises(InvalidSelector, match="Expected a folder with runs") as caught:
        open_provider(selector, read_configuration({}))
    assert ("try 'service@https://HOST'" in str(caught.value)) == is_host
