"""The members of a run that change its tags."""

from collections.abc import Iterable
from dataclasses import replace

from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.tag_rules import tag_change


class RunTags:
    """Changes the user tags of a run."""

    _context: ClientContext
    _record: RunRecord

    def add_tag(self, tag: str | Iterable[str]) -> None:
        """Add a user tag, or several. A tag that is already a system tag is ignored.

        Costs two requests, and more if another process changes the tags at the same time.

        Parameters
        ----------
        tag
            A string of at most 500 characters, or several strings.

        Raises
        ------
        MetaflowTaggingError
            The tag is invalid, the run would have more than 50 tags, or the tags cannot be written.

        Examples
        --------
        >>> run = Flow("HelloFlow").latest_run
        >>> run.add_tag("tutorial")
        >>> sorted(run.user_tags)
        ['tutorial']
        >>> run.remove_tag("tutorial")
        """
        self.replace_tags((), tag)

    def add_tags(self, tags: str | Iterable[str]) -> None:
        """Add several user tags at once.

        Costs what :meth:`add_tag` costs.

        Parameters
        ----------
        tags
            Strings of at most 500 characters.

        Raises
        ------
        MetaflowTaggingError
            A tag is invalid, the run would have more than 50 tags, or the tags cannot be written.
        """
        self.replace_tags((), tags)

    def remove_tag(self, tag: str | Iterable[str]) -> None:
        """Remove a user tag, or several. A tag that the run does not have is ignored.

        Costs what :meth:`add_tag` costs.

        Parameters
        ----------
        tag
            A user tag, or several.

        Raises
        ------
        MetaflowTaggingError
            The tag is a system tag or invalid, or the tags cannot be written.

        Examples
        --------
        >>> Flow("HelloFlow").latest_run.remove_tag("no-such-tag")
        """
        self.replace_tags(tag, ())

    def remove_tags(self, tags: str | Iterable[str]) -> None:
        """Remove several user tags at once.

        Costs what :meth:`add_tag` costs.

        Parameters
        ----------
        tags
            User tags.

        Raises
        ------
        MetaflowTaggingError
            A tag is a system tag or invalid, or the tags cannot be written.
        """
        self.replace_tags(tags, ())

    def replace_tag(self, tag_to_remove: str | Iterable[str], tag_to_add: str | Iterable[str]) -> None:
        """Remove a user tag and add another at once.

        Costs what :meth:`add_tag` costs.

        Parameters
        ----------
        tag_to_remove
            The tag to remove, or several. It is removed first.
        tag_to_add
            The tag to add, or several.

        Raises
        ------
        MetaflowTaggingError
            A tag is invalid, or the tags cannot be written. Nothing is changed then.
        """
        self.replace_tags(tag_to_remove, tag_to_add)

    def replace_tags(self, tags_to_remove: str | Iterable[str], tags_to_add: str | Iterable[str]) -> None:
        """Remove and add user tags at once. This object has the new tags immediately.

        Costs what :meth:`add_tag` costs.

        Parameters
        ----------
        tags_to_remove
            The tags to remove. They are removed first.
        tags_to_add
            The tags to add.

        Raises
        ------
        MetaflowTaggingError
            A tag is invalid, or the tags cannot be written. Nothing is changed then.

        Examples
        --------
        >>> run = Flow("HelloFlow").latest_run
        >>> run.replace_tags([], ["draft", "demo"])
        >>> run.replace_tags(["draft", "demo"], [])
        >>> run.user_tags
        frozenset()
        """
        change = tag_change(tags_to_remove, tags_to_add)
        tags = self._context.provider.change_tags(self._record, change.apply)
        self._record = replace(self._record, user_tags=tags)
