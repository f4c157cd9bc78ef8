"""The command that shows and changes the tags of a run."""

import argparse
from dataclasses import dataclass

from IPython.core.error import UsageError

from mfwidgets.client.run import Run
from mfwidgets.display import Displayable
from mfwidgets.hidden_characters import visible
from mfwidgets.magic.command import Argument, Command, pathspec_of
from mfwidgets.magic.completion_sources import ANSWERS
from mfwidgets.magic.resolve import any_object
from mfwidgets.render.cell import Cell
from mfwidgets.render.view import View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.views.data import Facts, data_of


@dataclass(frozen=True, repr=False)
class TagChangeResult(Displayable):
    """The tags of a run after a change.

    Attributes
    ----------
    run
        The run with its new tags.
    added, removed
        The tags that the change added and removed. A tag that the run had before is not in ``added``.
    """

    run: Run
    added: frozenset[str]
    removed: frozenset[str]

    def __repr__(self) -> str:
        return visible(f"<tags of {self.run.pathspec}: {len(self.added)} added, {len(self.removed)} removed>")


@build_view.register
def build_tagging_view(tagging: TagChangeResult, limits: Limits) -> View:
    """Show the change and all tags."""
    record = tagging.run._record
    facts = [
        ("added", limits.tag_list(tagging.added, 5 * limits.tags)),
        ("removed", limits.tag_list(tagging.removed, 5 * limits.tags)),
        ("user tags", limits.tag_list(record.user_tags, 5 * limits.tags)),
        ("system tags", Cell(limits.tag_list(record.system_tags, 5 * limits.tags).text, "dim")),
    ]
    changed = tagging.added or tagging.removed
    notes = () if changed else ("No tag has changed.",)
    return View(
        kind="Tags",
        name=limits.text(tagging.run.pathspec).text,
        facts=tuple((label, cell) for label, cell in facts if cell.text),
        notes=notes,
    )


@data_of.register
def tags_data(tagging: TagChangeResult) -> Facts:
    """Return the change and all tags."""
    record = tagging.run._record
    return {
        "kind": "tags",
        "pathspec": tagging.run.pathspec,
        "added": sorted(tagging.added),
        "removed": sorted(tagging.removed),
        "user_tags": sorted(record.user_tags),
        "system_tags": sorted(record.system_tags),
    }


def _tag(given: argparse.Namespace) -> TagChangeResult:
    run = any_object(given.pathspec)
    if not isinstance(run, Run):  # a command that writes must not guess the run
        raise UsageError(f"Expected a run, got {run!r}. Usage: %mflow tag FLOW/RUN [--add T] [--remove T]")
    before = run._record.user_tags
    if given.add or given.remove:
        run.replace_tags(given.remove or (), given.add or ())
        ANSWERS.forget()  # so that completions offer the new tags
    after = run._record.user_tags
    return TagChangeResult(run, after - before, before - after)


TAG_COMMANDS = (
    Command(
        "tag",
        "show the tags of a run, or add and remove tags",
        _tag,
        (
            pathspec_of("run", "a run"),
            Argument("--add", "add this tag; can be repeated", "user tag", "T", settings={"action": "append"}),
            Argument("--remove", "remove this tag; can be repeated", "user tag", "T", settings={"action": "append"}),
        ),
        ("%mflow tag HelloFlow/2 --add reviewed --remove nightly",),
    ),
)
