"""Errors carry data such as pathspecs, also in a pickle."""

import pickle
import subprocess
import sys

import pytest

import mfwidgets
from mfwidgets import errors
from mfwidgets.errors import (
    CardNotPresentException,
    IncorrectPathspecException,
    MetaflowException,
    MetaflowInvalidPathspec,
    MetaflowNamespaceMismatch,
    MetaflowNotFound,
    NoSuchArtifact,
    NoSuchChild,
    ServiceException,
    TooLarge,
)
from mfwidgets.magic.dispatch import run_line


@pytest.fixture
def look(runs):
    """The linear run, with the default client on all runs."""
    mfwidgets.metadata(runs.folder)
    mfwidgets.namespace(None)
    return mfwidgets.Run(runs["linear"])


def raised(kind, action) -> MetaflowException:
    with pytest.raises(kind) as caught:
        action()
    assert type(caught.value) is kind
    return caught.value


def test_a_missing_object_has_its_pathspec_and_suggestions(look):
    path = look.pathspec
    cases = [
        (MetaflowNotFound, lambda: mfwidgets.Flow("LinearFlw"), "LinearFlw", "LinearFlow"),
        (MetaflowNotFound, lambda: mfwidgets.Run("LinearFlw/7"), "LinearFlw/7", "LinearFlow"),
        (MetaflowNotFound, lambda: mfwidgets.Step(f"{path}/strat"), f"{path}/strat", f"{path}/start"),
        (NoSuchChild, lambda: look["strat"], f"{path}/strat", f"{path}/start"),
        (
            NoSuchChild,
            lambda: look.end_task["lable"],
            f"{look.end_task.pathspec}/lable",
            f"{look.end_task.pathspec}/label",
        ),
        (NoSuchArtifact, lambda: look.data.lable, f"{look.end_task.pathspec}/lable", f"{look.end_task.pathspec}/label"),
        (
            NoSuchArtifact,
            lambda: look.end_task.artifacts.lable,
            f"{look.end_task.pathspec}/lable",
            f"{look.end_task.pathspec}/label",
        ),
    ]
    for kind, action, pathspec, first in cases:
        error = raised(kind, action)
        assert (error.pathspec, error.suggestions[0]) == (pathspec, first)
        assert first.rpartition("/")[2] in str(error)
        assert mfwidgets.Metaflow().get(error.suggestions[0]).pathspec == first


def test_the_first_objects_are_suggested_if_none_is_similar(look):
    error = raised(NoSuchChild, lambda: look["quite_another"])
    assert error.suggestions == tuple(f"{look.pathspec}/{step.id}" for step in look)[:5]


def test_a_run_of_another_namespace_has_its_namespaces(look):
    mfwidgets.namespace("user:nobody")
    for action, pathspec in (
        (lambda: mfwidgets.Run(look.pathspec), look.pathspec),
        (lambda: mfwidgets.Flow("LinearFlow"), "LinearFlow"),
    ):
        error = raised(MetaflowNamespaceMismatch, action)
        assert error.pathspec == pathspec
        assert "user:ann" in error.suggestions


def test_an_error_has_the_wrong_pathspec(look):
    assert raised(MetaflowInvalidPathspec, lambda: mfwidgets.Run("F//x")).pathspec == "F//x"
    assert raised(MetaflowInvalidPathspec, lambda: mfwidgets.Run("F")).pathspec == "F"
    assert raised(MetaflowInvalidPathspec, lambda: mfwidgets.Run(3)).pathspec == ""
    assert raised(IncorrectPathspecException, lambda: mfwidgets.get_cards("F/1")).pathspec == "F/1"
    task = look.end_task.pathspec
    assert raised(CardNotPresentException, lambda: mfwidgets.get_cards(task)).pathspec == task
    assert (
        raised(MetaflowNotFound, lambda: mfwidgets.Metaflow().get("LinearFlow/latest~99")).pathspec
        == "LinearFlow/latest~99"
    )


def test_an_added_hint_keeps_the_data(look):
    error = raised(MetaflowNotFound, lambda: run_line("rus", {}))
    assert error.pathspec == "rus"
    assert "Did you mean %mflow runs?" in str(error)
    mfwidgets.namespace("user:bob")
    error = raised(MetaflowNamespaceMismatch, lambda: run_line(look.pathspec, {}))
    assert error.pathspec == look.pathspec
    assert "user:ann" in error.suggestions
    assert "%mflow ns none" in str(error)


KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, MetaflowException)]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_pickles_with_its_data(kind):
    error = kind("what happened")
    error.pathspec, error.suggestions = "F/1", ("F/2", "F/3")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.pathspec, again.suggestions) == (
        kind,
        "what happened",
        "F/1",
        ("F/2", "F/3"),
    )


def test_errors_with_extra_data_have_the_common_data():
    assert (TooLarge("x", 7).size, TooLarge("x", 7).pathspec, TooLarge("x", 7).suggestions) == (7, "", ())
    assert pickle.loads(pickle.dumps(ServiceException("x", 404))).http_code == 404


def test_difflib_is_imported_only_for_errors(look):
    program = f"""
import sys, mfwidgets
from mfwidgets.magic.dispatch import run_line
mfwidgets.metadata({mfwidgets.get_metadata()!r})
mfwidgets.namespace(None)
run_line("LinearFlow/latest", {{}})._repr_mimebundle_()
print("difflib" in sys.modules)
try:
    mfwidgets.Flow("LinearFlw")
except mfwidgets.errors.MetaflowNotFound:
    print("difflib" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
