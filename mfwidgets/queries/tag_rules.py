"""Metaflow's rules for changing the tags of a run, checked before anything is written, and filters by tags."""

from collections.abc import Iterable

from mfwidgets.errors import MetaflowInvalidArgument, MetaflowTaggingError
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.providers.records import RunRecord
from mfwidgets.safe_repr import repr_of

MAX_TAG_LENGTH = 500
"""Metaflow's limit for a tag, in characters."""

MAX_TAGS = 50
"""Metaflow's limit for the user tags of a run. A larger set can still shrink."""


@fast_dataclass(frozen=True, slots=True)
class TagChange:
    """One atomic change. Removals are applied before additions."""

    remove: frozenset[str]
    add: frozenset[str]

    def apply(self, user_tags: frozenset[str], system_tags: frozenset[str]) -> frozenset[str]:
        """Return the user tags after the change.

        Raises
        ------
        MetaflowTaggingError
            The change removes a system tag, or results in too many tags.
        """
        removed = sorted(self.remove & system_tags)
        if removed:
            raise MetaflowTaggingError(
                f"Cannot remove {removed[0]!r}, because it is a system tag. Only user tags can be removed."
            )
        changed = (user_tags - self.remove) | (self.add - system_tags)
        if len(changed) > MAX_TAGS and len(changed) > len(user_tags):
            raise MetaflowTaggingError(
                f"Expected at most {MAX_TAGS} user tags after the change, got {len(changed)}. "
                "Remove some in the same call: replace_tags(tags_to_remove, tags_to_add)."
            )
        return changed


def tag_change(remove: object, add: object) -> TagChange:
    """Return a change after checking its tags. Takes a str or an iterable of str for each.

    Raises
    ------
    MetaflowTaggingError
        There is nothing to change, or a tag is invalid.
    """
    change = TagChange(_tags(remove), _tags(add))
    if not change.remove and not change.add:
        raise MetaflowTaggingError("Expected at least one tag to add or to remove, got none.")
    return change


def _tags(given: object) -> frozenset[str]:
    if isinstance(given, str | bytes):
        given = [given]
    if not isinstance(given, Iterable):
        raise MetaflowTaggingError(
            f"Expected a tag or several tags, got {type(given).__name__} ({repr_of(given, 80)})."
        )
    return frozenset(_tag(tag) for tag in given)


def _tag(tag: object) -> str:
    if isinstance(tag, bytes):
        try:
            tag = tag.decode()
        except UnicodeDecodeError:
            raise MetaflowTaggingError(f"Expected a tag in UTF-8, got {repr_of(tag, 80)}.") from None
    if not isinstance(tag, str):
        raise MetaflowTaggingError(f"Expected a tag to be a str, got {type(tag).__name__} ({repr_of(tag, 80)}).")
    if not tag:
        raise MetaflowTaggingError("Expected a tag, got an empty str.")
    if len(tag) > MAX_TAG_LENGTH:
        raise MetaflowTaggingError(
            f"Expected a tag of at most {MAX_TAG_LENGTH} characters, got {len(tag)} ({tag[:40]!r}…)."
        )
    try:
        tag.encode()
    except UnicodeEncodeError:
        raise MetaflowTaggingError(f"Expected a tag that can be written as UTF-8, got {repr_of(tag, 80)}.") from None
    return tag


def tag_filter(tags: Iterable[object]) -> tuple[str, ...]:
    """Return the tags of a filter as a tuple, after a check that each tag is a str.

    Raises
    ------
    MetaflowInvalidArgument
        A tag is not a string.
    """
    for tag in tags:
        if not isinstance(tag, str):
            raise MetaflowInvalidArgument(
                f"Expected tags as separate str arguments, got {repr_of(tag, 80)}. Try runs('nightly', 'user:ann')."
            )
    return tuple(str(tag) for tag in tags)


def has_tags(run: RunRecord, tags: Iterable[str]) -> bool:
    """Return whether a run has all of these tags, user or system."""
    return run.tags.issuperset(tags)
