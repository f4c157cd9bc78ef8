"""The docstrings of all public members: complete by numpydoc, with their costs, and with examples that run."""

import ast
import doctest
import enum
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from functools import cache, cached_property

import pytest
from documents.test_reference import LISTED
from numpydoc.docscrape import get_doc_object
from numpydoc.validate import validate

import mfwidgets

NOT_CHECKED = {
    "ES01": "a summary can say everything",
    "EX01": "examples are counted below",
    "PR04": "the signature has the types",
    "SA01": "the reference lists related members next to each other",
    "GL02": "ruff's formatter puts the closing quotes on a line by themselves",
    "GL03": "as above",
}
"""Codes of numpydoc's validation that are not required, with the reason."""

MIN_EXAMPLES = 40
"""The minimum number of members with examples."""

COST = re.compile(r"\b[Cc]osts?\b|\b[Rr]eads nothing\b|\b[Nn]o request\b")
"""A statement about costs."""

READING = ("mfwidgets.client.", "mfwidgets.widgets.api.")
"""Modules whose public members can read records, values or logs."""

PURE = frozenset(
    f"mfwidgets.client.{name}"
    for name in (
        "answers.logs.Logs.pathspec",
        "answers.logs.Logs.streams",
        "answers.why.Why.attempt",
        "answers.why.Why.exception",
        "artifact.DataArtifact.encoding",
        "artifact.DataArtifact.finished_at",
        "artifact.DataArtifact.sha",
        "base.MetaflowObject.created_at",
        "base.MetaflowObject.id",
        "base.MetaflowObject.path_components",
        "base.MetaflowObject.pathspec",
        "cards.Card.path",
        "code.MetaflowCode.path",
        "code.MetaflowCode.sha",
        "collections.metadata_events.MetadataEvent.name",
        "collections.metadata_events.MetadataEvent.pathspec",
        "collections.metadata_events.MetadataEvent.value",
        "flow.Flow.origin_pathspec",
        "metaflow.Metaflow.metadata",
        "metaflow.Metaflow.namespace",
        "run_outcome.RunOutcome.started_at",
        "run_outcome.RunOutcome.user",
        "task_outcome.TaskOutcome.runtime_name",
        "trigger.Trigger.event",
        "trigger.Trigger.events",
    )
)
"""Members that only return what the object already holds, so their docstrings state no costs."""


@cache
def public_members() -> dict[str, object]:
    """Return all public functions, classes, methods and properties of the reference, by dotted name."""
    members: dict[str, object] = {}
    for name in sorted(LISTED):
        module, _, last = name.rpartition(".")
        member = getattr(importlib.import_module(module), last)
        if inspect.isclass(member) or inspect.isroutine(member):
            members[f"{member.__module__}.{member.__qualname__}"] = member
        if inspect.isclass(member):
            members.update(_members_of(member))
    return members


def _members_of(listed: type) -> Iterator[tuple[str, object]]:
    for owner in listed.__mro__:
        if not owner.__module__.startswith("mfwidgets"):
            continue
        for name, member in vars(owner).items():
            if not name.startswith("_") and inspect.isroutine(_function(member)):
                yield f"{owner.__module__}.{owner.__qualname__}.{name}", member


def _function(member: object) -> object:
    """Return the function behind a property, a cached property, a class method or a static method."""
    for attribute in ("fget", "func", "__func__"):
        member = getattr(member, attribute, None) or member
    return inspect.unwrap(member) if callable(member) else member


def _errors(name: str) -> Iterator[str]:
    """Yield the errors of numpydoc's validation that are required."""
    for code, text in validate(name)["errors"]:
        if code not in NOT_CHECKED and not (code == "PR01" and _are_fields(public_members()[name], text)):
            yield f"{code}: {text}"


def _are_fields(member: object, text: str) -> bool:
    """Return whether undocumented parameters are documented or private fields, of a class that users do not make."""
    if not inspect.isclass(member):
        return False
    if issubclass(member, enum.Enum):  # its signature is that of the functional API
        return True
    attributes = {name for field in get_doc_object(member)["Attributes"] for name in field.name.split(", ")}
    return all(name.startswith("_") or name in attributes for name in re.findall(r"'(\w+)'", text))


@pytest.mark.filterwarnings("ignore:Widget.:DeprecationWarning")  # numpydoc reads all attributes of widget classes
@pytest.mark.parametrize("name", public_members())
def test_numpydoc_finds_no_errors(name):
    assert not list(_errors(name)), name


def test_an_undocumented_parameter_is_an_error():
    class Sample:
        """A sample.

        Attributes
        ----------
        first
            A field.
        """

    assert _are_fields(Sample, "Parameters {'first', '_second'} not documented")
    assert not _are_fields(Sample, "Parameters {'first', 'second'} not documented")
    assert not _are_fields(_are_fields, "Parameters {'member'} not documented")


def _raises(member: object) -> bool:
    """Return whether the function itself raises an error (not those that it calls)."""
    try:
        source = textwrap.dedent(inspect.getsource(_function(member)))  # type: ignore[arg-type]
    except (OSError, TypeError):
        return False
    return any(isinstance(node, ast.Raise) and node.exc is not None for node in ast.walk(ast.parse(source)))


@pytest.mark.parametrize(
    "name", [name for name, member in public_members().items() if not inspect.isclass(member) and _raises(member)]
)
def test_raised_errors_are_documented(name):
    assert get_doc_object(_function(public_members()[name]))["Raises"], name


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, member in public_members().items()
        if name.startswith(READING) and not inspect.isclass(member) and name not in PURE
    ],
)
def test_costs_are_documented(name):
    assert COST.search(inspect.getdoc(_function(public_members()[name])) or ""), name


def test_members_without_costs_are_public():
    assert public_members().keys() >= PURE


def examples() -> list[doctest.DocTest]:
    """Return the examples of all public members."""
    finder = doctest.DocTestFinder(recurse=False)
    parsed: list[doctest.DocTest] = []
    for name, member in public_members().items():
        documented = _function(member) if isinstance(member, cached_property) else member
        parsed += [test for test in finder.find(documented, name, module=False) if test.examples]
    return parsed


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """Set separate cache folders: the sample runs are unpacked once, and an example clears the cache of blobs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("METAFLOW_CLIENT_CACHE_PATH", str(tmp_path_factory.mktemp("blobs")))
        yield


@pytest.mark.parametrize("example", examples(), ids=lambda test: test.name)
def test_examples_run(example, sample, capsys):
    mfwidgets.sample()
    capsys.readouterr()
    example.globs.update({name: getattr(mfwidgets, name) for name in mfwidgets.__all__}, mfwidgets=mfwidgets)
    output: list[str] = []
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
    with mfwidgets.options(time_zone="UTC"):
        result = doctest.DocTestRunner(optionflags=flags).run(example, out=output.append)
    assert not result.failed, "".join(output)


def test_the_most_used_members_have_examples():
    assert len(examples()) >= MIN_EXAMPLES
