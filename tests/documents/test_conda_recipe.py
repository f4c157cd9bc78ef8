"""The recipe for conda is that of the package: version, dependencies, entry points, licence."""

import re

import pytest
import yaml
from documents.pages import ROOT
from documents.test_project_files import PROJECT

import mfwidgets

FILE = ROOT / "release" / "conda" / "recipe.yaml"
RECIPE = yaml.safe_load(re.sub(r"\$\{\{ (\w+) \}\}", lambda match: f"<{match[1]}>", FILE.read_text()))
PYTHON = f"python {PROJECT['project']['requires-python']}"


def as_conda(requirement):
    """Return a requirement in the words of conda: ``name >=version``."""
    return re.sub(r"(?=>=)", " ", requirement)


def listed(section):
    return [line.replace("<python_min>", RECIPE["context"]["python_min"]) for line in RECIPE["requirements"][section]]


def test_the_version_is_that_of_the_package():
    assert RECIPE["context"]["version"] == mfwidgets.__version__
    assert RECIPE["package"] == {"name": PROJECT["project"]["name"], "version": "<version>"}


def test_the_dependencies_are_those_of_the_package():
    assert listed("run") == [PYTHON, *map(as_conda, PROJECT["project"]["dependencies"])]
    assert listed("host") == [PYTHON, "pip", *map(as_conda, PROJECT["build-system"]["requires"])]


def test_the_extras_limit_versions_only():
    extras = {line for lines in PROJECT["project"]["optional-dependencies"].values() for line in lines}
    assert set(listed("run_constraints")) == set(map(as_conda, extras - set(PROJECT["project"]["dependencies"])))


def test_programs_summary_and_licence_are_those_of_the_package():
    programs = [f"{name} = {place}" for name, place in PROJECT["project"]["scripts"].items()]
    assert RECIPE["build"]["python"]["entry_points"] == programs
    assert RECIPE["about"]["summary"] == PROJECT["project"]["description"]
    assert RECIPE["about"]["license"] == PROJECT["project"]["license"]
    assert (ROOT / RECIPE["about"]["license_file"]).is_file()


def test_rattler_build_renders_it_as_one_package_for_all_systems():
    rattler_build = pytest.importorskip("rattler_build", reason="py-rattler-build is in the group release")
    variants = rattler_build.Stage0Recipe.from_file(FILE).render()
    assert len(variants) == 1
    recipe = variants[0].recipe
    assert str(recipe.package.name) == "mfwidgets"
    assert str(recipe.package.version) == mfwidgets.__version__
