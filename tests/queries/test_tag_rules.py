"""The rules for changing tags, without reads and writes."""

import pytest

from mfwidgets.errors import MetaflowTaggingError
from mfwidgets.queries.tag_rules import MAX_TAG_LENGTH, MAX_TAGS, TagChange, tag_change

NONE = frozenset()


def numbered(count):
    return frozenset(f"tag{number}" for number in range(count))


def test_removals_come_before_additions():
    change = tag_change(["old", "both"], ["new", "both"])
    assert change == TagChange(frozenset({"old", "both"}), frozenset({"new", "both"}))
    assert change.apply(frozenset({"old", "kept"}), NONE) == {"kept", "new", "both"}


def test_a_tag_or_several_of_str_or_bytes():
    assert tag_change("old", b"new") == TagChange(frozenset({"old"}), frozenset({"new"}))
    assert tag_change([], ("a", b"\xc3\xa4")).add == {"a", "ä"}
    assert tag_change(iter(["a"]), []).remove == {"a"}
    assert tag_change(NONE, {"a"}) == TagChange(NONE, frozenset({"a"}))


def test_a_system_tag_is_neither_removed_nor_added():
    system = frozenset({"user:ann", "date:1"})
    assert tag_change([], ["user:ann", "mine"]).apply(NONE, system) == {"mine"}
    with pytest.raises(MetaflowTaggingError, match="Cannot remove 'date:1', because it is a system tag"):
        tag_change(["user:ann", "date:1", "absent"], []).apply(frozenset({"a"}), system)


def test_a_run_has_a_limit_of_tags():
    assert len(tag_change([], "new").apply(numbered(MAX_TAGS - 1), NONE)) == MAX_TAGS
    with pytest.raises(
        MetaflowTaggingError, match=rf"at most {MAX_TAGS} user tags after the change, got {MAX_TAGS + 1}\."
    ):
        tag_change([], "new").apply(numbered(MAX_TAGS), NONE)


def test_a_set_above_the_limit_cannot_grow():
    many = numbered(MAX_TAGS + 5)
    assert len(tag_change(["tag1", "tag2"], ["new"]).apply(many, NONE)) == MAX_TAGS + 4
    assert len(tag_change(["tag1"], ["new"]).apply(many, NONE)) == MAX_TAGS + 5
    with pytest.raises(MetaflowTaggingError, match="got 56"):
        tag_change([], ["new"]).apply(many, NONE)


def test_the_longest_tag():
    longest = "x" * MAX_TAG_LENGTH
    assert tag_change([], longest).add == {longest}
    with pytest.raises(MetaflowTaggingError, match=f"at most {MAX_TAG_LENGTH} characters, got {MAX_TAG_LENGTH + 1}"):
        tag_change([], longest + "x")


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ([], "at least one"),
        (7, r"got int \(7\)"),
        (None, "got NoneType"),
        ([None], "Expected a tag to be a str, got NoneType"),
        (["good", ""], "got an empty str"),
        (b"\xff", "UTF-8"),
        ("\udcff", "can be written as UTF-8"),
    ],
)
def test_invalid_tags(tags, message):
    with pytest.raises(MetaflowTaggingError, match=message):
        tag_change([], tags)
    with pytest.raises(MetaflowTaggingError, match=message):
        tag_change(tags, [])
