"""The commands that show objects, tables, parts of a run and values, and those that open widgets."""

import argparse
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from mfwidgets.client.answers.disk_usage import SECONDS, DiskUsage
from mfwidgets.client.answers.grid import STATUS, Grid
from mfwidgets.client.artifact import DataArtifact
from mfwidgets.client.flow import Flow
from mfwidgets.client.metaflow import Metaflow
from mfwidgets.client.run import Run
from mfwidgets.client.step import Step
from mfwidgets.client.task import Task
from mfwidgets.code_lines import hint, mflow_line, show_line
from mfwidgets.magic.command import PATHSPEC, Argument, Command, pathspec_of, positive
from mfwidgets.magic.commands.watch import WATCH_COMMAND
from mfwidgets.magic.resolve import any_object, artifact_of, holder_of, run_of, step_of, task_of
from mfwidgets.queries.expressions import EXAMPLE
from mfwidgets.queries.run_filter import RUN_STATUSES

if TYPE_CHECKING:
    from mfwidgets.client.answers.comparison import Comparison
    from mfwidgets.client.answers.nothing import Nothing
    from mfwidgets.client.answers.packages import Packages
    from mfwidgets.client.answers.run_parts import RunGraph, RunTimeline
    from mfwidgets.client.answers.why import Why
    from mfwidgets.client.base import MetaflowObject
    from mfwidgets.client.cards import CardContainer
    from mfwidgets.client.code import MetaflowCode
    from mfwidgets.widgets.explorer.widget import Explorer

_DF = Argument("--df", "return a DataFrame", in_cells_only=True)


def _show(given: argparse.Namespace) -> Any:
    return any_object(given.pathspec)


_FALLING = ":desc"
"""The end of the name of a column by which runs are sorted from large to small."""


def _words(text: str | None) -> list[str]:
    """Return names that are separated by commas."""
    return [name for name in map(str.strip, (text or "").split(",")) if name]


def _runs(given: argparse.Namespace) -> Any:
    owner = Metaflow() if given.flow is None else any_object(given.flow)
    if not isinstance(owner, Metaflow | Flow):
        line = mflow_line("runs", given.flow.partition("/")[0])
        raise UsageError(f"Expected a flow, got {owner!r}.{hint('Try {}.', line)}")
    runs = owner.runs(
        *(given.tag or ()),
        status=given.status and given.status.lower(),
        user=given.user and given.user.removeprefix("user:"),
        since=given.since,
        text=given.text,
        columns=_words(given.columns),
    )
    for conditions in given.where or ():
        runs = runs.where(conditions)
    if given.sort:
        names = _words(given.sort)
        runs = runs.sort_by(
            [name.removesuffix(_FALLING) for name in names], [not name.endswith(_FALLING) for name in names]
        )
    runs = runs if given.limit is None else runs.head(given.limit)
    shown = runs.grid() if given.steps else runs
    return shown.to_pandas() if given.df else shown


def _tasks(given: argparse.Namespace) -> Any:
    source = any_object(given.pathspec)
    if isinstance(source, Task | DataArtifact):
        raise UsageError(f"Expected a run or a step, got {source!r}.{hint('Try {}.', show_line(given.pathspec))}")
    tasks = source.tasks() if isinstance(source, Step) else run_of(given.pathspec).tasks()
    return tasks.to_pandas() if given.df else tasks


def _artifacts(given: argparse.Namespace) -> Any:
    source: MetaflowObject = any_object(given.pathspec)
    if isinstance(source, Flow | Run):
        artifacts: Any = run_of(given.pathspec).artifacts()
        return artifacts.to_pandas() if given.df else artifacts
    task = task_of(given.pathspec)
    return task.to_pandas() if given.df else task.artifacts


def _data(given: argparse.Namespace) -> Any:
    return artifact_of(given.pathspec).data


def _why(given: argparse.Namespace) -> "Why":
    return run_of(given.pathspec).why()


