import pytest

from mfwidgets.errors import MetaflowException, MetaflowInvalidPathspec
from mfwidgets.pathspec import RunAlias, kind_of, parse, parse_alias, short


def test_a_pathspec_is_its_parts():
    assert parse("HelloFlow/2/start/1/x") == ("HelloFlow", "2", "start", "1", "x")
    assert kind_of(parse("HelloFlow/2/start")) == "step"
    assert parse("F/argo-my.flow-x1", "run") == ("F", "argo-my.flow-x1")


@pytest.mark.parametrize(
    ("pathspec", "kind", "message"),
    [
        ("HelloFlow", "run", "Expected a pathspec FlowName/RunID, got 'HelloFlow', which has 1 part."),
        ("HelloFlow/2/start", "run", "Expected a pathspec FlowName/RunID, got 'HelloFlow/2/start', which has 3 parts."),
        ("HelloFlow/2/", "run", "has an empty part"),
        ("/HelloFlow/2", "run", "has an empty part"),
        ("", "flow", "Expected a pathspec FlowName, got '', which has an empty part."),
        (None, "flow", "got None (NoneType)"),
        (2, "run", "got 2 (int)"),
        (b"HelloFlow/2", "run", "got b'HelloFlow/2' (bytes)"),
        ("a/b/c/d/e/f", None, "has 6 parts"),
        ("x" * 10_000, "run", "…"),
    ],
)
def test_a_wrong_pathspec_names_the_expected_form(pathspec, kind, message):
    with pytest.raises(MetaflowInvalidPathspec, match="Expected") as caught:
        parse(pathspec, kind)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 400
    assert isinstance(caught.value, MetaflowException)
    assert isinstance(caught.value, ValueError)


def test_aliases():
    assert parse_alias("latest") == RunAlias(successful_only=False, back=0)
    assert parse_alias("latest~2") == RunAlias(successful_only=False, back=2)
    assert parse_alias("latest-ok") == RunAlias(successful_only=True, back=0)
    assert parse_alias("latest-ok~1") == RunAlias(successful_only=True, back=1)
    for other in ("latests", "latest~", "latest~-1", "Latest", "17", "latest\n"):
        assert parse_alias(other) is None


def test_kinds_by_length():
    assert [kind_of(("x",) * length) for length in range(1, 6)] == ["flow", "run", "step", "task", "artifact"]
    for length, kind in enumerate(("flow", "run", "step", "task", "artifact"), 1):
        assert parse("/".join("abcde"[:length]), kind) == tuple("abcde"[:length])


def test_without_a_kind_all_forms_are_expected():
    with pytest.raises(
        MetaflowInvalidPathspec,
        match=r"Expected a pathspec FlowName to FlowName/RunID/StepName/TaskID/A.*which has 6 parts",
    ):
        parse("a/b/c/d/e/f")


def test_long_names_are_shortened():
    assert short("x" * 120) == "x" * 120
    assert short("x" * 121) == "x" * 119 + "…"


def test_the_offset_of_an_alias():
    assert parse_alias("latest~999999").back == 999_999
    assert parse_alias("latest~1234567") is None
