"""The rules for changing a run's tags; Metaflow's own, checked before anything is written."""

from collections.abc import Iterable
from dataclasses import dataclass

from mfwidgets.errors import MetaflowTaggingError

MAX_TAG_LENGTH = 500
"""Metaflow's limit for a tag, in characters."""

MAX_TAGS = 50
"""Metaflow's limit for the user tags of a run; a set that is larger already may shrink."""


@dataclass(frozen=True, slots=True)
class TagChange:
    """One atomic change: the removals first, then the additions."""

    remove: frozenset[str]
    add: frozenset[str]

    def apply(self, user_tags: frozenset[str], system_tags: frozenset[str]) -> frozenset[str]:
        """Return the user tags after the change.

        Raises
        ------
        MetaflowTaggingError
            It removes a system tag, or makes too many tags.
        """
        removed = sorted(self.remove & system_tags)
        if removed:
            raise MetaflowTaggingError(
                f"The system tag {removed[0]!r} cannot be removed: Metaflow made it. Only user tags can be."
            )
        changed = (user_tags - self.remove) | (self.add - system_tags)
        if len(changed) > MAX_TAGS and len(changed) > len(user_tags):
            raise MetaflowTaggingError(
                f"A run can have {MAX_TAGS} user tags at most; with this change it would have {len(changed)}. "
                "Remove some in the same call: replace_tags(tags_to_remove, tags_to_add)."
            )
        return changed


def tag_change(remove: object, add: object) -> TagChange:
    """Check what is to be removed and added: a text, or any iterable of texts.

    Raises
    ------
    MetaflowTaggingError
        Nothing is to be changed, or something is no tag.
    """
    change = TagChange(_tags(remove), _tags(add))
    if not change.remove and not change.add:
        raise MetaflowTaggingError("There is no tag to add or to remove: give at least one.")
    return change


def _tags(given: object) -> frozenset[str]:
    if isinstance(given, str | bytes):
        given = [given]
    if not isinstance(given, Iterable):
        raise MetaflowTaggingError(f"Tags are a text or several, not {type(given).__name__} ({given!r:.80}).")
    return frozenset(_tag(tag) for tag in given)


def _tag(tag: object) -> str:
    if isinstance(tag, bytes):
        try:
            tag = tag.decode()
        except UnicodeDecodeError:
            raise MetaflowTaggingError(f"The tag {tag!r:.80} is no UTF-8.") from None
    if not isinstance(tag, str):
        raise MetaflowTaggingError(f"A tag is a text, not {type(tag).__name__} ({tag!r:.80}).")
    if not tag:
        raise MetaflowTaggingError("A tag cannot be empty.")
    if len(tag) > MAX_TAG_LENGTH:
        raise MetaflowTaggingError(f"The tag {tag[:40]!r}… has {len(tag)} characters; {MAX_TAG_LENGTH} are the limit.")
    try:
        tag.encode()
    except UnicodeEncodeError:
        raise MetaflowTaggingError(f"The tag {tag!r:.80} cannot be written as UTF-8.") from None
    return tag