def _diff(given: argparse.Namespace) -> "Comparison":
    from mfwidgets.client.answers.comparison import compare

    first, second = (any_object(pathspec) for pathspec in (given.a, given.b))
    if isinstance(first, Flow) or isinstance(second, Flow):
        first, second = run_of(given.a), run_of(given.b)
    return compare(first, second)


def _dag(given: argparse.Namespace) -> "RunGraph":
    return run_of(given.pathspec).dag()


def _timeline(given: argparse.Namespace) -> "RunTimeline":
    return run_of(given.pathspec).timeline()


def _grid(given: argparse.Namespace) -> Grid:
    return step_of(given.pathspec).grid(given.by)


def _cards(given: argparse.Namespace) -> "CardContainer":
    source = any_object(given.pathspec)
    if isinstance(source, DataArtifact):
        source = source.parent
    holder: Task | Step | Run = source if isinstance(source, Task) else holder_of(given.pathspec)
    cards = holder.cards()
    if given.save is not None:
        cards.save(given.save, overwrite=given.overwrite)
    elif given.overwrite:
        raise UsageError("Expected --overwrite together with --save FOLDER.")
    return cards


def _disk(given: argparse.Namespace) -> DiskUsage:
    if given.flow is None:
        return Metaflow().disk_usage(given.seconds)
    source = any_object(given.flow)
    if not isinstance(source, Flow):
        line = mflow_line("disk", given.flow.partition("/")[0])
        raise UsageError(f"Expected a flow, got {source!r}.{hint('Try {}.', line)}")
    return source.disk_usage(given.seconds)


def _packages(given: argparse.Namespace) -> "Packages":
    return run_of(given.pathspec).packages()


def _code(given: argparse.Namespace) -> "MetaflowCode | Nothing":
    from mfwidgets.client.answers.nothing import Nothing
    from mfwidgets.client.code import NO_CODE

    source = any_object(given.pathspec)
    holder = source if isinstance(source, Task) else run_of(given.pathspec)
    code: MetaflowCode | None = holder.code
    return Nothing("code", holder.pathspec, NO_CODE) if code is None else code


def _explore(given: argparse.Namespace) -> "Explorer":
    from mfwidgets.widgets.api import explore

    return explore(given.pathspec)


_RUN = pathspec_of("run", "a run; for a flow, its newest run")

