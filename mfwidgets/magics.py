"""``%mflow``: one magic that shows any object by its pathspec, and a few verbs. It returns objects and prints nothing."""

import argparse
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_magic, magics_class
from IPython.core.magic_arguments import MagicArgumentParser

from mfwidgets.client.base import MetaflowObject
from mfwidgets.client.logs import Logs
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.client.presentable import Presentable
from mfwidgets.client.scope import current_scope, default_metadata, default_namespace, metadata, namespace
from mfwidgets.client.step import Step
from mfwidgets.client.task import Task
from mfwidgets.render.view import Cell, Table, View
from mfwidgets.views.cells import Limits
from mfwidgets.views.describe import describe
from mfwidgets.views.scope import scope_facts

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


class Help(Presentable):
    """What ``%mflow`` alone returns: the scope, and what can be typed."""

    def __repr__(self) -> str:
        return "<%mflow: scope and help>"


@dataclass(frozen=True)
class Verb:
    """A verb of ``%mflow``.

    Attributes
    ----------
    usage
        What may stand after the verb.
    meaning
        One line for the help.
    declare
        Adds its arguments to a parser.
    act
        Does it, and returns what the cell shows.
    """

    usage: str
    meaning: str
    declare: Callable[[argparse.ArgumentParser], object]
    act: Callable[[argparse.Namespace], Any]


def _show(arguments: argparse.Namespace) -> Any:
    return Metaflow().get(arguments.pathspec)


def _switch_namespace(arguments: argparse.Namespace) -> Metaflow:
    if arguments.name == "default":
        default_namespace()
    elif arguments.name is not None:
        namespace(None if arguments.name == "none" else arguments.name)
    return Metaflow()


def _switch_metadata(arguments: argparse.Namespace) -> Metaflow:
    if arguments.selector == "default":
        default_metadata()
    elif arguments.selector is not None:
        metadata(arguments.selector)
    return Metaflow()


def _logs(arguments: argparse.Namespace) -> Logs:
    task = _only_task(Metaflow().get(arguments.pathspec))
    return task.logs("stderr" if arguments.stderr else "stdout", tail=arguments.tail)


def _only_task(found: MetaflowObject) -> Task:
    """Return the task that a pathspec means: itself, or the one task of a step."""
    if isinstance(found, Task):
        return found
    tasks = found.tasks(limit=6)[:] if isinstance(found, Step) else []
    if len(tasks) == 1:
        return tasks[0]
    if tasks:
        raise UsageError(
            f"{found!r} has several tasks, and a log belongs to one of them: "
            f"{', '.join(task.pathspec for task in tasks[:5])}{', …' if len(tasks) > 5 else ''}"  # noqa: PLR2004
        )
    raise UsageError(f"{found!r} has no log, a task has: %mflow logs FlowName/RunID/StepName/TaskID")


def _help(_: argparse.Namespace) -> Help:
    return Help()


def _natural(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


_natural.__name__ = "number of lines"  # argparse names it in its message

VERBS = {
    "show": Verb(
        "PATHSPEC",
        "show a flow, run, step, task or artifact; 'show' may be left out. For the run id also latest, latest-ok, latest~2",
        lambda parser: parser.add_argument("pathspec"),
        _show,
    ),
    "logs": Verb(
        "PATHSPEC [--stderr] [--tail N]",
        "the log of a task",
        lambda parser: (
            parser.add_argument("pathspec"),
            parser.add_argument("--stderr", action="store_true"),
            parser.add_argument("--tail", type=_natural, default=None),
        ),
        _logs,
    ),
    "ns": Verb(
        "[NAME|none|default]",
        "the namespace, or switch to another: none sees all runs, default is the configured one",
        lambda parser: parser.add_argument("name", nargs="?"),
        _switch_namespace,
    ),
    "metadata": Verb(
        "[SELECTOR|default]",
        "the metadata provider, or switch to another: a folder that holds .metaflow, local@FOLDER, service@URL",
        lambda parser: parser.add_argument("selector", nargs="?"),
        _switch_metadata,
    ),
    "help": Verb("", "this", lambda _: None, _help),
}


def run_line(line: str) -> Any:
    """Do what a line after ``%mflow`` says, and return the object that shows the result.

    Raises
    ------
    UsageError
        The line is not understood; the message says what would be.
    MetaflowException
        There is no such object, or it cannot be read.
    """
    words = _split(line)
    if not words:
        return Help()
    name = words[0] if words[0] in VERBS else "show"
    verb = VERBS[name]
    parser = MagicArgumentParser(f"%mflow {name}")  # type: ignore[no-untyped-call]
    verb.declare(parser)
    try:
        arguments = parser.parse_args(words[1:] if words[0] in VERBS else words)
    except UsageError as error:
        raise UsageError(f"{error}. Usage: %mflow {name} {verb.usage}".rstrip()) from None
    return verb.act(arguments)


def _split(line: str) -> list[str]:
    """Split at blanks; quotes hold words together, and a backslash is a character like any other, as in Windows paths."""
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split, lexer.escape, lexer.commenters = True, "", ""
    try:
        return list(lexer)
    except ValueError as error:
        raise UsageError(f"{error} in: {line}") from None


@describe.register
def describe_help(shown: Help, limits: Limits) -> View:
    """Show the scope and the verbs."""
    del shown
    rows = tuple(
        (Cell(f"%mflow {name} {verb.usage}".rstrip(), "code"), Cell(verb.meaning)) for name, verb in VERBS.items()
    )
    return View(
        kind="Magic",
        name="%mflow",
        facts=scope_facts(current_scope(), limits),
        notes=("Every line returns an object: run = %mflow HelloFlow/latest",),
        parts=(Table("What to type", ("line", "meaning"), rows),),
    )


@magics_class
class MflowMagics(Magics):
    """Holds ``%mflow``."""

    @line_magic
    def mflow(self, line: str) -> Any:
        """Show Metaflow's flows, runs, steps, tasks, artifacts and logs, and choose where to look.

        ::

          %mflow                                        the scope, and help
          %mflow HelloFlow                              a flow: its newest runs
          %mflow HelloFlow/latest                       a run; also latest-ok, latest~2, or a run id
          %mflow HelloFlow/2/start/1                    a task; deeper: an artifact
          %mflow logs HelloFlow/2/start/1 --tail 20     a log; --stderr for standard error
          %mflow ns user:ann                            switch the namespace; none, default
          %mflow metadata /data/other-team              look at another .metaflow folder; default

        Every line returns an object, so ``run = %mflow HelloFlow/latest`` works.
        """
        return run_line(line)


def load(ipython: "InteractiveShell") -> None:
    """Give a shell the magic; once more does no harm."""
    ipython.register_magics(MflowMagics)


def unload(ipython: "InteractiveShell") -> None:
    """Take the magic from a shell."""
    ipython.magics_manager.magics["line"].pop("mflow", None)
    ipython.magics_manager.registry.pop(MflowMagics.__name__, None)
