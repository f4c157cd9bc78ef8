import json

import pytest

from mfwidgets.config import read_configuration
from mfwidgets.errors import MetaflowConfigurationError, MetaflowUnknownUser


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def test_the_first_source_wins(tmp_path):
    home, project = tmp_path / "home", tmp_path / "project"
    write(home / "config.json", {"METAFLOW_USER": "from-home", "METAFLOW_UI_URL": "from-home"})
    write(project / ".metaflow" / "config.json", {"METAFLOW_UI_URL": "from-project"})
    (project / "deep" / "er").mkdir(parents=True)
    configuration = read_configuration({"METAFLOW_HOME": str(home)}, project / "deep" / "er")
    assert configuration.get("USER") == "from-home"
    assert configuration.get("UI_URL") == "from-project"
    assert configuration.get("SERVICE_URL", "default") == "default"
    environ = {"METAFLOW_HOME": str(home), "METAFLOW_UI_URL": ""}
    assert read_configuration(environ, project).get("UI_URL") == ""  # presence counts


def test_a_profile_replaces_the_users_file(tmp_path):
    write(tmp_path / "config.json", {"METAFLOW_USER": "default"})
    write(tmp_path / "config_team.json", {"METAFLOW_UI_URL": "https://team"})
    configuration = read_configuration({"METAFLOW_HOME": str(tmp_path), "METAFLOW_PROFILE": "team"}, tmp_path)
    assert configuration.get("UI_URL") == "https://team"
    assert configuration.get("USER") is None
    with pytest.raises(MetaflowConfigurationError, match=r"Expected .*config_other.*METAFLOW_PROFILE='other'"):
        read_configuration({"METAFLOW_HOME": str(tmp_path), "METAFLOW_PROFILE": "other"}, tmp_path)


@pytest.mark.parametrize("content", ["{", "[1]", "\x00"])
def test_a_broken_file_is_named(tmp_path, content):
    write(tmp_path / "config.json", content)
    with pytest.raises(MetaflowConfigurationError, match=r"config\.json"):
        read_configuration({"METAFLOW_HOME": str(tmp_path)}, tmp_path)


@pytest.mark.parametrize(
    ("environ", "namespace"),
    [
        ({"METAFLOW_USER": "ann", "USER": "bob"}, "user:ann"),
        ({"METAFLOW_USER": "", "USER": "bob"}, "user:bob"),
        ({"SUDO_USER": "carl", "USERNAME": "dora", "USER": "bob"}, "user:carl"),
        ({"METAFLOW_USER": "root", "USER": "bob"}, "user:bob"),
        ({"METAFLOW_PRODUCTION_TOKEN": "fc-0-abcd", "METAFLOW_USER": "ann"}, "production:fc-0-abcd"),
    ],
)
def test_the_default_namespace(environ, namespace, tmp_path):
    assert read_configuration({"METAFLOW_HOME": str(tmp_path), **environ}, tmp_path).default_namespace() == namespace


def test_the_user_nobody_has_no_default_namespace(tmp_path):
    with pytest.raises(MetaflowUnknownUser, match=r"setting METAFLOW_USER .*namespace\(None\)"):
        read_configuration({"METAFLOW_HOME": str(tmp_path), "USER": "root"}, tmp_path).default_namespace()


def test_the_local_root(tmp_path):
    (tmp_path / "a" / ".metaflow").mkdir(parents=True)
    (tmp_path / "a" / "b").mkdir()
    environ = {"METAFLOW_HOME": str(tmp_path)}
    assert read_configuration(environ, tmp_path / "a" / "b").local_root() == tmp_path / "a" / ".metaflow"
    elsewhere = {**environ, "METAFLOW_DATASTORE_SYSROOT_LOCAL": "/srv/runs"}
    assert str(read_configuration(elsewhere, tmp_path).local_root()) == "/srv/runs/.metaflow"