SHOW_COMMANDS = (
    Command(
        "show",
        "show a flow, run, step, task or artifact; the word 'show' is optional",
        _show,
        (PATHSPEC,),
        ("%mflow HelloFlow", "%mflow HelloFlow/latest", "run = %mflow HelloFlow/latest-ok"),
    ),
    Command(
        "runs",
        "list the runs of a flow or of all flows, newest first",
        _runs,
        (
            Argument("flow", "a flow; without it, the runs of all flows", "flow", "FLOW", settings={"nargs": "?"}),
            Argument(
                "--tag",
                "list only runs with this user or system tag; can be repeated",
                "tag",
                "T",
                settings={"action": "append"},
            ),
            Argument("--status", f"list only runs with this status: {', '.join(RUN_STATUSES)}", "status", "S"),
            Argument("--user", "list only runs of this user", "user", "U"),
            Argument(
                "--since", "list only runs started since an age such as 2d or 3h, or since 2026-01-31", "text", "2d"
            ),
            Argument("--text", "list only runs with this in their id, user or tags; case is ignored", "text", "T"),
            Argument(
                "--where",
                f'list only runs that meet conditions such as "{EXAMPLE}"; can be repeated',
                "where",
                "CONDITIONS",
                settings={"action": "append"},
            ),
            Argument(
                "--sort",
                "sort by columns such as rmse or duration, separated by commas; rmse:desc begins with the largest",
                "column",
                "NAMES",
            ),
            Argument("--columns", "show these parameters, results and facts, separated by commas", "column", "NAMES"),
            Argument("--limit", "list at most N runs", "text", "N", settings={"type": positive}),
            Argument("--steps", "show the steps of each run as a grid, to see which fail and which become slow"),
            _DF,
        ),
        (
            "%mflow runs HelloFlow --tag nightly --status failed --since 7d",
            "%mflow runs --status failed --since 2d",
            '%mflow runs HelloFlow --where "rmse<0.3 optimizer=adam -tag:nightly"',
            "%mflow runs HelloFlow --sort rmse --columns alpha,rmse --limit 5",
            "df = %mflow runs HelloFlow --df",
        ),
    ),
    Command("tasks", "list the tasks of a run or a step", _tasks, (pathspec_of("step", "a run or a step"), _DF)),
    Command(
        "artifacts",
        "list the artifacts of a run or a task, without unpickling values",
        _artifacts,
        (pathspec_of("task", "a run, a task, or a step with one task"), _DF),
    ),
    Command(
        "data",
        "unpickle and return the value of an artifact",
        _data,
        (
            pathspec_of(
                "artifact",
                "an artifact; the only task of a step can be omitted (HelloFlow/2/start/x), and the end task, too "
                "(HelloFlow/2/x)",
            ),
        ),
        ("x = %mflow data HelloFlow/latest/start/1/x", "x = %mflow data HelloFlow/latest/x"),
    ),
    Command("why", "explain why a run failed, and compare it with the last good run", _why, (_RUN,)),
    Command(
        "diff",
        "compare two runs, steps or tasks",
        _diff,
        (Argument("a", "the first object", "task"), Argument("b", "the second object", "task")),
        ("%mflow diff HelloFlow/latest-ok HelloFlow/latest",),
    ),
    Command("dag", "show the graph of a run with the status of each step", _dag, (_RUN,)),
    Command("timeline", "show when the steps and tasks of a run waited and ran", _timeline, (_RUN,)),
    Command(
        "grid",
        "show the tasks of a foreach as tiles",
        _grid,
        (
            pathspec_of("step", "a step, or a run with one foreach"),
            Argument(
                "--by",
                "colour the tiles by status, by duration, or by a numeric artifact",
                "number",
                "NAME",
                settings={"default": STATUS},
            ),
        ),
        ("%mflow grid HelloFlow/latest/fit --by score",),
    ),
    Command(
        "cards",
        "show the cards of a task, or of all tasks of a step or a run",
        _cards,
        (
            pathspec_of("task", "a run, a step or a task; for a flow, its newest run"),
            Argument("--save", "write the cards into this folder as HTML files", metavar="FOLDER"),
            Argument("--overwrite", "let --save replace existing files"),
        ),
        (
            "%mflow cards HelloFlow/latest",
            "%mflow cards HelloFlow/latest --save cards",
            "cards = %mflow cards HelloFlow/latest/start",
        ),
    ),
    Command(
        "code",
        "show the code package of a run or a task, if Metaflow stored one",
        _code,
        (pathspec_of("task", "a run or a task; for a step, its run"),),
    ),
    Command("packages", "show the packages that a run was made with", _packages, (_RUN,)),
    Command(
        "disk",
        "report what fills the datastore: by flow, or by run and artifact of a flow; nothing is deleted",
        _disk,
        (
            Argument("flow", "a flow; all flows by default", "flow", "FLOW", settings={"nargs": "?"}),
            Argument(
                "--seconds",
                f"count for at most this long, {SECONDS:g} by default",
                metavar="N",
                settings={"type": positive, "default": SECONDS},
            ),
        ),
        ("%mflow disk", "%mflow disk HelloFlow"),
    ),
)

WIDGET_COMMANDS = (
    Command(
        "explore",
        "open an explorer of flows, runs, steps, tasks, artifacts and logs",
        _explore,
        (Argument("pathspec", "the object to select first", "pathspec", settings={"nargs": "?"}),),
        ("%mflow explore", "e = %mflow explore HelloFlow/latest"),
        in_cells_only=True,
    ),
    WATCH_COMMAND,
)
