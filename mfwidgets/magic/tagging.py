"""The verb for tags: says what it changed."""

import argparse
from dataclasses import dataclass

from mfwidgets.client.presentable import Presentable
from mfwidgets.client.run import Run
from mfwidgets.magic.find import run_of
from mfwidgets.magic.verb import Argument, Verb, pathspec_of
from mfwidgets.render.view import Cell, View
from mfwidgets.views.cells import Limits
from mfwidgets.views.describe import describe


@dataclass(frozen=True, repr=False)
class Tagging(Presentable):
    """What became of the tags of a run.

    Attributes
    ----------
    run
        With its tags as they are now.
    added, removed
        What this changed; a tag that the run had already is not among those added.
    """

    run: Run
    added: frozenset[str]
    removed: frozenset[str]

    def __repr__(self) -> str:
        return f"<tags of {self.run.pathspec}: {len(self.added)} added, {len(self.removed)} removed>"


@describe.register
def describe_tagging(tagging: Tagging, limits: Limits) -> View:
    """Show what changed, and the tags as they are now."""
    record = tagging.run._record
    facts = [
        ("added", limits.tag_list(tagging.added, 5 * limits.tags)),
        ("removed", limits.tag_list(tagging.removed, 5 * limits.tags)),
        ("tags", limits.tag_list(record.user_tags, 5 * limits.tags)),
        ("system tags", Cell(limits.tag_list(record.system_tags, 5 * limits.tags).text, "dim")),
    ]
    changed = tagging.added or tagging.removed
    notes = () if changed else ("No tag was changed.",)
    return View(
        kind="Tags",
        name=limits.text(tagging.run.pathspec).text,
        facts=tuple((label, cell) for label, cell in facts if cell.text),
        notes=notes,
    )


def _tag(given: argparse.Namespace) -> Tagging:
    run = run_of(given.pathspec)
    before = run._record.user_tags
    if given.add or given.remove:
        run.replace_tags(given.remove or (), given.add or ())
    after = run._record.user_tags
    return Tagging(run, after - before, before - after)


TAGGING = (
    Verb(
        "tag",
        "the tags of a run; add and remove some in one step",
        _tag,
        (
            pathspec_of("run", "of a run; of a flow alone, its newest"),
            Argument("--add", "add this tag; may be repeated", "tag", "T", settings={"action": "append"}),
            Argument("--remove", "remove this tag; may be repeated", "tag", "T", settings={"action": "append"}),
        ),
        ("%mflow tag HelloFlow/2 --add reviewed --remove nightly",),
    ),
)
