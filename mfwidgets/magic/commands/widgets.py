"""Commands that open widgets."""

import argparse
from typing import TYPE_CHECKING

from mfwidgets.magic.command import Argument, Command, pathspec_of
from mfwidgets.magic.resolve import run_of

if TYPE_CHECKING:
    from mfwidgets.widgets.explorer import Explorer
    from mfwidgets.widgets.watch import Watch


def _explore(given: argparse.Namespace) -> "Explorer":
    from mfwidgets.widgets.api import explore

    return explore(given.pathspec)


def _watch(given: argparse.Namespace) -> "Watch":
    from mfwidgets.widgets.api import watch

    return watch(run_of(given.pathspec))


WIDGET_COMMANDS = (
    Command(
        "explore",
        "an explorer: click through flows, runs, steps, tasks, artifacts and logs",
        _explore,
        (Argument("pathspec", "what is chosen at first", "pathspec", settings={"nargs": "?"}),),
        ("%mflow explore", "e = %mflow explore HelloFlow/latest"),
        in_cells_only=True,
    ),
    Command(
        "watch",
        "a run in this cell, while it runs",
        _watch,
        (pathspec_of("run", "of a run; of a flow alone, its newest"),),
        ("%mflow watch HelloFlow",),
        in_cells_only=True,
    ),
)
