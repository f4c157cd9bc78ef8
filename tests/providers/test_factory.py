import pytest

from mfwidgets.config import read_configuration
from mfwidgets.errors import InvalidSelector
from mfwidgets.providers.factory import open_provider


def test_ways_to_name_a_folder(runs, monkeypatch):
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
    ("given", "said"),
    [
        ("/nowhere", "there is no folder /nowhere/.metaflow"),
        ("local@/nowhere", "FOLDER holds the .metaflow"),
        ("foo@x", "/foo@x/.metaflow. Expected"),
        ("local@\0", "names no runs"),
        ("spin@/nowhere", "there is no folder /nowhere/.metaflow_spin"),
        ("service", "Expected the URL of a metadata service, got none. Set METAFLOW_SERVICE_URL"),
        ("service@example.org", "got 'example.org'"),
        ("http://", "got 'http://'"),
        (3, "not int"),
    ],
)
def test_what_cannot_be_read_is_said(given, said):
    with pytest.raises(InvalidSelector) as caught:
        open_provider(given, read_configuration())
    assert said in str(caught.value)
