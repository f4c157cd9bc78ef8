"""Errors carry data such as pathspecs, also in a pickle."""

import pickle
import subprocess
import sys

import pytest

import mfwidgets
import mfwidgets.display
from mfwidgets import errors
from mfwidgets.errors import (
    CardNotPresentException,
    IncorrectPathspecException,
    MetaflowException,
    MetaflowInvalidArgument,
    MetaflowInvalidPathspec,
    MetaflowNamespaceMismatch,
    MetaflowNotFound,
    NoSuchArtifact,
    NoSuchAttribute,
    NoSuchChild,
    NoSuchIndex,
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


def test_a_pathspec_of_another_kind_has_the_right_class(look):
    cases = {
        lambda: mfwidgets.Run("LinearFlow"): "Try Flow('LinearFlow').",
        lambda: mfwidgets.Task(look.pathspec): f"Try Run('{look.pathspec}').",
        lambda: mfwidgets.Run(f"{look.pathspec}/"): f"Try '{look.pathspec}'.",
    }
    for action, hint in cases.items():
        assert str(raised(MetaflowInvalidPathspec, action)).endswith(hint)
    for words in ("12", "latest", "", "LinearFlow 12"):  # no class takes them
        assert "Try" not in str(raised(MetaflowInvalidPathspec, lambda words=words: mfwidgets.Run(words)))


def test_an_alias_in_a_class_says_where_aliases_work(look):
    for kind, pathspec in ((mfwidgets.Run, "LinearFlow/latest"), (mfwidgets.Step, "LinearFlow/latest-ok~0/start")):
        error = raised(MetaflowNotFound, lambda kind=kind, pathspec=pathspec: kind(pathspec))
        assert f"Try Metaflow().get('{pathspec}')." in str(error)
        assert error.suggestions == (pathspec,)
        assert isinstance(mfwidgets.Metaflow().get(pathspec), kind)


def test_an_attribute_with_a_typo_has_the_right_name(look):
    flow, runs = look.parent, look.parent.runs()
    cases = [
        (look, "sucessful", ("successful",)),
        (look, "state", ("status",)),
        (flow, "latest", ("latest_run",)),
        (runs, "filter", ("where",)),
        (runs, "to_polars", ("to_dicts",)),
        (look.why(), "sumary", ()),
        (runs.plot, "line", ()),
    ]
    for owner, name, suggestions in cases:
        error = raised(NoSuchAttribute, lambda owner=owner, name=name: getattr(owner, name))
        assert error.suggestions == suggestions
        assert f"has no attribute {name!r}. " in str(error)
        assert all(hasattr(owner, other) and repr(other) in str(error) for other in suggestions)
        assert not hasattr(owner, name)
    assert "It has curves, durations, hist, parallel, scatter." in str(error)


def test_names_that_python_looks_up_have_no_suggestion(look):
    for owner in (look, look.parent.runs(), look.why()):
        assert type(raised(AttributeError, lambda owner=owner: owner._repr_jpeg_)) is AttributeError


def test_an_error_inside_a_property_is_not_replaced(look):
    class Broken(mfwidgets.display.Displayable):
        @property
        def value(self):
            return look.data.lable

    raised(NoSuchArtifact, lambda: Broken().value)


def test_an_index_beyond_the_end_says_which_exist(look):
    runs = look.parent.runs()
    last = runs.count() - 1
    for index in (last + 1, 10**30, -last - 2, -(10**30)):
        error = raised(NoSuchIndex, lambda index=index: runs[index])
        assert str(index) in str(error)
        assert isinstance(error, IndexError)
    assert (runs[last], runs[-1], runs[-last - 1]) == ([*runs][-1], [*runs][-1], runs.first())
    assert "It is empty." in str(raised(NoSuchIndex, lambda: look.parent.runs("nosuchtag")[0]))
    raised(NoSuchIndex, lambda: look.cards()[7])


def test_an_explorer_of_something_else_says_what_it_takes():
    assert "got 3" in str(raised(MetaflowInvalidArgument, lambda: mfwidgets.explore(3)))


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
