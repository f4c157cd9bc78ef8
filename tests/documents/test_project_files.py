"""The files that describe the project agree with each other and with the package."""

import re
import tomllib

import pytest
import yaml
from documents.pages import ROOT

import mfwidgets
from mfwidgets.magic.dispatch import COMMANDS

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_citation_is_that_of_the_package():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["cff-version"] == "1.2.0"
    assert str(citation["version"]) == mfwidgets.__version__
    assert citation["license"] == PROJECT["project"]["license"]
    assert [author["name"] for author in citation["authors"]] == [
        author["name"] for author in PROJECT["project"]["authors"]
    ]


def test_the_classifiers_are_those_of_the_tested_versions():
    names = PROJECT["project"]["classifiers"]
    listed = [name.rpartition(" ")[2] for name in names if re.search(r":: 3\.\d+$", name)]
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text())
    assert workflow["jobs"]["unit"]["strategy"]["matrix"]["python"] == listed
    assert "Framework :: Jupyter :: JupyterLab :: Extensions :: Prebuilt" in names


@pytest.mark.parametrize("name", ["bug", "idea"])
def test_templates_of_issues_are_valid(name):
    template = yaml.safe_load((ROOT / ".github" / "ISSUE_TEMPLATE" / f"{name}.yml").read_text())
    assert {"name", "description", "body"} <= set(template)
    for part in template["body"]:
        assert part["type"] in {"markdown", "textarea", "input", "dropdown"}
        assert part["type"] == "markdown" or part["attributes"]["label"]


def test_files_of_the_project_are_in_the_source_archive():
    packed = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["only-include"]
    assert {path.name for path in ROOT.glob("*.md")} | {"CITATION.cff", "LICENSE"} <= set(packed)


def test_the_lines_for_agents_are_commands():
    example = (ROOT / "AGENTS.md").read_text().partition("```sh")[2].partition("```")[0]
    lines = re.findall(r"^mfwidgets (\S+)", example, re.MULTILINE)
    assert {"why", "logs", "wait", "diff"} <= set(lines)
    assert [word for word in lines if word not in COMMANDS and "/" not in word and not word.startswith("-")] == []


def test_the_version_is_the_newest_of_the_changelog_and_of_the_installation():
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(r"^## (\d+\.\d+\.\d+) ", changelog, re.MULTILINE)[1] == mfwidgets.__version__
    wheels = re.findall(r"mfwidgets-(\d+\.\d+\.\d+)-py3", (ROOT / "docs" / "howto" / "install.md").read_text())
    assert set(wheels) == {mfwidgets.__version__}
